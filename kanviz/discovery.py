"""Define `kanviz.discover`: find the laws behind one column of a table."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kanviz.core.columns.frames import as_frame
from kanviz.core.data.dataset import Dataset
from kanviz.errors import TableError
from kanviz.io.table_reading import AS_FOUND, Reading
from kanviz.io.tables import Table, named_table, open_table
from kanviz.laws.search.discover import DiscoverConfig, discoveries
from kanviz.laws.search.hints import Hints
from kanviz.laws.search.record import Discovery


def discover(
    table: Any,
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
    """Search for the laws behind one column of a table, within so many seconds.

    table: a frame of pandas, polars or Arrow, a file, a table that was read, or a data set already split (then without
    a target) · units: by column; those in headings as "length (m)" are read · shape: pykan's width, None to try shapes
    from small to large · seconds: by the clock · seeds: starts of each shape · jobs: processes; None takes the
    machine's default, or that of joblib.parallel_config · progress: called with the state after each attempt · test:
    share of rows held out · seed: of the split and the first start.
    Raises TableError for a table that cannot be used, UserError for settings that do not fit it.

    >>> import kanviz
    >>> hours = [k / 10 for k in range(40)]
    >>> table = {"time (h)": hours, "way (km)": [2 * t + 1 for t in hours]}
    >>> found = kanviz.discover(table, "way", shape=[1, 1], seeds=1, jobs=1)
    >>> str(found.best.law.expression), found.exact, found.unit
    ('2*time + 1', True, 'km')
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
    table: Any,
    target: str | None = None,
    *,
    inputs: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    test: float = 0.2,
    seed: int = 0,
    how: Reading = AS_FOUND,
) -> Dataset:
    """Return the rows of a table or a file as a data set, its columns named without the units in their headings.

    how: the options for reading a file. Raises TableError without a target.
    """
    if isinstance(table, Dataset):
        return table
    if target is None:
        raise TableError('Say which column to find a law for, as in kanviz.discover("trips.csv", "way").')
    if isinstance(table, str | os.PathLike):
        table = open_table(table, how)
    read = table if isinstance(table, Table) else named_table(as_frame(table))
    numeric = read.column(target) in read.numeric
    task = "regression" if numeric else None
    data = read.dataset(target, inputs, units=units, task=task, test=test, seed=seed)
    return replace(data, notes=(*read.notes, *data.notes))
