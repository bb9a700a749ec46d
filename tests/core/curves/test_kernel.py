"""The C kernel and torch's operations give the same curves: values, gradients, what is no number, in any layout."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kanviz.core.curves import plain
from kanviz.core.curves.module import Curves
from kanviz.core.engine.native import curves as native
from kanviz.core.engine.native import instructions
from kanviz.errors import LayerError
from tests.core.curves.test_curves import random_curves, rows_over
from tests.core.engine.test_engine import NEEDS, best_up_to, sums_by
from tests.helpers import DTYPES, not_none

built = pytest.mark.skipif(instructions == "none", reason="no C kernel was built here")
CLOSE = {torch.float64: 2e-14, torch.float32: 2e-6}
CELLS = st.sampled_from((1, 2, 5, 8, 14, 15, 16, 23, 30, 31, 60))  # about the sizes at which tables fill registers


def by_row(x: Tensor, order: bool) -> Tensor:
    """The same numbers, in memory row by row or unit by unit."""
    return x.T.contiguous().T if order else x.contiguous()


def gradients(x: Tensor, knots: Tensor, coef: Tensor, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Values and gradients at x (unit, rows), by torch's operations."""
    x, coef = (one.detach().clone().requires_grad_(True) for one in (x, coef))
    y = plain.values(x, knots, coef, by_unit=True)
    of_x, of_coef = torch.autograd.grad(y, (x, coef), grad)
    return y.detach(), of_x, of_coef


@built
@given(
    seed=st.integers(0, 2**32), curves=st.integers(1, 40), share=st.integers(1, 20), cells=CELLS,
    order=st.integers(1, 5), rows=st.integers(1, 600), dtype=st.sampled_from(DTYPES), x_order=st.booleans(),
    grad_order=st.booleans(),
)  # fmt: skip
def test_the_kernel_gives_the_values_and_gradients_of_float64(
    seed, curves, share, cells, order, rows, dtype, x_order, grad_order
):
    units = curves * min(share, 40 // curves + 1)
    module = random_curves(seed, units, dtype, cells=cells, order=order, share=units // curves)
    knots, coef = module.knots, module.coef.detach()
    x = rows_over(module, rows, seed).T
    grad = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
    x, grad = by_row(x, x_order), by_row(grad, grad_order)
    found = (
        native.forward(x, knots, coef, by_unit=True),
        *native.backward(grad, x, knots, coef, by_unit=True, of_x=True, of_coef=True),
    )
    wanted = gradients(x.double(), knots.double(), coef.double(), grad.double())
    for one, other in zip(found, wanted, strict=True):
        size = max(1.0, float(other.abs().max()))
        assert float((not_none(one) - other).abs().max()) <= CLOSE[dtype] * size * (2 if cells > 16 else 1)


@built
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("order", range(1, 6))
def test_what_is_infinite_huge_or_not_a_number_is_alike(order, dtype):
    most = torch.finfo(dtype).max
    odd = torch.tensor([torch.nan, torch.inf, -torch.inf, most, -most, 1e30, -1e30, 3, -3, 0.2], dtype=torch.float64)
    x = odd.to(dtype)[None].repeat(len(odd), 1)
    module = random_curves(order, len(odd), dtype, order=order, low=-3, high=3)
    knots, coef = module.knots, module.coef.detach()
    grad = torch.diag(torch.ones(len(odd), dtype=dtype))  # each unit has one of them alone
    wanted = gradients(x, knots, coef, grad)
    found = (
        native.forward(x, knots, coef, by_unit=True),
        *native.backward(grad, x, knots, coef, by_unit=True, of_x=True, of_coef=True),
    )
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(not_none(one).isfinite(), other.isfinite())
        assert torch.allclose(not_none(one), other, rtol=1e-4, atol=1e-4, equal_nan=True)
    assert found[0][0, :3].isnan().all()  # at infinity a straight line has no value


@built
def test_at_order_1_the_slope_on_a_knot_is_the_next_cells():
    module = Curves(1, cells=3, order=1, low=0, high=3, start="zero", unit_major=True)
    module.coef.data[:] = torch.tensor([0.0, 1, 3, 2])
    x = torch.tensor([[0.0, 1, 2, 3, -1, 4]], requires_grad=True)
    module(x).sum().backward()
    assert not_none(x.grad).tolist() == [[1, 2, -1, -1, 1, -1]]


@built
def test_two_threads_and_both_layouts_compute_the_same_bits():
    module = random_curves(5, 40, torch.float32)
    x = rows_over(module, 9000).T.contiguous()
    grad = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    results = []
    for threads, order in ((1, False), (2, False), (2, True)):
        torch.set_num_threads(threads)
        try:
            parts = (module.knots, module.coef.detach())
            into = native.backward(by_row(grad, order), by_row(x, order), *parts, by_unit=True, of_x=True, of_coef=True)
            results.append((native.forward(by_row(x, order), *parts, by_unit=True), *map(not_none, into)))
        finally:
            torch.set_num_threads(1)
    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other, strict=True))


