"""Defines the 96 symbols of the language models, in the order of a fixed axis with named groups."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

OTHER = "?"  # what every character that is no symbol becomes


@dataclass(frozen=True, slots=True)
class Group:
    """Symbols that stand side by side on the axis: those from `start` up to, not including, `end`."""

    name: str
    start: int
    end: int


_SETS = {
    "space, newline": " \n",
    "vowels": "aeiou",
    "consonants": "bcdfghjklmnpqrstvwxyz",
    "capitals": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digits": "0123456789",
    "punctuation": ".,;:!?'\"`()[]{}<>+-*/=%^~|&\\#@$_",
}
SYMBOLS = "".join(_SETS.values())  # a symbol's number is its place on the axis


def _groups() -> tuple[Group, ...]:
    ends = np.cumsum([len(symbols) for symbols in _SETS.values()]).tolist()
    return tuple(Group(name, end - len(_SETS[name]), end) for name, end in zip(_SETS, ends, strict=True))


GROUPS = _groups()
_NUMBERS = np.full(256, SYMBOLS.index(OTHER), dtype=np.int64)  # by byte of Latin-1
_NUMBERS[[ord(symbol) for symbol in SYMBOLS]] = np.arange(len(SYMBOLS))
_BYTES = np.frombuffer(SYMBOLS.encode("ascii"), dtype=np.uint8)


def encode(text: str) -> Int64[Tensor, "characters"]:
    """Turn a text into the numbers of its symbols, 0 to 95; a character that is no symbol becomes that of "?".

    >>> from kanviz.language import symbols
    >>> symbols.encode("ab é"), symbols.decode(symbols.encode("ab é"))
    (tensor([ 2,  7,  0, 69]), 'ab ?')
    """
    return torch.from_numpy(_NUMBERS[np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8)])


def decode(numbers: Int64[Tensor, "characters"]) -> str:
    """Turn numbers of symbols into their text. Raises IndexError where one is none of 0 to 95.

    >>> import torch
    >>> from kanviz.language import symbols
    >>> symbols.decode(torch.arange(12))
    ' \\naeioubcdfg'
    """
    return _BYTES[numbers.cpu().numpy()].tobytes().decode("ascii")


def shown_symbol(number: int) -> str:
    """Return a symbol as people can see it: a space as "␣", a newline as "⏎", any other as it is.

    >>> from kanviz.language import symbols
    >>> "".join(symbols.shown_symbol(n) for n in range(4))
    '␣⏎ae'
    """
    return {" ": "␣", "\n": "⏎"}.get(SYMBOLS[number], SYMBOLS[number])
