"""A search for a row whose prediction uses a number that its lock left free, because rounding moved a hidden value."""

from dataclasses import replace

import pytest
import torch

from kanviz.core import engine
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.locks import data_lock
from kanviz.core.spline import basis

PATHS = [path for path in ("dense", "local", "native") if path != "native" or engine.native.instructions != "none"]
ROWS = 24


def cancelling(size: float, base: str, middle: str, *, products: bool = False) -> KAN:
    """A network in float32 whose first nodes are small differences of sums as large as `size`; steep curves, or a
    steep formula, carry their rounding on into fine grids.
    """
    rng = torch.Generator().manual_seed(1)
    columns = [2, [2, 1] if products else 3, 3, 1]
    kan = init(columns, grid=12, base=base, dtype=torch.float32, seed=3)
    first = kan.layers[0]
    large = size * torch.randn(first.coef.shape, generator=rng).sign()
    large[1] = -large[0]
    weight = size * torch.ones_like(first.base_weight)
    weight[1] = -weight[0]
    first = replace(first, coef=large + 0.3 * torch.randn(large.shape, generator=rng), base_weight=weight)
    steep = init([first.nodes, 3], grid=200, low=-0.5, high=0.5, base="zero", dtype=torch.float32, seed=2).layers[0]
    steep = replace(steep, coef=torch.randn(steep.coef.shape, generator=rng))
    if middle != "spline":
        steep = replace(steep, coef=torch.zeros_like(steep.coef))
        steep = steep.with_formulas({(i, i): Formula(middle, 40.0, 0.2, 5.0, 0.1) for i in range(3)})
    last = init([3, 1], grid=400, low=-5.0, high=5.0, base="zero", dtype=torch.float32, seed=2).layers[0]
    return kan.with_layers({0: first, 1: steep, 2: last})


def rows() -> torch.Tensor:
    """Rows with nearly equal values, so that what is large cancels."""
    one = 1.8 * torch.rand(ROWS, 1, generator=torch.Generator().manual_seed(5), dtype=torch.float64) - 0.9
    return torch.cat([one, one * (1 + 1e-6)], 1)


def computed(kan: KAN, x: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> list[list[torch.Tensor]]:
    """What enters each layer, by every way to compute the layers before it, all rows at once and one by one."""
    found = [list(kan.trace(x).nodes[:-1])]
    for path in PATHS:
        monkeypatch.setattr(engine, "chosen", lambda *_, path=path: path)
        for parts in (len(x), 1):
            entering = [kan.normalise(x)]
            for layer in kan.layers[:-1]:
                entering.append(torch.cat([layer(some) for some in entering[-1].split(parts)]))
            found.append(entering)
    return found


MIDDLES = ("spline", "sin", "x^3", "sin(3x) + x^2")
SIZES = (30.0, 3e3, 3e5)
PAIRS = [  # every two settings meet
    (size, ("silu", "identity")[(n + m) % 2], middle, (n // 2 + m) % 2 == 0)
    for n, middle in enumerate(MIDDLES) for m, size in enumerate(SIZES)
]  # fmt: skip


@pytest.mark.parametrize(("size", "base", "middle", "products"), PAIRS)
def test_no_way_to_compute_a_row_uses_a_number_that_its_lock_left_free(size, base, middle, products, monkeypatch):
    kan, x = cancelling(size, base, middle, products=products), rows()
    ways = computed(kan, x, monkeypatch)
    for n, row in enumerate(x):
        lock = data_lock(kan, row[None])
        for entering in ways:
            for layer, values, held in zip(kan.layers, entering, lock.layers, strict=True):
                used = basis(values[n : n + 1], layer.knots, layer.order, outside=layer.outside)[0] != 0
                assert not bool((used & ~held.coef[:, 0]).any())


def test_what_overflows_on_the_way_locks_all_that_follows():
    kan = cancelling(3e5, "identity", "spline")
    first = replace(kan.layers[0], base_weight=torch.tensor([[3e38] * 3, [-3e38] * 3]))
    assert bool(data_lock(kan.with_layers({0: first}), [[0.9, 0.9]]).layers[1].coef.all())


def test_a_row_whose_rounding_is_small_leaves_most_numbers_free():
    lock = data_lock(cancelling(3.0, "silu", "spline"), rows()[:1])
    assert all(float(held.coef.float().mean()) < 0.1 for held in lock.layers[1:])
