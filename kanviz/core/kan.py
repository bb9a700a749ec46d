"""A KAN as a value: edges, layers, networks; nothing here is ever changed in place.

An edge computes phi(x) = w b(x) + sum_m c_m B_m(x), or a formula, or both. A node is the sum of its edges plus a bias,
or the product of several such sums. Axes always run *rows, source, target*, and *target* counts sums, not nodes: a
product node of arity 2 owns two targets.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.core.formula import Formula, primitive
from kanviz.core.spline import Outside, basis, domain, greville, spline, uniform_knots
from kanviz.errors import UserError

BASES = {"silu": torch.nn.functional.silu, "identity": lambda x: x, "zero": torch.zeros_like}


class EdgeId(NamedTuple):
    """An address that never shifts: pruning hides an edge, it does not renumber the others."""

    layer: int
    source: int
    target: int

    def __str__(self) -> str:
        return f"edge {self.layer},{self.source},{self.target}"


@dataclass(frozen=True)
class Variable:
    """A named input or output, and how table units map to the network's: (value - shift) / scale."""

    name: str
    unit: str = ""
    shift: float = 0.0
    scale: float = 1.0

    def __str__(self) -> str:
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Edge:
    """The reading view of one edge: its parts, its names, and its value at any x (network units)."""

    id: EdgeId
    knots: Float[Tensor, " knot"]
    coef: Float[Tensor, " basis"]
    base: str
    base_weight: float
    active: bool
    formula: Formula | None
    frozen: bool
    outside: Outside
    source: str
    target: str

    @property
    def order(self) -> int:
        return len(self.knots) - len(self.coef) - 1

    @property
    def state(self) -> str:
        """ "spline", "formula", "both" or "pruned", read off the parts."""
        return {(True, True): "both", (True, False): "spline", (False, True): "formula"}.get(
            (self.active, self.formula is not None), "pruned"
        )

    @property
    def abscissae(self) -> Float[Tensor, " basis"]:
        """Where the control points sit (Greville); their ordinates are the coefficients."""
        return greville(self.knots[None], self.order)[0]

    @property
    def domain(self) -> tuple[float, float]:
        low, high = domain(self.knots[None], self.order)
        return float(low), float(high)

    def spline_part(self, x: Tensor, derivative: int = 0) -> Tensor:
        table, coef = self.knots[None], self.coef[None, None]
        return spline(x.reshape(-1, 1), table, coef, derivative, self.outside).reshape(x.shape)

    def base_part(self, x: Tensor, derivative: int = 0) -> Tensor:
        if derivative == 0:
            return self.base_weight * BASES[self.base](x)
        with torch.enable_grad():
            at = x.detach().requires_grad_(True)
            value = BASES[self.base](at).sum()
            (slope,) = torch.autograd.grad(value, at, materialize_grads=True)
        return self.base_weight * slope

    def __call__(self, x: Tensor, derivative: int = 0) -> Tensor:
        """phi(x), or its first derivative."""
        x = torch.as_tensor(x, dtype=self.coef.dtype)
        y = torch.zeros_like(x)
        if self.active:
            y = self.base_part(x, derivative) + self.spline_part(x, derivative)
        if self.formula is not None:
            y = y + (self.formula.derivative(x) if derivative else self.formula(x))
        return y


