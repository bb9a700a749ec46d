"""Define a KAN as a value: layers, names and units; nothing here is ever changed in place."""

import hashlib
import operator
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import ascii_lowercase
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.columns.rows import rows_of
from kanviz.core.drawn import DrawnKAN
from kanviz.core.edge_list import EdgeList
from kanviz.core.layer import Edge, EdgeId, Layer, Variable
from kanviz.core.prediction import like, predictions
from kanviz.core.trace import Trace
from kanviz.errors import UserError

Task = Literal["regression", "classification"]


class Caution(str):
    """A warning about a change of what the network means: something was assumed, left out, or has no value."""

    __slots__ = ()


@dataclass(frozen=True, eq=False)
class KAN(DrawnKAN):
    """A Kolmogorov-Arnold network: layers, names and units. `kan(x)` takes and returns table units.

    notes: what was assumed, repaired or left out when its file was read; a note that is a `Caution` changes what the
    network means. Raises UserError where layers, inputs and outputs do not fit each other. Source: Liu et al., KAN:
    Kolmogorov-Arnold Networks, 2024, arXiv 2404.19756.

    >>> import kanviz, torch
    >>> kan = kanviz.init([2, 3, 1], seed=0)
    >>> kan, kan([[0.5, -0.5], [1.0, 0.0]]).shape
    (KAN([2, 3, 1], 9 edges, float64), torch.Size([2, 1]))
    >>> kan.check([0, 1, 2]), kan.node_name(0, 1), kan.target_name(0, 2), kan.edge([1, 0, 0]).state
    (EdgeId(layer=0, source=1, target=2), 'x2', 'h1,2', 'spline')
    >>> kan.source_name(1, 2), kan.axis_of(0, 1)
    ('h1,2', Variable(name='x2', unit='', shift=0.0, scale=1.0))
    >>> len(list(kan.edges())), len(kan.edge_list(pruned=True)), kan.to(torch.float32).run(torch.zeros(5, 2)).dtype
    (9, 9, torch.float32)
    """

    layers: tuple[Layer, ...]
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    task: Task = "regression"
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self):
        if not self.layers:
            raise UserError("A network needs at least one layer.")
        if len({layer.coef.dtype for layer in self.layers}) > 1:
            raise UserError("The layers of a network must all be float32 or all float64.")
        columns = [len(self.inputs), *(layer.nodes for layer in self.layers)]
        for n, layer in enumerate(self.layers):
            if layer.takes != columns[n]:
                raise UserError(f"Layer {n} takes {layer.takes} values, but {columns[n]} come in.")
        if columns[-1] != len(self.outputs):
            raise UserError(f"The last layer has {columns[-1]} nodes, but {len(self.outputs)} outputs are named.")

    # --- properties -------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> torch.dtype:
        return self.layers[0].coef.dtype

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """Notes that change what the network means."""
        return tuple(note for note in self.notes if isinstance(note, Caution))

    @property
    def shape(self) -> tuple[int, ...]:
        """Nodes per column, inputs first."""
        return (len(self.inputs), *(layer.nodes for layer in self.layers))

    @property
    def shape_text(self) -> str:
        """The shape as text, with product nodes after the sum nodes: [2, 5+2×, 1]."""
        parts = [str(self.shape[0])]
        for layer in self.layers:
            products = sum(k > 1 for k in layer.arity)
            parts.append(f"{layer.nodes - products}+{products}×" if products else str(layer.nodes))
        return f"[{', '.join(parts)}]"

    def edges(self, *, pruned: bool = False) -> Iterator[EdgeId]:
        """Iterate over the addresses of all edges that are not pruned; with `pruned`, over all addresses."""
        return iter(self.edge_list(pruned=pruned))

    def edge_list(self, *, pruned: bool = False) -> EdgeList:
        """Return the addresses of `edges` as a sequence that needs little memory even for many edges."""
        return EdgeList([torch.ones_like(layer.active) if pruned else layer.present for layer in self.layers])

    def edge(self, id: EdgeId | Sequence[int]) -> Edge:
        """Return a read-only view of one edge. Raises UserError where there is no such edge."""
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
            family=layer.family,
            source=self.source_name(n, i),
            target=self.target_name(n, j),
        )

    def check(self, id: EdgeId | Sequence[int]) -> EdgeId:
        """Return the address as an `EdgeId`. Raises UserError where there is no such edge."""
        try:
            n, i, j = (operator.index(part) for part in id)
        except (TypeError, ValueError):
            raise UserError(
                f"An edge is addressed by three whole numbers: layer, source, target; got {str(id)[:40]}."
            ) from None
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
        """Return the name of a node: that of an input or output, or h<column>,<index> for a hidden node."""
        if column == 0:
            return self.inputs[index].name
        if column == len(self.layers):
            return self.outputs[index].name
        return f"h{column},{index}"

    def source_name(self, layer: int, source: int) -> str:
        """Return the name of what the edges of a layer get from one source: a node, or "tanh x1" or "norm x1" of it."""
        return self.layers[layer].prefix_of(source) + self.node_name(layer, source % self.layers[layer].takes)

    def axis_of(self, layer: int, source: int) -> Variable:
        """Return the variable on the x axis of a source's curves: an input with its units, else network units."""
        if layer or self.layers[0].prefix_of(source):
            return Variable(self.source_name(layer, source))
        return self.inputs[source]

    def target_name(self, layer: int, target: int) -> str:
        """Return the name of the node that a target belongs to; each factor of a product node gets a letter."""
        node = self.layers[layer].node_of(target)
        name = self.node_name(layer + 1, node)
        if self.layers[layer].arity[node] == 1:
            return name
        factor = target - sum(self.layers[layer].arity[:node])
        return f"{name}{ascii_lowercase[factor]}" if factor < 26 else f"{name}({factor + 1})"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all numbers, names and settings of the network; only the notes are left out."""
        sha = hashlib.sha256()
        sha.update(repr((self.inputs, self.outputs, self.task)).encode())
        for layer in self.layers:
            for name in layer.parts_of_digest:
                value = getattr(layer, name)
                sha.update(f"{name}:".encode())
                if isinstance(value, Tensor):
                    sha.update(f"{value.dtype}{tuple(value.shape)}".encode())
                    sha.update(value.detach().contiguous().cpu().numpy().tobytes())
                else:
                    sha.update(repr(value).encode())
        return sha.hexdigest()

    # --- evaluation -------------------------------------------------------------------------------------------

    def rows(self, x: Any) -> Float[Tensor, "rows source"]:
        """Return the inputs in table units as a tensor (rows, source).

        Columns of a table (pandas, polars, Arrow, a mapping) are found by name, and other columns are ignored; columns
        of an array are taken in order. Raises UserError, TableError for a table, where they do not fit.

        >>> import kanviz
        >>> kanviz.init([2, 1]).rows({"x2": [3.0], "not used": [0.0], "x1": [1.0]}).tolist()
        [[1.0, 3.0]]
        """
        return rows_of(x, self.inputs)

    def normalise(self, x: Any) -> Float[Tensor, "rows source"]:
        """Convert inputs from table units to network units; x may be anything that `rows` accepts."""
        x = self.rows(x)
        if all(v.shift == 0 and v.scale == 1 for v in self.inputs):
            return x.to(self.dtype)
        x = x.double()  # scaled before it is rounded: a large shift leaves few digits in float32
        shift = x.new_tensor([v.shift for v in self.inputs])
        return ((x - shift) / x.new_tensor([v.scale for v in self.inputs])).to(self.dtype)

    def denormalise(self, y: Float[Tensor, "rows node"]) -> Float[Tensor, "rows node"]:
        """Convert outputs from network units to table units.

        >>> import kanviz, torch
        >>> data = kanviz.Dataset.from_arrays([[0.0], [4.0]], [1.0, 5.0], test=0)
        >>> kan = kanviz.init([1, 1], inputs=data.inputs, outputs=data.outputs)
        >>> kan.normalise([[4.0]]).tolist(), kan.denormalise(torch.tensor([[0.0], [1.0]])).tolist()
        ([[1.0]], [[3.0], [5.0]])
        """
        if all(v.shift == 0 and v.scale == 1 for v in self.outputs):
            return y
        scale = y.new_tensor([v.scale for v in self.outputs])
        return y * scale + y.new_tensor([v.shift for v in self.outputs])

    def run(self, x: Float[Tensor, "rows source"]) -> Float[Tensor, "rows node"]:
        """Compute the outputs (rows, node) from inputs (rows, source), both in network units."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __call__(self, x: Any) -> Float[Tensor, "rows output"]:
        """Compute the outputs (rows, output) in table units.

        x: (rows, inputs) in table units, or a table with columns of the inputs' names. Raises UserError for others.
        """
        return self.denormalise(self.run(self.normalise(x)))

    def predict(self, table: Any, *, proba: bool = False) -> Any:
        """Predict every row of a table, and return the kind of table that was given, with as many rows.

        table: of pandas, polars or Arrow, a mapping of columns, or an array, read as by `rows`. The result has a column
        for each output, in table units; for classes, a column "class" of labels, or with `proba` the probability of
        each class. An array gives an array (rows, outputs), or (rows,) of labels; torch gets their numbers from 0. Rows
        that lack a value get NaN (None as a label, -1 as its number), and a warning says how many. Raises UserError,
        TableError for a table, where they do not fit.

        >>> import kanviz
        >>> kan = kanviz.from_formula("m*v**2/2", {"m": (0, 5), "v": (0, 5)})
        >>> kan.predict({"v": [2.0, 4.0], "name": ["a", "b"], "m": [3.0, 1.0]})["f"].tolist()
        [6.0, 8.0]
        """
        found = predictions(self, self.rows(table))
        for words in found.notes():
            warnings.warn(words, stacklevel=2)
        return like(table, found, proba=proba)

    def trace(self, x: Any) -> Trace:
        """Compute all values between inputs and outputs. x is in table units, the result in network units.

        >>> import kanviz
        >>> kan = kanviz.init([2, 3, 1], seed=0)
        >>> [values.shape for values in kan.trace([[0.5, -0.5]]).activations]
        [torch.Size([1, 2, 3]), torch.Size([1, 3, 1])]
        """
        values, nodes, activations, sums = self.normalise(x), [], [], []
        for layer in self.layers:
            nodes.append(layer.enter(values))
            activations.append(layer.activations(nodes[-1]))
            sums.append(activations[-1].sum(1) + layer.bias)
            values = layer.combine(sums[-1])
        return Trace((*nodes, values), tuple(activations), tuple(sums))

    # --- changed copies ---------------------------------------------------------------------------------------

    def with_layer(self, n: int, **parts: Any) -> "KAN":
        """Return a network in which some parts of layer n are replaced. Raises UserError where they do not fit.

        >>> import kanviz
        >>> kan = kanviz.init([1, 1])
        >>> kan.with_layer(0, bias=kan.layers[0].bias + 1).layers[0].bias.tolist(), kan.layers[0].bias.tolist()
        ([1.0], [0.0])
        >>> kan.with_layers({0: kan.layers[0]}).digest == kan.digest
        True
        """
        return self.with_layers({n: replace(self.layers[n], **parts)})

    def with_layers(self, new: dict[int, Layer]) -> "KAN":
        """Return a network with these layers, by number, instead of its own. Raises UserError where they do not fit."""
        return replace(self, layers=tuple(new.get(n, layer) for n, layer in enumerate(self.layers)))

    def to(self, dtype: torch.dtype) -> "KAN":
        """Return the same network in another precision, float32 or float64."""
        parts = ("knots", "coef", "base_weight", "bias", "offset", "affine", "norm")
        return replace(
            self, layers=tuple(replace(v, **{p: getattr(v, p).to(dtype) for p in parts}) for v in self.layers)
        )

    def __repr__(self) -> str:
        edges = sum(int(layer.present.sum()) for layer in self.layers)
        return f"KAN({self.shape_text}, {edges} edges, {str(self.dtype).removeprefix('torch.')})"
