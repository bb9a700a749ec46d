"""FeedForward: blocks of five kinds, equal in parameters by construction."""

from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import kanviz
from kanviz.core.curves.feed_forward import KINDS, FeedForward, Kind
from kanviz.core.curves.rational import Rational, near_gelu, quotients
from kanviz.core.engine.native import instructions
from kanviz.core.engine.native import quotients as native
from kanviz.errors import LayerError, UserError
from tests.helpers import DTYPES, not_none

NAMES = get_args(Kind)
SIZES = {
    "curves": ("cells", "order", "share"),
    "gelu": (),
    "swiglu": (),
    "gr-kan": ("share",),
    "kan": ("grid", "order"),
}


def count(block: torch.nn.Module) -> int:
    return sum(part.numel() for part in block.parameters())


def test_every_kind_has_its_row():
    assert set(NAMES) == set(KINDS)


@given(kind=st.sampled_from(NAMES), d=st.integers(1, 9), parameters=st.integers(1, 3000), draws=st.data())
def test_a_block_has_as_many_parameters_as_fit_and_never_more(kind, d, parameters, draws):
    how = {name: draws.draw(st.integers(1, 5)) for name in SIZES[kind]}
    each, _, fixed = KINDS[kind].cost(d, {**KINDS[kind].usual, **how})
    if parameters < fixed + each:
        with pytest.raises(UserError, match=f"at least {fixed + each} parameters"):
            FeedForward(d, parameters, kind, **how)
        return
    block = FeedForward(d, parameters, kind, seed=0, **how)
    assert parameters - each < count(block) <= parameters
    assert block(torch.zeros(3, d)).shape == (3, d)


@pytest.mark.parametrize("kind", NAMES)
def test_every_number_of_a_block_learns_but_the_offsets_of_a_kan(kind):
    block = FeedForward(4, 600, kind, seed=0, dtype=torch.float64)
    block(torch.randn(9, 4, dtype=torch.float64)).square().sum().backward()
    still = {name.split(".")[-1] for name, part in block.named_parameters() if part.grad is None}
    assert still - {"offset", "affine"} == set()


@pytest.mark.parametrize("kind", NAMES)
def test_a_seed_makes_the_same_block_and_none_makes_another(kind):
    one, two = (FeedForward(4, 600, kind, seed=3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    three, four = (FeedForward(4, 600, kind) for _ in range(2))
    x = torch.ones(1, 4)
    assert not torch.equal(three(x), four(x))


def test_a_block_of_curves_begins_as_one_of_gelu():
    curves, gelu = (FeedForward(8, 2000, kind, seed=0, dtype=torch.float64) for kind in ("curves", "gelu"))
    with torch.no_grad():
        for name, part in curves.named_parameters():
            if name != "curve.coef":
                other = gelu.get_parameter(name).zero_()
                other[: len(part), : part.shape[1]] = part
    x = torch.randn(50, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert (curves(x) - gelu(x)).abs().max() < 0.02


def test_the_learning_rate_of_control_points_is_found_inside_blocks():
    model = torch.nn.Sequential(FeedForward(8, kind="curves"), FeedForward(8, kind="gr-kan"))
    weights, points = kanviz.parameter_groups(model, lr=0.01)
    assert points["params"] == [model.get_parameter("0.curve.coef")]
    assert len(weights["params"]) == 6


ANYTHING: dict[str, Any] = {"a word": "relu", "a number": 100.5}
REFUSED = {
    "no such kind": lambda: FeedForward(8, kind=ANYTHING["a word"]),
    "no width": lambda: FeedForward(0),
    "half a parameter": lambda: FeedForward(8, ANYTHING["a number"]),
    "a setting of another kind": lambda: FeedForward(8, kind="gelu", cells=4),
    "no cells": lambda: FeedForward(8, cells=0),
    "a share of nothing": lambda: FeedForward(8, kind="gr-kan", share=0),
    "another width": lambda: FeedForward(8)(torch.zeros(3, 7)),
    "quotients that cannot be shared": lambda: Rational(6, share=4),
    "quotients of other units": lambda: Rational(8)(torch.zeros(3, 9)),
}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("case", REFUSED)
def test_a_block_refuses_in_words(case):
    with pytest.raises((UserError, LayerError), match=r"\.$"):
        REFUSED[case]()


def test_a_quotient_begins_near_gelu_without_a_pole():
    x = torch.linspace(-30, 30, 601, dtype=torch.float64)[:, None]
    y = Rational(1, 1, dtype=torch.float64)(x)
    near = x.abs() <= 6
    assert (y - torch.nn.functional.gelu(x))[near].abs().max() < 0.005
    assert (near_gelu()[1] >= 0).all()
    assert (y[x < 0].abs() < 6).all()


def test_a_quotient_and_its_gradients_pass_gradcheck():
    curve = Rational(4, 2, dtype=torch.float64)
    x = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_(True)

    def run(x, above, below):
        return torch.func.functional_call(curve, {"above": above, "below": below}, (x,))

    assert torch.autograd.gradcheck(run, (x, curve.above, curve.below))
    assert torch.autograd.gradgradcheck(run, (x, curve.above, curve.below))
    by_row = torch.func.vmap(torch.func.grad(lambda row: curve(row).sum()))(x.detach())
    assert torch.allclose(by_row, torch.autograd.grad(curve(x).sum(), x)[0])


@pytest.mark.skipif(instructions == "none", reason="no C kernel was built here")
@given(
    seed=st.integers(0, 2**32), groups=st.integers(1, 30), share=st.integers(1, 4), rows=st.integers(1, 300),
    dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_the_kernel_gives_the_quotients_and_gradients_of_float64(seed, groups, share, rows, dtype):
    rng = torch.Generator().manual_seed(seed)
    x, grad = (torch.randn(rows, groups * share, generator=rng, dtype=torch.float64).to(dtype) for _ in range(2))
    coef = torch.randn(10, groups * share, generator=rng, dtype=torch.float64).to(dtype)
    found = native.forward(x, coef), *native.backward(grad, x, coef, of_x=True, of_coef=True)
    at, points = (one.double().requires_grad_(True) for one in (x, coef))
    y = quotients(at, points)
    for one, other in zip(found, (y, *torch.autograd.grad(y, (at, points), grad.double())), strict=True):
        size = max(1.0, float(other.detach().abs().max()))
        assert float((not_none(one) - other).detach().abs().max()) <= (1e-13 if dtype == torch.float64 else 5e-6) * size
