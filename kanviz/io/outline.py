"""Describes a KAN by the shapes of its tensors alone: columns, grid, order and number of parameters."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerSizes:
    """The sizes of one layer: nodes before and after it, intervals of its grid, order of its splines.

    Where curves are no splines, `grid` is the number of functions that each is a sum of, and the order is 0.
    """

    sources: int
    nodes: int
    grid: int
    order: int

    @classmethod
    def of(cls, knots: Shape, coef: Shape, nodes: int = 0) -> "LayerSizes | None":
        """Read them from knots (source, knot) and coefficients (source, target, basis); None where these do not fit.

        nodes: number of nodes, if it is not that of the targets.
        """
        if len(knots) != 2 or len(coef) != 3 or knots[0] != coef[0] or 0 in coef:
            return None
        order = knots[1] - coef[2] - 1
        return cls(coef[0], nodes or coef[1], coef[2] - order, order) if 1 <= order < coef[2] else None

    def meets(self, following: "LayerSizes") -> bool:
        """Say whether the next layer takes as many values as this one gives."""
        return self.nodes == following.sources


@dataclass(frozen=True)
class Outline:
    """The sizes of a network; parameters: how many numbers of it training changes."""

    layers: tuple[LayerSizes, ...]
    parameters: int

    @classmethod
    def of(cls, layers: "list[LayerSizes | None]", parameters: int) -> "Outline | None":
        """Return the outline of these layers; None where there is none, one has no sizes, or two do not meet."""
        known = tuple(layer for layer in layers if layer is not None)
        if not known or len(known) < len(layers) or not all(a.meets(b) for a, b in pairwise(known)):
            return None
        return cls(known, parameters)


def outline_of_efficient_kan(shapes: Mapping[str, Shape]) -> Outline | None:
    """Describe an efficient-kan by the shapes of its tensors, named without prefix; None where they are of none."""
    heads = [name.removesuffix("spline_weight") for name in shapes if name.endswith("spline_weight")]
    coefs = [shapes[f"{head}spline_weight"] for head in heads]  # target, source, basis
    grids = [shapes.get(f"{head}grid", ())[-1:] for head in heads]  # one row for each input, or for all
    sizes = [
        LayerSizes.of((coef[1], *grid), (coef[1], coef[0], coef[2])) if len(coef) == 3 else None
        for grid, coef in zip(grids, coefs, strict=True)
    ]
    fixed = ("grid", "running_mean", "running_var", "num_batches_tracked")
    return Outline.of(sizes, sum(math.prod(shape) for name, shape in shapes.items() if not name.endswith(fixed)))


def outline_of_pykan(shapes: Mapping[str, Shape]) -> Outline | None:
    """Describe a pykan 0.2 by the shapes of its tensors, named without prefix; None where they are of none."""
    numbers = sorted(int(name.split(".")[1]) for name in shapes if re.fullmatch(r"act_fun\.[0-9]+\.coef", name))
    sizes = [
        LayerSizes.of(
            shapes.get(f"act_fun.{n}.grid", ()),
            shapes[f"act_fun.{n}.coef"],
            math.prod(shapes.get(f"node_bias_{n}", ()) or shapes.get(f"act_fun.{n + 1}.grid", ())[:1]),
        )
        for n in numbers
    ]
    fixed = ("grid", "mask")
    return Outline.of(sizes, sum(math.prod(shape) for name, shape in shapes.items() if not name.endswith(fixed)))
