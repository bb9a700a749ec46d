"""Laws that were found, and the front of them: what accuracy each measure of complexity buys."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy
from sympy.printing.str import StrPrinter

from kanviz.analysis.symbolic import written
from kanviz.laws.parsimony import PART

if TYPE_CHECKING:
    from kanviz.laws.law import Law

ENOUGH = 1.05  # times the error of the best spline network: a law that misses no more has found what there is to find
ROUNDING = 1e-9  # share of the target's spread; a law whose errors are below it misses nothing but rounding
PREFERRED = 2.0  # nats that a preferred function is forgiven
UNEVEN = 20.0  # nats that a broken symmetry costs


@dataclass(frozen=True)
class Entry:
    """A law with its errors and what speaks against it.

    expression: in symbols named as the table's inputs, in table units · train_rmse, test_rmse: in the target's unit, on
    the rows learned from and on those held out · seconds: CPU time spent on it · notes: sentences on where it stops
    being a number, and on doubts · attempt: what the search was doing · bonus: nats of the hints for it.
    """

    law: "Law" = field(repr=False)
    train_rmse: float
    test_rmse: float
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    attempt: str = ""
    bonus: float = 0.0

    @cached_property
    def expression(self) -> sympy.Expr:
        return self.law.expression

    @cached_property
    def complexity(self) -> int:
        """Nodes of the expression's tree."""
        return self.law.complexity

    @property
    def exact_constants(self) -> bool:
        """Whether no decimal constant is left: all are whole numbers, fractions, pi, roots and the like."""
        return not self.expression.has(sympy.Float)

    @property
    def latex(self) -> str:
        """The expression in LaTeX, decimal constants to six digits."""
        return written.latex(self.expression, 6)

    @cached_property
    def text(self) -> str:
        """The expression in SymPy's own signs, with every digit of its constants."""
        return _AllDigits().doprint(self.expression)

    def to_json(self) -> dict[str, Any]:
        """What other programs read of it; an error that is no number is null."""
        return {
            "expression": self.text,
            "latex": self.latex,
            "complexity": self.complexity,
            "train_rmse": self.train_rmse if math.isfinite(self.train_rmse) else None,
            "test_rmse": self.test_rmse if math.isfinite(self.test_rmse) else None,
            "exact_constants": self.exact_constants,
            "seconds": round(self.seconds, 3),
        }

    def details(self) -> dict[str, Any]:
        """The rest: constants with their standard errors (null: the rows do not tell), notes, and where it is from."""
        return {
            "constants": [asdict(constant) for constant in self.law.constants],
            "notes": list(self.notes),
            "attempt": self.attempt,
        }


@dataclass(frozen=True)
class Scale:
    """What errors are measured by: the spread of the target, and the rows learned from and held out."""

    spread: float
    learned: int
    held: int

    def error(self, entry: Entry) -> float:
        """The held-out error as a share of the spread, never below rounding; infinite where it is no number."""
        error = entry.test_rmse / self.spread
        return max(error, 1e-3 * ROUNDING) if math.isfinite(error) else math.inf

    def exact(self, entry: Entry) -> bool:
        """Whether a law misses the data by no more than rounding."""
        return max(entry.test_rmse, entry.train_rmse) < ROUNDING * self.spread

    def description(self, entry: Entry) -> float:
        """Nats to write down the law and what it misses on all rows.

        A fixed number of nats for each part of the law, half the log of the rows for each free constant, and rows/2
        log(error^2). Source: Rissanen's two-part code; BIC, with a prior on the expression's tree.
        """
        rows = self.learned + self.held
        squares = (self.learned * entry.train_rmse**2 + self.held * entry.test_rmse**2) / rows
        missed = max(squares / self.spread**2, (1e-3 * ROUNDING) ** 2)
        law = PART * entry.complexity + 0.5 * math.log(rows) * entry.law.free - entry.bonus
        return law + 0.5 * rows * math.log(missed) if math.isfinite(missed) else math.inf


def enough(held: int) -> float:
    """Times the held-out error of the best spline network: what a law may miss that has found all there is.

    The best of many networks is best by luck too, by a part in the root of the rows held out.
    """
    return max(ENOUGH, 1 + held**-0.5) if held else ENOUGH


def front(entries: Iterable[Entry], scale: Scale) -> tuple[Entry, ...]:
    """The entries that no other one beats in both complexity and held-out error, the simplest first.

    Errors below rounding are equal. Among equals the one with fewer decimal constants stays.
    """
    kept: list[Entry] = []
    lowest = math.inf
    for entry in sorted(entries, key=lambda entry: _order(entry, scale)):
        error = scale.error(entry)
        if error < lowest:
            kept.append(entry)
            lowest = error
    return tuple(kept)


def best(entries: Sequence[Entry], scale: Scale) -> Entry:
    """The simplest exact law; without one, the law with the shortest description: the knee of the front."""
    sure = [entry for entry in entries if scale.exact(entry)]
    if sure:
        return min(sure, key=lambda entry: _order(entry, scale))
    return min(entries, key=lambda entry: (scale.description(entry), entry.text))


def _order(entry: Entry, scale: Scale) -> tuple[Any, ...]:
    return (entry.complexity, scale.error(entry), entry.law.free, -entry.bonus, len(entry.text), entry.text)


class _AllDigits(StrPrinter):
    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))
