"""Attempts: laws out of rows, within their bounds and their time."""

import numpy as np
import pytest
import sympy

from kanviz.errors import UserError
from kanviz.laws.law import same_law
from kanviz.laws.search.attempt import Attempt, Found, Table, attempts, pursuit


def table(law, names, low=-1.0, high=1.0, rows=400, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    x, held = (rng.uniform(low, high, (count, len(names))) for count in (rows, rows // 4))
    y = law(*x.T)
    return Table(x, y + noise * y.std() * rng.standard_normal(rows), held, law(*held.T), names)


def pursue(*given) -> list[Found]:
    """All laws of an attempt, the most exact first."""
    return sorted(pursuit(*given), key=lambda found: found.law.test_rmse)


def exact(found, truth, names, low, high):
    symbols = tuple(sympy.Symbol(name, real=True) for name in names)
    return same_law(found.law.expression, truth(*symbols), symbols, [(low, high)] * len(names))


LAWS = [
    (lambda x, y: x * y, lambda x, y: x * y, -1.0, 1.0),
    (lambda x, y: sympy.exp(-((x - y) ** 2)) + y, lambda x, y: np.exp(-((x - y) ** 2)) + y, -2.0, 2.0),
    (lambda x, y: sympy.sqrt(x**2 + y**2), lambda x, y: np.sqrt(x**2 + y**2), 0.2, 2.0),
    (lambda x, y: x / (1 + y**2), lambda x, y: x / (1 + y**2), 0.5, 2.0),
]


@pytest.mark.parametrize(("truth", "law", "low", "high"), LAWS)
def test_laws_are_found_exactly(truth, law, low, high):
    found = pursue(Attempt((), 0), table(law, ("x", "y"), low, high), None, 60)
    assert exact(found[0], truth, ("x", "y"), low, high)


def test_the_straight_line_comes_first_and_ends_it_where_it_is_the_law():
    found = list(pursuit(Attempt((), 0), table(lambda x, y: 2 * x - 3 * y + 1, ("x", "y")), None, 60))
    assert len(found) == 1
    assert found[0].law.free == 0
    assert found[0].law.test_rmse < 1e-12


def test_a_shape_without_room_for_products_allows_none():
    found = pursue(Attempt((2, 1), 0), table(lambda x, y: x * y, ("x", "y")), None, 6)
    assert found[0].law.test_rmse > 0.1


def test_functions_that_are_not_allowed_are_in_no_law():
    found = pursue(Attempt((), 0), table(lambda x, y: np.sin(2 * x) + y, ("x", "y")), ("x", "x^2", "x^3"), 2)
    assert not any(one.law.expression.has(sympy.sin, sympy.cos) for one in found)


def test_without_time_there_is_the_straight_line_alone():
    t = table(lambda a, b, c: np.sin(a * b) * np.exp(c * a), ("a", "b", "c"), noise=0.05)
    assert len(list(pursuit(Attempt((), 0), t, None, 0.0))) == 1


def test_the_same_attempt_finds_the_same():
    t = table(lambda x, y: np.exp(x) * y, ("x", "y"))
    first, second = (pursue(Attempt((), 3), t, None, 60) for _ in range(2))
    assert [str(one.law.expression) for one in first] == [str(one.law.expression) for one in second]


def test_seeds_are_the_ladder():
    assert [one.seed for one in attempts(2, None, seeds=3)] == [0, 1, 2]


@pytest.mark.parametrize("shape", [(3, 1), (2, 1, 2), (2, (1, 1))])
def test_a_shape_that_does_not_fit_the_table_is_refused(shape):
    with pytest.raises(UserError, match="does not fit"):
        list(attempts(2, shape))


def test_a_target_that_hardly_varies_or_an_input_that_does_not_ends_in_peace():
    t = table(lambda x, y: 0 * x + 1.5, ("x", "y"))
    assert pursue(Attempt((), 0), t, None, 10)[0].law.test_rmse < 1e-12
    flat = table(lambda x, y: np.sin(x), ("x", "y"))
    flat.x[:, 1] = 0.5
    flat.held_x[:, 1] = 0.5
    assert pursue(Attempt((), 0), flat, None, 20)[0].law.test_rmse < 1e-9


def test_few_rows_do_not_break_it():
    assert pursue(Attempt((), 0), table(lambda x, y: x + y**2, ("x", "y"), rows=12), None, 10)


def test_in_noise_an_outside_and_a_polynomial_in_it_are_found():
    t = table(lambda x: np.log(x**3 + x**2 + x + 1), ("x",), 0.0, 2.0, rows=500, noise=0.01)
    found = pursue(Attempt((), 0), t, None, 60)
    assert any(exact(one, lambda x: sympy.log(x**3 + x**2 + x + 1), ("x",), 0.0, 2.0) for one in found)
