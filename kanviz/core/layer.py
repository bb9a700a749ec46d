"""Define edges and layers as values: one activation, and all activations between two columns of nodes.

An edge computes phi(x) = w b(x) + sum_m c_m B_m(x), or a formula, or both; B_m are B-splines, or functions of another
family. A node is the sum of its edges plus a bias, or the product of several such sums. Axes always run *rows, source,
target*, and *target* counts sums, not nodes: a product node of arity 2 owns two targets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.core import engine
from kanviz.core.edge import STATES, Edge, EdgeId, Variable
from kanviz.core.families import FAMILIES, SPLINE, functions
from kanviz.core.formulas.edges import with_formulas_on_edges, with_formulas_on_sums
from kanviz.core.formulas.formula import Formula
from kanviz.core.layer_parts import wrong_kinds, wrong_shapes
from kanviz.core.spline import Outside, ascending, domain, spline
from kanviz.core.steps import Step, enter, nodes_before, prefix_of
from kanviz.core.torch_modes import can_be_read
from kanviz.errors import SplinesNeeded, UserError

__all__ = ["BASES", "Edge", "EdgeId", "Layer", "Variable"]

BASES = {name: curve.value for name, curve in engine.BASE_CURVES.items()}
_AT_ONCE = 2**22  # values of basis functions in memory at once


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer: all edges between two columns of nodes.

    knots: a row for each source · coef: ordinates of the control points · base_weight: weight of the base function ·
    active: whether the edge uses its learned part (spline and base) · bias: added to each sum · arity: number of sums
    in each node (1 for a sum node, more for a product node) · offset: added after a product (0 at sum nodes) ·
    formulas, affine: (source, target, primitive) and its a, b, c, d · frozen: edges that training does not change ·
    family: the basis functions, "spline" or one of FAMILIES, whose parameters are then in `knots` · step: what is done
    to the nodes before the edges get them · norm: weight and bias of that step's LayerNorm, by node.
    Raises UserError where the parts do not fit each other or the knots do not ascend. Sources: Liu et al., KAN, 2024,
    arXiv 2404.19756; nodes that multiply: Liu et al., KAN 2.0, 2024, arXiv 2408.10205.

    >>> import dataclasses, kanviz, torch
    >>> layer = kanviz.init([2, [3, 1]], grid=4).layers[0]  # three sum nodes and a product of two sums
    >>> layer.coef.shape, layer.arity, [layer.node_of(target) for target in range(layer.targets)]
    (torch.Size([2, 5, 7]), (1, 1, 1, 2), [0, 1, 2, 3, 3])
    >>> x = torch.zeros(5, 2, dtype=torch.float64)
    >>> layer.activations(x).shape, layer.sums(x).shape, layer.combine(layer.sums(x)).shape, layer(x).shape
    (torch.Size([5, 2, 5]), torch.Size([5, 5]), torch.Size([5, 4]), torch.Size([5, 4]))
    >>> layer.alone([(1, 4), (0, 0)]).coef.shape, [part.sources for _, part in layer.parts(1)]
    (torch.Size([2, 1, 7]), [1, 1])
    >>> squashed = dataclasses.replace(layer, step="tanh")
    >>> squashed.enter(x + 1)[0, 0] == torch.tanh(x[0, 0] + 1), squashed.prefix_of(0), squashed.by_node(x[0]).shape
    (tensor(True), 'tanh ', torch.Size([2]))
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
    family: str = SPLINE
    step: Step = ""
    norm: Float[Tensor, "2 before"] = field(default_factory=lambda: torch.empty(2, 0))

    def __post_init__(self):
        if not self.arity and self.coef.ndim == 3:
            object.__setattr__(self, "arity", (1,) * self.targets)
        wrong = wrong_kinds(self) or wrong_shapes(self, BASES)
        if wrong:
            raise UserError(f"The parts of a layer do not fit each other: check {', '.join(wrong)}.")
        if can_be_read(self.knots):
            if self.family == SPLINE and not ascending(self.knots):
                raise UserError("The knots of a layer must be finite numbers in ascending order.")
            if self.family != SPLINE and not bool(FAMILIES[self.family].sound(self.knots).all()):
                raise UserError(f"The parameters of a layer define no {FAMILIES[self.family].words}.")
        order = sorted(range(len(self.formulas)), key=self.formulas.__getitem__)
        if order != list(range(len(order))):  # one order, so that equal layers have equal digests
            object.__setattr__(self, "formulas", tuple(self.formulas[n] for n in order))
            object.__setattr__(self, "affine", self.affine[order])

    @property
    def parts_of_digest(self) -> tuple[str, ...]:
        """The names of the parts that tell this layer from others; a step or a family only where there is one."""
        there = {"family": self.family != SPLINE, "step": bool(self.step), "norm": self.norm.numel() > 0}
        return tuple(part.name for part in fields(self) if there.get(part.name, True))

    @property
    def order(self) -> int:
        """Order of the splines. Raises SplinesNeeded, a UserError, for another family."""
        if self.family != SPLINE:
            raise SplinesNeeded(FAMILIES[self.family].words)
        return self.knots.shape[1] - self.coef.shape[2] - 1

    @property
    def grid(self) -> int:
        """Number of intervals between the first and the last knot of the domain; UserError as for `order`."""
        return self.coef.shape[2] - self.order

    @property
    def domain(self) -> tuple[Float[Tensor, " source"], Float[Tensor, " source"]]:
        """The least and greatest x of the grid; for another family, of what is worth drawing."""
        return domain(self.knots, self.order) if self.family == SPLINE else FAMILIES[self.family].span(self.knots)

    @property
    def functions_at_a_point(self) -> int:
        """How many basis functions are not zero at a point; all of them in other families."""
        return self.order + 1 if self.family == SPLINE else self.coef.shape[2]

    def prefix_of(self, source: int) -> str:
        """Return the word in front of a node's name that says what the step makes of it; "" for nothing."""
        return prefix_of(self.step, source >= self.takes)

    def by_node(self, shares: Float[Tensor, " source"]) -> Float[Tensor, " before"]:
        """Add what belongs to the sources of one node."""
        return shares.unflatten(0, (-1, self.takes)).sum(0)

    @property
    def takes(self) -> int:
        """Number of nodes that come in; a step may make more sources of them."""
        return nodes_before(self.step, self.sources) or 0

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
        """Split the layer into parts of at most `most` sources, each with the slice of its sources; without the step.

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
            yield (
                here,
                replace(self, **parts, formulas=formulas, affine=self.affine[rows], step="", norm=self.norm[:, :0]),
            )

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
            family=self.family,
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
        return can_be_read(self.active) and bool(self.active.all())

    def _learned(self) -> tuple[Tensor, Tensor]:
        """Return coefficients and base weights, with 0 where the edge does not use them.

        Numbers that an edge no longer uses must not reach other edges, not even as NaN.
        """
        nothing = torch.zeros((), dtype=self.coef.dtype, device=self.coef.device)
        coef = torch.where(self.active[..., None], self.coef, nothing)
        return coef, torch.where(self.active, self.base_weight, nothing)

    def enter(self, nodes: Float[Tensor, "rows before"]) -> Float[Tensor, "rows source"]:
        """Compute what the edges get from the nodes that come in: the step of this layer."""
        return enter(self.step, self.norm, nodes) if self.step else nodes

    def activations(
        self, x: Float[Tensor, "rows source"], derivative: Literal[0, 1] = 0
    ) -> Float[Tensor, "rows source target"]:
        """Compute phi of every edge at x, or its first derivative; x is in network units, after the step."""
        coef, weight = self._learned()
        base = engine.BASE_CURVES[self.base].curves[derivative](x)
        if self.family == SPLINE:
            y = spline(x, self.knots, coef, derivative, self.outside)
        else:
            y = torch.einsum("rsm,stm->rst", functions(self.family, x, self.knots, coef.shape[2], derivative), coef)
        y = y + base[..., None] * weight
        y = torch.where(self.active, y, torch.zeros_like(y))
        return with_formulas_on_edges(y, self.formulas, self.affine, x, derivative) if self.formulas else y

    def sums(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows target"]:
        """Compute the sum of activations plus bias for each target, without storing single activations."""
        coef, weight = (self.coef, self.base_weight) if self._all_active else self._learned()
        if self.family == SPLINE:
            y = engine.sums(x, engine.Parts(self.knots, coef, weight), self.bias, engine.Kind(self.base, self.outside))
        else:
            y = self._sums_of_family(x, coef) + engine.BASE_CURVES[self.base].value(x) @ weight + self.bias
        return with_formulas_on_sums(y, self.formulas, self.affine, x) if self.formulas else y

    def _sums_of_family(self, x: Tensor, coef: Tensor) -> Tensor:
        """Compute the sums of the functions of another family, some rows at a time."""
        sources, targets, count = coef.shape
        table = coef.transpose(1, 2).reshape(sources * count, targets)
        parts = x.split(max(1, _AT_ONCE // (sources * count)))
        return torch.cat([functions(self.family, part, self.knots, count, 0).flatten(1) @ table for part in parts])

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

    def __call__(self, nodes: Float[Tensor, "rows before"]) -> Float[Tensor, "rows node"]:
        """Compute the nodes from those of the column before, both in network units."""
        return self.combine(self.sums(self.enter(nodes)))
