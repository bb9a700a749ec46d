"""Prepare a network for the solver: all its numbers in one float64 vector, its grids ready to be evaluated."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.locks.lock import Lock
from kanviz.core.training.parameters import FreeParameters
from kanviz.core.training.solvers.numpy_splines import Array, Grid

MOVING = ("coef", "base_weight", "bias", "affine")
RESTING = ("offset",)  # last in the vector: without product nodes it is not free, so free numbers may come first


@dataclass(frozen=True, eq=False)
class WorkingLayer:
    """The parts of a layer that training does not change, and the positions of its numbers in the vector.

    places: slice of the vector for each part. whole: all edges are active.
    """

    layer: Layer
    grid: Grid
    places: dict[str, slice]
    active: NDArray[np.bool_]
    whole: bool

    def part(self, vector: Array, name: str) -> Array:
        """Return the numbers of one part from the vector, in the layer's shape."""
        return vector[self.places[name]].reshape(getattr(self.layer, name).shape)

    def learned(self, vector: Array) -> tuple[Array, Array]:
        """Return coefficients and base weights, 0 on inactive edges."""
        coef, weight = self.part(vector, "coef"), self.part(vector, "base_weight")
        if self.whole:
            return coef, weight
        return np.where(self.active[..., None], coef, 0.0), np.where(self.active, weight, 0.0)


@dataclass(frozen=True, eq=False)
class Working:
    """A network's structure and numbers: `vector` has all numbers, `free` the indices of those that may change."""

    kan: KAN
    layers: tuple[WorkingLayer, ...]
    vector: Array
    free: NDArray[np.int64]

    @staticmethod
    def of(kan: KAN, parts: Collection[str], frozen: Collection[EdgeId], lock: Lock | None = None) -> "Working":
        kan = kan.to(torch.float64)
        layers, numbers, free, at = [], [], [], 0
        masks = FreeParameters.of(kan, parts, frozen, lock).masks
        places: list[dict[str, slice]] = [{} for _ in masks]
        for names in (MOVING, RESTING):
            for layer, mask, place in zip(kan.layers, masks, places, strict=True):
                for name in names:
                    values = getattr(layer, name).numpy().reshape(-1)
                    free.append(at + np.flatnonzero(mask[name].numpy()))
                    place[name] = slice(at, at + len(values))
                    numbers.append(values)
                    at += len(values)
        for layer, place in zip(kan.layers, places, strict=True):
            grid = Grid.of(layer.knots.numpy(), layer.order, layer.outside)
            active = layer.active.numpy()
            layers.append(WorkingLayer(layer, grid, place, active, bool(active.all())))
        return Working(kan, tuple(layers), np.concatenate(numbers), np.concatenate(free))

    @property
    def theta(self) -> Array:
        """The free numbers."""
        return self.vector[self.free]

    def moved(self, theta: Array) -> "Working":
        """Return the same structure with other free numbers."""
        vector = self.vector.copy()
        vector[self.free] = theta
        return Working(self.kan, self.layers, vector, self.free)

    @cached_property
    def leading(self) -> bool:
        """Whether the free numbers are the first in the vector."""
        return len(self.free) == 0 or int(self.free[-1]) == len(self.free) - 1

    def network(self, dtype: torch.dtype) -> KAN:
        """Return the network as a value; parts without free numbers are the same tensor objects as before."""
        held = np.ones(len(self.vector), bool)
        held[self.free] = False
        new = {}
        for n, work in enumerate(self.layers):
            parts = {
                name: torch.from_numpy(self.vector[place].reshape(getattr(work.layer, name).shape).copy())
                for name, place in work.places.items()
                if not held[place].all()
            }
            new[n] = _with(work.layer, parts)
        kan = self.kan.with_layers(new)
        return kan if kan.dtype == dtype else kan.to(dtype)


def _with(layer: Layer, parts: dict[str, torch.Tensor]) -> Layer:
    """Do what `replace` does without the checks of a new layer; the shapes are known to be right."""
    new = object.__new__(Layer)
    for part in fields(Layer):
        object.__setattr__(new, part.name, parts.get(part.name, getattr(layer, part.name)))
    return new
