"""Reads untrusted JSON: parses the text within limits, then checks the type of each value when it is read.

A `JsonReader` describes one kind of file and the message of its refusals. It returns a `JsonValue`, which knows its
path in the file, so that a refusal names the place, what was expected there, and what to do:

    NOTE = JsonReader("The note cannot be used: {why}. Save it again.")
    note = NOTE.parse('{"title": "a", "marks": [3, 4.5]}', deepest=2)
    note["title"].text()  # "a"
    note["marks"].items(5)[1].whole()  # The note cannot be used: its marks[1] is no whole number ...
"""

import base64
import binascii
import json
import math
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from kanviz.errors import LoadError, UserError
from kanviz.text import shown

MOST_DIGITS = 20
LONGEST_TEXT = 2_000  # characters, where no other limit is given
LONGEST_PLACE = 80
MOST_WHOLE = 2**63 - 1
LARGEST = sys.float_info.max

# An unclosed string matches up to the end of the text: if it were skipped, every quote in it would be tried again.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_DIGEST = re.compile("[0-9a-f]{64}")
_HALF = re.compile("[\ud800-\udfff]")
_MISSING = object()
T = TypeVar("T")


def read_json(text: str, deepest: int) -> Any:
    """Parse a JSON text: limited depth, no duplicate names, only finite numbers.

    Raises ValueError, with the reason in words, for any other text.
    """
    if _depth(text) > deepest:
        raise ValueError("nested too deep")
    try:
        return json.loads(
            text, object_pairs_hook=_no_twice, parse_int=_short, parse_float=_finite, parse_constant=_no_constant
        )
    except json.JSONDecodeError:
        raise ValueError("not JSON") from None


@dataclass(frozen=True)
class JsonReader:
    """A reader for one kind of file.

    sentence: the message of a refusal, with {why} in it · error: the class of the refusal · names: what places are
    called in messages, as {"rows.count": "the number of its rows", "layers[]": "a layer"}; other places are called by
    their path.
    """

    sentence: str
    error: type[UserError] = LoadError
    names: Mapping[str, str] = field(default_factory=dict)

    def parse(self, text: str | bytes, deepest: int) -> "JsonValue":
        """Parse a JSON text nested at most `deepest` levels; bytes are UTF-8."""
        try:
            return JsonValue(read_json(text if isinstance(text, str) else text.decode("utf-8"), deepest), self)
        except UnicodeDecodeError:
            raise self.refusal("a part of it is not text") from None
        except ValueError as problem:
            raise self.refusal(f"a part of it cannot be read, {problem}") from None

    def value(self, record: Any) -> "JsonValue":
        """Wrap a value that was parsed already."""
        return JsonValue(record, self)

    def refusal(self, why: str) -> UserError:
        return self.error(self.sentence.replace("{why}", why))

    @contextmanager
    def explaining(self, what: str) -> Iterator[None]:
        """Turn any refusal raised inside into a refusal of this kind of file, with `what` in front of it."""
        try:
            yield
        except UserError as problem:
            raise self.refusal(f"{what} ({shown(str(problem), 160)})") from None


