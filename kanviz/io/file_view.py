"""Reads parts of a large file when they are asked for, so that a checkpoint costs its headers and not its weights."""

import os
from pathlib import Path
from typing import BinaryIO, TypeAlias

from kanviz.errors import LoadError
from kanviz.io.contents import BYTE_LIMIT
from kanviz.text import shown


class FileView:
    """A file as a sequence of bytes: `view[start:end]` reads just these; the file is closed with the last reference.

    Raises LoadError where the file became shorter after it was opened.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self._size = os.fstat(self._file.fileno()).st_size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(self._size)
        self._file.seek(start)
        content = self._file.read(max(end - start, 0))
        if len(content) < end - start:
            raise LoadError("The file changed while it was read. Wait until it is written, and open it again.")
        return content

    def __del__(self) -> None:
        if hasattr(self, "_file"):  # it is missing where opening the file failed
            self._file.close()


Source: TypeAlias = bytes | FileView  # what a reader of files takes; slices of both are bytes


def content_of(path: Path, *, whole: bool) -> Source:
    """Open a file: `whole` reads it at once, unless it is too large for that. Raises LoadError where that fails."""
    try:
        return path.read_bytes() if whole and path.stat().st_size <= BYTE_LIMIT else FileView(path)
    except OSError as problem:
        why = (problem.strerror or "the system refused").lower()
        raise LoadError(f"{shown(str(path), 200)} cannot be opened: {why}. Check the name.") from None
