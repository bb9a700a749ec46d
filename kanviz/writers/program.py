"""Lay a network out for the writers: the arrays of each layer in double precision, its functions as terms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kanviz.core.edge import Variable
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN, Task
from kanviz.core.layer import Layer
from kanviz.core.spline import Outside, basis, domain
from kanviz.core.steps import EPSILON, Step
from kanviz.text import counted
from kanviz.writers.functions import base_term, family_terms, primitive_term
from kanviz.writers.term import Term

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
ROWS = 5  # that a written network is checked with


@dataclass(frozen=True)
class Splines:
    """The splines of a stage.

    knots: (source, knot) · order: their degree · low, high: (source,), where the curves begin and end; beyond they are
    0, or straight lines · last: (source,), the cell the end belongs to · ends: slopes of the basis functions at low
    and at high, (2, source, basis), for the lines; None where the curves are 0 outside.
    """

    knots: Array
    order: int
    low: Array
    high: Array
    last: Whole
    ends: Array | None

    def slopes(self, coef: Array) -> Array:
        """Compute the slopes of the lines below and above, (2, source, target), from coef (source, basis, target)."""
        assert self.ends is not None
        return np.einsum("esm,smt->est", self.ends, coef)


@dataclass(frozen=True)
class Formulas:
    """The formulas of a stage that have one primitive: c f(a x + b) + d, with a source and a target each.

    function: f as a term of x · affine: (formula, 4), with a, b, c, d.
    """

    function: Term
    sources: Whole
    targets: Whole
    affine: Array


@dataclass(frozen=True)
class Stage:
    """A layer, ready to be written: first its step, then the sums, then the products.

    base: the base function, None where it is nothing · weight: (source, target), of the base · splines or functions:
    the basis functions; functions: terms of x and of p0, p1 .., the columns of parameters (source, parameter) ·
    coef: (source, basis, target), 0 on edges without a curve · bias: (target,) · arity, offset: of each node ·
    norm: weight and bias of a LayerNorm, (2, before).
    """

    step: Step
    norm: Array
    base: Term | None
    weight: Array
    splines: Splines | None
    functions: tuple[Term, ...]
    parameters: Array
    coef: Array
    formulas: tuple[Formulas, ...]
    bias: Array
    arity: tuple[int, ...]
    offset: Array
    takes: int
    epsilon: float = EPSILON

    @property
    def sources(self) -> int:
        return self.coef.shape[0]

    @property
    def targets(self) -> int:
        return self.coef.shape[2]

    @property
    def has_products(self) -> bool:
        return max(self.arity) > 1


@dataclass(frozen=True)
class Program:
    """A network, ready to be written; what it computes is `KAN.__call__` in double precision.

    rows, values: some inputs and what the network makes of them, in table units, for a check of what was written.

    >>> import kanviz
    >>> from kanviz.writers.program import program_of
    >>> program = program_of(kanviz.init([2, 5, 1]))
    >>> len(program.stages), program.stages[0].coef.shape, program.title
    (2, (2, 8, 5), '[2, 5, 1], 15 edges')
    """

    title: str
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    task: Task
    stages: tuple[Stage, ...]
    digest: str
    rows: Array
    values: Array

    @property
    def largest(self) -> float:
        """The largest |value|, to which differences are compared; 1 where there is none."""
        sizes = np.abs(self.values[np.isfinite(self.values)])
        return float(sizes.max(initial=0.0)) or 1.0


def program_of(kan: KAN) -> Program:
    """Lay a network out for the writers."""
    double = kan.to(torch.float64)
    edges = sum(int(layer.present.sum()) for layer in kan.layers)
    title = f"{kan.shape_text}, {counted(edges, 'edge')}"
    places = np.linspace(-0.9, 0.9, ROWS)[:, None] * np.cos(np.arange(len(kan.inputs)))  # within the usual range
    rows = places * [v.scale for v in kan.inputs] + [v.shift for v in kan.inputs]
    values = double(rows).numpy()
    return Program(
        title, kan.inputs, kan.outputs, kan.task, tuple(map(_stage, double.layers)), kan.digest, rows, values
    )


def _stage(layer: Layer) -> Stage:
    there = layer.active
    coef = torch.where(there[..., None], layer.coef, 0.0)
    weight = torch.where(there, layer.base_weight, 0.0)
    with_base = layer.base != "zero" and bool(weight.any())
    curves = bool(coef.any())
    splines, functions, parameters = None, (), np.zeros((layer.sources, 0))
    if layer.family != SPLINE:
        functions = tuple(family_terms(layer.family, layer.knots.shape[1], coef.shape[2])) if curves else ()
        parameters = layer.knots.numpy()
    elif curves:
        splines = _splines(layer.knots, layer.order, layer.outside)
    formulas, constants = _formulas(layer)
    return Stage(
        step=layer.step, norm=layer.norm.double().numpy(), base=base_term(layer.base) if with_base else None,
        weight=weight.numpy(), splines=splines, functions=functions, parameters=parameters,
        coef=coef.transpose(1, 2).contiguous().numpy(), formulas=formulas, bias=layer.bias.numpy() + constants,
        arity=layer.arity, offset=layer.offset.numpy(), takes=layer.takes,
    )  # fmt: skip


def _splines(knots: torch.Tensor, order: int, outside: Outside) -> Splines:
    low, high = (knots[:, 0], knots[:, -1]) if outside == "zero" else domain(knots, order)
    before = (knots < high[:, None]).sum(1) - 1  # the last interval before the end that has a width
    ends = basis(torch.stack([low, high]), knots, order, 1, outside).numpy() if outside == "linear" else None
    return Splines(knots.numpy(), order, low.numpy(), high.numpy(), before.clamp(min=0).numpy(), ends)


def _formulas(layer: Layer) -> tuple[tuple[Formulas, ...], Array]:
    """Return the formulas by their primitives, and what the constant ones add to each sum."""
    constants = np.zeros(layer.targets)
    rows: dict[str, list[int]] = {}
    for row, (_, target, primitive) in enumerate(layer.formulas):
        if primitive == "0":
            constants[target] += float(layer.affine[row, 3])
        else:
            rows.setdefault(primitive, []).append(row)
    affine = layer.affine.numpy()

    def ends(chosen: Sequence[int], end: int) -> Whole:
        return np.array([layer.formulas[row][end] for row in chosen], dtype=np.int64)

    groups = (
        Formulas(primitive_term(primitive), ends(own, 0), ends(own, 1), affine[own]) for primitive, own in rows.items()
    )
    return tuple(groups), constants


def numbers(program: Program, *, ends: bool = False) -> Iterator[tuple[str, NDArray[Any]]]:
    """Iterate over the arrays of a program that its functions use, each with a name for the code.

    ends: give the slopes of the basis functions at the ends instead of the slopes of the lines, which follow from them
    and from the coefficients.
    """
    for name, variables in (("IN", program.inputs), ("OUT", program.outputs)):
        yield f"SHIFT_{name}", np.array([v.shift for v in variables])
        yield f"SCALE_{name}", np.array([v.scale for v in variables])
    for n, stage in enumerate(program.stages):
        if stage.norm.size:
            yield f"NORM_{n}", stage.norm
        if stage.base is not None:
            yield f"WEIGHT_{n}", stage.weight
        if stage.splines:
            yield f"KNOTS_{n}", stage.splines.knots
        elif stage.functions and stage.parameters.size:
            yield f"PARAMETERS_{n}", stage.parameters
        if stage.splines or stage.functions:
            yield f"COEF_{n}", stage.coef
        if stage.splines and stage.splines.ends is not None:
            yield (f"ENDS_{n}", stage.splines.ends) if ends else (f"SLOPES_{n}", stage.splines.slopes(stage.coef))
        for k, group in enumerate(stage.formulas):
            yield f"SOURCES_{n}_{k}", group.sources
            yield f"TARGETS_{n}_{k}", group.targets
            yield f"AFFINE_{n}_{k}", group.affine
        yield f"BIAS_{n}", stage.bias
        if stage.has_products:
            yield f"FIRST_{n}", np.cumsum([0, *stage.arity[:-1]])
            yield f"OFFSET_{n}", stage.offset
