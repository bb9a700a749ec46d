"""Hold the file of a model with several KANs, from which one after another is opened."""

from typing import TYPE_CHECKING

from kanviz.ui.state.asked_file import AskedFile
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanviz.io.block_previews import Preview
    from kanviz.io.model_blocks import Block
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.session import Session


class ModelFile(Part):
    """The last model with several KANs. name: of its file · title: its name without ending · blocks: the KANs in it."""

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.close()

    def hold(self, files: "Mapping[str, bytes]", title: str, blocks: "Sequence[Block]") -> None:
        """Hold this file, contents by name, instead of the one before."""
        with self._holder.lock:
            self.files, self.title, self.blocks = dict(files), title, tuple(blocks)
            self._previews: dict[str, Preview] = {}

    def close(self) -> None:
        """Free the file."""
        self.hold({}, "", ())

    @property
    def name(self) -> str:
        return next(iter(self.files), "")

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(map(len, self.files.values()))

    def previews(self, names: "Sequence[str]") -> "dict[str, Preview]":
        """Return the strongest curves of these blocks, each read once. Raises LoadError if the reader fails."""
        from kanviz.io.reading import read_previews

        files, known = self.files, self._previews
        wanted = [name for name in names if name not in known]
        if wanted:
            known.update(read_previews(files, wanted))
        return {name: known[name] for name in names}

    def title_of(self, block: str) -> str:
        """Return the name of the work on a block."""
        return f"{block} of {self.title}"

    def open(self, s: "Session", block: str) -> None:
        """Open a block of the file. Raises LoadError if it cannot be read."""
        s.of(AskedFile).take(s, self.files, self.title_of(block), block)
