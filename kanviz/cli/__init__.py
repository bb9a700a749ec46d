"""Implements the command `kanviz`: start the app, or train, read and plot networks without it; one file per command."""

from kanviz.cli.command_line import main, parser

__all__ = ["main", "parser"]
