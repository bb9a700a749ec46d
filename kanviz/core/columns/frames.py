"""Accept tables of pandas, polars, Arrow, or a mapping of columns, and find a column by its name."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeGuard

from kanviz.errors import TableError
from kanviz.text import listing, shown

if TYPE_CHECKING:
    import pandas as pd


def is_frame(table: Any) -> TypeGuard[Any]:
    """Return whether something is a table with named columns, of any library."""
    named = isinstance(table, Mapping) or bool(getattr(getattr(table, "dtype", None), "names", None))
    return named or _is_lazy(table) or _is_arrow(table) or hasattr(table, "iloc")


def _is_arrow(table: Any) -> bool:
    """Return whether it has Arrow's interface for tables; a batch of rows has that for arrays, and a schema."""
    return hasattr(table, "__arrow_c_stream__") or (hasattr(table, "__arrow_c_array__") and hasattr(table, "schema"))


def _is_lazy(table: Any) -> bool:
    """Return whether it is a polars query that was not run."""
    return hasattr(table, "collect") and hasattr(table, "collect_schema")


def as_frame(table: Any) -> "pd.DataFrame":
    """Convert a table to a pandas frame, by Arrow's interface (which polars, DuckDB and others have) if needed.

    A pandas frame is returned unchanged. Raises TableError for anything that is not a table.
    """
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return table
    if _is_lazy(table):
        raise TableError("This table is not computed yet; call .collect() on it first.")
    try:
        if _is_arrow(table) and not isinstance(table, pd.Series):
            import pyarrow as pa

            return pa.table(table).to_pandas()
        if is_frame(table) and not isinstance(table, pd.Series):
            return pd.DataFrame(table)
    except (TypeError, ValueError):
        raise TableError(
            "This is no table of named columns of equal length; give each column as many values."
        ) from None
    raise TableError("A table of named columns is needed: a frame of pandas, polars or Arrow, or a mapping of columns.")


def the_column(frame: "pd.DataFrame", name: str, *, what: str = "column") -> "pd.Series":
    """Return the only column of this name. Raises TableError if there are two, or none (with the most similar name)."""
    if name in frame.columns and isinstance(place := frame.columns.get_loc(name), int):
        return frame.iloc[:, place]
    at = [n for n, column in enumerate(frame.columns) if str(column) == name]
    if not at:
        raise missing_column(name, [str(column) for column in frame.columns], what)
    if len(at) > 1:
        raise TableError(f"Two columns are named {shown(name, 40)!r}; rename one of them.")
    return frame.iloc[:, at[0]]


def missing_column(name: str, columns: Sequence[str], what: str = "column") -> TableError:
    """Make the error for a name that no column has; its text suggests the most similar one."""
    return TableError(f"There is no {what} {shown(name, 40)!r}; {_nearest(name, columns)}.")


def _nearest(name: str, columns: Sequence[str]) -> str:
    folded = {column.casefold().strip(): column for column in columns}
    close = get_close_matches(name.casefold().strip(), folded, 1, 0.6)
    there = f"the table has {listing(list(columns), 12)}"
    return (
        f"did you mean {shown(folded[close[0]], 40)!r}? The table has {listing(list(columns), 12)}" if close else there
    )
