"""Defines options that several commands share."""

import argparse

from kanviz.cli import values


def takes_model(sub: argparse.ArgumentParser, count: str = "+") -> None:
    """Add the argument for the file of a network; count: number of arguments (nargs of argparse)."""
    sub.add_argument(
        "model", nargs=count, metavar="MODEL",
        help="a .safetensors or .pt file, or pykan's two: NAME_config.yml NAME_state",
    )  # fmt: skip


def takes_block(sub: argparse.ArgumentParser, of: str = "MODEL") -> None:
    """Add the options for what is to be read from a model's file; of: the arguments that they belong to."""
    sub.add_argument(
        "--block", metavar="NAME", help=f"the KAN of this name inside the model of {of}, as kanviz show lists them"
    )
    sub.add_argument(
        "--base", action="append", dest="answers", type=lambda text: ("base", text), metavar="NAME",
        help=f"the base function of {of} where its file does not say it (silu)",
    )  # fmt: skip
    sub.add_argument(
        "--answer", action="append", dest="answers", type=values.answer, metavar="NAME=VALUE",
        help="anything else that the file does not say, as kanviz show asks it; can be repeated",
    )  # fmt: skip
    sub.add_argument(
        "--layout", metavar="FILE", help="for a class that somebody wrote: JSON that says which tensor is what"
    )


def takes_table(sub: argparse.ArgumentParser) -> None:
    """Add the options for a table of rows for a network, and for reading it."""
    sub.add_argument("--table", help="table of rows for the network; its columns are found by name")
    sub.add_argument("--target", nargs="+", metavar="COLUMN", help="the table's columns for the outputs, in order")
    sub.add_argument("--inputs", nargs="+", metavar="COLUMN", help="the table's columns for the inputs, in order")
    reads_table(sub)


def reads_table(sub: argparse.ArgumentParser) -> None:
    """Add the options for reading a table file where the reader's own choice is wrong."""
    sub.add_argument(
        "--header-row", type=values.lines, metavar="LINE",
        help="line of the column names in the file, counted from 1; 2,3 for names in two lines, 0 for none (found)",
    )  # fmt: skip
    sub.add_argument(
        "--units-row", type=values.whole(0, 1_000_000), metavar="LINE", help="line of the units, 0 for none (found)"
    )
    sub.add_argument("--encoding", metavar="NAME", help="of a text file, as cp1251, gbk or shift_jis (found)")
    sub.add_argument(
        "--missing", type=values.missing, metavar="NUMBERS | none",
        help="numbers that stand for missing values, as --missing=-200,9999 (those far from all others)",
    )  # fmt: skip


def takes_networks(sub: argparse.ArgumentParser) -> None:
    """Add the arguments for two networks, and the options for reading a table of rows for them."""
    sub.add_argument("before", metavar="BEFORE", help="the network before, .safetensors or .pt")
    sub.add_argument("after", metavar="AFTER", help="the network after")
    takes_block(sub, "BEFORE and AFTER, where they are no files of kanviz")
    sub.add_argument("--inputs", nargs="+", metavar="COLUMN", help="the table's columns for the inputs, in order")
    reads_table(sub)
