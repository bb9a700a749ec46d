"""Runs one command line, from its arguments to its exit status."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from kanviz.cli.command import add_commands
from kanviz.cli.commands import COMMANDS
from kanviz.cli.console import INTERRUPTED, UsageError, say
from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.version import VERSION


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}. See {self.prog} --help.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status. A refusal is one line on stderr."""
    from kanviz.ui.server.start import one_thread

    one_thread()
    try:
        options = parser().parse_args(arguments)
        status = options.run(options) or 0
        sys.stdout.flush()
        return status
    except UserError as refusal:
        return _refuse(str(refusal), 2 if isinstance(refusal, UsageError) else 1)
    except BrokenPipeError:  # the reader of our output has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as refusal:
        where = f"{shown(str(refusal.filename), 200)}: " if refusal.filename else ""
        return _refuse(f"{where}{refusal.strerror or refusal}.", 1)
    except MemoryError:
        return _refuse("This needs more memory than there is.", 1)
    except KeyboardInterrupt:
        return _refuse("Stopped.", INTERRUPTED)


def _refuse(sentence: str, status: int) -> int:
    say(f"kanviz: {' '.join(sentence.split())}")
    return status


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands and their options."""
    top = _Parser("kanviz", description="See every function a Kolmogorov-Arnold Network learned, and change it.")
    top.add_argument("--version", action="version", version=f"kanviz {VERSION}")
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    for command, sub in zip(COMMANDS, add_commands(subparsers, COMMANDS), strict=True):
        sub.set_defaults(run=command.run, parser=top)
    return top
