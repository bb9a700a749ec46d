"""Implements `kanviz completion`, which makes a shell complete the commands and their options."""

import argparse

from kanviz.cli.command import Command
from kanviz.cli.console import out


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("shell", choices=("bash", "zsh"), help="which shell")


def completion(options: argparse.Namespace) -> None:
    """Print a script that the shell can load."""
    import shtab

    out(shtab.complete(options.parser, shell=options.shell))


COMMAND = Command(
    "completion",
    "Print what makes your shell complete kanviz's commands.",
    options,
    completion,
    examples=(
        "kanviz completion bash  # prints what makes the shell complete commands and options: put it into your .bashrc",
    ),
)
