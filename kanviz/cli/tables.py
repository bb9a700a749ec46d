"""Reads what the command line names: networks, tables with a network's columns, regions, units."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kanviz.cli.console import UsageError, say, say_notes
from kanviz.errors import TableError, UserError
from kanviz.text import listing, shown

if TYPE_CHECKING:
    from torch import Tensor

    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.layer import Variable
    from kanviz.io.table_reading import Reading
    from kanviz.io.tables import Table


def read_network(paths: Sequence[str], options: argparse.Namespace | None = None) -> "KAN":
    """Read the network in these files; options: with those that `takes_block` adds."""
    from kanviz.io import load_with
    from kanviz.io.questions import Answers
    from kanviz.io.weight_layout import read_layout

    if options is None:
        return load_with(paths, None, Answers())
    layout = None if options.layout is None else read_layout(options.layout)
    return load_with(paths, options.block, Answers(dict(options.answers or ()), layout))


def read_two_networks(options: argparse.Namespace) -> "tuple[KAN, KAN]":
    """Read BEFORE and AFTER; the options of `takes_block` are for models of others, not for kanviz's own files, which
    say everything.
    """
    from kanviz.io import blocks

    def read(path: str) -> "KAN":
        asked = options.block is not None or options.answers or options.layout is not None
        own = asked and [block.kind for block in blocks(path)] == ["kanviz"]
        return read_network([path]) if own else read_network([path], options)

    return read(options.before), read(options.after)


def reading(options: argparse.Namespace, least: int = 2) -> "Reading":
    """Collect how to read a table from the options; a command without such options uses the defaults."""
    from kanviz.io.table_reading import Reading

    given = {name: getattr(options, name, None) for name in ("header_row", "units_row", "encoding", "missing")}
    return Reading(given["header_row"], given["units_row"], given["encoding"], given["missing"], least)


def read_rows(path: str, how: "Reading | None" = None) -> "Table":
    from kanviz.io.table_reading import AS_FOUND
    from kanviz.io.tables import open_table

    table = open_table(path, how or AS_FOUND)
    say_notes(table.notes)
    return table


def table_for(
    kan: "KAN", table: "Table", target: Sequence[str] | None, inputs: Sequence[str] | None, **other: Any
) -> "Dataset":
    """Select a network's columns from a table by name. If the table has none of the names, take all columns in their
    order and report it. Raises TableError where only some of the names exist.

    target, inputs: columns to take instead, in the network's order. other: arguments of `Dataset.from_frame`.
    """
    from kanviz.core.data.dataset import Dataset

    table = table.named_for([v.name for v in (*kan.inputs, *kan.outputs)])
    classes = kan.task == "classification"
    columns: Any = [table.input(name) for name in inputs] if inputs else inputs_by_name(kan, table)
    if target:
        wanted = [table.column(name) for name in target]
    else:
        wanted = [v.name for v in kan.outputs]
        strangers = [name for name in wanted if name not in table.frame.columns]
        if strangers:
            raise UserError(f"The table has no column {shown(strangers[0])!r}; say which one it is with --target.")
    task = "classification" if classes else "regression"
    data = Dataset.from_frame(table.frame, wanted, columns, task=task, **other)
    if columns is None and [v.name for v in data.inputs] != [v.name for v in kan.inputs]:
        taken, names = listing([v.name for v in data.inputs], 8), listing([v.name for v in kan.inputs], 8)
        data = replace(data, notes=(*data.notes, f"The table has no columns {names}; {taken} are taken in this order."))
    return data.matching(kan)


def inputs_by_name(kan: "KAN", table: "Table") -> "tuple[Variable, ...] | None":
    """Return the network's inputs if the table has their columns; None where it has none of them."""
    from kanviz.core.columns.inputs import column_of

    columns = {str(column) for column in table.frame.columns}
    there = [column_of(v.name, columns) is not None for v in kan.inputs]
    return kan.inputs if any(there) else None


def rows_for(kan: "KAN", options: argparse.Namespace) -> "Dataset | None":
    """Read the rows of --table with the network's columns; None without --table."""
    if not options.table:
        if options.target or options.inputs:
            raise UsageError("--target and --inputs name columns of a table; give it with --table.")
        return None
    data = table_for(kan, read_rows(options.table, reading(options)), options.target, options.inputs)
    say_notes(data.notes)
    return data


def input_rows(kan: "KAN", path: str, columns: Sequence[str] | None = None, how: "Reading | None" = None) -> "Tensor":
    """Read a table as input rows of a network, (row, input) in table units; leave out and report rows with gaps.

    columns: of the table, in the order of the network's inputs; None takes those of the same names.
    """
    import torch

    from kanviz.core.columns.inputs import values_of_all
    from kanviz.io.table_reading import Reading

    table = read_rows(path, how or Reading(least=1)).named_for([v.name for v in kan.inputs])
    variables: Sequence[Variable] = kan.inputs
    if columns is not None:
        if len(columns) != len(kan.inputs):
            raise UserError(f"The network has {len(kan.inputs)} inputs; --inputs names {len(columns)} columns.")
        variables = [replace(v, name=table.column(name)) for v, name in zip(kan.inputs, columns, strict=True)]
    try:
        x = values_of_all(table.frame, variables)
    except TableError as problem:
        remedy = "" if columns else " Say which columns the network's inputs are with --inputs."
        raise UserError(f"{shown(path, 200)}: {problem}{remedy}") from None
    whole = np.isfinite(x).all(1)
    if not whole.all():
        say(f"note: {(~whole).sum():,} of {len(x):,} rows of {shown(path, 200)} have gaps and are left out.")
    return torch.from_numpy(x[whole].copy())


Sides = Sequence[tuple[str, float, float]]


def region(kan: "KAN", sides: Sides) -> tuple[tuple[float, float], ...]:
    """Return the (least, greatest) value of each input of a network, from the given names and limits."""
    given = {name: (low, high) for name, low, high in sides}
    names = [v.name for v in kan.inputs]
    strangers = [name for name in given if name not in names]
    if strangers:
        raise UserError(f"The network has no input {shown(strangers[0])!r}; it takes {listing(names, 8)}.")
    missing = [name for name in names if name not in given]
    if missing:
        raise UserError(f"The region says nothing of {listing(missing, 8)}; give its least and greatest value.")
    return tuple(given[name] for name in names)


def units_from(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise UserError(f"Write a unit as COLUMN=UNIT, as in length=m; got {shown(wrong[0])!r}.")
    return dict(pair.rsplit("=", 1) for pair in pairs)
