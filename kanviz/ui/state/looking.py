"""What of the table and the network is looked at: selected rows, the row that is explained, the point."""

import math
from collections.abc import Iterable, Sequence

from kanviz.core.data.dataset import Dataset
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from kanviz.ui.state.holder import Holder


class Looking:
    """Forgets by itself what belongs to another table or to other inputs."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._picked: tuple[Dataset | None, tuple[int, ...]] = (None, ())
        self._row: tuple[Dataset | None, int | None] = (None, None)
        self._point: tuple[tuple[Variable, ...], tuple[float, ...]] = ((), ())

    @property
    def picked(self) -> tuple[int, ...]:
        """Rows of the table that are selected, by their index, ascending; none once the table is another."""
        data, rows = self._picked
        return rows if data is self._holder.data else ()

    def pick(self, rows: Iterable[int]) -> None:
        """Select these rows of the table instead of those selected before; none of them clears it."""
        with self._holder.lock:
            wanted = sorted(set(rows))
            for row in (*wanted[:1], *wanted[-1:]):
                self._check_row(row)
            self._picked = (self._holder.data, tuple(wanted))

    def picked_rows(self) -> Dataset | None:
        """The selected rows as a table; training rows stay training rows. None when none is selected."""
        picked, data = self.picked, self._holder.data
        return data.chosen(picked) if data is not None and picked else None

    @property
    def row(self) -> int | None:
        """The row of the table to be explained: the one that the point was taken from and still is at."""
        data, row = self._row
        if data is None or row is None or data is not self._holder.data:
            return None
        return row if self.point == tuple(data.x[row].tolist()) else None

    def take_row(self, row: int | None) -> None:
        """Look at the network at this row of the table; None forgets row and point."""
        with self._holder.lock:
            if row is None:
                self._row, self._point = (None, None), ((), ())
                return
            data = self._check_row(row)
            self._row = (data, row)
            self._point = (self._holder.opened.present.inputs, tuple(data.x[row].tolist()))

    @property
    def point(self) -> tuple[float, ...] | None:
        """A value for each input (table units) at which the network is looked at; None if none was taken for these."""
        (inputs, values), work = self._point, self._holder.work
        return values if values and work is not None and inputs == work.present.inputs else None

    def take_point(self, values: Sequence[float]) -> None:
        """Look at the network there."""
        inputs = self._holder.opened.present.inputs
        if len(values) != len(inputs) or not all(math.isfinite(value) for value in values):
            raise UserError(f"The network is looked at where each of its {len(inputs)} inputs is a finite number.")
        with self._holder.lock:
            self._point = (inputs, tuple(float(value) for value in values))

    def _check_row(self, row: int) -> Dataset:
        data = self._holder.data
        if data is None:
            raise UserError("There are no rows to choose from. Upload a table, or open a sample that brings its own.")
        if not 0 <= row < len(data):
            raise UserError(f"There is no row {row + 1:,}: the table has rows 1 to {len(data):,}.")
        return data
