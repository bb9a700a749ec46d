"""Find where a law becomes NaN, infinite or very large when the ranges of its inputs are widened."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic.written import text
from kanviz.laws.expressions.template import Rows

WIDER = 0.25  # of each range, added at both of its ends
POINTS = 4096  # random points at which conditions on several inputs are checked
STEPS = 400  # along one input
MOST_NOTES = 6
_OUTSIDE, _INSIDE = "outside the data", "within the range of the data"
WILD = 100.0  # times the largest value on the rows


@dataclass(frozen=True)
class _Condition:
    """A part of a law whose sign matters. at_zero, below_zero: what the law becomes there, "" where nothing happens."""

    inside: Any
    at_zero: str = ""
    below_zero: str = ""


def domain_notes(law: Any, rows: Rows) -> tuple[str, ...]:
    """Return sentences on where the law is infinite or NaN within the widened ranges; none when it is always finite."""
    finite_law = rows.values(law).isfinite()
    notes = []
    if not finite_law.all():
        notes.append(f"The law is not a number on {int((~finite_law).sum()):,} of {len(finite_law):,} rows.")
    low, high = rows.x.amin(0), rows.x.amax(0)
    box = _Box(rows.inputs, low, high)
    for condition in dict.fromkeys(_conditions(law)):
        used = [n for n, symbol in enumerate(rows.inputs) if symbol in condition.inside.free_symbols]
        notes += box.along(condition, used[0]) if len(used) == 1 else box.across(condition)
    if not notes:
        notes += _wild(law, rows, box)
    return tuple(dict.fromkeys(notes))[:MOST_NOTES]


def _conditions(law: Any) -> Iterator[_Condition]:
    parts: Any = sympy.preorder_traversal(law)
    for part in parts:
        if part.is_Pow and part.exp.is_number and not part.base.is_number:
            pole = "infinite" if part.exp.is_negative else ""
            lost = "" if part.exp.is_integer else "not a number"
            if pole or lost:
                yield _Condition(part.base, pole, lost)
        elif part.is_Pow and part.base.free_symbols and part.exp.free_symbols:
            yield _Condition(part.base, "", "not a number")
        elif part.func is sympy.log:
            yield _Condition(part.args[0], "infinite", "not a number")
        elif part.func in (sympy.asin, sympy.acos):
            yield _Condition(1 - part.args[0] ** 2, "", "not a number")
        elif part.func is sympy.atanh:
            yield _Condition(1 - part.args[0] ** 2, "infinite", "not a number")
        elif part.func is sympy.acosh:
            yield _Condition(part.args[0] - 1, "", "not a number")
        elif part.func is sympy.tan:
            yield _Condition(sympy.cos(part.args[0]), "infinite")


@dataclass(frozen=True)
class _Box:
    inputs: tuple[Any, ...]
    low: Float[Tensor, " input"]
    high: Float[Tensor, " input"]

    @property
    def margin(self) -> Float[Tensor, " input"]:
        return WIDER * (self.high - self.low)

    def points(self) -> Float[Tensor, "rows input"]:
        draws = torch.quasirandom.SobolEngine(len(self.inputs), scramble=True, seed=0).draw(POINTS, dtype=torch.float64)
        return self.low - self.margin + draws * (self.high - self.low + 2 * self.margin)

    def values(self, law: Any, x: Float[Tensor, "rows input"]) -> Float[Tensor, " rows"]:
        return Rows(self.inputs, x, x[:, 0]).values(law)

    def along(self, condition: _Condition, n: int) -> list[str]:
        """Say what happens along the one input that the condition depends on."""
        low, high, margin = (float(part[n]) for part in (self.low, self.high, self.margin))
        line = torch.linspace(low - margin, high + margin, STEPS, dtype=torch.float64)
        inside = self._inside(condition, line, n)
        roots = self._roots(condition, line, inside, n)
        name = text(self.inputs[n])
        notes = []
        if condition.below_zero:
            ends = [-math.inf, *roots, math.inf]
            for a, b in itertools.pairwise(ends):
                within = (line > a) & (line < b)
                if bool((inside[within] < 0).any()):
                    place = _OUTSIDE if b <= low or a >= high else _INSIDE
                    notes.append(f"Not a number for {name} {_span(a, b)}, {place}.")
        if condition.at_zero:
            notes += [
                f"Infinite at {name} = {root:.4g}, {_INSIDE if low <= root <= high else _OUTSIDE}." for root in roots
            ]
        return notes

    def _inside(self, condition: _Condition, line: Float[Tensor, " rows"], n: int) -> Float[Tensor, " rows"]:
        x = torch.zeros(len(line), len(self.inputs), dtype=torch.float64)
        x[:, n] = line
        return self.values(condition.inside, x)

    def _roots(self, condition: _Condition, line: Tensor, inside: Tensor, n: int) -> list[float]:
        """Return its zeros: each change of sign, by bisection, and points of the line where it is exactly zero."""
        signs = torch.sign(inside)
        found = [float(line[k]) for k in (signs == 0).nonzero().flatten().tolist()]
        changes = (signs[1:] * signs[:-1] < 0).nonzero().flatten()
        a, b, sign = line[changes], line[changes + 1], signs[changes]
        for _ in range(60 if len(changes) else 0):
            middle = (a + b) / 2
            same = torch.sign(self._inside(condition, middle, n)) == sign
            a, b = torch.where(same, middle, a), torch.where(same, b, middle)
        tiny = 1e-12 * float(line.abs().max())
        return sorted([*found, *(0.0 if abs(root) < tiny else root for root in ((a + b) / 2).tolist())])

    def across(self, condition: _Condition) -> list[str]:
        """Say what happens when the condition depends on several inputs."""
        x = self.points()
        values = self.values(condition.inside, x)
        data = ((x >= self.low) & (x <= self.high)).all(1)
        shown = text(condition.inside)
        notes = []
        for trouble, where, sign in (
            (condition.below_zero, values < 0, "<"),
            (condition.at_zero, torch.full_like(data, bool((values < 0).any() and (values > 0).any())), "="),
        ):
            if not trouble or not where.any():
                continue
            near = _changes(values[data]) if sign == "=" else bool(where[data].any())
            side = _INSIDE if near else _OUTSIDE
            notes.append(f"{trouble.capitalize()} where {shown} {sign} 0, {side}.")
        return notes


def _changes(values: Tensor) -> bool:
    return bool((values < 0).any() and (values > 0).any())


def _span(a: float, b: float) -> str:
    """Write an interval in words: "below -1", "above 2", "between 0 and 1"."""
    if math.isinf(a):
        return "anywhere in its range" if math.isinf(b) else f"below {b:.4g}"
    return f"above {a:.4g}" if math.isinf(b) else f"between {a:.4g} and {b:.4g}"


def _wild(law: Any, rows: Rows, box: _Box) -> list[str]:
    """Say where a law that has no pole is NaN or grows very large."""
    known = rows.values(law)
    size = float(known[known.isfinite()].abs().max()) if known.isfinite().any() else math.inf
    values = box.values(law, box.points())
    if not values.isfinite().all():
        share = 100 * float((~values.isfinite()).double().mean())
        return [f"Not a number in {share:.2g}% of the ranges widened by a quarter."]
    if float(values.abs().max()) > WILD * size:
        return [
            f"Grows beyond {WILD:.0f} times its largest value on the data when the ranges are widened by a quarter."
        ]
    return []