@dataclass(frozen=True, eq=False)
class Layer:
    """All edges between two columns of nodes.

    knots: every source has its own · coef: ordinates of the control points · base_weight: weight of the base function ·
    active: whether the edge's learned part (spline and base) counts · bias: added to each sum · arity: sums in each
    node (1 is a sum node, more a product node) · offset: added after a product (0 at sum nodes) ·
    formulas, affine: (source, target, primitive) and its a, b, c, d · frozen: edges that training leaves alone.
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
        s, t, _ = self.coef.shape
        if not self.arity:
            object.__setattr__(self, "arity", (1,) * t)
        fits = {
            "knots": self.knots.shape[0] == s and 1 <= self.order <= 10,
            "base_weight": self.base_weight.shape == (s, t),
            "active": self.active.shape == (s, t),
            "frozen": self.frozen.shape == (s, t),
            "bias": self.bias.shape == (t,),
            "arity": sum(self.arity) == t and min(self.arity, default=0) >= 1,
            "offset": self.offset.shape == (len(self.arity),),
            "formulas": self.affine.shape == (len(self.formulas), 4)
            and all(0 <= i < s and 0 <= j < t for i, j, _ in self.formulas),
            "base": self.base in BASES,
            "outside": self.outside in ("zero", "linear"),
        }
        wrong = [name for name, ok in fits.items() if not ok]
        if wrong:
            raise UserError(f"The parts of a layer do not fit each other: check {', '.join(wrong)}.")

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
        """The node that the sum `target` belongs to."""
        return [n for n, k in enumerate(self.arity) for _ in range(k)][target]

    def formula(self, source: int, target: int) -> Formula | None:
        for (i, j, name), row in zip(self.formulas, self.affine.tolist(), strict=True):
            if (i, j) == (source, target):
                return Formula(name, *row)
        return None

    def with_formula(self, source: int, target: int, formula: Formula | None) -> "Layer":
        """The layer with that formula on that edge, or with none there."""
        keep = [n for n, (i, j, _) in enumerate(self.formulas) if (i, j) != (source, target)]
        rows, names = self.affine[keep], [self.formulas[n] for n in keep]
        if formula is not None:
            rows = torch.cat([rows, rows.new_tensor([[formula.a, formula.b, formula.c, formula.d]])])
            names.append((source, target, formula.primitive))
        order = sorted(range(len(names)), key=names.__getitem__)
        return replace(self, formulas=tuple(names[n] for n in order), affine=rows[order])

    @cached_property
    def present(self) -> Bool[Tensor, "source target"]:
        """Which edges are not pruned."""
        there = self.active.clone()
        for i, j, _ in self.formulas:
            there[i, j] = True
        return there

    def _base(self, x: Tensor) -> Tensor:
        return BASES[self.base](x)

    def _formula_values(self, x: Tensor) -> Iterator[tuple[int, int, Tensor]]:
        for n, (i, j, name) in enumerate(self.formulas):
            a, b, c, d = self.affine[n].unbind()
            yield i, j, c * primitive(name).torch(a * x[:, i] + b) + d

    def activations(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows source target"]:
        """phi of every edge at x."""
        learned = spline(x, self.knots, self.coef, outside=self.outside)
        learned = learned + self._base(x)[..., None] * self.base_weight
        y = torch.where(self.active, learned, torch.zeros_like(learned))
        if self.formulas:
            extra = torch.zeros_like(y)
            for i, j, value in self._formula_values(x):
                extra[:, i, j] = value
            y = y + extra
        return y

    def sums(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows target"]:
        """Each target's sum of activations plus its bias, without keeping the single activations."""
        table = basis(x, self.knots, self.order, outside=self.outside)
        coef = torch.where(self.active[..., None], self.coef, torch.zeros_like(self.coef))
        weight = torch.where(self.active, self.base_weight, torch.zeros_like(self.base_weight))
        y = table.flatten(1) @ coef.transpose(1, 2).flatten(0, 1) + self._base(x) @ weight + self.bias
        if self.formulas:
            columns: dict[int, Tensor] = {}
            for _, j, value in self._formula_values(x):
                columns[j] = columns[j] + value if j in columns else value
            zero = torch.zeros_like(x[:, 0])
            y = y + torch.stack([columns.get(j, zero) for j in range(self.targets)], 1)
        return y

    def combine(self, sums: Float[Tensor, "rows target"]) -> Float[Tensor, "rows node"]:
        """Nodes from sums: products are multiplied out, sum nodes passed on."""
        if len(self.arity) == self.targets:
            return sums
        out, start = [], 0
        for node, k in enumerate(self.arity):
            part = sums[:, start : start + k]
            out.append(part[:, 0] if k == 1 else part.prod(1) + self.offset[node])
            start += k
        return torch.stack(out, 1)

    def __call__(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows node"]:
        return self.combine(self.sums(x))


@dataclass(frozen=True)
class Trace:
    """What flowed through a network: nodes[n] enters layer n, the last leaves; activations and sums per layer."""

    nodes: tuple[Tensor, ...]
    activations: tuple[Tensor, ...]
    sums: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class KAN:
    """A Kolmogorov-Arnold network: layers, names and units. `kan(x)` takes and gives table units."""

    layers: tuple[Layer, ...]
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    task: str = "regression"
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self):
        if not self.layers:
            raise UserError("A network needs at least one layer.")
        columns = [len(self.inputs), *(layer.nodes for layer in self.layers)]
        for n, layer in enumerate(self.layers):
            if layer.sources != columns[n]:
                raise UserError(f"Layer {n} takes {layer.sources} values, but {columns[n]} come in.")
        if columns[-1] != len(self.outputs):
            raise UserError(f"The last layer has {columns[-1]} nodes, but {len(self.outputs)} outputs are named.")

    # --- what it is -------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> torch.dtype:
        return self.layers[0].coef.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Nodes per column, inputs first."""
        return (self.layers[0].sources, *(layer.nodes for layer in self.layers))

    @property
    def shape_text(self) -> str:
        """The shape as people write it, sums and products apart: [2, 5+2×, 1]."""
        parts = [str(self.shape[0])]
        for layer in self.layers:
            products = sum(k > 1 for k in layer.arity)
            parts.append(f"{layer.nodes - products}+{products}×" if products else str(layer.nodes))
        return f"[{', '.join(parts)}]"

    def edges(self, *, pruned: bool = False) -> Iterator[EdgeId]:
        """Addresses of all edges that are there; with `pruned`, of all there ever were."""
        for n, layer in enumerate(self.layers):
            there = torch.ones_like(layer.active) if pruned else layer.present
            for i, j in there.nonzero().tolist():
                yield EdgeId(n, i, j)

    def edge(self, id: EdgeId | Sequence[int]) -> Edge:
        """The reading view of one edge."""
        n, i, j = self.check(id)
        layer = self.layers[n]
        return Edge(
            id=EdgeId(n, i, j),
            knots=layer.knots[i],
            coef=layer.coef[i, j],
            base=layer.base,
            base_weight=float(layer.base_weight[i, j]),
            active=bool(layer.active[i, j]),
            formula=layer.formula(i, j),
            frozen=bool(layer.frozen[i, j]),
            outside=layer.outside,
            source=self.node_name(n, i),
            target=self.target_name(n, j),
        )

    def check(self, id: EdgeId | Sequence[int]) -> EdgeId:
        """The address, if there is such an edge."""
        n, i, j = (int(part) for part in id)
        if not 0 <= n < len(self.layers):
            raise UserError(f"There is no layer {n}: this network has layers 0 to {len(self.layers) - 1}.")
        layer = self.layers[n]
        if not (0 <= i < layer.sources and 0 <= j < layer.targets):
            raise UserError(
                f"There is no edge {n},{i},{j}: layer {n} has sources 0 to {layer.sources - 1} "
                f"and targets 0 to {layer.targets - 1}."
            )
        return EdgeId(n, i, j)

    def node_name(self, column: int, index: int) -> str:
        """Name of a node: an input's, an output's, or h<column>,<index>."""
        if column == 0:
            return self.inputs[index].name
        if column == len(self.layers):
            return self.outputs[index].name
        return f"h{column},{index}"

    def target_name(self, layer: int, target: int) -> str:
        """Name of the node a target belongs to; the factors of a product node are lettered."""
        node = self.layers[layer].node_of(target)
        name = self.node_name(layer + 1, node)
        if self.layers[layer].arity[node] == 1:
            return name
        first = sum(self.layers[layer].arity[:node])
        return f"{name}{chr(ord('a') + target - first)}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that decides what it computes and is called; notes do not count."""
        sha = hashlib.sha256()
        sha.update(repr((self.inputs, self.outputs, self.task)).encode())
        for layer in self.layers:
            for part in fields(layer):
                value = getattr(layer, part.name)
                sha.update(f"{part.name}:".encode())
                if isinstance(value, Tensor):
                    sha.update(f"{value.dtype}{tuple(value.shape)}".encode())
                    sha.update(value.detach().contiguous().cpu().numpy().tobytes())
                else:
                    sha.update(repr(value).encode())
        return sha.hexdigest()

    # --- what it computes -------------------------------------------------------------------------------------

    def normalise(self, x: Any) -> Float[Tensor, "rows source"]:
        """Inputs in table units to network units; checks their shape."""
        x = torch.as_tensor(x, dtype=self.dtype)
        if x.ndim != 2 or x.shape[1] != len(self.inputs):
            raise UserError(
                f"The network takes a table of {len(self.inputs)} columns "
                f"({', '.join(v.name for v in self.inputs[:8])}); it got an array of shape {tuple(x.shape)}."
            )
        return _scaled(x, self.inputs)

    def denormalise(self, y: Float[Tensor, "rows node"]) -> Float[Tensor, "rows node"]:
        """Outputs in network units to table units."""
        if all(v.shift == 0 and v.scale == 1 for v in self.outputs):
            return y
        scale = y.new_tensor([v.scale for v in self.outputs])
        return y * scale + y.new_tensor([v.shift for v in self.outputs])

    def run(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows node"]:
        """The network in its own units."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __call__(self, x: Any) -> Float[Tensor, "rows output"]:
        """x: (rows, inputs) in table units; the outputs, in table units."""
        return self.denormalise(self.run(self.normalise(x)))

    def trace(self, x: Any) -> Trace:
        """Everything between the inputs (table units) and the outputs, in network units."""
        nodes, activations, sums = [self.normalise(x)], [], []
        for layer in self.layers:
            act = layer.activations(nodes[-1])
            activations.append(act)
            sums.append(act.sum(1) + layer.bias)
            nodes.append(layer.combine(sums[-1]))
        return Trace(tuple(nodes), tuple(activations), tuple(sums))

    # --- what else it could be --------------------------------------------------------------------------------

    def with_layer(self, n: int, **parts: Any) -> "KAN":
        """The network with some parts of layer n replaced."""
        return self.with_layers({n: replace(self.layers[n], **parts)})

    def with_layers(self, new: dict[int, Layer]) -> "KAN":
        return replace(self, layers=tuple(new.get(n, layer) for n, layer in enumerate(self.layers)))

    def to(self, dtype: torch.dtype) -> "KAN":
        """The same network in another precision."""
        parts = ("knots", "coef", "base_weight", "bias", "offset", "affine")
        return replace(
            self, layers=tuple(replace(v, **{p: getattr(v, p).to(dtype) for p in parts}) for v in self.layers)
        )

    def __repr__(self) -> str:
        edges = sum(int(layer.present.sum()) for layer in self.layers)
        return f"KAN({self.shape_text}, {edges} edges, {str(self.dtype).removeprefix('torch.')})"


def _scaled(x: Tensor, variables: Sequence[Variable]) -> Tensor:
    if all(v.shift == 0 and v.scale == 1 for v in variables):
        return x
    return (x - x.new_tensor([v.shift for v in variables])) / x.new_tensor([v.scale for v in variables])


def parse_shape(shape: Sequence[Any]) -> list[tuple[int, int]]:
    """Columns of (sum nodes, product nodes) from pykan's way of writing a width: [2, [5, 2], 1]."""
    columns = []
    for part in shape:
        sums, products = (part, 0) if isinstance(part, int) else (part[0], part[1]) if len(part) == 2 else (0, 0)
        if not all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in (sums, products)):
            raise UserError("A shape is a list of whole numbers, or pairs [sums, products] as in [2, [5, 2], 1].")
        if sums + products == 0:
            raise UserError("Every column of a shape needs at least one node, as in [2, 5, 1].")
        columns.append((sums, products))
    if len(columns) < 2 or columns[0][1]:
        raise UserError("A shape needs inputs and outputs, as in [2, 5, 1]; product nodes come after the inputs.")
    return columns


