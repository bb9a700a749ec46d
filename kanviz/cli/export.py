"""Implements `kanviz export`, which writes a network as code or as a file of another program."""

import argparse

from kanviz.cli.command import Command
from kanviz.cli.console import UsageError, out, say
from kanviz.cli.options import takes_block, takes_model, takes_table
from kanviz.cli.outputs import writable
from kanviz.cli.tables import read_network, rows_for
from kanviz.writing import write


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub)
    sub.add_argument("--to", required=True, metavar="TARGET", help="what to write it as; --to list names them all")
    sub.add_argument("-o", "--output", metavar="FILE", help="where to write it (to stdout, where it is text)")
    sub.add_argument(
        "--check", action="store_true",
        help="run what was written, on the table's rows and on 1,000 points around the grid; status 1 where it differs",
    )  # fmt: skip
    takes_block(sub)
    takes_table(sub)


def export(options: argparse.Namespace) -> int:
    """Write the network, and return the exit status: 1 where a check finds a difference."""
    from kanviz.writers.check import checked
    from kanviz.writers.targets import TARGETS, target_of

    if options.to == "list":
        out("\n".join(f"{name:9} {target.words}" for name, target in TARGETS.items()))
        return 0
    target = target_of(options.to)
    if options.output is None and target.binary:
        raise UsageError(f"{target.label} is no text; name a file with -o.")
    output = None if options.output is None else writable(options.output)
    kan = read_network(options.model, options)
    data = rows_for(kan, options)
    content = target.write(kan)
    if output is None:
        assert isinstance(content, str)
        out(content, end="")
    else:
        write(output, content)
    if not options.check:
        return 0
    found = checked(kan, target, content, None if data is None else data.x.numpy())
    say(str(found))
    return 1 if found.check is not None and not found.agrees else 0


COMMAND = Command(
    "export",
    "Write a network as code or as a file of another program, to be run without kanviz.",
    options,
    export,
    examples=(
        "kanviz export sample_models/gravity.safetensors --to c -o gravity.c --check  # C99 that needs no kanviz",
        "kanviz export sample_models/gravity.safetensors --to onnx -o gravity.onnx --check",
    ),
)
