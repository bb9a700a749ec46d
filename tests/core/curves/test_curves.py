"""Curves: one learned spline for each unit, the same functions as the edges of a layer from each unit to itself."""

import copy
import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import kanviz
from kanviz.core.curves.module import Curves
from kanviz.core.engine.bases import BASE_CURVES
from kanviz.errors import LayerError, UserError
from tests.helpers import DTYPES

EXACT = {torch.float64: 1e-12, torch.float32: 2e-5}


def random_curves(seed: int, units: int, dtype: torch.dtype = torch.float64, **how) -> Curves:
    """Curves whose control points were moved at random."""
    curves = Curves(units, dtype=dtype, **how)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        curves.coef.add_(0.3 * torch.randn(curves.coef.shape, generator=rng, dtype=torch.float64).to(dtype))
    return curves


def rows_over(curves: Curves, count: int, seed: int = 0) -> Tensor:
    """Rows on the grid and past it, the first of them on knots."""
    low, high = curves.borders()
    rng = torch.Generator().manual_seed(seed)
    share = 2 * torch.rand(count, curves.units, generator=rng, dtype=torch.float64) - 0.5
    x = low + (high - low) * share.to(curves.coef.dtype)
    on = curves.knots[curves.order : curves.coef.shape[1] + 1][:count]
    x[: len(on)] = on[:, None]
    return x


@given(
    seed=st.integers(0, 2**32), units=st.integers(1, 4), share=st.integers(1, 3), cells=st.integers(1, 12),
    order=st.integers(1, 5), low=st.floats(-5, 0), width=st.floats(0.5, 9), dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_curves_are_the_edges_of_a_layer(seed, units, share, cells, order, low, width, dtype):
    curves = random_curves(
        seed, units * share, dtype, cells=cells, order=order, low=low, high=low + width, share=share, start="zero"
    )
    layer = curves.to_layer()
    assert torch.equal(layer.present, torch.eye(units * share, dtype=torch.bool))
    x = rows_over(curves, 20, seed)
    found, wanted = curves(x), layer(x)
    assert torch.allclose(found, wanted, rtol=EXACT[dtype], atol=10 * EXACT[dtype])


@pytest.mark.parametrize("start", BASE_CURVES)
def test_a_start_is_the_nearest_curve_to_its_base_function(start):
    curves = Curves(1, cells=16, start=start, dtype=torch.float64)
    x = torch.linspace(-4, 4, 513, dtype=torch.float64)[:, None]

    def error() -> Tensor:
        return ((curves(x) - BASE_CURVES[start].value(x)) ** 2).sum()

    (slope,) = torch.autograd.grad(error(), curves.coef)
    assert slope.abs().max() < 1e-9
    assert error() < (0.1 if BASE_CURVES[start].kink else 1e-3)


def test_both_layouts_give_the_same_numbers_for_any_leading_axes():
    by_row = random_curves(0, 6, torch.float32)
    by_unit = Curves(6, unit_major=True)
    by_unit.load_state_dict(by_row.state_dict())
    x = 3 * torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(by_unit(x.movedim(-1, 0)), by_row(x).movedim(-1, 0), atol=1e-6)
    assert by_row(x[0, 0]).shape == (6,)
    assert by_row(x[:0]).shape == (0, 5, 6)


@pytest.mark.parametrize("order", range(1, 6))
def test_gradients_and_their_gradients_pass_gradcheck(order):
    curves = random_curves(order, 4, cells=5, order=order, share=2)
    x = 3 * torch.randn(5, 4, generator=torch.Generator().manual_seed(order), dtype=torch.float64)

    def run(x: Tensor, coef: Tensor) -> Tensor:
        return torch.func.functional_call(curves, {"coef": coef}, (x,))

    inputs = (x.requires_grad_(True), curves.coef)
    assert torch.autograd.gradcheck(run, inputs)
    assert torch.autograd.gradgradcheck(run, inputs)


def test_copies_and_states_compute_the_same_bits():
    one = random_curves(1, 6, share=2, start="sin", low=-2, high=3)
    assert set(one.state_dict()) == {"coef", "knots", "_extra_state"}
    x = rows_over(one, 9)
    again = Curves(6, share=2, dtype=torch.float64)
    again.load_state_dict(one.state_dict())
    assert again.start == "sin"
    file = io.BytesIO()
    torch.save(one, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)  # noqa: TID251  our own bytes, as users load their whole models
    for other in (again, loaded, copy.deepcopy(one)):
        assert torch.equal(other(x), one(x))


REFUSED = {
    "other units": (lambda: Curves(3)(torch.zeros(5, 4)), r"takes? 3 values a row, and x has shape \(5, 4\)"),
    "unit-major, given rows": (lambda: Curves(3, unit_major=True)(torch.zeros(5, 3)), "3 rows, one for each unit"),
    "another precision": (lambda: Curves(3)(torch.zeros(5, 3).double()), "float32 and x in float64"),
    "whole numbers": (lambda: Curves(3)(torch.zeros(5, 3).long()), "int64"),
    "a single number": (lambda: Curves(1)(torch.tensor(0.3)), "single number"),
    "sparse rows": (lambda: Curves(3)(torch.zeros(5, 3).to_sparse()), r"x.to_dense\(\)"),
    "another device": (lambda: Curves(3)(torch.zeros(5, 3, device="meta")), "on cpu and x on meta"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_curves_refuse_in_words(case):
    call, words = REFUSED[case]
    with pytest.raises(LayerError, match=words):
        call()


@pytest.mark.parametrize(
    "how",
    [{"units": 0}, {"cells": 0}, {"order": 6}, {"low": 4.0}, {"high": float("inf")}, {"start": "wave"}, {"share": 4}],
)
def test_sizes_that_are_not_possible_are_refused(how):
    with pytest.raises(UserError):
        Curves(**{"units": 6, **how})


def test_control_points_learn_faster_than_weights():
    model = torch.nn.Sequential(torch.nn.Linear(2, 4), Curves(4), torch.nn.Linear(4, 1))
    weights, points = kanviz.parameter_groups(model, lr=0.01, factor=10)
    assert points["params"] == [model[1].coef]
    assert (weights["lr"], points["lr"]) == (0.01, 0.1)
    assert len(weights["params"]) == 4
