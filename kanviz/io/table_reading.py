"""Defines how the caller can choose the way a table is read."""

import codecs
from dataclasses import dataclass

from kanviz.errors import TableError
from kanviz.text import shown


@dataclass(frozen=True)
class Reading:
    """The caller's choices for reading a table; None lets the reader decide.

    header_rows: lines of the names, counted from 1 in the file; () for none · units_row: the line of the units, 0 for
    none · encoding: of a text file, by Python's name · missing: numbers that mean missing values; () treats every
    number as a value · least: minimum number of rows · inputs_only: the rows have no target, so that one column is
    enough, also one of words, and an empty one stays.
    """

    header_rows: tuple[int, ...] | None = None
    units_row: int | None = None
    encoding: str | None = None
    missing: tuple[float, ...] | None = None
    least: int = 2
    inputs_only: bool = False

    def __post_init__(self):
        if self.encoding is not None:
            try:
                text = codecs.lookup(self.encoding)._is_text_encoding  # pyright: ignore[reportAttributeAccessIssue]
            except (LookupError, ValueError):
                text = False
            if not text:
                raise TableError(
                    f"There is no encoding {shown(self.encoding, 30)!r}; name one as utf-8, cp1251, gbk or shift_jis."
                )
        rows = [*(self.header_rows or ()), self.units_row or 0]
        if any(row < 0 for row in rows) or (self.header_rows and 0 in self.header_rows):
            raise TableError("Lines of names and units are counted from 1; 0 says that there are none.")


AS_FOUND = Reading()
