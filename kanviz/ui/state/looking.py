"""Hold what the person looks at: selected rows, the row that is explained, the input point."""

import math
from collections.abc import Iterable, Sequence

from kanviz.core.data.dataset import Dataset
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from kanviz.ui.state.holder import Holder


class Looking:
    """The person's selection. It is dropped when the table or the inputs change."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._picked: tuple[Dataset | None, tuple[int, ...]] = (None, ())
        self._row: tuple[Dataset | None, int | None] = (None, None)
        self._point: tuple[tuple[Variable, ...], tuple[float, ...]] = ((), ())

    @property
    def picked(self) -> tuple[int, ...]:
        """Indices of the selected rows, ascending; empty once the table has changed."""
        data, rows = self._picked
        return rows if data is self._holder.data else ()

    def pick(self, rows: Iterable[int]) -> None:
        """Replace the selection by these rows; none clears it. Raises UserError for a row that does not exist."""
        with self._holder.lock:
            wanted = sorted(set(rows))
            for row in (*wanted[:1], *wanted[-1:]):
                self._check_row(row)
            self._picked = (self._holder.data, tuple(wanted))

    def picked_rows(self) -> Dataset | None:
        """Return the selected rows as a table; training rows remain training rows. None if none is selected."""
        picked, data = self.picked, self._holder.data
        return data.chosen(picked) if data is not None and picked else None

    @property
    def row(self) -> int | None:
        """The row that is explained: the point was taken from it and has not moved since. None if there is none."""
        data, row = self._row
        if data is None or row is None or data is not self._holder.data:
            return None
        return row if self.point == tuple(data.x[row].tolist()) else None

    def take_row(self, row: int | None) -> None:
        """Take the point from this row of the table; None forgets row and point."""
        with self._holder.lock:
            if row is None:
                self._row, self._point = (None, None), ((), ())
                return
            data = self._check_row(row)
            self._row = (data, row)
            self._point = (self._holder.opened.present.inputs, tuple(data.x[row].tolist()))

    @property
    def point(self) -> tuple[float, ...] | None:
        """The point: a value for each input, in table units. None if none was taken for the current inputs."""
        (inputs, values), work = self._point, self._holder.work
        return values if values and work is not None and inputs == work.present.inputs else None

    def take_point(self, values: Sequence[float]) -> None:
        """Set the point. Raises UserError unless there is a finite number for each input."""
        inputs = self._holder.opened.present.inputs
        if len(values) != len(inputs) or not all(math.isfinite(value) for value in values):
            raise UserError(f"The network needs a point where each of its {len(inputs)} inputs is a finite number.")
        with self._holder.lock:
            self._point = (inputs, tuple(float(value) for value in values))

    def _check_row(self, row: int) -> Dataset:
        data = self._holder.data
        if data is None:
            raise UserError("There are no rows to choose from. Upload a table, or open a sample that brings its own.")
        if not 0 <= row < len(data):
            raise UserError(f"There is no row {row + 1:,}: the table has rows 1 to {len(data):,}.")
        return data
