"""Counts and searches in columns of text as whole Arrow arrays, since a table may have millions of cells."""

from typing import Any

import pyarrow as pa
import pyarrow.compute

from kanviz.io.cells import NUMBER

compute: Any = pyarrow.compute  # its functions are created at import, so type checkers do not know them
PLAIN = rf"^[+-]?(?:{NUMBER}|(?i:inf|infinity|nan))$"


def share(values: pa.ChunkedArray, *patterns: str) -> int:
    """Count the cells that match one of the patterns."""
    found = compute.match_substring_regex(values, "|".join(f"(?:{p})" for p in patterns))
    return compute.sum(found).as_py() or 0


def holds(values: pa.ChunkedArray, part: str) -> bool:
    """Say whether some cell contains the text."""
    return bool(compute.any(compute.match_substring(values, part)).as_py())
