"""Define locks: values that say which numbers of a network training must not change.

A lock fixes every grid too: knots decide what a coefficient means, and whether a layer is computed in closed form.
"""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.errors import UserError
from kanviz.json_reader import LONGEST_TEXT, JsonReader, JsonValue
from kanviz.text import shown

LOCK = JsonReader("This is not a lock that kanviz wrote, or it was damaged: {why}. Save it again.", UserError)


@dataclass(frozen=True, eq=False)
class LayerLock:
    """The locked numbers of a layer: masks that are True where a number must not change.

    affine: the four constants of an edge's formula, whether or not it has one. The other names are those of `Layer`.
    """

    coef: Bool[Tensor, "source target basis"]
    base_weight: Bool[Tensor, "source target"]
    bias: Bool[Tensor, " target"]
    offset: Bool[Tensor, " node"]
    affine: Bool[Tensor, "source target"]

    @staticmethod
    def of(layer: Layer, *, held: bool) -> "LayerLock":
        """Return a lock of all numbers of the layer (held=True), or of none."""
        sizes = _sizes(layer.sources, layer.targets, layer.coef.shape[2], layer.nodes)
        return LayerLock(**{name: torch.full(size, held) for name, size in sizes.items()})

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of sources, targets, basis functions and nodes."""
        return (*self.coef.shape, len(self.offset))

    @cached_property
    def bits(self) -> bytes:
        """All masks as packed bits, in the order of the fields."""
        flat = torch.cat([getattr(self, part.name).flatten() for part in fields(self)])
        return np.packbits(flat.numpy()).tobytes()

    def fits(self, layer: Layer) -> bool:
        return self.shape == (*layer.coef.shape, layer.nodes)

    def merged(self, other: "LayerLock", how: Callable[[Tensor, Tensor], Tensor]) -> "LayerLock":
        return LayerLock(*(how(getattr(self, part.name), getattr(other, part.name)) for part in fields(self)))


@dataclass(frozen=True, eq=False)
class Capacity:
    """The free and locked control points of a layer.

    points: number of control points of each edge, 0 where it has no spline · locked: number of locked ones among them.

    >>> import kanviz
    >>> kan = kanviz.init([2, 1], grid=5)
    >>> (left,) = kanviz.Lock.of(kan, held=False).capacity(kan)
    >>> left.points.tolist(), left.free, left.share
    ([[8], [8]], 16, 0.0)
    """

    points: Int[Tensor, "source target"]
    locked: Int[Tensor, "source target"]

    @property
    def free(self) -> int:
        """Number of control points that may change."""
        return int((self.points - self.locked).sum())

    @property
    def share(self) -> float:
        """Share of the control points that is locked, 0 to 1; 0 if there are no control points."""
        return int(self.locked.sum()) / max(int(self.points.sum()), 1)


@dataclass(frozen=True, eq=False)
class Lock:
    """A set of numbers that training must not change. Locks of the same numbers are equal.

    name, origin: text for users. `train` under a lock leaves the locked numbers, and every grid, bit-identical. A lock
    fits networks of the same shape, also after edges were pruned, frozen or given formulas.

    >>> import kanviz
    >>> kan = kanviz.init([1, 2, 1])
    >>> everything, nothing = kanviz.Lock.of(kan, held=True), kanviz.Lock.of(kan, held=False)
    >>> everything.check(kan).holds(kanviz.EdgeId(0, 0, 1)), [part.free for part in everything.capacity(kan)]
    (True, [0, 0])
    >>> (everything & nothing) == nothing, kanviz.Lock.from_json(everything.to_json()) == everything
    (True, True)
    """

    layers: tuple[LayerLock, ...]
    name: str = "lock"
    origin: str = ""

    @staticmethod
    def of(kan: KAN, *, held: bool, name: str = "lock", origin: str = "") -> "Lock":
        """Return a lock of all numbers of the network (held=True), or of none."""
        return Lock(tuple(LayerLock.of(layer, held=held) for layer in kan.layers), name, origin)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lock) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple[tuple[tuple[int, ...], bytes], ...]:
        return tuple((layer.shape, layer.bits) for layer in self.layers)

    def __or__(self, other: "Lock") -> "Lock":
        """Lock the numbers that either lock holds. Raises UserError for locks of different shapes."""
        return self._merged(other, torch.logical_or, "and")

    def __and__(self, other: "Lock") -> "Lock":
        """Lock the numbers that both locks hold. Raises UserError for locks of different shapes."""
        return self._merged(other, torch.logical_and, "as far as")

    def _merged(self, other: "Lock", how: Callable[[Tensor, Tensor], Tensor], word: str) -> "Lock":
        if [layer.shape for layer in self.layers] != [layer.shape for layer in other.layers]:
            raise UserError(
                f"The locks {shown(self.name)} and {shown(other.name)} are for networks of different shapes or grids. "
                "Make both from the same network."
            )
        layers = tuple(one.merged(two, how) for one, two in zip(self.layers, other.layers, strict=True))
        words = (f"{a} {word} {b}" if a != b else a for a, b in ((self.name, other.name), (self.origin, other.origin)))
        return Lock(layers, *(text[:LONGEST_TEXT] for text in words))

    def check(self, kan: KAN) -> "Lock":
        """Return the lock itself if it fits the network. Raises UserError otherwise."""
        if len(self.layers) != len(kan.layers):
            raise UserError(
                f"The lock {shown(self.name)} is for a network of {len(self.layers)} layers, this one has "
                f"{len(kan.layers)}. Make it again from this network."
            )
        for n, (lock, layer) in enumerate(zip(self.layers, kan.layers, strict=True)):
            if not lock.fits(layer):
                raise UserError(
                    f"The lock {shown(self.name)} does not fit layer {n}, whose nodes or grid have changed since. "
                    "Make it again from this network."
                )
        return self

    def holds(self, edge: EdgeId) -> bool:
        """Return whether every number of the edge is locked."""
        n, i, j = edge
        layer = self.layers[n]
        return bool(layer.coef[i, j].all() & layer.base_weight[i, j] & layer.affine[i, j])

    def capacity(self, kan: KAN) -> tuple[Capacity, ...]:
        """Count, for each layer, all control points and the locked ones. Raises UserError if the lock does not fit."""
        self.check(kan)
        found = []
        for lock, layer in zip(self.layers, kan.layers, strict=True):
            points = layer.active.long() * layer.coef.shape[2]
            found.append(Capacity(points, lock.coef.sum(-1) * layer.active))
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Convert the lock to plain JSON: the shapes, and the masks as packed bits in base64."""
        layers = [{"shape": list(v.shape), "bits": base64.b64encode(v.bits).decode()} for v in self.layers]
        return {"name": self.name, "origin": self.origin, "layers": layers}

    @staticmethod
    def from_json(record: Any) -> "Lock":
        """Read a lock that `to_json` wrote. Raises UserError for anything else."""
        found = LOCK.value(record)
        return Lock(found["layers"].each(_layer, least=1), found["name"].text(), found["origin"].text())


def _sizes(sources: int, targets: int, basis: int, nodes: int) -> dict[str, tuple[int, ...]]:
    pairs = (sources, targets)
    return {"coef": (*pairs, basis), "base_weight": pairs, "bias": (targets,), "offset": (nodes,), "affine": pairs}


def _layer(found: JsonValue) -> LayerLock:
    sizes = _sizes(*found["shape"].each(lambda size: size.whole(1, 2**31 - 1), 4, 4))
    count = sum(math.prod(size) for size in sizes.values())
    packed = np.frombuffer(found["bits"].base64(), np.uint8)
    if len(packed) != (count + 7) // 8:  # before anything is allocated by the shape
        found["bits"].refuse("does not fit the shape")
    flat = torch.from_numpy(np.unpackbits(packed)).bool()
    if bool(flat[count:].any()):
        found["bits"].refuse("has bits beyond the shape")
    parts = flat[:count].split([math.prod(size) for size in sizes.values()])
    return LayerLock(**{name: part.reshape(size) for (name, size), part in zip(sizes.items(), parts, strict=True)})
