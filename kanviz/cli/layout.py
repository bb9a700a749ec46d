"""Implements `kanviz layout`, which proposes what the tensors of somebody's own class are."""

import argparse

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import out, say
from kanviz.cli.outputs import json_path
from kanviz.errors import UserError
from kanviz.text import counted, shown
from kanviz.writing import write


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE", help="weights (.pt or .safetensors) that kanviz refuses to open")
    sub.add_argument("--block", metavar="NAME", help="the module inside a larger model that is the KAN")
    sub.add_argument(
        "--proposal", type=values.whole(1, 100), default=1, metavar="N",
        help="which one to write; the first is the likeliest (1)",
    )  # fmt: skip
    sub.add_argument("-o", "--output", metavar="FILE", help="where to write it, as mine.json (to stdout)")


def layout(options: argparse.Namespace) -> None:
    """Write a proposed layout as JSON; list all proposals in words."""
    from kanviz.io.layout_proposals import layouts_of
    from kanviz.io.unknown_class import layout_words

    output = json_path(options.output) if options.output else None
    found = layouts_of(options.file, options.block)
    if options.proposal > len(found):
        raise UserError(f"There {'is' if len(found) == 1 else 'are'} only {counted(len(found), 'proposal')}.")
    for n, one in enumerate(found, 1):
        say(f"{n}{'*' if n == options.proposal else ''}. {layout_words(one)}")
    text = found[options.proposal - 1].to_json()
    if output:
        write(output, text)
        say(f"Check it, then open the file with --layout {shown(options.output, 200)}.")
    else:
        out(text, end="")


COMMAND = Command(
    "layout",
    "Propose which tensor is what in weights of your own class, as JSON for --layout.",
    options,
    layout,
    examples=("kanviz layout model.pt -o mine.json  # then: kanviz show model.pt --layout mine.json",),
)
