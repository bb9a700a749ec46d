"""Make new networks with small random splines, and read a shape such as [2, [5, 2], 1]."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import torch

from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from kanviz.core.spline import Outside, uniform_knots
from kanviz.errors import UserError

MOST_ORDER, MOST_GRID, MOST_COEFFICIENTS = 5, 1_000, 20_000_000


def parse_shape(shape: Sequence[Any]) -> list[tuple[int, int]]:
    """Read a shape in pykan's notation, [2, [5, 2], 1], as columns of (sum nodes, product nodes).

    Raises UserError for anything that is not such a shape.
    """
    columns = []
    for part in shape:
        pair = tuple(part) if isinstance(part, Sequence) else (part, 0)
        if len(pair) != 2 or not all(type(v) is int and v >= 0 for v in pair):
            raise UserError("A shape is a list of whole numbers, or pairs [sums, products] as in [2, [5, 2], 1].")
        if sum(pair) == 0:
            raise UserError("Every column of a shape needs at least one node, as in [2, 5, 1].")
        columns.append(pair)
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
    """Make a network to train, with small random splines on [low, high] (network units).

    shape: numbers of nodes, as in [2, 5, 1], or pairs [sum nodes, product nodes]. noise: standard deviation of the
    coefficients before they, like the base weights, are divided by the square root of the number of sources. Raises
    UserError for a shape, grid or order that is not possible or too large.

    >>> import kanviz
    >>> kanviz.init([2, [5, 2], 1], seed=0)
    KAN([2, 5+2×, 1], 25 edges, float64)
    >>> kanviz.init([2, 1], grid=0)
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: A grid has 1 to 1,000 intervals and an order of 1 to 5.
    """
    columns = parse_shape(shape)
    if not (1 <= order <= MOST_ORDER and 1 <= grid <= MOST_GRID):
        raise UserError(f"A grid has 1 to {MOST_GRID:,} intervals and an order of 1 to {MOST_ORDER}.")
    pairs = sum((a + b) * (c + 2 * d) for (a, b), (c, d) in itertools.pairwise(columns))
    if pairs * (grid + order) > MOST_COEFFICIENTS:
        raise UserError(
            f"This network would have {pairs * (grid + order):,} coefficients; kanviz makes at most "
            f"{MOST_COEFFICIENTS:,}. Choose fewer nodes or a coarser grid."
        )
    rng = torch.Generator().manual_seed(seed)
    layers = []
    for (sums_in, products_in), (sums, products) in itertools.pairwise(columns):
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
