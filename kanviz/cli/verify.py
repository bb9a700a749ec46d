"""Implements `kanviz verify`, which computes all claims of a certificate again."""

import argparse
from pathlib import Path

from kanviz.cli.command import Command
from kanviz.cli.options import takes_networks
from kanviz.cli.outputs import certificate_status
from kanviz.cli.tables import input_rows, read_two_networks, reading


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("certificate", metavar="CERTIFICATE", help="the .json file of kanviz certify")
    takes_networks(sub)
    sub.add_argument("--rows", metavar="TABLE", help="the rows that it covers, where it does not store them")


def verify(options: argparse.Namespace) -> int:
    """Compute all claims of a certificate again, and return the exit status: 1 when one of them is false."""
    from kanviz.analysis.locality.certificate import verify as wrong_in
    from kanviz.io.certificates import read_certificate

    certificate = read_certificate(Path(options.certificate).read_bytes())
    before, after = read_two_networks(options)
    how = reading(options, least=1)
    rows = None if options.rows is None else input_rows(before, options.rows, options.inputs, how)
    wrong = wrong_in(certificate, before, after, rows)
    return certificate_status(wrong, certificate.summary())


COMMAND = Command(
    "verify",
    "Check a certificate: every claim in it is computed again.",
    options,
    verify,
    examples=("kanviz verify kept.json sample_models/hills.safetensors after.safetensors",),
)
