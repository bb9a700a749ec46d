"""Values of JSON that nobody vouches for, each taken only if it is of its kind."""

import math
from dataclasses import dataclass
from typing import Any

from kanviz.errors import LoadError
from kanviz.io.strict_json import read_json

LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Checks:
    """The readers of one kind of file; `sentence` is its refusal, with {why} in it."""

    sentence: str

    def refusal(self, why: str) -> LoadError:
        return LoadError(self.sentence.format(why=why))

    def json(self, text: str, deepest: int) -> Any:
        """The value of a JSON text nested no deeper than that."""
        try:
            return read_json(text, deepest)
        except ValueError as problem:
            raise self.refusal(f"a part of it cannot be read, {problem}") from None

    def utf8(self, data: bytes) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise self.refusal("a part of it is not text") from None

    def object(self, value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refusal(f"{what} is not described")
        return value

    def list(self, value: Any, most: int, what: str, *, exactly: bool = False) -> list[Any]:
        """A list of at most (or exactly) so many entries."""
        if not isinstance(value, list) or len(value) > most or (exactly and len(value) != most):
            raise self.refusal(f"{what} is not a list of {'' if exactly else 'at most '}{most:,} entries")
        return value

    def text(self, value: Any, what: str, longest: int = LONGEST_TEXT) -> str:
        """A text without half characters ("\\ud800"), which no later step can write or show."""
        if not isinstance(value, str) or len(value) > longest or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise self.refusal(f"{what} is no text of at most {longest:,} characters")
        return value

    def whole(self, value: Any, high: int, what: str) -> int:
        """A whole number from 0 to `high`."""
        if type(value) is not int or not 0 <= value <= high:
            raise self.refusal(f"{what} is no whole number from 0 to {high:,}")
        return value

    def number(self, value: Any, what: str) -> float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self.refusal(f"{what} is no finite number")
        return float(value)

    def truth(self, value: Any, what: str) -> bool:
        if type(value) is not bool:
            raise self.refusal(f"{what} is neither true nor false")
        return value

    def digest(self, value: Any, what: str) -> str:
        """A SHA-256 in hexadecimal."""
        if not isinstance(value, str) or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
            raise self.refusal(f"{what} has no checksum")
        return value


PROJECT = Checks("The project cannot be used: {why}. Open an earlier copy, or save it again from kanviz.")
