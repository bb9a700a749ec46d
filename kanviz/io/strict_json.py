"""JSON from a file nobody vouches for: bounded depth, every name once, plain finite numbers."""

import json
import math
import re
from typing import Any, NoReturn

MOST_DIGITS = 20

# A text that is never closed reaches to the end: were it skipped, each quote in it would be tried anew.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def read_json(text: str, deepest: int) -> Any:
    """The value of a JSON text; ValueError with the reason, in words, when there is none to trust."""
    if _depth(text) > deepest:
        raise ValueError("nested too deep")
    try:
        return json.loads(
            text, object_pairs_hook=_no_twice, parse_int=_short, parse_float=_finite, parse_constant=_no_constant
        )
    except json.JSONDecodeError:
        raise ValueError("not JSON") from None


def _depth(text: str) -> int:
    """How deep the brackets nest, found without recursion."""
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
