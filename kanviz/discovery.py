"""The call `kanviz.discover`: a table in, the laws behind one of its columns out."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanviz.core.dataset import Dataset
from kanviz.errors import TableError
from kanviz.io.heading_units import split_units
from kanviz.io.tables import read_table
from kanviz.laws.discover import DiscoverConfig, discoveries
from kanviz.laws.hints import Hints
from kanviz.laws.record import Discovery
from kanviz.text import shown

if TYPE_CHECKING:
    import pandas as pd


def discover(
    table: "pd.DataFrame | Dataset | str | os.PathLike[str]",
    target: str | None = None,
    *,
    inputs: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    shape: Sequence[Any] | None = None,
    seconds: float = 60.0,
    seeds: int = 5,
    hints: Hints | None = None,
    jobs: int | None = None,
    progress: Callable[[Discovery], None] | None = None,
    test: float = 0.2,
    seed: int = 0,
) -> Discovery:
    """The laws behind one column of a table, found within so many seconds.

    table: a frame, a file, or a data set already split (then without a target) · units: by column; those in headings
    as "length (m)" are read · shape: pykan's width, None to try shapes from small to large · seeds: starts of each ·
    jobs: processes; None takes what the machine has, or what joblib.parallel_config says · progress: called with the
    state after each attempt · test: share of rows held out · seed: of the split and the first start.
    """
    config = DiscoverConfig(shape, seconds, seeds, hints or Hints(), jobs, seed)
    data = dataset_for(table, target, inputs=inputs, units=units, test=test, seed=seed)
    found = None
    for found in discoveries(data, config):
        if progress:
            progress(found)
    assert found is not None, "there is a state at the end, whatever came of it"
    return found


def dataset_for(
    table: "pd.DataFrame | Dataset | str | os.PathLike[str]",
    target: str | None = None,
    *,
    inputs: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    test: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """The rows of a frame or a file as a data set, columns named without the units in their headings."""
    if isinstance(table, Dataset):
        return table
    if target is None:
        raise TableError('Say which column to find a law for, as in kanviz.discover("trips.csv", "way").')
    notes: tuple[str, ...] = ()
    if isinstance(table, str | os.PathLike):
        read = read_table(Path(table).read_bytes(), Path(table).name)
        table, notes = read.frame, read.notes
    split = split_units([str(column) for column in table.columns])
    bare = {name: pair[0] for name, pair in split.items()}
    given = {bare.get(name, name): unit for name, unit in (units or {}).items()}
    frame = table.rename(columns=bare)
    strangers = [name for name in given if name not in frame.columns]
    if strangers:
        raise TableError(f"There is no column {shown(strangers[0])!r} to give a unit to.")
    data = Dataset.from_frame(
        frame,
        bare.get(target, target),
        [bare.get(name, name) for name in inputs] if inputs else None,
        units=dict(split.values()) | given,
        test=test,
        seed=seed,
    )
    return replace(data, notes=(*notes, *data.notes))
