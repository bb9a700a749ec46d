"""Shorten a law with the help of a process that may be killed; accept a result only if its values agree."""

import math
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy

from kanviz.laws.expressions import tree
from kanviz.laws.expressions.equivalence import DIGITS, POINTS, digits_at
from kanviz.laws.expressions.rewritings import QUICK, SLOW
from kanviz.laws.expressions.simplifier import Hung, rewriter
from kanviz.laws.expressions.template import Rows, nodes, rebuilt

EASY = 3  # nodes; shorter laws are not worth a try
TOO_LARGE = 400  # nodes; a longer law is left as it is
LARGE = 120  # nodes; a longer law gets only the quick rewritings
ROUNDS = 3
WIDTH = 3  # rewritten laws that are rewritten further, besides the shortest
RARE = (
    sympy.tanh, sympy.sinh, sympy.cosh, sympy.coth, sympy.sech, sympy.csch, sympy.atanh, sympy.asinh, sympy.acosh,
    sympy.acoth, sympy.asin, sympy.acos, sympy.atan, sympy.acot, sympy.tan, sympy.cot, sympy.sec, sympy.csc,
    sympy.Abs, sympy.sign,
)  # fmt: skip
RARE_COST = 3  # nodes: (a + b)/(1 + a b) is shorter than tanh(atanh(a) + atanh(b))
TRY = 2.0  # seconds of processor time for one rewriting
SLOW_SECONDS = 3.0  # for all slow rewritings together
PATIENCE = 60.0  # seconds by the clock for a process that does not compute
MANY_FLOATS = 8  # laws with more are fits to data, which the slow rewritings seldom shorten
AGREEMENT = 1e-20  # relative, of 30 digits
ROUNDED = 1e-9  # relative to the largest value, in float64 on every row


def simplified(law: Any, rows: Rows, deadline: float = math.inf) -> Any:
    """Return the shortest form found for the law, with the same values on the rows.

    An input that is positive on all rows is taken to be positive, so log(x y) may become log(x) + log(y). Every result
    is compared with the law at 12 rows to 30 digits and on all rows in float64; results that differ are dropped. Ends
    at the deadline (time.monotonic) with the shortest so far.
    """
    if nodes(law) > TOO_LARGE:
        return law
    task = _Task.of(law, rows)
    best = task.shorter(law, [task.start])
    if nodes(best) <= EASY:
        return best
    try:
        data = tree.to_json(task.start)
    except ValueError:  # a curve that has no formula yet
        return best
    seen = {task.start: data}
    front = [task.start]
    for _ in range(ROUNDS):
        new = []
        for one in front:
            new += [found for found in _rewritten(one, tuple(QUICK), deadline)[0] if found not in seen]
            seen |= dict.fromkeys(new)
        better = task.shorter(best, new)
        front = sorted(dict.fromkeys(new), key=task.cost)[:WIDTH]
        if better == best or not front:
            break
        best = better
    left = SLOW_SECONDS
    for name in SLOW if nodes(best) <= LARGE and len(best.atoms(sympy.Float)) <= MANY_FLOATS else ():
        if nodes(best) > EASY and left > 0:
            found, used = _rewritten(task.guarded(best), (name,), deadline, min(TRY, left))
            best, left = task.shorter(best, found), left - used
    return best


def length(law: Any) -> int:
    """Return the nodes of the tree, plus a penalty for each function that is hard to read."""
    return nodes(law) + RARE_COST * sum(1 for part in sympy.preorder_traversal(law) if part.func in RARE)


def _rewritten(law: Any, names: tuple[str, ...], deadline: float, seconds: float = TRY) -> tuple[list[Any], float]:
    """Return the results of the process, and the processor time it used, at most so many seconds.

    At the deadline (time.monotonic), or when it hangs, the results so far.
    """
    found: list[Any] = []
    if time.monotonic() >= deadline:
        return found, 0.0
    try:
        limit = min(deadline, time.monotonic() + PATIENCE)
        answers = rewriter().rewritten(tree.to_json(law), names, limit, seconds)
        while True:
            found.append(tree.from_json(next(answers)[1]))
    except StopIteration as end:
        return found, end.value
    except (Hung, ValueError):
        return found, seconds


@dataclass(frozen=True)
class _Task:
    """A law in symbols with assumptions: positive constants for its floats, positive inputs where all rows are so."""

    start: Any
    known: dict[Any, Any]
    """What the symbols of `start` stand for."""
    rows: Rows
    points: tuple[dict[Any, Any], ...]
    values: tuple[Any, ...]

    @staticmethod
    def of(law: Any, rows: Rows) -> "_Task":
        known: dict[Any, Any] = {}
        positive = (rows.x > 0).all(0).tolist()
        for symbol, above in zip(rows.inputs, positive, strict=True):
            known[sympy.Symbol(symbol.name, positive=True) if above else symbol] = symbol
        floats = sorted((part for part in law.atoms(sympy.Float)), key=float)
        names = {symbol.name for symbol in rows.inputs}
        inverse: dict[Any, Any] = {value: symbol for symbol, value in known.items()}
        for n, value in enumerate(floats):
            name = f"k{n}"
            while name in names:
                name += "_"
            constant = sympy.Symbol(name, positive=True)
            known[constant] = abs(value)
            inverse[value] = constant if value > 0 else -constant
        start = rebuilt(law, inverse)
        draw = random.Random(0)
        index = draw.sample(range(len(rows.x)), min(POINTS, len(rows.x)))
        constants = {symbol: value for symbol, value in known.items() if value.is_Float}
        points = []
        for row in index:
            at = {symbol: sympy.Float(float(v), 15) for symbol, v in zip(rows.inputs, rows.x[row], strict=True)}
            points.append({symbol: at.get(value, value) for symbol, value in known.items()} | constants)
        return _Task(start, known, rows, tuple(points), tuple(digits_at(start, point) for point in points))

    def guarded(self, law: Any) -> Any:
        """Return the law in the symbols of the task."""
        inverse: dict[Any, Any] = {}
        for symbol, value in self.known.items():
            inverse[value] = symbol
            if value.is_Float:
                inverse[-value] = -symbol
        return rebuilt(law, inverse)

    def cost(self, found: Any) -> int:
        return length(self.plain(found))

    def plain(self, found: Any) -> Any:
        """Return it in the table's symbols and numbers."""
        return rebuilt(found, self.known)

    def shorter(self, best: Any, candidates: Iterable[Any]) -> Any:
        """Return the shortest of the law and the candidates that are equal to it."""
        plain = sorted(((self.plain(one), one) for one in candidates), key=lambda pair: length(pair[0]))
        for law, found in plain:
            if length(law) >= length(best):
                break
            if self.equal(law, found):
                return law
        return best

    def equal(self, plain: Any, found: Any) -> bool:
        """Return whether a candidate has the law's values: to 30 digits at the points, in float64 on the rows."""
        if plain.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I):
            return False
        here, there = self.rows.values(self.plain(self.start)), self.rows.values(plain)
        finite = here.isfinite()
        if not finite.any() or not there[finite].isfinite().all():
            return False
        size = float(here[finite].abs().max())
        if float((here - there)[finite].abs().max()) > ROUNDED * size:
            return False
        floor = 10.0 ** (8 - DIGITS) * size
        for point, value in zip(self.points, self.values, strict=True):
            other = digits_at(found, point)
            if value is not None and (other is None or abs(other - value) > max(AGREEMENT * abs(value), floor)):
                return False
        return True
