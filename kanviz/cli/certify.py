"""Implements `kanviz certify`, which records the predictions that a change of a network left unchanged."""

import argparse

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import UsageError, out
from kanviz.cli.options import takes_networks
from kanviz.cli.outputs import writable
from kanviz.cli.tables import input_rows, read_two_networks, reading, region
from kanviz.text import shown
from kanviz.writing import write


def options(sub: argparse.ArgumentParser) -> None:
    takes_networks(sub)
    of = sub.add_mutually_exclusive_group(required=True)
    of.add_argument("--rows", metavar="TABLE", help="on these rows; its columns are found by the network's names")
    of.add_argument("--box", type=values.box, metavar="X=-1:0,Y=-1:0", help="on every point of this region")
    sub.add_argument("-o", "--output", required=True, metavar="CERTIFICATE", help="where to write it, .json")


def certify(options: argparse.Namespace) -> None:
    """Write a certificate of two networks, on the rows of a table or over a region."""
    from kanviz.analysis.locality.certificate import certify as certificate_of  # `certify` is the command in this file
    from kanviz.io.certificates import certificate_text

    output = writable(options.output)
    if output.suffix != ".json":
        raise UsageError(f"A certificate is written as .json, not {shown(output.name)!r}.")
    if options.inputs and options.rows is None:
        raise UsageError("--inputs names columns of the table of --rows; add --rows TABLE.")
    before, after = read_two_networks(options)
    if options.rows is not None:
        found = certificate_of(
            before, after, rows=input_rows(before, options.rows, options.inputs, reading(options, least=1))
        )
    else:
        found = certificate_of(before, after, box=region(before, options.box))
    write(output, certificate_text(found))
    out("\n".join(found.summary()))


COMMAND = Command(
    "certify",
    "Write down what a change of a network left as it was.",
    options,
    certify,
    examples=(
        "kanviz certify sample_models/hills.safetensors after.safetensors --rows sample_models/hills.csv -o kept.json",
    ),
)
