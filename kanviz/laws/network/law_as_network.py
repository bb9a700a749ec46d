"""Convert a law to a network: each part becomes an edge with a formula; sums and products become columns of nodes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from kanviz.core.spline import domain, fit, uniform_knots
from kanviz.errors import UserError
from kanviz.laws.law import Law
from kanviz.laws.network.sums import Node, Sum, Term, node_of, readable

GRID, ORDER = 5, 3  # of the splines behind the formulas
LARGEST = 1e100  # largest value that a spline is fitted to
MARGIN = 0.02  # share of the range of a hidden node by which its grid is wider on each side


@torch.no_grad()
def as_network(
    law: Law, variables: Sequence[Variable], output: Variable, x: Float[Tensor, "rows input"] | None = None
) -> KAN:
    """Return a network of formulas alone that computes the law, in float64.

    variables: of the law's inputs, in their order; their names may differ · x: rows in table units that set the ranges
    of the hidden grids; without them [-1, 1]. Raises UserError where the law has a part that no edge can have.
    """
    if len(variables) != len(law.inputs):
        raise UserError(f"The law has {len(law.inputs)} inputs and {len(variables)} are named; name each of them.")
    scaled = dict(zip(law.inputs, variables, strict=True))
    columns = _columns(readable(law.expression), scaled, output)
    layers, sources, values = list[Layer](), list[Any](law.inputs), None
    for column in columns:
        layers.append(_layer(list(column.values()), sources, values))
        sources = list(column)
        if x is not None:
            values = KAN((*layers,), tuple(variables), tuple(Variable("") for _ in sources))(x.double())
    return KAN(tuple(layers), tuple(variables), (output,))


def _columns(expression: Any, scaled: dict[Any, Variable], output: Variable) -> list[dict[Any, Node]]:
    """Return the nodes of every column after the inputs, by expression; a node needed later is passed on by x."""
    nodes, known = dict[Any, Node](), dict.fromkeys(scaled, 0)
    last = 1 + max((_level(source, nodes, known) for source in node_of(expression).sources), default=0)

    def node(core: Any, column: int) -> Node:
        """Return the node, with the values of earlier nodes as sources where possible."""
        return node_of(core, {one for one in nodes if known[one] < column})

    columns = [{expression: _scaled(node(expression, last), scaled, output)}]
    for level in range(last - 1, 0, -1):
        needed = dict.fromkeys(source for one in columns[0].values() for source in one.sources)
        column = {s: _scaled(node(s, level), scaled) if known[s] == level else _passed(s) for s in needed}
        columns.insert(0, column)
    return columns


def _level(core: Any, nodes: dict[Any, Node], known: dict[Any, int]) -> int:
    """Return the first column in which a node can be computed, inputs in column 0; add its sources to `nodes`."""
    if core not in known:
        nodes[core] = node_of(core)
        known[core] = 1 + max((_level(source, nodes, known) for source in nodes[core].sources), default=0)
    return known[core]


def _passed(source: Any) -> Node:
    """Return a node that passes its source on."""
    return Node((Sum(0.0, (Term(source, Formula("x")),)),))


def _scaled(node: Node, scaled: dict[Any, Variable], output: Variable | None = None) -> Node:
    """Return the node with inputs, and the output, in network units."""
    sums = tuple(_of_inputs(one, scaled) for one in node.sums)
    if output is None:
        return replace(node, sums=sums)
    first, *others = (sums[0].times(1 / output.scale), *sums[1:])
    if others:
        return Node((first, *others), (node.offset - output.shift) / output.scale)
    return Node((replace(first, constant=(sums[0].constant - output.shift) / output.scale),))


def _of_inputs(one: Sum, scaled: dict[Any, Variable]) -> Sum:
    constant, terms = one.constant, []
    for term in one.terms:
        formula, variable = term.formula, scaled.get(term.source)
        if variable is not None and formula.primitive == "x":
            constant += formula.c * variable.shift
            formula = replace(formula, c=formula.c * variable.scale)
        elif variable is not None:
            a, b = formula.a * variable.scale, formula.a * variable.shift + formula.b
            formula = replace(formula, a=a, b=b)
        terms.append(replace(term, formula=formula))
    return Sum(constant, tuple(terms))


def _layer(nodes: Sequence[Node], sources: Sequence[Any], values: Tensor | None) -> Layer:
    """Return the layer from the sources to the nodes; values: of the sources on the rows, None for [-1, 1]."""
    sums = [one for node in nodes for one in node.sums]
    place = {source: i for i, source in enumerate(sources)}
    size = (len(sources), len(sums))
    formulas = [(place[t.source], j, t.formula) for j, one in enumerate(sums) for t in one.terms]
    constants = [(f.a, f.b, f.c, f.d) for _, _, f in formulas]
    knots = _knots(len(sources), values)
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


def _released_spline(formula: Formula, knots: Float[Tensor, "1 knot"]) -> Float[Tensor, " basis"]:
    """Return the spline that an edge gets back when its formula is released: a fit of the formula."""
    (low,), (high,) = domain(knots, ORDER)
    x = torch.linspace(float(low), float(high), 40 * (GRID + ORDER), dtype=torch.float64)
    y = formula(x)
    there = y.abs() < LARGEST
    return fit(x[there, None], y[there, None, None], knots, ORDER)[0, 0]


def _knots(sources: int, values: Tensor | None) -> Float[Tensor, "source knot"]:
    """Return uniform knots over the finite values of each source; over [-1, 1] without values."""
    ends = [(-1.0, 1.0)] * sources
    if values is not None:
        ends = [_range(column[column.isfinite()]) for column in values.T]
    return torch.cat([uniform_knots(low, high, GRID, ORDER) for low, high in ends])


def _range(seen: Tensor) -> tuple[float, float]:
    if not len(seen):
        return -1.0, 1.0
    low, high = float(seen.min()), float(seen.max())
    beyond = MARGIN * (high - low) or max(abs(low), 1.0)
    return low - beyond, high + beyond