def init(
    shape: Sequence[Any],
    *,
    grid: int = 5,
    order: int = 3,
    seed: int = 0,
    base: str = "silu",
    outside: Outside = "linear",
    low: float = -1.0,
    high: float = 1.0,
    noise: float = 0.3,
    dtype: torch.dtype = torch.float64,
    inputs: Sequence[Variable] | None = None,
    outputs: Sequence[Variable] | None = None,
) -> KAN:
    """A network to train: small random splines on [low, high], base weights scaled to the number of sources."""
    columns = parse_shape(shape)
    rng = torch.Generator().manual_seed(seed)
    layers = []
    for (sums_in, products_in), (sums, products) in zip(columns, columns[1:], strict=False):
        sources, targets = sums_in + products_in, sums + 2 * products
        scale = 1 / math.sqrt(sources)
        knots = uniform_knots(low, high, grid, order, sources, dtype)
        coef = noise * scale * torch.randn(sources, targets, grid + order, generator=rng, dtype=torch.float64)
        weight = scale * (2 * torch.rand(sources, targets, generator=rng, dtype=torch.float64) - 1)
        everywhere = torch.ones(sources, targets, dtype=torch.bool)
        layers.append(
            Layer(
                knots=knots,
                coef=coef.to(dtype),
                base_weight=(weight if base != "zero" else 0 * weight).to(dtype),
                active=everywhere,
                bias=torch.zeros(targets, dtype=dtype),
                offset=torch.zeros(sums + products, dtype=dtype),
                affine=torch.zeros(0, 4, dtype=dtype),
                frozen=~everywhere,
                arity=(1,) * sums + (2,) * products,
                base=base,
                outside=outside,
            )
        )
    count_in, count_out = sum(columns[0]), sum(columns[-1])
    return KAN(
        tuple(layers),
        tuple(inputs) if inputs else tuple(Variable(f"x{i + 1}") for i in range(count_in)),
        tuple(outputs)
        if outputs
        else tuple(Variable("y" if count_out == 1 else f"y{j + 1}") for j in range(count_out)),
    )
