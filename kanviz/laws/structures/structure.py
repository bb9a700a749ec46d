"""List which inputs the parts of a law read: sums of curves, and products of such sums.

A structure is a small network with most edges left out. Structures are small enough that all of them can be tried.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from kanviz.core.init import parse_shape
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from kanviz.core.spline import uniform_knots

GRID, ORDER = 3, 3
MOST_SHARED = 5  # inputs up to which all ways to divide them among factors are tried
Inputs = tuple[int, ...]


@dataclass(frozen=True)
class Structure:
    """A sum of curves of `sum`, plus the products of `products`; each factor is a sum of curves of some inputs."""

    sum: Inputs
    products: tuple[tuple[Inputs, ...], ...] = ()

    @property
    def size(self) -> int:
        """The number of curves in it."""
        return len(self.sum) + sum(len(factor) for product in self.products for factor in product)

    def is_probe(self, count: int) -> bool:
        """Return whether it contains other structures, so that its error tells if a target transform is worth a try."""
        everything = tuple(range(count))
        factors = [factor for product in self.products for factor in product]
        return self.sum == everything and (all(f == everything for f in factors) or all(len(f) == 1 for f in factors))

    def network(self, count: int, seed: int = 0) -> KAN:
        """Return a network of this structure with small random curves, to be fitted."""
        groups = ([self.sum] if self.sum else []) + [factor for product in self.products for factor in product]
        arity = ([1] if self.sum else []) + [len(product) for product in self.products]
        mask = torch.zeros(count, len(groups), dtype=torch.bool)
        for target, inputs in enumerate(groups):
            mask[list(inputs), target] = True
        layers = [new_layer(mask, tuple(arity), seed)]
        if len(arity) > 1:
            layers.append(adder(len(arity)))
        return named(layers, count)


def new_layer(mask: torch.Tensor, arity: tuple[int, ...], seed: int) -> Layer:
    """Return small random splines on [-1, 1] where the mask allows an edge; factors of products begin near 1."""
    sources, targets = mask.shape
    rng = torch.Generator().manual_seed(seed)
    noise = 0.3 * torch.randn(sources, targets, GRID + ORDER, generator=rng, dtype=torch.float64)
    lean = torch.randn(sources, targets, 1, generator=rng, dtype=torch.float64)
    at = torch.linspace(-1, 1, GRID + ORDER, dtype=torch.float64)
    coef = (noise + lean * at) / mask.sum(0).clamp(min=1).sqrt()[:, None]
    bias = torch.cat([torch.full((k,), 0.0 if k == 1 else 1.0, dtype=torch.float64) for k in arity])
    return Layer(
        knots=uniform_knots(-1.0, 1.0, GRID, ORDER, sources, torch.float64),
        coef=torch.where(mask[..., None], coef, torch.zeros_like(coef)),
        base_weight=torch.zeros(sources, targets, dtype=torch.float64),
        active=mask,
        bias=bias,
        offset=torch.zeros(len(arity), dtype=torch.float64),
        affine=torch.zeros(0, 4, dtype=torch.float64),
        frozen=torch.zeros_like(mask),
        arity=arity,
        base="zero",
        outside="linear",
    )


def formula_layer(sources: int, name: str, constants: Sequence[float], *, frozen: bool) -> Layer:
    """Return a layer from some nodes to one, with the same formula on every edge."""
    nothing = torch.zeros(sources, 1, dtype=torch.bool)
    layer = new_layer(nothing, (1,), 0)
    affine = torch.tensor([list(constants)] * sources, dtype=torch.float64)
    return Layer(
        **{name: getattr(layer, name) for name in ("knots", "coef", "base_weight", "active", "offset")},
        bias=torch.zeros(1, dtype=torch.float64),
        affine=affine,
        frozen=nothing | frozen,
        formulas=tuple((i, 0, name) for i in range(sources)),
        arity=(1,),
        base="zero",
        outside="linear",
    )


def adder(sources: int) -> Layer:
    """Return a plain sum of some nodes, which does not learn."""
    return formula_layer(sources, "x", (1.0, 0.0, 1.0, 0.0), frozen=True)


def named(layers: Sequence[Layer], count: int) -> KAN:
    """Return a network with inputs x1, x2 ... and the output y."""
    return KAN(tuple(layers), tuple(Variable(f"x{i + 1}") for i in range(count)), (Variable("y"),))


def structures(count: int, products: int = 2) -> Iterator[Structure]:
    """Generate the structures worth trying for `count` inputs, simplest first; products: the most there may be."""
    everything = tuple(range(count))
    yield Structure(everything)
    if count == 1 and products:
        yield Structure((0,), (((0,), (0,)),))
    if count == 1 or products == 0:
        return
    masks = [*_groups(everything), (everything, everything)]
    for factors in masks:
        yield Structure((), (factors,))
    for factors in masks:
        yield Structure(everything, (factors,))
    if products > 1:
        for two in _pairs(everything):
            yield Structure(everything, two)


def _groups(inputs: Inputs) -> list[tuple[Inputs, ...]]:
    """Return the ways to divide the inputs among factors, each input in at most one."""
    single: tuple[Inputs, ...] = tuple((i,) for i in inputs)
    if len(inputs) > MOST_SHARED:
        return [single]
    found: set[tuple[Inputs, ...]] = {single}
    for places in itertools.product(range(len(inputs) + 1), repeat=len(inputs)):
        if len(inputs) == MOST_SHARED and 0 in places:
            continue  # all inputs are in use
        groups = [tuple(i for i in inputs if places[i] == n) for n in range(1, len(inputs) + 1)]
        groups = tuple(sorted(group for group in groups if group))
        if len(groups) > 1:
            found.add(groups)
    return sorted(found, key=lambda groups: (sum(map(len, groups)), groups))


def _pairs(inputs: Inputs) -> list[tuple[tuple[Inputs, ...], ...]]:
    """Return the sets of two products that are tried."""
    single, whole = tuple((i,) for i in inputs), (inputs, inputs)
    found = [(single, single), (whole, whole)]
    if 2 < len(inputs) < MOST_SHARED:
        pairs = list(itertools.combinations(inputs, 2))
        found += [(((a,), (b,)), ((c,), (d,))) for (a, b), (c, d) in itertools.combinations(pairs, 2)]
    return found


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The limits that a shape sets: products, hidden nodes, a target transform."""

    products: int
    nested: bool
    outside: bool

    @staticmethod
    def of(shape: Sequence[int | Sequence[int]]) -> "Bounds":
        """Read the limits of a shape; no shape sets none.

        Two sum nodes can replace one product: u v = ((u + v)^2 - (u - v)^2) / 4.
        """
        if not shape:
            return Bounds(products=2, nested=True, outside=True)
        columns = parse_shape(shape)[1:]
        deep = len(columns) > 1
        most = max(products for _, products in columns)
        sums = max((sums for sums, _ in columns[:-1]), default=0)
        products = 2 if len(columns) > 2 and most else max(most, 1 if sums > 1 else 0)
        return Bounds(products=products, nested=deep, outside=deep)
