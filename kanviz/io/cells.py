"""Classifies a cell of text: empty, a number in some country's spelling, a date or time, or a word."""

import re

MISSING = (
    "", "na", "n/a", "n.a.", "nan", "#n/a", "#na", "#nv", "null", "(null)", "none", "nil", "<na>", "missing", "-", "--",
    "---", "?", ".", "...", "*", "**", "***", "#value!", "#wert!", "#ref!", "#div/0!", "#num!", "#name?", "#null!",
    "nd", "n.d.", "k.a.", "1.#qnan", "-1.#qnan", "-1.#ind", "1.#ind",
)  # fmt: skip
NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_SIGNED = r"[+\-−]?"
_ENDLESS = r"(?:inf|infinity|nan|∞)"
_DECIMAL_COMMA = r"[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
_THOUSANDS = r"[0-9]{1,3}(?:[,.'’ \u00a0\u2009\u202f][0-9]{3})+(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?"
_FORTRAN = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)[dD][+-]?[0-9]+"
_CURRENCY = "[$€£¥]?"
WRAPPERS = (
    r"(?:(?:np|numpy)\.)?(?:float|int|uint)(?:[0-9]{1,3}|_)?\(", r"(?:(?:np|numpy|jnp|torch)\.)?(?:array|tensor)\(\[?",
    r"Decimal\('", r"\[", r"\(", r"='?\"?", r"'(?=[+\-0-9.])",
)  # fmt: skip
_WRAPPED = rf"(?:{'|'.join(WRAPPERS)})\s*{_SIGNED}{NUMBER}\s*(?:,[^()\[\]]*)?[\]\)'\"]*"
_NUMBER = re.compile(
    rf"{_SIGNED}\s*{_CURRENCY}\s*(?:{NUMBER}|{_DECIMAL_COMMA}|{_THOUSANDS}|{_FORTRAN})\s*[%$€£¥]?|{_SIGNED}{_ENDLESS}"
    rf"|{_WRAPPED}|{_SIGNED}(?:{NUMBER}|{_DECIMAL_COMMA})\s*(?:±|\+/-)\s*(?:{NUMBER}|{_DECIMAL_COMMA})",
    re.IGNORECASE,
)
DATE_PATTERN = (
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}"
    r"|[0-9]{1,2}[- ](?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ][0-9]{2,4}|[0-9]{1,2}:[0-9]{2})"
    r"(?:[ T:].*)?"
)
_DATE = re.compile(DATE_PATTERN)

_LONGEST = 100  # characters of a number or a date
NOTHING, VALUE, MOMENT, WORD = "nothing", "number", "date", "word"


def kind(cell: str) -> str:
    """Classify a cell: NOTHING (empty, or a word for missing), VALUE (a number), MOMENT (a date or time) or WORD."""
    try:
        value = float(cell)
    except ValueError:
        pass
    else:
        return WORD if "_" in cell or not cell.isascii() else NOTHING if value != value else VALUE
    text = cell.strip()
    if text.lower() in _MISSING_WORDS:
        return NOTHING
    if len(text) > _LONGEST:
        return WORD  # too long for a value; the patterns need not run
    if _NUMBER.fullmatch(text):
        return VALUE
    return MOMENT if len(text) < 60 and _DATE.fullmatch(text) else WORD


_MISSING_WORDS = frozenset(MISSING)
_JOINTS = re.compile(r"[ \t,;|]+")
_BARE = re.compile(r"[+\-−]?\.?[0-9][0-9.eE+\-]*")


def several_numbers(cell: str) -> bool:
    """Say whether a cell holds several numbers with separators, so that the row was cut at the wrong separator."""
    text = cell.strip()
    parts = _JOINTS.split(text[:_LONGEST])
    return len(parts) > 1 and all(map(_BARE.fullmatch, parts)) and kind(text) == WORD
