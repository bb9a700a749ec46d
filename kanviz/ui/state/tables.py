"""Hold the tables of a session: uploads, the current rows, new rows and old rows."""

from typing import TYPE_CHECKING

from kanviz.core.data.dataset import Dataset
from kanviz.errors import EditError
from kanviz.ui.state.holder import Holder, fitting
from kanviz.ui.state.training import Training

if TYPE_CHECKING:
    from kanviz.io.tables import Table


class Tables:
    """The tables of a session.

    new_rows: to be learned next, with the name of their table · old_rows: not to be forgotten, from a table other than
    the current one · before: the table that was current before.
    """

    def __init__(self, holder: Holder, training: Training) -> None:
        self._holder, self._training = holder, training
        self._uploaded: dict[str, tuple[Table, str]] = {}
        self.new_rows: tuple[Dataset, str] | None = None
        self.old_rows: tuple[Dataset, str] | None = None
        self.before: tuple[Dataset, str] | None = None

    def upload(self, table: "Table", name: str, slot: str = "") -> None:
        """Remember an upload. slot: its purpose; each purpose has its own last table."""
        with self._holder.lock:
            self._uploaded[slot] = (table, name)

    def uploaded(self, slot: str = "") -> "tuple[Table, str] | None":
        """Return the last table that was uploaded for this purpose, with its name."""
        return self._uploaded.get(slot)

    @property
    def main(self) -> "Table | None":
        """The last table that was uploaded for the network itself."""
        return self._uploaded[""][0] if "" in self._uploaded else None

    @property
    def main_name(self) -> str:
        return self._uploaded[""][1] if "" in self._uploaded else ""

    def look_with(self, data: Dataset, name: str) -> None:
        """Make these rows the current ones. name: their table. Raises UserError if they do not fit the network."""
        with self._holder.lock:
            self._training.refuse_while_live()
            work = self._holder.opened
            found = data.matching(work.present)
            if work.data is not None and work.data.digest != found.digest:
                self.before = work.data, work.rows_from
            self._holder.work = work.with_rows(found, name)

    def take_new(self, data: Dataset, name: str) -> None:
        """Set the rows that the network shall learn next, besides those it knows."""
        with self._holder.lock:
            self.new_rows = data.matching(self._holder.opened.present), name

    def take_old(self, data: Dataset, name: str) -> None:
        """Set the rows that it shall not forget, from a table other than the current one."""
        with self._holder.lock:
            self.old_rows = data.matching(self._holder.opened.present), name

    def join_new(self) -> None:
        """Add the new rows to the current rows: from now on the network knows them too."""
        with self._holder.lock:
            self._training.refuse_while_live()
            work = self._holder.opened
            if work.data is None or self.new_rows is None:
                raise EditError("There are no known rows and new rows to put together; load both first.")
            new, name = self.new_rows
            self._holder.work = work.with_rows(work.data.joined(new), f"{work.rows_from} + {name}")
            self.new_rows = None

    def forget(self) -> None:
        """Forget rows that were chosen for the previous network."""
        self.new_rows = self.old_rows = self.before = None

    @property
    def fitting(self) -> dict[str, Dataset]:
        """All known tables that fit the network, by their digest in training records; the current rows come first."""
        present = self._holder.opened.present
        others = [rows[0] for rows in (self.new_rows, self.old_rows, self.before) if rows]
        given = [fitting(data, present) for data in (self._holder.data, *others, *self._training.learned_rows)]
        return {data.digest: data for data in given if data is not None}