class JsonValue:
    """A JSON value with its path in a file; every method refuses a value of the wrong type with a message."""

    __slots__ = ("_inside", "_key", "reader", "value")

    def __init__(self, value: Any, reader: JsonReader, key: str | int = "", inside: "JsonValue | None" = None):
        self.value, self.reader, self._key, self._inside = value, reader, key, inside

    # Records and lists.

    def __getitem__(self, name: str) -> "JsonValue":
        """Return the field of a record; a missing field is refused when its value is read."""
        return JsonValue(self.record().get(name, _MISSING), self.reader, name, self)

    def get(self, name: str, default: Any = None) -> "JsonValue":
        """Return the field of a record, or the default where it is missing."""
        return JsonValue(self.record().get(name, default), self.reader, name, self)

    def __contains__(self, name: str) -> bool:
        return name in self.record()

    def record(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.refuse("is not a record of named fields")
        return self.value

    def fields(self, needed: Collection[str], optional: Collection[str] = ()) -> "JsonValue":
        """Return this value if it is a record with all needed fields and no unknown ones."""
        found = self.record()
        odd = {*(name for name in needed if name not in found), *(set(found) - set(needed) - set(optional))}
        if odd:
            self.refuse(f"has a missing or unknown field, {shown(min(odd), 40)!r}")
        return self

    def pairs(self, most: int, longest: int = LONGEST_TEXT) -> list[tuple[str, "JsonValue"]]:
        """Return the names and values of a record: at most `most` entries, names of at most `longest` characters."""
        if len(self.record()) > most:
            self.refuse(f"has more than {most:,} entries")
        found = [(name, JsonValue(value, self.reader, name, self)) for name, value in self.value.items()]
        return [(JsonValue(name, self.reader, "a name", self).text(longest), value) for name, value in found]

    def items(self, most: int | None = None, least: int = 0) -> "list[JsonValue]":
        """Return the values of a list of `least` to `most` entries."""
        self._check_length(most, least)
        return [JsonValue(value, self.reader, n, self) for n, value in enumerate(self.value)]

    def each(self, read: "Callable[[JsonValue], T]", most: int | None = None, least: int = 0) -> tuple[T, ...]:
        """Read every value of a list with the same function."""
        return tuple(map(read, self.items(most, least)))

    def numbers(self, most: int | None = None, least: int = 0) -> tuple[float, ...]:
        """Read a list of finite numbers at once, however long it is."""
        found = self.value if isinstance(self.value, list) else ()
        if all(type(v) in (int, float) and abs(v) <= LARGEST for v in found):
            self._check_length(most, least)
            return tuple(map(float, found))
        return self.each(JsonValue.number, most, least)

    def maybe(self, read: "Callable[[JsonValue], T]") -> T | None:
        """Read the value, or return None for null."""
        return None if self.value is None else read(self)

    def _check_length(self, most: int | None, least: int) -> None:
        count = len(self.value) if isinstance(self.value, list) else -1
        if count < least or (most is not None and count > most):
            self.refuse(_no_list(least, most))

    # Single values.

    def text(self, longest: int = LONGEST_TEXT) -> str:
        """Read a text without lone surrogates ("\\ud800"), which cannot be written or shown later."""
        if not isinstance(self.value, str) or len(self.value) > longest or _HALF.search(self.value):
            self.refuse(f"is no text of at most {longest:,} characters")
        return self.value

    def choice(self, allowed: Collection[str]) -> Any:
        """Read one of the allowed texts."""
        if not isinstance(self.value, str) or self.value not in allowed:
            found = shown(self.value[:200]) if isinstance(self.value, str) else "no text"
            self.refuse(f"is {found}; expected {' or '.join(allowed)}")
        return self.value

    def digest(self) -> str:
        """Read a SHA-256 digest in hexadecimal."""
        if not isinstance(self.value, str) or not _DIGEST.fullmatch(self.value):
            self.refuse("has no checksum")
        return self.value

    def base64(self) -> bytes:
        try:
            return base64.b64decode(self.value, validate=True)
        except (TypeError, ValueError, binascii.Error):
            self.refuse("is not base64")

    def whole(self, low: int = 0, high: int = MOST_WHOLE) -> int:
        """Read a whole number from `low` to `high`."""
        if type(self.value) is not int or not low <= self.value <= high:
            self.refuse(f"is no whole number from {low:,} {f'to {high:,}' if high < MOST_WHOLE else 'on'}")
        return self.value

    def index(self, high: int = 2**31) -> int:
        """Read a whole number from 0 to `high` as JavaScript may write it, 3 or 3.0."""
        found = self.number(0, high)
        if found != int(found):
            self.refuse("is no whole number")
        return int(found)

    def number(self, low: float = -LARGEST, high: float = LARGEST) -> float:
        """Read a finite number from `low` to `high`."""
        if type(self.value) not in (int, float) or not low <= self.value <= high:
            bounds = "" if (low, high) == (-LARGEST, LARGEST) else f" from {low:g} to {high:g}"
            self.refuse(f"is no finite number{bounds}")
        return float(self.value)

    def truth(self) -> bool:
        if type(self.value) is not bool:
            self.refuse("is neither true nor false")
        return self.value

    # Refusals.

    def refuse(self, why: str) -> NoReturn:
        """Raise the refusal of this kind of file; `why` follows the name of the place."""
        raise self.reader.refusal(f"{self.place} {'is missing' if self.value is _MISSING else why}")

    @property
    def place(self) -> str:
        """Name the place of this value: in the reader's words where it has some, with its path if needed."""
        keys: list[str | int] = []
        at: JsonValue | None = self
        while at is not None and at._inside is not None:
            keys.append(at._key)
            at = at._inside
        keys.reverse()
        path = _path(keys)
        path = path if len(path) <= LONGEST_PLACE else f"...{path[-LONGEST_PLACE:]}"
        for count in range(len(keys), -1, -1):
            general = _path(keys[:count], "")
            if general in self.reader.names:
                words = self.reader.names[general]
                return words if general == path else f"{words} ({path})"
        return f"its {path}" if path else "it"


def _path(keys: list[str | int], number: str | None = None) -> str:
    """Write keys as `layers[2].base`; `number` replaces every index."""
    steps = (f".{shown(k, 30)}" if isinstance(k, str) else f"[{k if number is None else number}]" for k in keys)
    return "".join(steps).removeprefix(".")


def _no_list(least: int, most: int | None) -> str:
    if most is None:
        return f"is not a list of {least:,} entries or more" if least else "is not a list"
    return f"is not a list of {most:,} entries" if least == most else f"is not a list of {least:,} to {most:,} entries"


def _depth(text: str) -> int:
    """Count how deep the brackets are nested, without recursion."""
    depth = deepest = 0
    for token in _TOKENS.finditer(text):
        first = token.group()[0]
        depth += (first in "[{") - (first in "]}")
        deepest = max(deepest, depth)
    return deepest


def _no_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _short(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")
