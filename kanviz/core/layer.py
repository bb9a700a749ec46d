"""Define edges and layers as values: one activation, and all activations between two columns of nodes.

An edge computes phi(x) = w b(x) + sum_m c_m B_m(x), or a formula, or both. A node is the sum of its edges plus a bias,
or the product of several such sums. Axes always run *rows, source, target*, and *target* counts sums, not nodes: a
product node of arity 2 owns two targets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.core import engine
from kanviz.core.edge import STATES, Edge, EdgeId, Variable
from kanviz.core.formulas.edges import with_formulas_on_edges, with_formulas_on_sums
from kanviz.core.formulas.formula import Formula
from kanviz.core.spline import Outside, ascending, spline
from kanviz.core.torch_modes import can_be_read
from kanviz.errors import UserError

__all__ = ["BASES", "Edge", "EdgeId", "Layer", "Variable"]

BASES = {name: curves[0] for name, curves in engine.BASE_CURVES.items()}
_FLOATS = ("knots", "coef", "base_weight", "bias", "offset", "affine")
_RANKS = {"knots": 2, "coef": 3, "base_weight": 2, "active": 2, "bias": 1, "offset": 1, "affine": 2, "frozen": 2}


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer: all edges between two columns of nodes.

    knots: a row for each source · coef: ordinates of the control points · base_weight: weight of the base function ·
    active: whether the edge uses its learned part (spline and base) · bias: added to each sum · arity: number of sums
    in each node (1 for a sum node, more for a product node) · offset: added after a product (0 at sum nodes) ·
    formulas, affine: (source, target, primitive) and its a, b, c, d · frozen: edges that training does not change.
    Raises UserError where the parts do not fit each other or the knots do not ascend. Sources: Liu et al., KAN, 2024,
    arXiv 2404.19756; nodes that multiply: Liu et al., KAN 2.0, 2024, arXiv 2408.10205.

    >>> import kanviz, torch
    >>> layer = kanviz.init([2, [3, 1]], grid=4).layers[0]  # three sum nodes and a product of two sums
    >>> layer.coef.shape, layer.arity, [layer.node_of(target) for target in range(layer.targets)]
    (torch.Size([2, 5, 7]), (1, 1, 1, 2), [0, 1, 2, 3, 3])
    >>> x = torch.zeros(5, 2, dtype=torch.float64)
    >>> layer.activations(x).shape, layer.sums(x).shape, layer.combine(layer.sums(x)).shape, layer(x).shape
    (torch.Size([5, 2, 5]), torch.Size([5, 5]), torch.Size([5, 4]), torch.Size([5, 4]))
    >>> layer.alone([(1, 4), (0, 0)]).coef.shape, [part.sources for _, part in layer.parts(1)]
    (torch.Size([2, 1, 7]), [1, 1])
    """

    knots: Float[Tensor, "source knot"]
    coef: Float[Tensor, "source target basis"]
    base_weight: Float[Tensor, "source target"]
    active: Bool[Tensor, "source target"]
    bias: Float[Tensor, " target"]
    offset: Float[Tensor, " node"]
    affine: Float[Tensor, "formula 4"]
    frozen: Bool[Tensor, "source target"]
    formulas: tuple[tuple[int, int, str], ...] = ()
    arity: tuple[int, ...] = ()
    base: str = "silu"
    outside: Outside = "zero"

    def __post_init__(self):
        if not self.arity and self.coef.ndim == 3:
            object.__setattr__(self, "arity", (1,) * self.targets)
        wrong = _wrong_kinds(self) or _wrong_shapes(self)
        if wrong:
            raise UserError(f"The parts of a layer do not fit each other: check {', '.join(wrong)}.")
        if can_be_read(self.knots) and not ascending(self.knots):
            raise UserError("The knots of a layer must be finite numbers in ascending order.")
        order = sorted(range(len(self.formulas)), key=self.formulas.__getitem__)
        if order != list(range(len(order))):  # one order, so that equal layers have equal digests
            object.__setattr__(self, "formulas", tuple(self.formulas[n] for n in order))
            object.__setattr__(self, "affine", self.affine[order])

    @property
    def order(self) -> int:
        return self.knots.shape[1] - self.coef.shape[2] - 1

    @property
    def grid(self) -> int:
        """Number of intervals between the first and the last knot of the domain."""
        return self.coef.shape[2] - self.order

    @property
    def sources(self) -> int:
        return self.coef.shape[0]

    @property
    def targets(self) -> int:
        return self.coef.shape[1]

    @property
    def nodes(self) -> int:
        return len(self.arity)

    def node_of(self, target: int) -> int:
        """Return the node that the sum `target` belongs to."""
        return self.owners[target]

    @cached_property
    def owners(self) -> tuple[int, ...]:
        """The node that each sum belongs to."""
        return tuple(node for node, arity in enumerate(self.arity) for _ in range(arity))

    def formula(self, source: int, target: int) -> Formula | None:
        """Return the formula on an edge, None where there is none."""
        row = self._rows.get((source, target))
        return None if row is None else Formula(self.formulas[row][2], *self.affine[row].tolist())

    def with_formula(self, source: int, target: int, formula: Formula | None) -> "Layer":
        """Return a layer with this formula on this edge, besides its spline; None removes the formula.

        >>> import kanviz
        >>> layer = kanviz.init([1, 1]).layers[0].with_formula(0, 0, kanviz.Formula("sin"))
        >>> str(layer.formula(0, 0)), layer.state(0, 0), layer.with_formulas({(0, 0): None}).state(0, 0)
        ('sin(x)', 'both', 'spline')
        """
        return self.with_formulas({(source, target): formula})

    def with_formulas(self, new: Mapping[tuple[int, int], Formula | None]) -> "Layer":
        """Return a layer with these formulas on these edges; None removes a formula."""
        keep = [n for n, (i, j, _) in enumerate(self.formulas) if (i, j) not in new]
        there = {place: formula for place, formula in new.items() if formula is not None}
        names = [*(self.formulas[n] for n in keep), *((i, j, f.primitive) for (i, j), f in there.items())]
        constants = self.affine.new_tensor([(f.a, f.b, f.c, f.d) for f in there.values()]).reshape(-1, 4)
        return replace(self, formulas=tuple(names), affine=torch.cat([self.affine[keep], constants]))

    def parts(self, most: int) -> Iterator[tuple[slice, "Layer"]]:
        """Split the layer into parts of at most `most` sources, each with the slice of its sources.

        A sum of the layer is the sum over all parts, with the bias added once.
        """
        if self.sources <= most:
            yield slice(0, self.sources), self
            return
        order = sorted(range(len(self.formulas)), key=lambda row: self.formulas[row][0])
        at = 0
        for first in range(0, self.sources, most):
            last, begin = min(first + most, self.sources), at
            while at < len(order) and self.formulas[order[at]][0] < last:
                at += 1
            rows = order[begin:at]
            here = slice(first, last)
            parts = {name: getattr(self, name)[here] for name in ("knots", "coef", "base_weight", "active", "frozen")}
            formulas = tuple((i - first, j, name) for i, j, name in (self.formulas[row] for row in rows))
            yield here, replace(self, **parts, formulas=formulas, affine=self.affine[rows])

    @cached_property
    def _rows(self) -> Mapping[tuple[int, int], int]:
        """The row of `affine` for each edge that has a formula."""
        return {(i, j): row for row, (i, j, _) in enumerate(self.formulas)}

    def alone(self, edges: Sequence[tuple[int, int]]) -> "Layer":
        """Return a layer of these edges (source, target): each edge has its own source, and all have one target."""
        i, j = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).T
        own = [(k, self._rows[edge]) for k, edge in enumerate(edges) if edge in self._rows]
        return Layer(
            knots=self.knots[i], coef=self.coef[i, j][:, None], base_weight=self.base_weight[i, j][:, None],
            active=self.active[i, j][:, None], bias=self.bias.new_zeros(1), offset=self.bias.new_zeros(1),
            affine=self.affine[[row for _, row in own]], frozen=self.frozen[i, j][:, None],
            formulas=tuple((k, 0, self.formulas[row][2]) for k, row in own), base=self.base, outside=self.outside,
        )  # fmt: skip

    @cached_property
    def present(self) -> Bool[Tensor, "source target"]:
        """Mask of the edges that are not pruned."""
        there = self.active.clone()
        if self.formulas:
            sources, targets, _ = zip(*self.formulas, strict=True)
            there[list(sources), list(targets)] = True
        return there

    def state(self, source: int, target: int) -> str:
        """Return the state of one edge, with the values of `Edge.state`."""
        return STATES[bool(self.active[source, target]), (source, target) in self._rows]

    @cached_property
    def states(self) -> tuple[tuple[str, ...], ...]:
        """The state of every edge, by source and target, with the values of `Edge.state`."""
        return tuple(
            tuple(STATES[active, (i, j) in self._rows] for j, active in enumerate(row))
            for i, row in enumerate(self.active.tolist())
        )

    @cached_property
    def _all_active(self) -> bool:
        return bool(self.active.all())

    def _learned(self) -> tuple[Tensor, Tensor]:
        """Return coefficients and base weights, with 0 where the edge does not use them.

        Numbers that an edge no longer uses must not reach other edges, not even as NaN.
        """
        nothing = torch.zeros((), dtype=self.coef.dtype, device=self.coef.device)
        coef = torch.where(self.active[..., None], self.coef, nothing)
        return coef, torch.where(self.active, self.base_weight, nothing)

    def activations(
        self, x: Float[Tensor, "rows source"], derivative: Literal[0, 1] = 0
    ) -> Float[Tensor, "rows source target"]:
        """Compute phi of every edge at x, or its first derivative; x is in network units."""
        coef, weight = self._learned()
        base = engine.BASE_CURVES[self.base][derivative](x)
        y = spline(x, self.knots, coef, derivative, self.outside) + base[..., None] * weight
        y = torch.where(self.active, y, torch.zeros_like(y))
        return with_formulas_on_edges(y, self.formulas, self.affine, x, derivative) if self.formulas else y

    def sums(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows target"]:
        """Compute the sum of activations plus bias for each target, without storing single activations."""
        coef, weight = (self.coef, self.base_weight) if self._all_active else self._learned()
        y = engine.sums(x, engine.Parts(self.knots, coef, weight), self.bias, engine.Kind(self.base, self.outside))
        return with_formulas_on_sums(y, self.formulas, self.affine, x) if self.formulas else y

    def combine(self, sums: Float[Tensor, "rows target"]) -> Float[Tensor, "rows node"]:
        """Compute the nodes from the sums: multiply the sums of each product node, return the others unchanged."""
        if len(self.arity) == self.targets:
            return sums
        out, start = [], 0
        for node, k in enumerate(self.arity):
            part = sums[:, start : start + k]
            out.append(part[:, 0] if k == 1 else part.prod(1) + self.offset[node])
            start += k
        return torch.stack(out, 1)

    def __call__(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows node"]:
        """Compute the nodes from the sources, both in network units."""
        return self.combine(self.sums(x))


def _wrong_kinds(layer: Layer) -> list[str]:
    """Return the names of parts with a wrong number of axes or a wrong dtype."""
    wrong = [name for name, rank in _RANKS.items() if getattr(layer, name).ndim != rank]
    wrong += [name for name in ("active", "frozen") if getattr(layer, name).dtype != torch.bool]
    kinds = {getattr(layer, name).dtype for name in _FLOATS}
    if len(kinds) > 1 or not kinds <= {torch.float32, torch.float64}:
        wrong.append("the precision (all float32 or all float64)")
    return wrong


def _wrong_shapes(layer: Layer) -> list[str]:
    """Return the names of parts whose lengths do not fit the others, or that refer to something that does not exist."""
    s, t, _ = layer.coef.shape
    addresses = {(i, j) for i, j, _ in layer.formulas}
    fits = {
        "knots": layer.knots.shape[0] == s and 1 <= layer.order <= 10,
        "coef": s >= 1 and t >= 1 and layer.grid >= 1,
        "base_weight": layer.base_weight.shape == (s, t),
        "active": layer.active.shape == (s, t),
        "frozen": layer.frozen.shape == (s, t),
        "bias": layer.bias.shape == (t,),
        "arity": sum(layer.arity) == t and min(layer.arity, default=0) >= 1,
        "offset": layer.offset.shape == (layer.nodes,),
        "affine": layer.affine.shape == (len(layer.formulas), 4),
        "formulas": len(addresses) == len(layer.formulas) and all(0 <= i < s and 0 <= j < t for i, j in addresses),
        "base": layer.base in BASES,
        "outside": layer.outside in ("zero", "linear"),
    }
    return [name for name, fit in fits.items() if not fit]
