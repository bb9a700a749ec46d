"""Under a data lock the given rows keep their predictions bit for bit, whatever becomes of the free numbers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.locks import data_lock
from kanviz.errors import UserError
from tests.core.locks.helpers import attacked, same_bits
from tests.helpers import kans


def rows_for(kan: KAN, seed: int, count: int = 40) -> torch.Tensor:
    """Rows inside the grid and outside it, some of them on knots."""
    rng = torch.Generator().manual_seed(seed)
    knots = kan.layers[0].knots.double()
    low, high = knots[:, 0], knots[:, -1]
    x = low + (high - low) * (1.4 * torch.rand(count, len(knots), generator=rng, dtype=torch.float64) - 0.2)
    on = torch.rand(x.shape, generator=rng) < 0.3
    which = torch.randint(knots.shape[1], x.shape, generator=rng)
    return torch.where(on, knots.T.gather(0, which), x)


@given(kans(), st.integers(0, 1000))
def test_locked_rows_keep_their_bits_whatever_the_free_numbers_become(kan, seed):
    x = rows_for(kan, seed)
    new = attacked(kan, data_lock(kan, x), seed=seed)
    assert same_bits(kan(x), new(x))
    assert same_bits(kan(x[:7]), new(x[:7]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("path", ["native", "dense", "local"])
def test_every_way_to_compute_a_layer_keeps_the_locked_rows(dtype, path, monkeypatch):
    from kanviz.core import engine

    kan = init([2, 4, 3, 1], grid=20, dtype=dtype)
    if path == "native" and engine.native.instructions == "none":
        pytest.skip("the C kernel was not built here")
    x = rows_for(kan, 1, 60)
    new = attacked(kan, data_lock(kan, x))
    monkeypatch.setattr(engine, "chosen", lambda *_: path)
    assert same_bits(kan(x), new(x))
    assert not same_bits(kan(x + 0.5), new(x + 0.5))


def test_rows_are_in_table_units():
    inputs = (Variable("t", "K", 300.0, 20.0),)
    kan = init([1, 3, 1], grid=40, inputs=inputs)
    x = torch.linspace(285, 295, 30, dtype=torch.float64)[:, None]
    lock = data_lock(kan, x)
    assert same_bits(kan(x), attacked(kan, lock)(x))
    assert 0.2 < lock.capacity(kan)[0].share < 0.45
    assert lock.origin == "every number that 30 rows use"


def test_only_visited_control_points_are_locked():
    kan = init([1, 1], grid=10, low=0.0, high=10.0)
    held = data_lock(kan, [[4.5]]).layers[0].coef[0, 0]
    assert held.nonzero().flatten().tolist() == [4, 5, 6, 7]
    on_a_knot = data_lock(kan, [[5.0]]).layers[0].coef[0, 0]
    assert on_a_knot.nonzero().flatten().tolist() == [4, 5, 6, 7, 8]
    beyond = data_lock(kan, [[50.0]]).layers[0].coef[0, 0]
    assert beyond.nonzero().flatten().tolist() == [9, 10, 11, 12]


def test_rows_that_are_no_numbers_are_refused():
    with pytest.raises(UserError, match="no finite numbers"):
        data_lock(init([1, 1]), [[float("nan")]])
