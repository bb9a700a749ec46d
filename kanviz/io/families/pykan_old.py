"""Reads pykan 0.0: edges in one row (target after target), a grid without its continuation, and biases.

A layer computes sum over sources of mask (scale_base b(x) + scale_sp spline(x)), plus the bias; the grid is continued
by `order` even knots on each side. Source: kan/KAN.py, KANLayer.py and spline.py of pykan 0.0.5 on PyPI.
"""

import math
import re
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.families.family import Parts, read_as
from kanviz.io.families.shared_knots import on_shared_knots
from kanviz.io.foreign import by_prefix, check_knots, expect, network, numbers_of, own_parts
from kanviz.io.layer_runs import check_they_meet
from kanviz.io.outline import LayerSizes, Outline, Shape
from kanviz.io.pykan import note_masks
from kanviz.io.questions import Answers
from kanviz.text import listing

OWN = re.compile(
    r"(?<![^.])(act_fun\.(0|[1-9][0-9]{0,3})\.(grid|coef|mask|scale_base|scale_sp)"
    r"|symbolic_fun\.(0|[1-9][0-9]{0,3})\.(mask|affine)|biases\.(0|[1-9][0-9]{0,3})\.weight)$"
)
_FLAT = re.compile(r"(?<![^.])act_fun\.[0-9]{1,4}\.coef$")
groups = partial(by_prefix, OWN)


def recognises(shapes: Mapping[str, Shape]) -> bool:
    """Say whether a layer has its edges in one row, as pykan 0.0 has them."""
    return any(len(shape) == 2 and _FLAT.search(name) for name, shape in shapes.items())


def outline(shapes: Mapping[str, Shape]) -> Outline | None:
    """Describe the network of one group by the shapes of its tensors."""
    sizes: list[LayerSizes | None] = []
    for n in _numbers(shapes):
        coef, grid = shapes[f"act_fun.{n}.coef"], shapes.get(f"act_fun.{n}.grid", ())
        targets = _targets(n, shapes)
        fits = len(coef) == len(grid) == 2 and coef[0] == grid[0] and targets and coef[0] % targets == 0
        if not fits:
            return None
        sources, order = coef[0] // targets, coef[1] - grid[1] + 1
        sizes.append(LayerSizes.of((sources, grid[1] + 2 * order), (sources, targets, coef[1])))
    fixed = ("grid", "mask", "affine")
    return Outline.of(sizes, sum(math.prod(shape) for name, shape in shapes.items() if not name.endswith(fixed)))


def _numbers(names: Mapping[str, object]) -> list[int]:
    return sorted(int(name.split(".")[1]) for name in names if re.fullmatch(r"act_fun\.[0-9]+\.coef", name))


def _targets(n: int, shapes: Mapping[str, Shape]) -> int:
    """Return how many nodes layer n ends in, 0 if nothing says it."""
    bias, symbolic = shapes.get(f"biases.{n}.weight", ()), shapes.get(f"symbolic_fun.{n}.mask", ())
    return bias[-1] if len(bias) == 2 else symbolic[0] if len(symbolic) == 2 else 0


def read(opened: Tensors, answers: Answers) -> KAN:
    """Read a network of pykan 0.0.

    Raises LoadError for one with symbolic functions, whose names it does not save, and for parts that do not fit.
    """
    state, notes = own_parts(opened, OWN, "pykan 0.0")
    numbers = _numbers(state)
    stray = [name for name in state if int(name.split(".")[1]) not in numbers]
    if numbers != list(range(len(numbers))) or stray:
        raise LoadError(
            f"The layers with splines are numbered {numbers_of(numbers)}"
            f"{f', and {listing(stray)} belong to others' if stray else ''}. Save the whole state_dict again."
        )
    dtype = torch.float64 if any(part.dtype == torch.float64 for part in state.values()) else torch.float32
    for n in numbers:
        _refuse_functions(n, state)
    layers = [_layer(Parts(n, f"act_fun.{n}.", Tensors(state, {}, "", ()), answers, dtype, notes)) for n in numbers]
    check_they_meet([(layer.sources, layer.targets) for layer in layers], "act_fun.0.", opened.block)
    return network(layers, [*notes, *read_as("pykan 0.0")(layers)])


