"""Implements `kanviz language`: its own commands, each in a file of its own."""

import argparse

from kanviz.cli import (
    language_certify,
    language_compare,
    language_letters,
    language_sample,
    language_teach,
    language_train,
)
from kanviz.cli.command import Command, add_commands

COMMANDS = (
    language_train.COMMAND, language_sample.SAMPLE, language_sample.BITS, language_teach.COMMAND,
    language_certify.CERTIFY, language_certify.VERIFY, language_letters.COMMAND, language_compare.COMMAND,
)  # fmt: skip


def options(sub: argparse.ArgumentParser) -> None:
    add_commands(sub.add_subparsers(required=True, metavar="COMMAND", dest="language"), COMMANDS)


def language(options: argparse.Namespace) -> int | None:
    """Run the command that was named."""
    return next(command for command in COMMANDS if command.name == options.language).run(options)


COMMAND = Command(
    "language",
    "Train language models with learned functions, let them write, teach them, compare their blocks.",
    options,
    language,
    examples=tuple(line for command in COMMANDS for line in command.examples),
)
