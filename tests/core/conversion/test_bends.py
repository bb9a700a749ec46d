"""The bounds of |f''''|, which the bound of a conversion rests on."""

import pytest
import torch

from kanviz.core.conversion.bends import BENDS, corners
from kanviz.core.families import FAMILIES, functions
from tests.core.test_families import ROWS

SPARSE = {"quotient_abs": ([0.5, 1.0, -0.3, 0.1, 0.0, 0.0], 1), "quotient_sum": ([0.5, 1.0, -0.3, 0.0, 0.7, 0.0], 1)}


def test_each_family_has_a_bound():
    assert set(BENDS) == set(FAMILIES)


@pytest.mark.parametrize(("family", "numbers"), [*ROWS.items(), *SPARSE.items()])
def test_no_fourth_derivative_is_above_its_bound_and_some_are_near(family, numbers):
    row, count = torch.tensor([numbers[0]], dtype=torch.float64), numbers[1]
    ends = torch.linspace(-2.1, 2.3, 61, dtype=torch.float64)[:, None]
    low, high = ends[:-1], ends[1:]
    bound = BENDS[family](low, high, row, count)[:, 0]
    x = (low + (high - low) * torch.linspace(0.02, 0.98, 9, dtype=torch.float64)).flatten()[:, None].requires_grad_()
    for m in range(count):
        y = functions(family, x, row, count, 0)[:, 0, m]
        for _ in range(4):
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True) if y.requires_grad else (torch.zeros_like(x),)
        size = y.detach().abs().reshape(len(low), -1).amax(1)
        smooth = torch.tensor(
            [not any(a <= c <= b for c in corners(family, numbers[0])) for a, b in zip(low, high, strict=True)]
        )
        assert bool((size <= bound[:, m] * (1 + 1e-9) + 1e-9)[smooth].all())
        if family != "fourier":  # its bound is that of a whole period
            near = size[smooth] >= 0.05 * bound[smooth, m]
            assert bool(near.any()) or float(bound[smooth, m].max()) <= 1e-9


def test_corners_are_where_a_denominator_changes_its_form():
    assert corners("quotient_abs", [1.0, 1.0, 2.0, -1.0]) == pytest.approx([0.0, 2.0])  # Q = 2 x - x^2
    assert corners("quotient", [1.0, 1.0, 0.0, -0.25]) == pytest.approx([-2.0, 2.0])  # 1 - x^2 / 4
    assert corners("quotient", [1.0, 1.0, 0.0, 0.25]) == []
    assert corners("quotient_sum", [1.0, 1.0, 0.0, 0.25]) == []  # x^2 has no corner
    assert corners("quotient_sum", [1.0, 1.0, 0.5, 0.25]) == [0.0]
    assert corners("chebyshev", []) == []