def _refuse_functions(n: int, state: Mapping[str, Tensor]) -> None:
    """Refuse a layer with symbolic functions: the file has their constants and not their names."""
    mask = state.get(f"symbolic_fun.{n}.mask")
    places = [] if mask is None or mask.ndim != 2 else (mask != 0).T.nonzero().tolist()  # pykan: target, source
    if places:
        edges = listing([f"{n},{i},{j}" for i, j in places], 6)
        what = f"Edge {edges} has a symbolic function" if len(places) == 1 else f"Edges {edges} have symbolic functions"
        raise LoadError(
            f"{what}, and pykan 0.0 does not save which. Set such an edge back to its spline there (unfix_symbolic), "
            "or save the network with pykan 0.2."
        )


def _layer(parts: Parts) -> Layer:
    """Read a layer of splines; edge j S + i leads from source i to target j."""
    n, state = parts.n, parts.opened.tensors
    targets = _targets(n, parts.opened.shapes())
    coef, grid = parts.weight("coef", 2), parts.weight("grid", 2)
    edges, basis = coef.shape
    if not targets or edges % targets:
        raise LoadError(
            f"Layer {n} has {edges} edges, and biases.{n}.weight, which says for how many outputs, "
            f"{f'has {targets}' if targets else 'is missing or has a wrong shape'}. Save the whole state_dict."
        )
    sources = edges // targets
    expect(parts.name("grid"), grid, edges, grid.shape[1])
    order = basis - grid.shape[1] + 1
    if not 1 <= order <= 10 or grid.shape[1] < 2:
        raise LoadError(
            f"Layer {n} has {grid.shape[1]} grid points and {basis} coefficients, which would be splines of order "
            f"{order}; kanviz reads orders 1 to 10. Check that these are the weights of one KAN."
        )

    def by_edge(values: Tensor) -> Tensor:
        """Return (source, target, ...) of what pykan has by edge."""
        return values.double().reshape(targets, sources, *values.shape[1:]).transpose(0, 1)

    _check_grid(parts, grid, sources)
    wide = grid.double()
    step = (wide[:, -1:] - wide[:, :1]) / (grid.shape[1] - 1)
    more = torch.arange(1, order + 1)
    knots = torch.cat([wide[:, :1] - step * more.flip(0), wide, wide[:, -1:] + step * more], 1)
    mask, base, scale = (
        by_edge(expect(parts.name(name), parts.weight(name, 1), edges)) for name in ("mask", "scale_base", "scale_sp")
    )
    factor = torch.where(mask == 0, 1.0, mask)  # a pruned edge keeps its numbers
    note_masks(n, "Mask", mask, parts.notes)
    shared, values = on_shared_knots(n, by_edge(knots), by_edge(coef) * (factor * scale)[..., None])
    bias = state.get(f"biases.{n}.weight")
    return parts.curves(
        shared,
        values,
        factor * base,
        active=mask != 0,
        base=parts.base(),
        bias=torch.zeros(targets) if bias is None else expect(f"biases.{n}.weight", bias, 1, targets)[0],
    )


def _check_grid(parts: Parts, grid: Tensor, sources: int) -> None:
    """Refuse grids with NaN or infinity, that descend, or that have no width; the message names the input."""
    for rows in grid.split(sources):  # of one target
        check_knots(parts.n, rows)
    flat = (grid.diff(dim=1) <= 0).any(1).nonzero().flatten().tolist()
    if flat:
        raise LoadError(
            f"Grid points of layer {parts.n}, input {flat[0] % sources} coincide: pykan 0.0 divides by zero there. "
            "Leave a constant input out and train again."
        )
