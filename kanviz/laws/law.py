"""Define a law: an expression whose constants are exact where the data allow it, and have standard errors elsewhere."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic import written
from kanviz.errors import UserError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.laws.constants.exact_constants import EXACT, snapped
from kanviz.laws.constants.refit import Fit, refit, standard_errors
from kanviz.laws.expressions import tree
from kanviz.laws.expressions.canonical_form import normalised
from kanviz.laws.expressions.domain import domain_notes
from kanviz.laws.expressions.equivalence import same_law
from kanviz.laws.expressions.simplifier import rewriter
from kanviz.laws.expressions.simplify import simplified
from kanviz.laws.expressions.template import Rows, Template, nodes, templated
from kanviz.laws.parsimony import limited

__all__ = ["Constant", "Law", "polished", "same_law"]

LAW = JsonReader("This is not a law that kanviz wrote: {why}. Write it again.", UserError)
ROUNDS = 3  # of removing redundant constants, fitting, and making constants exact


@dataclass(frozen=True)
class Constant:
    """A constant of a law. error: one standard error, None where it is exact or the rows do not determine it.

    exact: the exact number as text, "sqrt(2)/2"; "" for a decimal.
    """

    name: str
    value: float
    error: float | None
    exact: str = ""

    @property
    def identifiable(self) -> bool:
        """Return whether the rows determine the constant at all."""
        return bool(self.exact) or self.error is not None


@dataclass(frozen=True)
class Law:
    """An expression of the inputs, with its constants and its errors.

    template: in the inputs and one placeholder per decimal constant · constants: the decimal ones, then the exact ones
    · train_rmse, test_rmse: root mean square errors in the target's unit, on the rows it was fitted to and on the
    held-out rows · notes: sentences on where the law becomes infinite or NaN when the ranges of the inputs are widened.
    """

    template: sympy.Expr
    constants: tuple[Constant, ...]
    inputs: tuple[sympy.Symbol, ...]
    train_rmse: float = math.nan
    test_rmse: float = math.nan
    notes: tuple[str, ...] = ()
    placeholders: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def expression(self) -> sympy.Expr:
        """The law with the values of its constants filled in."""
        return Template(self.template, self.placeholders, tuple(c.value for c in self.constants[: self.free])).filled()

    @property
    def free(self) -> int:
        """The number of decimal constants that are left."""
        return len(self.placeholders)

    @property
    def complexity(self) -> int:
        """The number of nodes of the expression's tree."""
        return nodes(self.expression)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {written.latex(self.expression, 6)}$"

    def __call__(self, x: Float[Tensor, "rows input"]) -> Float[Tensor, " rows"]:
        """Return the law's value on every row, in the target's unit; NaN where it is not a real number.

        x: rows in table units.
        """
        x = torch.as_tensor(x, dtype=torch.float64)
        return Rows(self.inputs, x, x[:, 0]).values(self.expression)

    def to_json(self) -> dict[str, Any]:
        """Return the law as plain data that `Law.from_json` reads back."""
        return {
            "template": tree.to_json(self.template),
            "inputs": [tree.to_json(symbol) for symbol in self.inputs],
            "placeholders": [tree.to_json(symbol) for symbol in self.placeholders],
            "constants": [[c.name, c.value, c.error, c.exact] for c in self.constants],
            "train_rmse": self.train_rmse,
            "test_rmse": self.test_rmse,
            "notes": list(self.notes),
        }

    @staticmethod
    def from_json(data: Any) -> "Law":
        """Read the law that `to_json` wrote. Raises UserError for anything else."""
        found = LAW.value(data)
        return Law(
            template=_expression(found["template"]),
            constants=found["constants"].each(_constant),
            inputs=found["inputs"].each(_symbol),
            train_rmse=_real(found["train_rmse"]),
            test_rmse=_real(found["test_rmse"]),
            notes=found["notes"].each(JsonValue.text),
            placeholders=found["placeholders"].each(_symbol),
        )


