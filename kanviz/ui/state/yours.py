"""Hold the block of a person's own model that the Language page looks into, with its recorded rows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kanviz.errors import LoadError, UserError
from kanviz.text import shown
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.io.model_blocks import Block
    from kanviz.ui.state.holder import Holder


class Yours(Part):
    """The block that is looked into. name: of its file · block: its name there, "" for the whole file · blocks: all
    KANs of a file with several, whose contents are `files` · rows: None where none were given · rows_from: their file.

    number: how many blocks were opened before it · names: of the files it was read from, none for another network.
    """

    page = "Language"

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.name, self.block, self.rows_from, self.number = "", "", "", 0
        self.names: tuple[str, ...] = ()
        self.kan: KAN | None = None
        self.rows: Dataset | None = None
        self.files: dict[str, bytes] = {}
        self.blocks: tuple[Block, ...] = ()

    @property
    def opened(self) -> "KAN":
        """The block. Raises UserError if none is open."""
        if self.kan is None:
            raise UserError("No block is open. Choose a file of your model first.")
        return self.kan

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(map(len, self.files.values()))

    def take(self, files: Mapping[str, bytes], block: str | None = None) -> None:
        """Open the KAN in these files, contents by name, or of several the one of a name, by default the first.

        Raises LoadError for a file without a KAN; what was open stays.
        """
        from kanviz.io.opened import Opened
        from kanviz.io.questions import Unanswered
        from kanviz.io.reading import read
        from kanviz.io.unknown_class import UnknownClass
        from kanviz.io.work import Work

        name, blocks = next(iter(files), ""), self.blocks if files is self.files else ()
        try:
            found = read(files, block)
            if not isinstance(found, Opened | Work):
                if not found:
                    raise LoadError(f"{shown(name)} has no KAN. Choose the file of a model with one.")
                blocks, block = tuple(found), found[0].prefix
                found = read(files, block)
        except (Unanswered, UnknownClass) as refusal:
            raise LoadError(
                f"{refusal} The Open page asks what is missing; open it there, then choose here the network on the "
                "workbench."
            ) from None
        if isinstance(found, Work):
            self.show(found.history.present, name)
        elif isinstance(found, Opened):
            self.show(found.kan, name, block or found.block, found.data, name)
        with self._holder.lock:
            self.names = tuple(files)
            self.files, self.blocks = (dict(files) if blocks and files is not self.files else self.files), blocks
            if not blocks:
                self.files = {}

    def show(self, kan: "KAN", name: str, block: str = "", rows: "Dataset | None" = None, rows_from: str = "") -> None:
        """Look into this network. rows_from: the file of its rows."""
        from kanviz.language.block import whole

        with self._holder.lock:
            self.kan, self.name, self.block, self.names = kan, name, block, ()
            self.rows, self.rows_from = (whole(rows.matching(kan)), rows_from) if rows is not None else (None, "")
            self.files, self.blocks = (self.files, self.blocks) if block else ({}, ())
            self.number += 1

    def take_rows(self, data: bytes, name: str) -> None:
        """Use the inputs in this file. Raises TableError where they do not fit the block; the rows before stay."""
        from kanviz.io.recorded_inputs import inputs_of
        from kanviz.language.block import whole

        rows = whole(inputs_of(data, name, self.opened))
        with self._holder.lock:
            self.rows, self.rows_from = rows, name