@built
def test_no_copy_is_made_of_what_lies_without_gaps():
    module = random_curves(0, 6, torch.float32, unit_major=True)
    x = torch.randn(50, 6)
    y = module(x.T)
    assert y.T.is_contiguous()
    assert torch.equal(y.T, module(x.T.contiguous()).T)


@built
def test_the_kernel_itself_refuses_arrays_shorter_than_they_should_be():
    from kanviz.core.engine.native import _kernel, _span

    x, y = torch.zeros(1, 4), torch.zeros(1, 4)
    spans = [_span(one) for one in (x, torch.linspace(0, 1, 6), torch.ones(1, 4), y)]
    rest, numbers = [(0, 0)] * 2, (0, False, 4, 1, 1, 4, 1, 1, False, False)
    not_none(_kernel).run_curves(*numbers, *spans, *rest)
    for n, name in enumerate(("x", "knots", "coef", "y")):
        short = [(at, size - 1) if k == n else (at, size) for k, (at, size) in enumerate(spans)]
        with pytest.raises(ValueError, match=f"^{name} "):
            not_none(_kernel).run_curves(*numbers, *short, *rest)
    for wrong in (
        (0, False, 2**62, *numbers[3:]),
        (0, False, 4, 3, 2, *numbers[5:]),
        (0, False, 4, 1, 1, 2**30, *numbers[6:]),
    ):
        with pytest.raises(ValueError, match=r"shorter|at least"):
            not_none(_kernel).run_curves(*wrong, *spans, *rest)


@built
def test_memory_given_back_is_noticed():
    for name in ("x", "coef", "knots"):
        module, x = Curves(3), torch.zeros(20, 3)
        {"x": x, "coef": module.coef, "knots": module.knots}[name].untyped_storage().resize_(0)
        with pytest.raises(LayerError, match="no memory behind it"):
            module(x)


SCRIPT = """
import json, torch, kanviz
from kanviz.core.engine import native
torch.manual_seed(0)
x = torch.randn(300, 21, requires_grad=True)
out = {"instructions": native.instructions}
for dtype in (torch.float32, torch.float64):
    for order, cells in ((1, 5), (2, 9), (3, 8), (3, 16), (4, 40), (5, 3)):
        curves = kanviz.Curves(21, cells, order, -2, 2, dtype=dtype)
        y = curves(x.to(dtype))
        y.sin().sum().backward()
        out[f"{dtype} {order} {cells}"] = [p.double().abs().sum().item() for p in (y, curves.coef.grad, x.grad)]
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def sums_by_torch() -> dict[str, Any]:
    return sums_by("none", SCRIPT)


@built
@pytest.mark.parametrize("wanted", NEEDS)
def test_every_instruction_set_agrees_with_torch_alone(wanted, sums_by_torch):
    found = sums_by(wanted, SCRIPT)
    assert found.pop("instructions") == best_up_to(wanted)
    for name, numbers in found.items():
        assert numbers == pytest.approx(sums_by_torch[name], rel=1e-5), name
