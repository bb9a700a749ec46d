"""Hold what a person knows about a law beforehand, and check laws against it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formulas.formula import PRIMITIVES
from kanviz.errors import UserError
from kanviz.laws.expressions.dimensions import clash, dimension_of_unit
from kanviz.text import listing, shown

Evaluate = Callable[[Float[Tensor, "rows input"]], Float[Tensor, " rows"]]
UNEVEN = 1e-6  # share of the law's spread by which swapping two inputs may change it


@dataclass(frozen=True)
class Hints:
    """The functions to exclude or prefer, and the conditions that a law must meet.

    forbid, prefer: names of primitives, as "sin" or "x^2"; a law with a forbidden function is rejected ·
    integer_exponents: every power is a whole number (so no square root) · symmetric: groups of inputs that may be
    swapped without a change of the law; a law that breaks this ranks lower and gets a note. Raises UserError for
    unknown names.

    >>> import kanviz, sympy, torch
    >>> hints = kanviz.Hints(forbid=("sin",), prefer=("exp",), symmetric=(("x", "y"),))
    >>> x, y = sympy.symbols("x y")
    >>> hints.allows(sympy.sin(x)), hints.allows(x + 1), hints.preferred(sympy.exp(x))
    (False, True, 1)
    >>> rows = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    >>> hints.uneven(lambda rows: rows[:, 0] - rows[:, 1], rows, ("x", "y"))
    ('x and y',)
    >>> hints.check_names(("x", "z"))
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: There is no input 'y' to be symmetric in; there are x and z.
    """

    forbid: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    integer_exponents: bool = False
    symmetric: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "forbid", tuple(self.forbid))
        object.__setattr__(self, "prefer", tuple(self.prefer))
        object.__setattr__(self, "symmetric", tuple(tuple(group) for group in self.symmetric))
        strangers = [name for name in (*self.forbid, *self.prefer) if name not in PRIMITIVES]
        if strangers:
            raise UserError(
                f"There is no primitive {shown(strangers[0], 20)!r}. Known: {listing(list(PRIMITIVES), 60)}."
            )
        both = [name for name in self.forbid if name in self.prefer]
        if both:
            raise UserError(f"{both[0]} is forbidden and preferred; choose one of the two.")
        if any(len(set(group)) < 2 for group in self.symmetric):
            raise UserError("A symmetry needs at least two inputs, as in x and y.")

    def check_names(self, names: Sequence[str]) -> None:
        """Refuse, with a UserError, a symmetry of inputs that the table does not have."""
        strangers = [name for group in self.symmetric for name in group if name not in names]
        if strangers:
            raise UserError(
                f"There is no input {shown(strangers[0])!r} to be symmetric in; there are {listing([*names], 8)}."
            )

    def allows(self, expression: Any) -> bool:
        """Return whether an expression has nothing that is forbidden, whatever its constants."""
        unwanted = [_trace(name) for name in self.forbid]
        for part in _parts(expression):
            power = part.exp if part.is_Pow else None
            if self.integer_exponents and power is not None and power.is_number and not power.is_integer:
                return False
            if part.func in unwanted or (power is not None and power in unwanted):
                return False
        return True

    @property
    def primitives(self) -> tuple[str, ...] | None:
        """The primitives that may be searched; None for all."""
        if not self.forbid and not self.integer_exponents:
            return None
        return tuple(name for name in PRIMITIVES if name not in self.forbid and self.allows(_form(name)))

    def preferred(self, expression: Any) -> int:
        """Return how many of the preferred primitives are in an expression."""
        parts = _parts(expression)
        there = {part.func for part in parts} | {part.exp for part in parts if part.is_Pow}
        return sum(_trace(name) in there for name in self.prefer)

    def uneven(self, law: Evaluate, x: Float[Tensor, "rows input"], names: Sequence[str]) -> tuple[str, ...]:
        """Return the pairs of inputs, as "x and y", whose swap should not change the law but does, on the rows."""
        found = []
        before = law(x)
        for group in self.symmetric:
            for one, other in pairwise(group):
                i, j = names.index(one), names.index(other)
                swapped = x.clone()
                swapped[:, [i, j]] = x[:, [j, i]]
                change = (law(swapped) - before).abs()
                if bool((change > UNEVEN * before[before.isfinite()].std(correction=0)).any()):
                    found.append(f"{one} and {other}")
        return tuple(found)


def _parts(expression: Any) -> list[Any]:
    return list(sympy.preorder_traversal(expression))


def _form(name: str) -> Any:
    return PRIMITIVES[name].sympy(sympy, sympy.Symbol("u", real=True))


def _trace(name: str) -> Any:
    """Return how to find a primitive in an expression: its function, or its exponent if it is a power; else None."""
    found = _form(name)
    if isinstance(found, sympy.Pow) and found.base.is_Symbol:
        return found.exp
    return found.func if isinstance(found, sympy.Function) and found.args[0].is_Symbol else None


def unit_doubts(expression: Any, units: dict[str, str], target_unit: str) -> tuple[str, ...]:
    """Return sentences on units that do not agree or cannot be read; none where no unit is given, or all agree."""
    dimensions = {name: dimension_of_unit(unit) for name, unit in units.items()}
    words = clash(expression, dimensions, dimension_of_unit(target_unit))
    unread = [unit for unit in (*units.values(), target_unit) if unit and dimension_of_unit(unit) is None]
    doubts = [f"The unit {shown(unit, 20)} is not understood, so it is not checked." for unit in dict.fromkeys(unread)]
    if words:
        doubts.append(f"The units do not agree: {words}, unless an exact constant carries a unit.")
    return tuple(doubts)
