"""Rank the laws that were found: the Pareto front of complexity against held-out error, and the best law on it."""

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

ENOUGH = 1.05  # times the error of the best spline network: a law with at most this error has found everything
ROUNDING = 1e-9  # share of the target's spread; an error below it counts as rounding
PREFERRED = 2.0  # nats subtracted from the description for each preferred function
UNEVEN = 20.0  # nats added for each broken symmetry


@dataclass(frozen=True)
class Entry:
    """A law with its errors and the doubts about it.

    expression: in symbols named like the table's inputs, in table units · train_rmse, test_rmse: in the target's unit,
    on the training rows and on the held-out rows · seconds: CPU time spent on it · notes: sentences on where it becomes
    infinite or NaN, and on doubts · attempt: the attempt that found it · bonus: nats that the hints give it.
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
        """The number of nodes of the expression's tree."""
        return self.law.complexity

    @property
    def exact_constants(self) -> bool:
        """Return whether no decimal constant is left: all are whole numbers, fractions, pi, roots and the like."""
        return not self.expression.has(sympy.Float)

    @property
    def latex(self) -> str:
        """The expression in LaTeX, decimal constants to six digits."""
        return written.latex(self.expression, 6)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex}$"

    @cached_property
    def text(self) -> str:
        """The expression in SymPy's syntax, with every digit of its constants."""
        return _AllDigits().doprint(self.expression)

    def to_json(self) -> dict[str, Any]:
        """Return the main fields as JSON data for other programs; an error that is NaN or infinite becomes null."""
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
        """Return the other fields: constants with standard errors (null: undetermined by the rows), notes, attempt."""
        return {
            "constants": [asdict(constant) for constant in self.law.constants],
            "notes": list(self.notes),
            "attempt": self.attempt,
        }


@dataclass(frozen=True)
class Scale:
    """The scale of errors: the spread of the target, and the numbers of training and held-out rows."""

    spread: float
    learned: int
    held: int

    def error(self, entry: Entry) -> float:
        """Return the held-out error as a share of the spread, never below rounding; infinite where it is NaN."""
        error = entry.test_rmse / self.spread
        return max(error, 1e-3 * ROUNDING) if math.isfinite(error) else math.inf

    def exact(self, entry: Entry) -> bool:
        """Return whether both errors of a law are no larger than rounding."""
        return max(entry.test_rmse, entry.train_rmse) < ROUNDING * self.spread

    def description(self, entry: Entry) -> float:
        """Return the description length in nats: to write down the law, and its errors on all rows.

        A fixed number of nats for each part of the law, half the log of the rows for each free constant, and rows/2
        log(error^2). Source: Rissanen's two-part code; BIC, with a prior on the expression's tree.
        """
        rows = self.learned + self.held
        squares = (self.learned * entry.train_rmse**2 + self.held * entry.test_rmse**2) / rows
        missed = max(squares / self.spread**2, (1e-3 * ROUNDING) ** 2)
        law = PART * entry.complexity + 0.5 * math.log(rows) * entry.law.free - entry.bonus
        return law + 0.5 * rows * math.log(missed) if math.isfinite(missed) else math.inf


def enough(held: int) -> float:
    """Return the factor by which a complete law may exceed the held-out error of the best spline network.

    The best of many networks is best partly by luck, by a relative amount of 1/sqrt(held-out rows).
    """
    return max(ENOUGH, 1 + held**-0.5) if held else ENOUGH


def front(entries: Iterable[Entry], scale: Scale) -> tuple[Entry, ...]:
    """Return the entries that no other entry beats in both complexity and held-out error, the simplest first.

    Errors below rounding count as equal. Among equals, the entry with fewer decimal constants wins.
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
    """Return the simplest exact law; without one, the law with the shortest description (the knee of the front)."""
    sure = [entry for entry in entries if scale.exact(entry)]
    if sure:
        return min(sure, key=lambda entry: _order(entry, scale))
    return min(entries, key=lambda entry: (scale.description(entry), entry.text))


def _order(entry: Entry, scale: Scale) -> tuple[Any, ...]:
    return (entry.complexity, scale.error(entry), entry.law.free, -entry.bonus, len(entry.text), entry.text)


class _AllDigits(StrPrinter):
    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))
