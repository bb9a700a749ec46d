"""Arrange the parts of a computation in columns of nodes, each edge with one formula, and build the layers of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formulas.formula import Formula
from kanviz.core.layer import Layer
from kanviz.core.spline import domain, fit, uniform_knots

GRID, ORDER = 5, 3  # of the splines behind the formulas
LARGEST = 1e100  # largest value that a spline is fitted to
MARGIN = 0.02  # share of the range of a hidden node by which its grid is wider on each side


@dataclass(frozen=True)
class Term:
    """One edge: formula(source). The source is an input or a node, under any name that can be a key."""

    source: Any
    formula: Formula


@dataclass(frozen=True)
class Sum:
    """A constant plus terms, each of a different source."""

    constant: float
    terms: tuple[Term, ...] = ()

    def times(self, factor: float) -> "Sum":
        terms = (replace(t, formula=replace(t.formula, c=factor * t.formula.c)) for t in self.terms)
        return Sum(factor * self.constant, tuple(terms))


@dataclass(frozen=True)
class Node:
    """The product of its sums plus an offset; the offset is 0 where there is one sum."""

    sums: tuple[Sum, ...]
    offset: float = 0.0

    @property
    def sources(self) -> tuple[Any, ...]:
        """The nodes it is computed from, each once."""
        return tuple(dict.fromkeys(term.source for one in self.sums for term in one.terms))


Maker: TypeAlias = Callable[[Any, Collection[Any]], Node]
"""Makes the node of a part, given the parts that earlier nodes compute anyway."""
Column: TypeAlias = list[tuple[Any, Node]]


def sum_of(
    constant: float, parts: Sequence[tuple[float, Any]], term: Callable[[float, Any], Term], computed: Collection[Any]
) -> Sum:
    """Return a constant plus multiples of parts as a sum with one edge from each source.

    parts: (factor, part) · term: writes such a multiple as a formula of one source · computed: parts that earlier nodes
    compute anyway. An edge has one formula: of several terms with the same source, one stays and the others become
    sources themselves.
    """
    direct = [term(factor, part) for factor, part in parts]
    sources = {one.source for one in direct}
    alone = {n for n, (_, part) in enumerate(parts) if part in computed and part not in sources}
    while True:
        terms = [
            Term(part, Formula("x", c=factor)) if n in alone else direct[n] for n, (factor, part) in enumerate(parts)
        ]
        first = dict[Any, int]()
        for n in sorted(range(len(terms)), key=lambda n: terms[n].source != parts[n][1]):  # passed-on nodes first
            if first.setdefault(terms[n].source, n) != n:
                alone.add(n)
        if len(first) == len(terms):
            break
    constant += sum(one.formula.d for one in terms)
    return Sum(constant, tuple(replace(one, formula=replace(one.formula, d=0.0)) for one in terms))


def arranged(outputs: Sequence[Any], inputs: Sequence[Any], node_of: Maker) -> list[Column]:
    """Return the nodes of every column after the inputs; a node needed later is passed on by x."""
    nodes, known = dict[Any, Node](), dict.fromkeys(inputs, 0)
    needed = [source for output in outputs for source in node_of(output, ()).sources]
    last = 1 + max((_level(source, nodes, known, node_of) for source in needed), default=0)

    def node(part: Any, column: int) -> Node:
        """Return the node, with the values of earlier nodes as sources where possible."""
        return node_of(part, {one for one in nodes if known[one] < column})

    columns = [[(output, node(output, last)) for output in outputs]]
    for level in range(last - 1, 0, -1):
        needed = dict.fromkeys(source for _, one in columns[0] for source in one.sources)
        columns.insert(0, [(s, node(s, level) if known[s] == level else _passed(s)) for s in needed])
    return columns


def with_hidden(columns: Sequence[Column], inputs: Sequence[Any]) -> list[Column]:
    """Return the columns with one of all inputs, passed on, before a lone column of outputs."""
    return [[(one, _passed(one)) for one in inputs], *columns] if len(columns) == 1 else [*columns]


def _level(part: Any, nodes: dict[Any, Node], known: dict[Any, int], node_of: Maker) -> int:
    """Return the first column in which a node can be computed, inputs in column 0; add its sources to `nodes`."""
    if part not in known:
        nodes[part] = node_of(part, ())
        known[part] = 1 + max((_level(source, nodes, known, node_of) for source in nodes[part].sources), default=0)
    return known[part]


def _passed(source: Any) -> Node:
    """Return a node that passes its source on."""
    return Node((Sum(0.0, (Term(source, Formula("x")),)),))


@torch.no_grad()
def layers_of(
    columns: Sequence[Column],
    inputs: Sequence[Any],
    ranges: Sequence[tuple[float, float]],
    x: Float[Tensor, "rows input"] | None,
    spare: int = 0,
) -> tuple[Layer, ...]:
    """Return the layers of the columns, in float64.

    ranges: of the grid of each input · x: rows in network units that set the ranges of the hidden grids; without them
    [-1, 1] · spare: nodes of random splines at the end of each hidden column; splines of zeros lead on from them, so
    the outputs do not depend on them.
    """
    layers, sources, values = list[Layer](), list(inputs), x
    rng = torch.Generator().manual_seed(0)
    for n, column in enumerate(columns):
        new = spare if n < len(columns) - 1 else 0
        layer = _layer([node for _, node in column], sources, _knots(ranges))
        layers.append(_with_spare(layer, spare if n else 0, new, rng))
        sources = [*(part for part, _ in column), *(("spare", k) for k in range(new))]
        values = None if values is None else layers[-1](values)
        ranges = [(-1.0, 1.0)] * len(sources) if values is None else [_range(v[v.isfinite()]) for v in values.T]
    return tuple(layers)


def _layer(nodes: Sequence[Node], sources: Sequence[Any], knots: Float[Tensor, "source knot"]) -> Layer:
    sums = [one for node in nodes for one in node.sums]
    place = {source: i for i, source in enumerate(sources)}
    size = (len(sources), len(sums))
    formulas = [(place[t.source], j, t.formula) for j, one in enumerate(sums) for t in one.terms]
    constants = [(f.a, f.b, f.c, f.d) for _, _, f in formulas]
    coef = torch.zeros(*size, GRID + ORDER, dtype=torch.float64)
    for i, j, formula in formulas:
        coef[i, j] = _released_spline(formula, knots[i : i + 1])
    return Layer(
        knots=knots,
        coef=coef,
        base_weight=torch.zeros(size, dtype=torch.float64),
        active=torch.zeros(size, dtype=torch.bool),
        bias=torch.tensor([one.constant for one in sums], dtype=torch.float64),
        offset=torch.tensor([node.offset for node in nodes], dtype=torch.float64),
        affine=torch.tensor(constants, dtype=torch.float64).reshape(-1, 4),
        frozen=torch.zeros(size, dtype=torch.bool),
        formulas=tuple((i, j, f.primitive) for i, j, f in formulas),
        arity=tuple(len(node.sums) for node in nodes),
        outside="linear",
    )


def _with_spare(layer: Layer, before: int, new: int, rng: torch.Generator) -> Layer:
    """Return the layer with so many new nodes of random splines, and splines of zeros on the edges from spare ones.

    before: number of spare nodes among the sources, the last of them.
    """
    s, _, basis = layer.coef.shape
    active = torch.cat([layer.active, torch.ones(s, new, dtype=torch.bool)], 1)
    active[s - before :] = True
    curves = torch.randn(s, new, basis, generator=rng, dtype=torch.float64) / s**0.5
    none = torch.zeros(s, new, dtype=torch.float64)
    return replace(
        layer,
        coef=torch.cat([layer.coef, curves], 1),
        base_weight=torch.cat([layer.base_weight, none], 1),
        active=active,
        bias=torch.cat([layer.bias, none[0]]),
        offset=torch.cat([layer.offset, none[0]]),
        frozen=torch.cat([layer.frozen, none.bool()], 1),
        arity=(*layer.arity, *[1] * new),
    )


def _released_spline(formula: Formula, knots: Float[Tensor, "1 knot"]) -> Float[Tensor, " basis"]:
    """Return the spline that an edge gets back when its formula is released: a fit of the formula."""
    (low,), (high,) = domain(knots, ORDER)
    x = torch.linspace(float(low), float(high), 40 * (GRID + ORDER), dtype=torch.float64)
    y = formula(x)
    there = y.abs() < LARGEST
    return fit(x[there, None], y[there, None, None], knots, ORDER)[0, 0]


def _knots(ranges: Sequence[tuple[float, float]]) -> Float[Tensor, "source knot"]:
    return torch.cat([uniform_knots(low, high, GRID, ORDER) for low, high in ranges])


def _range(seen: Tensor) -> tuple[float, float]:
    if not len(seen):
        return -1.0, 1.0
    low, high = float(seen.min()), float(seen.max())
    beyond = MARGIN * (high - low) or max(abs(low), 1.0)
    return low - beyond, high + beyond
