"""Write a whole network as a formula in table units, and measure the formula's difference from the network."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.rows import typical_inputs
from kanviz.analysis.symbolic.linear import Linear, applied, product, single, total
from kanviz.analysis.symbolic.steps import entered
from kanviz.analysis.symbolic.walk import Walk, rounded
from kanviz.analysis.symbolic.written import latex, latex_name, text, text_name
from kanviz.core.data.dataset import Dataset
from kanviz.core.engine import BASE_CURVES
from kanviz.core.kan import KAN
from kanviz.core.layer import BASES, EdgeId, Layer
from kanviz.core.steps import normalised
from kanviz.errors import FormulaError

MOST_EDGES = 3_000  # edges that reach an output; with more, the formula would be too long to read
MOST_PARTS = 1_200  # parts of an expression that is still written in one piece
ROWS = 10_000


@dataclass(frozen=True)
class Gap:
    """The differences between formula and network over `rows` rows and all outputs, in table units.

    Infinite where only one of the two has a finite value.
    """

    largest: float
    rms: float
    rows: int


@dataclass(frozen=True)
class Step:
    """One node: its symbol, and its value in the symbols of the previous column."""

    symbol: sympy.Symbol
    expression: sympy.Expr


@dataclass(frozen=True)
class Composition:
    """A network as formulas, one per output, in table units; the symbols are named like the columns.

    expressions: per output; in the input variables or, where that would be too long to read (`expanded` is False), in
    the nodes of the last hidden column · steps: every node that an output depends on, in the nodes before it, the
    outputs last · spline_edges: edges without a formula; each appears as a function phi_{layer,source,target}, the
    learned curve (spline and base part) of the variable on its figure's x axis: table units at an input, network units
    elsewhere · silu(u) is u / (1 + exp(-u)) · notes: remarks for the reader.

    >>> import kanviz
    >>> found = kanviz.compose(kanviz.init([2, 1]))
    >>> found.exact, found.spline_edges, found.evaluate(found.rows).shape == (found.gap.rows, 1)
    (False, (EdgeId(layer=0, source=0, target=0), EdgeId(layer=0, source=1, target=0)), True)
    """

    inputs: tuple[sympy.Symbol, ...]
    outputs: tuple[sympy.Symbol, ...]
    expressions: tuple[sympy.Expr, ...]
    steps: tuple[Step, ...]
    expanded: bool
    spline_edges: tuple[EdgeId, ...]
    notes: tuple[str, ...]
    gap: Gap
    kan: KAN = field(repr=False, compare=False)
    rows: Float[Tensor, "rows input"] = field(repr=False, compare=False)

    @property
    def exact(self) -> bool:
        """Whether every edge has a formula, so that no spline is left."""
        return not self.spline_edges

    def evaluate(self, x: Float[Tensor, "rows input"]) -> Float[Tensor, "rows output"]:
        """Return the formula's values at x (table units), in float64; not the network's."""
        walk = self._walk(x)
        return torch.stack([walk(expression).expand(len(x)) for expression in self.expressions], 1)

    def measured(self) -> "Composition":
        """Return it with the gap measured again, as is needed after any change of the expressions."""
        with torch.no_grad():
            return replace(self, gap=_gap(self.evaluate(self.rows), self.kan(self.rows).double()))

    def rounded(self, digits: int) -> "Composition":
        """Round constants to so many significant digits, drop terms that become invisible, and recompute the gap."""
        walk = self._walk(self.rows[:: max(1, len(self.rows) // 1_000)])
        for step in self.steps:
            walk.known.setdefault(step.symbol, walk(step.expression))
        expressions = tuple(rounded(expression, digits, walk) for expression in self.expressions)
        steps = tuple(replace(step, expression=rounded(step.expression, digits, walk)) for step in self.steps)
        return replace(self, expressions=expressions, steps=steps).measured()

    def latex(self, digits: int | None = None) -> tuple[str, ...]:
        """Return one equation per output, or per step where it is not expanded; `digits` rounds first."""
        whole = self if digits is None else self.rounded(digits)
        return tuple(f"{latex_name(symbol.name)} = {latex(value)}" for symbol, value in whole._lines())

    def text(self, digits: int | None = None) -> tuple[str, ...]:
        """Return the same equations as plain text."""
        whole = self if digits is None else self.rounded(digits)
        return tuple(f"{text_name(symbol.name)} = {text(value)}" for symbol, value in whole._lines())

    def _lines(self) -> list[tuple[sympy.Symbol, sympy.Expr]]:
        if self.expanded:
            return list(zip(self.outputs, self.expressions, strict=True))
        return [(step.symbol, step.expression) for step in self.steps]

    def _walk(self, x: Tensor) -> Walk:
        walk = Walk(dict(zip(self.inputs, x.double().T, strict=True)), _functions(self.kan, self.spline_edges))
        if not self.expanded:
            for step in self.steps:
                walk.known[step.symbol] = walk(step.expression)
        return walk


def compose(kan: KAN, data: Dataset | None = None) -> Composition:
    """Write the network as a formula; measure the gap on the data's rows (without data: over the first grid).

    Raises FormulaError for so many edges that the formula could not be read, TableError where the data do not fit.

    >>> import kanviz
    >>> from kanviz.edit import FixFormula
    >>> kan = FixFormula(kanviz.EdgeId(0, 0, 0), kanviz.Formula("x^2", c=2.0)).apply(kanviz.init([1, 1]))
    >>> found = kanviz.compose(kan)
    >>> found.text(), found.exact, found.gap.largest < 1e-12
    (('y = 2*x1**2',), True, True)
    """
    alive = _alive(kan)
    count = sum(int((layer.present[:, _targets(layer, on)]).sum()) for layer, on in zip(kan.layers, alive, strict=True))
    if count > MOST_EDGES:
        raise FormulaError(
            f"The network has {count:,} edges; a formula of more than {MOST_EDGES:,} could not be read. Prune it first."
        )
    names = _distinct(kan)
    columns = [[sympy.Symbol(name, real=True) for name in column] for column in names]
    steps = _steps(kan, columns, alive)
    expressions = _expanded(kan, columns, alive, steps)
    left = tuple(edge for edge in kan.edges() if _has_spline(kan, edge))
    notes = [] if expressions else ["The formula is too long for one line, so it is written node by node."]
    x = data.matching(kan).rows("all")[0] if data is not None else typical_inputs(kan, None)
    most = ROWS if expressions else ROWS // 10
    index = torch.linspace(0, len(x) - 1, min(most, len(x))).long()
    return Composition(
        inputs=tuple(columns[0]),
        outputs=tuple(columns[-1]),
        expressions=expressions or tuple(step.expression for step in steps[-len(columns[-1]) :]),
        steps=tuple(steps),
        expanded=bool(expressions),
        spline_edges=left,
        notes=tuple(notes),
        gap=Gap(0.0, 0.0, 0),
        kan=kan,
        rows=x[index],
    ).measured()


def _distinct(kan: KAN) -> list[list[str]]:
    """Return the names of all nodes by column, made unique."""
    taken: set[str] = set()
    columns = []
    for n, size in enumerate(kan.shape):
        column = []
        for i in range(size):
            name = kan.node_name(n, i)
            while name in taken:
                name += "'"
            taken.add(name)
            column.append(name)
        columns.append(column)
    return columns


def _alive(kan: KAN) -> list[list[int]]:
    """Return, per layer, its target nodes that an output depends on."""
    found = [list(range(len(kan.outputs)))]
    for layer in reversed(kan.layers[1:]):
        used = layer.present[:, _targets(layer, found[0])].any(1)
        nodes = {source % layer.takes for source in used.nonzero().flatten().tolist()}
        found.insert(0, list(range(layer.takes)) if nodes and normalised(layer.step) else sorted(nodes))
    return found


def _targets(layer: Layer, nodes: Sequence[int]) -> list[int]:
    ends = list(itertools.accumulate(layer.arity, initial=0))
    return [j for node in nodes for j in range(ends[node], ends[node + 1])]


def _steps(kan: KAN, columns: list[list[sympy.Symbol]], alive: list[list[int]]) -> list[Step]:
    steps = []
    nodes = _inputs(kan, columns[0])
    for n, wanted in enumerate(alive):
        nodes, named = entered(kan.layers[n], n, nodes, named=True)
        steps += [Step(symbol, expression) for symbol, expression in named]
        found = _layer(kan, n, nodes, wanted)
        if n + 1 == len(kan.layers):
            found = _in_table_units(kan, found)
        steps += [Step(columns[n + 1][node], value.expression()) for node, value in found.items()]
        nodes = {node: single(columns[n + 1][node]) for node in wanted}
    return steps


def _expanded(
    kan: KAN, columns: list[list[sympy.Symbol]], alive: list[list[int]], steps: list[Step]
) -> tuple[sympy.Expr, ...]:
    """Return the outputs in the inputs alone; () when they would be too long."""
    parts: dict[Any, int] = dict.fromkeys(columns[0], 1)
    for step in steps:
        walk = sympy.preorder_traversal(step.expression)
        parts[step.symbol] = sum(parts.get(part, 1) for part in walk)
    if sum(parts[symbol] for symbol in columns[-1]) > MOST_PARTS:
        return ()
    nodes = _inputs(kan, columns[0])
    for n, wanted in enumerate(alive):
        nodes = _layer(kan, n, entered(kan.layers[n], n, nodes)[0], wanted)
    return tuple(value.expression() for value in _in_table_units(kan, nodes).values())


def _inputs(kan: KAN, symbols: list[sympy.Symbol]) -> dict[int, Linear]:
    return {
        i: single(symbol, 1 / v.scale, -v.shift / v.scale)
        for i, (symbol, v) in enumerate(zip(symbols, kan.inputs, strict=True))
    }


def _in_table_units(kan: KAN, nodes: Mapping[int, Linear]) -> dict[int, Linear]:
    return {node: value.times(kan.outputs[node].scale, kan.outputs[node].shift) for node, value in nodes.items()}


def _layer(kan: KAN, n: int, nodes: Mapping[int, Linear], wanted: Sequence[int]) -> dict[int, Linear]:
    """Return the wanted nodes after layer n, from those before it."""
    layer = kan.layers[n]
    formulas = {(i, j): layer.formula(i, j) for i, j, _ in layer.formulas}
    found = {}
    for node in wanted:
        sums = []
        for j in _targets(layer, [node]):
            sources = layer.present[:, j].nonzero().flatten().tolist()
            edges = [_edge(kan, EdgeId(n, i, j), nodes[i], formulas.get((i, j))) for i in sources]
            sums.append(total([Linear(float(layer.bias[j])), *edges]))
        found[node] = sums[0] if len(sums) == 1 else product(sums, float(layer.offset[node]))
    return found


def _edge(kan: KAN, edge: EdgeId, inner: Linear, formula: Any) -> Linear:
    """Write an edge in symbols. A curve without a formula becomes a function of the variable on its figure's x axis."""
    layer = kan.layers[edge.layer]
    parts = [] if formula is None else [applied(formula, inner)]
    weight = float(layer.base_weight[edge.source, edge.target])
    if _has_spline(kan, edge):
        direct = edge.layer or layer.prefix_of(edge.source)
        argument = inner.expression() if direct else inner.terms[0][0]
        parts.append(single(sympy.Function(_function_name(edge), real=True)(argument)))
    elif layer.active[edge.source, edge.target] and weight and layer.base != "zero":
        if layer.base == "identity":
            parts.append(inner.times(weight))
        else:
            parts.append(single(BASE_CURVES[layer.base].sympy(sympy, inner.expression()), weight))
    return total(parts)


