"""Implements `kanviz app`, which starts the app."""

import argparse

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import UsageError
from kanviz.cli.options import takes_block, takes_model


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub, "*")
    takes_block(sub)
    sub.add_argument("--port", type=values.whole(1, 65_535), help="where it listens on this machine (8501)")
    sub.add_argument(
        "--keep", metavar="FOLDER",
        help="also save all work, with running trainings, in this folder: it is there after a restart",
    )  # fmt: skip
    sub.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    sub.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", dest="hosts",
        help="host name under which a proxy serves the app, as kan.school.example; can be repeated",
    )  # fmt: skip


def app(options: argparse.Namespace) -> None:
    """Start the app and wait until it is stopped."""
    from kanviz.ui.server.start import serve

    if options.layout is not None:
        raise UsageError("--layout is not for the app. Save the network with another command, and open that file.")
    serve(
        options.model, block=options.block, answers=dict(options.answers or ()), port=options.port,
        browser=not options.no_browser, hosts=options.hosts, keep=options.keep,
    )  # fmt: skip


COMMAND = Command(
    "app",
    "Start the app in the browser.",
    options,
    app,
    examples=("kanviz app --keep work/ --allow-host kan.example.org  # a server for a group, behind a proxy",),
)
