"""Functions of our own are what they are called, to the last digits, with their derivatives."""

import pytest
import scipy.special
import torch

from kanviz.core.formulas.formula import PRIMITIVES, exponent, primitive
from kanviz.core.special import arcsinh, bessel_j0, bessel_j1, whole_power

WIDE = torch.cat([torch.linspace(-60, 60, 481, dtype=torch.float64), torch.tensor([0.0, 1e-9, 39.999, 40.001, 900.0])])


@pytest.mark.parametrize(("ours", "theirs"), [(bessel_j0, scipy.special.j0), (bessel_j1, scipy.special.j1)])
def test_bessel_functions_have_all_their_digits(ours, theirs):
    torch.testing.assert_close(ours(WIDE), torch.from_numpy(theirs(WIDE.numpy())), rtol=0, atol=4e-15)
    single = ours(WIDE.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), ours(WIDE.float().double()), rtol=0, atol=1e-5)


@pytest.mark.parametrize("function", [bessel_j0, bessel_j1, arcsinh, lambda u: whole_power(u, 7)])
def test_they_can_be_differentiated_twice_and_mapped_over(function):
    u = torch.tensor([0.3, -2.0, 8.0, -39.0, 41.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, u)
    assert torch.autograd.gradgradcheck(function, u)
    (slope,) = torch.autograd.grad(function(u).sum(), u)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(function))(u.detach()), slope)


def test_j0_falls_by_j1_and_is_even():
    u = torch.linspace(-50, 50, 77, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(bessel_j0(u).sum(), u)
    torch.testing.assert_close(slope, -bessel_j1(u.detach()), rtol=0, atol=1e-14)
    torch.testing.assert_close(bessel_j0(-u), bessel_j0(u))


def test_arcsinh_is_arcsinh_at_every_size():
    u = torch.cat([10.0 ** torch.arange(-12, 13, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)])
    torch.testing.assert_close(arcsinh(u), torch.asinh(u), rtol=1e-15, atol=0)
    torch.testing.assert_close(arcsinh(-u), -arcsinh(u), rtol=0, atol=0)


@pytest.mark.parametrize("n", [-5, -4, -1, 0, 1, 2, 3, 4, 5, 8])
def test_whole_powers_are_powers(n):
    u = torch.tensor([-2.5, -0.3, 0.7, 1.9], dtype=torch.float64)
    torch.testing.assert_close(whole_power(u, n), u**n, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", [*list(PRIMITIVES)[1:], "x^1.37", "x^-0.8"])
def test_every_slope_is_what_autograd_says(name):
    row = primitive(name)
    low, high = max(row.domain[0], -2.5), min(row.domain[1], 2.5)
    u = low + (high - low) * torch.linspace(0.021, 0.98, 40, dtype=torch.float64)
    u = u[u.abs() > 1e-3].requires_grad_()
    (slope,) = torch.autograd.grad(row.torch(u).sum(), u)
    torch.testing.assert_close(row.slope(u.detach()), slope, rtol=1e-12, atol=1e-12)


def test_a_name_says_whether_it_is_a_power_with_an_exponent_of_its_own():
    assert (exponent("x^1.37"), exponent("x^-0.5"), exponent("x^2"), exponent("x^2.0")) == (1.37, -0.5, None, None)
    assert (exponent("sin"), exponent("x^1.5 + 1"), exponent("x^1e-3")) == (None, None, None)
    assert primitive("x^-0.8").poles == (0.0,)
    assert primitive("x^1.37").domain[0] == 0