def _has_spline(kan: KAN, edge: EdgeId) -> bool:
    n, i, j = edge
    return bool(kan.layers[n].active[i, j]) and bool((kan.layers[n].coef[i, j] != 0).any())


def _function_name(edge: EdgeId) -> str:
    return f"phi_{{{edge.layer},{edge.source},{edge.target}}}"


def _functions(kan: KAN, edges: Sequence[EdgeId]) -> dict[str, Any]:
    """Return the named functions: the base functions, and the learned curve of each edge without a formula."""

    def curve_of(edge: EdgeId):
        view, source = kan.edge(edge), kan.axis_of(edge.layer, edge.source)

        def curve(u: Tensor) -> Tensor:
            x = (u.to(view.coef.dtype) - source.shift) / source.scale
            return (view.spline_part(x) + view.base_part(x)).double()

        return curve

    return {**BASES, **{_function_name(edge): curve_of(edge) for edge in edges}}


def _gap(formula: Tensor, network: Tensor) -> Gap:
    off = (formula - network).abs()
    both = formula.isfinite() & network.isfinite()
    neither = ~formula.isfinite() & ~network.isfinite()
    off = torch.where(both, off, torch.where(neither, torch.zeros_like(off), torch.full_like(off, torch.inf)))
    return Gap(float(off.max()), float(off.square().mean().sqrt()), len(off))
