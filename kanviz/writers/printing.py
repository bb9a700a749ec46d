"""Print terms in a language: what is used twice gets a name, and only needed brackets are written."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kanviz.writers.term import Term, every

TIGHT = {"add": 1, "sub": 1, "mul": 2, "div": 2, "neg": 3}
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
ATOM = 9


@dataclass(frozen=True)
class Language:
    """How a language writes what differs.

    calls: operation -> format of a call with {0}, {1} .. · number: a finite number · let: format of a statement that
    gives {name} a {value}.
    """

    calls: Mapping[str, str]
    number: Callable[[float], str]
    let: str
    infinite: str
    undefined: str

    def constant(self, value: float) -> str:
        """Write a number."""
        if math.isfinite(value):
            return self.number(value)
        return self.undefined if math.isnan(value) else self.infinite if value > 0 else f"-{self.infinite}"

    def statements(self, terms: Sequence[Term]) -> tuple[list[str], list[str]]:
        """Print terms: the statements that must come first, and an expression for each term."""
        return _Printer(self, terms).printed()


class _Printer:
    def __init__(self, language: Language, terms: Sequence[Term]):
        self.language, self.terms = language, terms
        self.uses: Counter[int] = Counter(id(one) for one in terms)
        for one in every(terms):
            self.uses.update(id(part) for part in one.parts)
        self.names: dict[int, str] = {}
        self.lines: list[str] = []

    def printed(self) -> tuple[list[str], list[str]]:
        for one in every(self.terms):  # parts come before what they are parts of
            if one.parts and self.uses[id(one)] > 1:
                value = self._text(one)[0]
                self.names[id(one)] = f"t{len(self.names) + 1}"
                self.lines.append(self.language.let.format(name=self.names[id(one)], value=value))
        return self.lines, [self._text(one)[0] for one in self.terms]

    def _text(self, one: Term) -> tuple[str, int]:
        """Return the text of a term, and how tightly it is bound."""
        if id(one) in self.names:
            return self.names[id(one)], ATOM
        if one.op == "name":
            return one.name, ATOM
        if one.op == "number":
            text = self.language.constant(one.value)
            return text, TIGHT["neg"] if text.startswith("-") else ATOM
        if one.op in SIGNS:
            tight = TIGHT[one.op]
            left = self._within(one.parts[0], tight)
            right = self._within(one.parts[1], tight + (one.op in ("sub", "div")), second=True)
            return f"{left} {SIGNS[one.op]} {right}", tight
        if one.op == "neg":
            return f"-{self._within(one.parts[0], ATOM)}", TIGHT["neg"]
        call = self.language.calls[one.op]
        return call.format(*(self._text(part)[0] for part in one.parts)), ATOM

    def _within(self, part: Term, least: int, *, second: bool = False) -> str:
        text, tight = self._text(part)
        return f"({text})" if tight < least or (second and text.startswith("-")) else text
