"""Hints and units: what a law may not hold, what it should keep to, and whether its units agree."""

import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.errors import UserError
from kanviz.laws.expressions.dimensions import NUMBER, clash, dimension_of_unit
from kanviz.laws.search.hints import Hints, unit_doubts
from tests.laws.fake_search import FakeLaw, X, Y

UNITS = ("m", "s", "kg", "N", "J", "km", "apples", "Hz", "m/s^2", "kg m^2", "V", "%")


def dimension(unit: str):
    found = dimension_of_unit(unit)
    assert found is not None
    return found


@given(st.lists(st.tuples(st.sampled_from(UNITS), st.integers(-3, 3)), min_size=1, max_size=4), st.randoms())
def test_a_unit_is_the_product_of_its_factors_in_any_order(factors, order):
    plain = [(unit, power) for unit, power in factors if " " not in unit and "/" not in unit] or [("m", 1)]
    mixed = order.sample(plain, len(plain))
    product = NUMBER
    for unit, power in plain:
        product *= dimension(unit) ** power
    assert dimension(" ".join(f"{unit}^{power}" for unit, power in mixed)) == product


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("N", "kg m/s^2"), ("J", "N m"), ("W", "J/s"), ("km/h", "m s-1"), ("m²", "m*m"), ("s⁻¹", "1/s"), ("Hz", "1/s"),
        ("mm", "µm"), ("hPa", "N/m**2"), ("°C", "K"), ("min", "s"), ("rad", "%"), ("V", "W/A"),
        ("m^(1/2) m^(1/2)", "m"),
        ("Pa s", "kg/m/s"), ("apples/s", "apples Hz"),
    ],
)  # fmt: skip
def test_units_of_one_dimension_are_told(one: str, other: str):
    assert dimension(one) == dimension(other)


@pytest.mark.parametrize("unit", ["", "  ", "foo!!", "m//s", "m/", "m^999", "m^1/0", "(m", "m" * 99, "^2", "5 5"])
def test_what_is_no_unit_is_not_guessed_at(unit: str):
    assert dimension_of_unit(unit) is None


DIMENSIONS = {"x": dimension_of_unit("m"), "t": dimension_of_unit("s"), "n": None, "q": NUMBER}
T, N, Q = sympy.symbols("t n q", real=True)


@pytest.mark.parametrize(
    ("law", "words"),
    [
        (X / T, ""), (9.81 * T, ""), (X / T + 2.5, ""), (sympy.sqrt(X**2) / T, ""), (N + X / T, ""),
        (sympy.sin(2.5 * X) * X / T, ""), (X * sympy.exp(Q) / T, ""), (X**1.7, ""), (sympy.Abs(X) / T, ""),
        (sympy.sign(X) * X / T, ""),
        (X + T, "adds"), (X**2 + X, "adds"), (1 + X, "adds"), (sympy.sin(X), "sin of m"), (X**T, "exponent is s"),
        (X**Q, "power that varies"), (X * T, "the target is m s^-1"), (sympy.log(T), "log of s"),
    ],
)  # fmt: skip
def test_unlike_things_are_not_added(law: sympy.Expr, words: str):
    found = clash(law, DIMENSIONS, dimension_of_unit("m/s"))
    assert (words in found) if words else found == ""


def test_without_units_nothing_is_doubted():
    assert unit_doubts(X + sympy.sin(Y), {"x": "", "y": ""}, "") == ()


def test_an_unread_unit_is_said_and_not_checked():
    (said,) = unit_doubts(X + Y, {"x": "foo!!", "y": "m"}, "")
    assert "foo!!" in said


def test_a_forbidden_function_is_in_no_law():
    hints = Hints(forbid=("sin", "sqrt", "x^2"))
    assert hints.allows(sympy.exp(X) + Y**3)
    assert not any(hints.allows(law) for law in (sympy.sin(X) + 1, sympy.exp(sympy.sqrt(X)), 3 * X**2))


def test_integer_exponents_leave_out_roots():
    hints = Hints(integer_exponents=True)
    assert hints.allows(X**3 / Y)
    assert not hints.allows(sympy.sqrt(X))
    assert not hints.allows(X**2.5)


def test_preferred_functions_are_counted_once_each():
    hints = Hints(prefer=("exp", "sqrt"))
    assert hints.preferred(sympy.exp(X) + sympy.exp(Y)) == 1
    assert hints.preferred(sympy.exp(sympy.sqrt(X))) == 2
    assert hints.preferred(X) == 0


def test_a_symmetry_is_checked_by_swapping():
    hints = Hints(symmetric=(("x", "y"),))
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert hints.uneven(FakeLaw(X * Y + X + Y), x, ("x", "y")) == ()
    assert hints.uneven(FakeLaw(X * Y + X), x, ("x", "y")) == ("x and y",)


def test_a_symmetry_is_not_denied_where_the_law_is_no_number():
    x = torch.tensor([[1.0, -1.0], [2.0, -2.0]], dtype=torch.float64)
    assert Hints(symmetric=(("x", "y"),)).uneven(FakeLaw(sympy.log(X)), x, ("x", "y")) == ()


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"forbid": ("sinus",)}, "sinus"),
        ({"forbid": ("sin",), "prefer": ("sin",)}, "forbidden and preferred"),
        ({"symmetric": (("x",),)}, "two inputs"),
        ({"symmetric": (("x", "x"),)}, "two inputs"),
    ],
)
def test_hints_that_are_none_are_refused(parts: dict, says: str):
    with pytest.raises(UserError, match=says):
        Hints(**parts)
