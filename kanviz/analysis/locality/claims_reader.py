"""A certificate from JSON that nobody vouches for: every field checked, refused by its name."""

import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from kanviz.analysis.locality.claims import FORMAT, Certificate, ChangedEdge, LayerClaim, RegionClaim, RowsClaim
from kanviz.errors import UserError

MOST = 2**53  # counted in JSON
LONGEST = 10_000  # characters of a name
_DIGEST = re.compile("[0-9a-f]{64}")

Read = Callable[[Any, str], Any]


def read(record: Any) -> Certificate:
    """The certificate; raises UserError where the record is none."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise UserError(f"This is not a certificate that this kanviz reads: its format is not {FORMAT!r}.")
    found = Certificate(
        version=_text(record, "version"),
        before=_digest(record, "before"),
        after=_digest(record, "after"),
        inputs=_list(record, "inputs", _name, least=1),
        outputs=_list(record, "outputs", _name, least=1),
        layers=_list(record, "layers", _layer, least=1),
        claim=_claim(record),
        seal=_digest(record, "seal"),
    )
    claim, ends = found.claim, [("used", len(found.layers))]
    if isinstance(claim, RowsClaim):
        ends += [("largest", len(found.outputs))]
        if claim.x is not None and (
            len(claim.x) != claim.rows or any(len(row) != len(found.inputs) for row in claim.x)
        ):
            _wrong("claim.x", "does not have the rows and inputs that the certificate speaks of")
    else:
        ends += [("box", len(found.inputs)), ("bound", len(found.outputs)), ("sampled", len(found.outputs))]
    for name, count in ends:
        if len(getattr(claim, name)) != count:
            _wrong(f"claim.{name}", f"must have {count} entries")
    return found


def _claim(record: dict[str, Any]) -> RowsClaim | RegionClaim:
    claim = record.get("claim")
    if not isinstance(claim, dict) or ("rows" in claim) == ("box" in claim):
        _wrong("claim", "must be of rows, or of a region")
    used, certain = _list(claim, "used", _kept), _flag(claim, "certain")
    if "rows" in claim:
        rows = _whole(claim, "rows", 1)
        x = None if claim.get("x") is None else _list(claim, "x", _row)
        kept = _whole(claim, "kept", 0, rows)
        missing = _whole(claim, "missing", 0, rows - kept)
        largest = _list(claim, "largest", _size)
        chunk = _whole(claim, "chunk", 1)
        return RowsClaim(rows, _digest(claim, "digest"), chunk, kept, largest, missing, used, certain, x)
    return RegionClaim(
        box=_list(claim, "box", _side), used=used, certain=certain, bound=_list(claim, "bound", _size),
        boxes=_whole(claim, "boxes"), sampled=_list(claim, "sampled", _size), points=_whole(claim, "points"),
    )  # fmt: skip


def _layer(value: Any, name: str) -> LayerClaim:
    if not isinstance(value, dict):
        _wrong(name, "must be a record")
    counts = []
    for part in ("edges", "coefficients", "constants"):
        total = _whole(value, part)
        counts += [total, _whole(value, f"{part}_same", 0, total)]
    return LayerClaim(*counts, changed=_list(value, "changed", _edge))


def _edge(value: Any, name: str) -> ChangedEdge:
    if not isinstance(value, dict):
        _wrong(name, "must be a record")
    points = None if value.get("points") is None else _list(value, "points", _index)
    return ChangedEdge(_whole(value, "source"), _whole(value, "target"), points)


def _list(record: dict[str, Any], name: str, read_one: Read, least: int = 0) -> tuple[Any, ...]:
    values = record.get(name)
    if not isinstance(values, list) or len(values) < least:
        _wrong(name, "must be a list" if not least else "must be a list that is not empty")
    return tuple(read_one(value, name) for value in values)


def _whole(record: dict[str, Any], name: str, least: int = 0, most: int = MOST) -> int:
    value = record.get(name)
    if type(value) is not int or not least <= value <= most:
        _wrong(name, f"must be a whole number from {least} to {most}")
    return value


def _flag(record: dict[str, Any], name: str) -> bool:
    value = record.get(name)
    if not isinstance(value, bool):
        _wrong(name, "must be true or false")
    return value


def _text(record: dict[str, Any], name: str) -> str:
    return _name(record.get(name), name)


def _digest(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        _wrong(name, "must be a SHA-256 digest, 64 hexadecimal digits")
    return value


def _name(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        _wrong(name, "must be text")
    return value


def _index(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value <= MOST:
        _wrong(name, "must be whole numbers from 0 on")
    return value


def _number(value: Any, name: str) -> float:
    if type(value) not in (int, float) or not -1e308 < value < 1e308:
        _wrong(name, "must be finite numbers")
    return float(value)


def _size(value: Any, name: str) -> float:
    """A size, null for an infinite one."""
    if value is None:
        return math.inf
    found = _number(value, name)
    if found < 0:
        _wrong(name, "must be numbers from 0 on, or null where there is no bound")
    return found


def _row(value: Any, name: str) -> tuple[float, ...]:
    if not isinstance(value, list):
        _wrong(name, "must be rows of numbers")
    return tuple(_number(part, name) for part in value)


def _side(value: Any, name: str) -> tuple[float, float]:
    row = _row(value, name)
    if len(row) != 2 or row[0] > row[1]:
        _wrong(name, "must have a least and a greatest value for every input")
    return row[0], row[1]


def _kept(value: Any, name: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or any(type(v) is not int for v in value):
        _wrong(name, "must be pairs of whole numbers")
    total, same = value
    if not 0 <= same <= total <= MOST:
        _wrong(name, "cannot have more numbers that are the same than there are")
    return total, same


def _wrong(name: str, why: str) -> NoReturn:
    raise UserError(f"The certificate cannot be read: its {name} {why}. Write it again with kanviz certify.")
