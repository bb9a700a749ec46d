"""Implements `kanviz script`, which writes the steps that made a network as Python."""

import argparse
from pathlib import Path

from kanviz.cli.command import Command
from kanviz.cli.console import out, say
from kanviz.cli.outputs import writable
from kanviz.cli.tables import read_network
from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.writing import write


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("model", metavar="MODEL", help="a .safetensors file that kanviz saved after some steps")
    sub.add_argument("--start", required=True, metavar="START", help="the file of the network they began with")
    sub.add_argument("-o", "--output", metavar="FILE", help="where to write it, as steps.py (to stdout)")


def script(options: argparse.Namespace) -> None:
    """Write the steps of a saved network as Python; report steps that cannot be repeated."""
    from kanviz.edit.recipe import Recipe
    from kanviz.edit.script import first_stop, recipe_script
    from kanviz.io.native import saved_with

    output = writable(options.output) if options.output else None
    kan, start = read_network([options.model]), read_network([options.start])
    recipe, held = saved_with(Path(options.model).read_bytes())
    if recipe is None:
        raise UserError(f"{shown(options.model, 200)} does not tell the steps that made it; only kanviz's files do.")
    rows = {held[0].digest: options.model} if held else {}
    text = recipe_script(recipe, kan, options.start, rows)
    found = Recipe.from_json(recipe)
    if found.start != start.digest:
        raise UserError(f"{shown(options.start, 200)} is not the network that these steps began with.")
    stop = first_stop(found.edits, rows)
    if stop:
        say(f"The script ends before step {stop.step}: {stop.why}.")
    if output:
        write(output, text)
    else:
        out(text, end="")


COMMAND = Command(
    "script",
    "Write the steps that made a saved network as a Python script.",
    options,
    script,
    examples=(
        "kanviz script after.safetensors --start sample_models/hills.safetensors -o steps.py  "
        "# the same steps in Python",
    ),
)
