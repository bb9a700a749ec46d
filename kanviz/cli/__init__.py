"""The command `kanviz`: start the app, or look at, train, read and draw a network without it. A file a command."""

from kanviz.cli.command_line import main, parser

__all__ = ["main", "parser"]
