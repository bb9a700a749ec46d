"""Extracts numbers from other text: np.float64(1.2), [1.2], ="1.2", 1.2D+01, (1.2) for -1.2, 1.2 V."""

import pyarrow as pa

from kanviz.io.arrow_text import PLAIN, compute, holds, share
from kanviz.io.cells import NUMBER
from kanviz.io.unit_words import is_unit
from kanviz.text import shown

_SIGNED = rf"[+-]?(?:{NUMBER}|inf|nan)"
_LIBRARIES = r"(?:(?:np|numpy|jnp|torch|tf|pd)\.)?"
_WRAPPED = (  # forms of a number in Python's repr, in MATLAB's arrays, and in Excel's protection of leading zeros
    rf"^{_LIBRARIES}(?:float|int|uint|double|single|array|tensor|Tensor|Decimal)[0-9_]*\(\s*\[*['\"]?\s*({_SIGNED})"
    r"\s*['\"]?\]*\s*(?:,.*)?\)$",
    rf"^\[+\s*({_SIGNED})\s*,?\s*\]+$", rf"^\(\s*({_SIGNED})\s*,\s*\)$", rf"^=?\"+({_SIGNED})\"+$", rf"^=({_SIGNED})$",
    rf"^'({_SIGNED})'?$",
)  # fmt: skip
_FORTRAN = r"^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[dD]([+-]?[0-9]+)$"
_ACCOUNT = r"^\(([$€£¥]?\s*[0-9][0-9.,]*)\)$"
_WITH_ERROR = r"^([+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?)\s*(?:±|\+/-)\s*[0-9.,]+(?:[eE][+-]?[0-9]+)?$"
_UNIT = r"[^\s0-9+\-.,;:=()][^;:=()]{0,15}"
_WITH_UNIT = rf"^({_SIGNED})\s*{_UNIT}$"
_PARTS = rf"^{_SIGNED}(?P<gap>\s*)(?P<unit>{_UNIT})$"
_SHORT_UNITS = ("V", "A", "W", "K", "%", "°", "Ω")  # allowed without a blank; others of one letter are ambiguous


def unwrapped(values: pa.ChunkedArray, enough: float) -> tuple[pa.ChunkedArray, list[tuple[str, str]]]:
    """Convert numbers in brackets, quotes or a call, or with Fortran's D, to plain ones; also return notes."""
    if (holds(values, "±") or holds(values, "+/-")) and share(values, _WITH_ERROR) >= enough:
        values = compute.replace_substring_regex(values, _WITH_ERROR, r"\1")
        return values, [("the error behind ± is left out; give errors a column of their own", "")]
    if any(holds(values, mark) for mark in ("(", "[", '"', "=", "'")):
        if share(values, PLAIN, *_WRAPPED) >= enough:
            before = compute.filter(values, compute.match_substring_regex(values, "|".join(_WRAPPED)))
            for pattern in _WRAPPED:
                values = compute.replace_substring_regex(values, pattern, r"\1")
            if len(before):
                example = f" ({shown(before[0].as_py(), 40)})"
                return values, [("numbers are taken out of the text around them", example)]
        plain, negative = share(values, PLAIN, r"^[$€£¥]?[0-9][0-9.,]*$"), share(values, _ACCOUNT)
        if plain and negative and plain + negative >= enough:
            values = compute.replace_substring_regex(values, _ACCOUNT, r"-\1")
            return values, [("numbers in parentheses are read as negative", "")]
    if share(values, _FORTRAN) and share(values, PLAIN, _FORTRAN) >= enough:
        values = compute.replace_substring_regex(values, _FORTRAN, r"\1e\2")
    return values, []


def without_unit(values: pa.ChunkedArray, enough: float) -> tuple[pa.ChunkedArray, str]:
    """Remove the unit after each number if it is the same everywhere; return it, or "" where there is none."""
    if share(values, _WITH_UNIT) < enough:
        return values, ""
    found = compute.extract_regex(values, _PARTS)
    gaps, units = (compute.unique(compute.struct_field(found, part)).to_pylist() for part in ("gap", "unit"))
    units = [unit for unit in units if unit]
    if len(units) != 1 or not is_unit(units[0]):
        return values, ""
    if len(units[0]) == 1 and units[0] not in _SHORT_UNITS and "" in gaps:
        return values, ""
    return compute.replace_substring_regex(values, _WITH_UNIT, r"\1"), units[0]
