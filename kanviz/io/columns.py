"""Converts columns of text to numbers: finds how a column spells numbers, and which cells are missing.

Everything works on whole Arrow arrays, since a table may have millions of cells.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from kanviz.core.columns.dates import are_dates, numbers_are_dates
from kanviz.io.arrow_text import PLAIN, compute, holds, share
from kanviz.io.cells import DATE_PATTERN, MISSING, NUMBER
from kanviz.io.wrapped_numbers import unwrapped, without_unit
from kanviz.text import listing, shown

_CURRENCIES = "$€£¥"
_SIGN = f"[{_CURRENCIES}]"
_MONEY = rf"^[+-]?\s*{_SIGN}|{_SIGN}$"
_PERCENT = r"^[^%]*[0-9.]\s*%$"
_HEXADECIMAL = r"^[+-]?0[xX][0-9a-fA-F]+$"
_COMPLEX = rf"^[+-]?(?:{NUMBER})?\s*[+-]\s*(?:{NUMBER})?[ij]$|^[+-]?{NUMBER}[ij]$"
_DATE = rf"^{DATE_PATTERN}$"
_DATES_AS_TEXT = "dates or times, kept as text; as an input they count as days since the first"
_NUMBER_LIKE = re.compile(
    r"[+\-−]?\s*[$€£¥]?\s*\.?[0-9][0-9.,' \u00a0/\-]*(?:[eE][+-]?[0-9]+)?\s*[%$€£¥]?|[+-]?(?:inf|nan)", re.IGNORECASE
)
_PROTECTED = r"^'[=+\-@\t\r\n＝＋－＠]"
_LONGEST = 200  # characters of what could be a number
_LOOK = 10_000  # number of cells that decide whether a column holds dates
_FEW_WORDS = 20  # at most so many different words for an input made of words
_MOSTLY = 0.8  # from this share of numbers on, other values are errors of typing, and the column is no text


@dataclass(frozen=True)
class Spelling:
    """A way to write numbers: `drop` is removed, then a decimal comma becomes a point."""

    words: str
    pattern: str
    drop: str
    decimal_comma: bool


_DECIMAL_COMMA = Spelling("a decimal comma", r"^[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?$", "", True)
_THOUSANDS_COMMA = Spelling(
    "commas between thousands", r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?$", ",", False
)
_THOUSANDS_POINT = Spelling(
    "points between thousands and a decimal comma", r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?$", ".", True
)
_THOUSANDS_SPACE = Spelling(
    "spaces or apostrophes between thousands",
    r"^[+-]?[0-9]{1,3}(?:[ \x{a0}\x{2009}\x{202f}'’][0-9]{3})+(?:[.,][0-9]*)?$",
    " \u00a0\u2009\u202f'’",
    True,
)


@dataclass
class Findings:
    """Assumptions about columns: each sentence with the columns it is true for, and an example from the first.

    units: of columns whose cells contain units.
    """

    found: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, sentence: str, column: str, example: str = "") -> None:
        self.found.setdefault(sentence, ([], example))[0].append(column)

    def notes(self) -> list[str]:
        return [
            f"{'Column' if len(columns) == 1 else 'Columns'} {listing(columns)}: {sentence}{example}."
            for sentence, (columns, example) in self.found.items()
        ]


def read_column(name: str, cells: pa.ChunkedArray, findings: Findings, *, commas_separate: bool) -> np.ndarray | None:
    """Convert a column to float64 (missing: nan) or an object array of text (missing: None); None where it is unusable.

    commas_separate: commas separate the columns, so a comma inside a number is hardly a decimal comma.
    """
    trimmed = compute.utf8_trim_whitespace(cells)
    known = _floats(trimmed)
    if known is not None and not numbers_are_dates(known):
        return known
    missing = compute.is_in(compute.utf8_lower(trimmed), value_set=pa.array(MISSING))
    values = compute.if_else(missing, pa.scalar(None, pa.string()), trimmed)
    filled = len(values) - values.null_count
    numbers = _floats(values)
    if numbers is not None and numbers_are_dates(numbers) and share(values, "^[0-9]+$") == filled:
        findings.add(_DATES_AS_TEXT, name)
        return text_array(values)
    if numbers is None:
        numbers = _respelled(name, values, filled, findings, commas_separate=commas_separate)
    if numbers is None:
        return _text(name, trimmed, values, filled, findings)
    words = [f"'{word}'" for word in compute.unique(compute.filter(trimmed, missing)).to_pylist() if word]
    if words:
        findings.add("read as missing: ", name, listing(words, 6))
    return numbers


def _floats(values: pa.ChunkedArray) -> np.ndarray | None:
    """Convert cells to numbers if each one is missing or spelled as programs write numbers."""
    try:
        found = compute.cast(values, pa.float64())
    except pa.ArrowInvalid:
        return None
    return np.array(found.to_numpy(), dtype=np.float64)


def _respelled(
    name: str, values: pa.ChunkedArray, filled: int, findings: Findings, *, commas_separate: bool
) -> np.ndarray | None:
    """Convert a column that spells numbers as people or other countries do; None where it is no such column."""
    enough = _MOSTLY * filled
    notes: list[tuple[str, str]] = []
    if holds(values, "−"):
        values = compute.replace_substring(values, "−", "-")
        notes.append(("the sign − is read as minus", ""))
    if holds(values, "∞"):
        values = compute.replace_substring(values, "∞", "inf")
    values, note = unwrapped(values, enough)
    notes += note
    if share(values, "^(?i:true|false)$") == filled:
        findings.add("true and false are read as 1 and 0", name)
        return _floats(compute.if_else(compute.equal(compute.utf8_lower(values), "true"), "1", "0"))
    if holds(values, "%") and share(values, _PERCENT) >= enough:
        values = compute.replace_substring_regex(values, r"\s*%$", "")
        notes.append(("percent signs are dropped, so that 10% is read as 10", ""))
    elif any(holds(values, sign) for sign in _CURRENCIES) and share(values, _MONEY) >= enough:
        signs = _currencies(values)
        if len(signs) > 1:
            return None
        values = compute.replace_substring_regex(values, rf"\s*{_SIGN}\s*", "")
        notes.append(("currency signs are dropped", f" ({signs[0]})"))
    else:
        values, unit = without_unit(values, enough)
        if unit:
            findings.units[name] = unit
            notes.append(("the unit behind each number is taken for the column's", f" ({unit})"))
    spelling, count = _spelling(values, commas_separate=commas_separate)
    if count < enough:
        return None
    if spelling is not None:
        example = compute.filter(values, compute.match_substring_regex(values, spelling.pattern))[0].as_py()
        values = _rewritten(values, spelling)
        read = float(_rewritten(pa.chunked_array([[example]]), spelling)[0].as_py())
        notes.append((f"numbers have {spelling.words}", f", so that {shown(example, 24)} is read as {read:.12g}"))
    if count < filled:
        good = compute.match_substring_regex(values, PLAIN)
        place = compute.index(good, False).as_py()
        slip = f"{filled - count:,} of {filled:,} in {shown(name, 40)}, the first in row {place + 1:,}"
        notes.append(
            ("some values are not numbers and count as missing", f" ({slip}: {shown(values[place].as_py(), 24)})")
        )
        values = compute.if_else(good, values, pa.scalar(None, pa.string()))
    for sentence, example in notes:
        findings.add(sentence, name, example)
    return _floats(values)


def _currencies(values: pa.ChunkedArray) -> list[str]:
    signs = compute.struct_field(compute.extract_regex(values, f"(?P<sign>{_SIGN})"), "sign")
    return [sign for sign in compute.unique(signs).to_pylist() if sign]


def _spelling(values: pa.ChunkedArray, *, commas_separate: bool) -> tuple[Spelling | None, int]:
    """Find the spelling (None: the plain one) that makes the most cells numbers, and the count of these cells."""
    choices = [_DECIMAL_COMMA, _THOUSANDS_COMMA, _THOUSANDS_POINT, _THOUSANDS_SPACE]
    if commas_separate:
        choices = [*choices[1:], _DECIMAL_COMMA]
    best, count = None, share(values, PLAIN)
    for spelling in choices:
        if count == len(values) - values.null_count:
            break
        matching = share(values, PLAIN, spelling.pattern)
        if matching > count:
            best, count = spelling, matching
    return best, count


def _rewritten(values: pa.ChunkedArray, spelling: Spelling) -> pa.ChunkedArray:
    """Rewrite cells of that spelling as programs write numbers; plain cells are unchanged."""
    changed = values
    for letter in spelling.drop:
        changed = compute.replace_substring(changed, letter, "")
    if spelling.decimal_comma:
        changed = compute.replace_substring(changed, ",", ".")
    return compute.if_else(compute.match_substring_regex(values, spelling.pattern), changed, values)


def _text(
    name: str, trimmed: pa.ChunkedArray, values: pa.ChunkedArray, filled: int, findings: Findings
) -> np.ndarray | None:
    enough = _MOSTLY * filled
    numbers = share(values, PLAIN)
    if share(values, _COMPLEX) >= enough:
        findings.add("complex numbers are not supported; give real and imaginary parts a column each", name)
        return None
    if share(values, _HEXADECIMAL) >= enough:
        findings.add("hexadecimal numbers are kept as text; write them in decimal to use them", name)
    elif share(values, _DATE) >= enough and are_dates(values.slice(0, _LOOK).to_pandas()):
        findings.add(_DATES_AS_TEXT, name)
    elif share(values, _MONEY) >= enough:
        findings.add("amounts in different currencies are kept as text; convert them to one first", name)
    elif numbers:
        findings.add("numbers and words mixed, kept as text", name, f" ({numbers:,} of {filled:,} are numbers)")
    elif 1 < len(words := compute.unique(values.drop_null())) <= _FEW_WORDS:
        findings.add(f"words ({listing(sorted(words.to_pylist()), 6)})", name)
    else:
        findings.add("text, not offered as an input", name)
    if holds(trimmed, "'") and share(trimmed, _PROTECTED):
        trimmed = compute.if_else(
            compute.match_substring_regex(trimmed, _PROTECTED), compute.utf8_slice_codeunits(trimmed, 1), trimmed
        )
    return text_array(compute.if_else(compute.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed))


def text_array(values: pa.ChunkedArray) -> np.ndarray:
    """Convert text to an object array that shares equal values, so that classes take little memory."""
    encoded = values.combine_chunks().dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    return words[compute.fill_null(encoded.indices, len(words) - 1).to_numpy(zero_copy_only=False)]


def number_like(cell: str) -> bool:
    """Say whether a cell looks like a number in any spelling, or like a date."""
    return len(cell) <= _LONGEST and _NUMBER_LIKE.fullmatch(cell.strip()) is not None


def joined(parts: Sequence[pa.Array]) -> pa.ChunkedArray:
    return pa.chunked_array(parts, type=pa.string())
