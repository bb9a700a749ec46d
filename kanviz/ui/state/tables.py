"""The tables of a session: those that were uploaded, the rows the network is looked at with, new rows and old ones."""

from typing import TYPE_CHECKING

from kanviz.core.data.dataset import Dataset
from kanviz.errors import EditError
from kanviz.ui.state.holder import Holder, fitting
from kanviz.ui.state.training import Training

if TYPE_CHECKING:
    from kanviz.io.tables import Table


class Tables:
    """new_rows: to be learned next, and the name of their table · old_rows: not to be forgotten, of another table than
    the current one · before: the table that was current before.
    """

    def __init__(self, holder: Holder, training: Training) -> None:
        self._holder, self._training = holder, training
        self._uploaded: dict[str, tuple[Table, str]] = {}
        self.new_rows: tuple[Dataset, str] | None = None
        self.old_rows: tuple[Dataset, str] | None = None
        self.before: tuple[Dataset, str] | None = None

    def upload(self, table: "Table", name: str, slot: str = "") -> None:
        """slot: tables for different purposes do not take each other's place."""
        with self._holder.lock:
            self._uploaded[slot] = (table, name)

    def uploaded(self, slot: str = "") -> "tuple[Table, str] | None":
        """The table that was uploaded last for this purpose, and its name."""
        return self._uploaded.get(slot)

    @property
    def main(self) -> "Table | None":
        """The table that was uploaded last for the network itself."""
        return self._uploaded[""][0] if "" in self._uploaded else None

    @property
    def main_name(self) -> str:
        return self._uploaded[""][1] if "" in self._uploaded else ""

    def look_with(self, data: Dataset, name: str) -> None:
        """Look at the network with these rows, from the table of that name; refuses a table that does not fit it."""
        with self._holder.lock:
            self._training.refuse_while_live()
            work = self._holder.opened
            found = data.matching(work.present)
            if work.data is not None and work.data.digest != found.digest:
                self.before = work.data, work.rows_from
            self._holder.work = work.with_rows(found, name)

    def take_new(self, data: Dataset, name: str) -> None:
        """Rows that the network shall learn next, beside those it knows."""
        with self._holder.lock:
            self.new_rows = data.matching(self._holder.opened.present), name

    def take_old(self, data: Dataset, name: str) -> None:
        """Rows that it shall not forget, of another table than the current one."""
        with self._holder.lock:
            self.old_rows = data.matching(self._holder.opened.present), name

    def join_new(self) -> None:
        """The new rows join the current ones: what the network knows from now on."""
        with self._holder.lock:
            self._training.refuse_while_live()
            work = self._holder.opened
            if work.data is None or self.new_rows is None:
                raise EditError("There are no known rows and new rows to put together; load both first.")
            new, name = self.new_rows
            self._holder.work = work.with_rows(work.data.joined(new), f"{work.rows_from} + {name}")
            self.new_rows = None

    def forget(self) -> None:
        """Another network was opened: these rows were chosen for the one before."""
        self.new_rows = self.old_rows = self.before = None

    @property
    def fitting(self) -> dict[str, Dataset]:
        """All rows at hand that fit the network, by the digest trainings know them by; the current ones come first."""
        present = self._holder.opened.present
        others = [rows[0] for rows in (self.new_rows, self.old_rows, self.before) if rows]
        given = [fitting(data, present) for data in (self._holder.data, *others, *self._training.learned_rows)]
        return {data.digest: data for data in given if data is not None}