def _expression(found: JsonValue) -> sympy.Expr:
    try:
        return tree.from_json(found.value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        found.refuse("is no expression")


def _symbol(found: JsonValue) -> Any:
    symbol = _expression(found)
    if not symbol.is_Symbol:
        found.refuse("is no symbol")
    return symbol


def _constant(found: JsonValue) -> Constant:
    name, value, error, exact = found.items(4, 4)
    return Constant(name.text(), _real(value), error.maybe(_real), exact.text())


def _real(found: JsonValue) -> float:
    """Read a number; NaN and infinity are allowed, for errors that were not measured."""
    return found.value if type(found.value) is float else found.number()


def polished(
    expression: sympy.Expr,
    inputs: Sequence[sympy.Symbol],
    x: Float[Tensor, "rows input"],
    y: Float[Tensor, " rows"],
    held_x: Float[Tensor, "held input"],
    held_y: Float[Tensor, " held"],
    *,
    seconds: float = 10.0,
    deadline: float | None = None,
    noisy: bool = False,
    primitives: Sequence[str] | None = None,
) -> Law:
    """Return the law behind a composed formula: without redundant constants, fitted, made exact, and simplified.

    x (rows, input) and y (rows,): training rows in table units; held_x, held_y: held-out rows.
    noisy: whether its error is noise; parts that the rows do not support are then removed (`limited`), and also where
    the error is only rounding. primitives: names in PRIMITIVES that this step may introduce; None allows all.
    deadline: a time of time.monotonic(); the work ends with the best so far at the deadline or after `seconds`,
    whichever comes first.
    """
    end = min(time.monotonic() + seconds, math.inf if deadline is None else deadline)
    rows, held = (
        Rows(tuple(inputs), torch.as_tensor(a, dtype=torch.float64), torch.as_tensor(b, dtype=torch.float64))
        for a, b in ((x, y), (held_x, held_y))
    )

    def leaving_out(fit: Fit) -> Fit:
        rounding = (EXACT * float(rows.y.abs().max())) ** 2
        return limited(fit, rows, end, primitives, rounding) if noisy or fit.mse <= rounding else fit

    rewriter().start()
    fit = _constants_settled(expression, rows, held, end, leaving_out)
    short = simplified(fit.template.filled(), rows, end)
    if short.has(sympy.Float):
        again = refit(templated(normalised(short, rows)), rows, end)
        if again.mse <= fit.mse * (1 + 1e-6) and nodes(again.template.filled()) <= nodes(short):
            short = again.template.filled()
    return measured(short, rows, held)


def _constants_settled(expression: Any, rows: Rows, held: Rows, end: float, leaving_out: Callable[[Fit], Fit]) -> Fit:
    """Remove redundant constants, fit, and make constants exact; repeat while that removes constants."""
    fit = Fit(templated(expression), rows.mse(expression) * len(rows.y), len(rows.y))
    for n in range(ROUNDS):
        fit = refit(templated(normalised(fit.template.filled(), rows)), rows, end)
        fit = fit if n else leaving_out(fit)
        result = snapped(fit, rows, held, end)
        fit = result.fit
        if not result.count or not fit.template.symbols or time.monotonic() >= end:
            break
    return fit


def measured(expression: Any, rows: Rows, held: Rows) -> Law:
    """Return the law of an expression, with the errors of its constants and its errors on the rows."""
    template = templated(expression)
    errors = standard_errors(template, rows)
    constants = [
        Constant(symbol.name, value, error)
        for symbol, value, error in zip(template.symbols, template.values, errors, strict=True)
    ]
    exact = sorted(_exact_numbers(template.expression), key=sympy.default_sort_key)
    return Law(
        template=template.expression,
        constants=(*constants, *(Constant("", float(number), None, str(number)) for number in exact)),
        inputs=rows.inputs,
        train_rmse=math.sqrt(rows.mse(expression)),
        test_rmse=math.sqrt(held.mse(expression)),
        notes=domain_notes(expression, rows),
        placeholders=template.symbols,
    )


def _exact_numbers(expression: Any) -> set[Any]:
    """Return the largest parts without a symbol: sqrt(2)/2 is one number. Signs and plain powers do not count."""
    if not expression.free_symbols:
        return set() if expression in (0, 1, -1) else {expression}
    if expression.is_Pow and expression.exp.is_Rational and expression.exp.q <= 2:
        return _exact_numbers(expression.base)
    parts = list(expression.args)
    if expression.is_Add or expression.is_Mul:
        number, rest = expression.as_independent(*expression.free_symbols, as_Add=expression.is_Add)
        parts = [number, *(rest.args if rest.func is expression.func else (rest,))]
    return set().union(*(_exact_numbers(part) for part in parts))
