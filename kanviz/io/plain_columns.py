"""Converts the columns of a piece of a large table to a network's inputs, every piece in the same way."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Float

from kanviz.core.columns.frames import missing_column, the_column
from kanviz.core.columns.inputs import column_of, values_of_all, words_of
from kanviz.core.layer import Variable
from kanviz.errors import TableError
from kanviz.io.arrow_text import compute, share
from kanviz.io.cells import MISSING
from kanviz.io.columns import text_array
from kanviz.io.heading_units import split_units
from kanviz.text import listing, shown

_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True)
class PlainColumns:
    """Which columns of a table are a network's inputs, and what was seen in them so far.

    inputs: named like the columns · places: for each column that is needed, its place in the table · missing: numbers
    that mean a missing value · words: of the columns of two words.
    """

    inputs: Sequence[Variable]
    places: dict[str, int]
    missing: Sequence[float]
    words: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        headings: Sequence[str],
        inputs: Sequence[Variable],
        columns: Sequence[str] | None,
        missing: Sequence[float],
    ) -> Self:
        """Find the columns by their headings, or by their names without the units in them. Raises TableError."""
        if columns is not None:
            inputs = [replace(v, name=name) for v, name in zip(inputs, columns, strict=True)]
        split = split_units(list(headings))
        bare = [split.get(name, (name, ""))[0] for name in headings]
        named = list(headings) if {v.name for v in inputs} & set(split) else bare
        places = {}
        for v in inputs:
            column = column_of(v.name, set(named), v.unit)
            if column is None:
                raise missing_column(v.name, named)
            places[column] = named.index(column)
        return cls(inputs, places, missing)

    def values(self, cells: pa.Table) -> Float[np.ndarray, "rows input"]:
        """Return the inputs of a piece, NaN where one is missing. Raises TableError for what cannot be a number."""
        frame = pd.DataFrame({name: self._column(name, cells.column(place)) for name, place in self.places.items()})
        for v in self.inputs:
            place = column_of(v.name, set(frame.columns), v.unit)
            if v.unit.endswith(" = 1") and place is not None:
                self._check_words(place, the_column(frame, place))
        x = values_of_all(frame, self.inputs)
        return np.where(np.isin(x, self.missing), np.nan, x) if self.missing else x

    def _check_words(self, name: str, column: pd.Series) -> None:
        if pd.api.types.is_numeric_dtype(column.dtype):
            return
        seen = self.words.setdefault(name, set())
        seen |= {word.casefold() for word in words_of(column)}
        if len(seen) > 2:
            raise TableError(f"Column {shown(name, 40)!r} has more than two words: {listing(sorted(seen), 6)}.")

    def _column(self, name: str, cells: pa.ChunkedArray) -> pd.Series:
        """Return numbers as float64, moments as they are, and anything else as text."""
        kind = cells.type
        if pa.types.is_dictionary(kind):
            cells, kind = compute.cast(cells, kind.value_type), kind.value_type
        if pa.types.is_boolean(kind):
            cells, kind = compute.cast(cells, pa.int8()), pa.int8()
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return pd.Series(compute.cast(cells, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return compute.cast(cells, pa.timestamp("us")).to_pandas()
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise TableError(f"Column {shown(name, 40)!r} holds neither numbers, words nor dates; choose another.")
        trimmed = compute.utf8_trim_whitespace(compute.cast(cells, pa.string()))
        gap = compute.is_in(compute.utf8_lower(trimmed), value_set=pa.array(MISSING))
        values = compute.if_else(gap, pa.scalar(None, pa.string()), trimmed)
        if any(v.name == name and v.unit.startswith("days since ") for v in self.inputs):
            if share(values, _ISO) < len(values) - values.null_count:
                raise TableError(f"Column {shown(name, 40)!r} has dates that do not begin as 2024-01-31 does.")
            return pd.Series(text_array(values), dtype=object)
        try:
            return pd.Series(compute.cast(values, pa.float64()).to_numpy(), dtype=np.float64)
        except pa.ArrowInvalid:
            return pd.Series(text_array(values), dtype=object)
