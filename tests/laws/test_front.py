"""The front of laws: nothing on it is beaten, and nothing off it is missed."""

import json
import math
import random

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from kanviz.laws.front import ENOUGH, ROUNDING, Entry, Scale, best, enough, front
from tests.laws.fake_search import FakeLaw, X, Y

SCALE = Scale(2.0, 800, 200)
LAWS = [X, X + Y, 1.5 * X, X * Y + 1, sympy.exp(X) + Y, 2.5 * X + 0.3 * Y, sympy.sin(X * Y) + 3 * X, X**2 + Y**2 + 1]
ERRORS = st.one_of(st.floats(0, 3), st.sampled_from((0.0, 1e-16, 1e-10, 0.5, math.inf, math.nan)))


def entry(expression, error: float, **parts) -> Entry:
    return Entry(FakeLaw(expression), error, error, **parts)  # pyright: ignore[reportArgumentType]


entries = st.lists(st.builds(entry, st.sampled_from(LAWS), ERRORS), max_size=12)


def beats(one: Entry, other: Entry) -> bool:
    pairs = ((one.complexity, other.complexity), (SCALE.error(one), SCALE.error(other)))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@given(entries)
def test_no_entry_of_the_front_is_beaten_and_it_is_sorted(found: list[Entry]):
    kept = front(found, SCALE)
    assert not any(beats(one, other) for one in found for other in kept)
    assert [e.complexity for e in kept] == sorted({e.complexity for e in kept})
    assert [SCALE.error(e) for e in kept] == sorted((SCALE.error(e) for e in kept), reverse=True)


@given(entries)
def test_whoever_is_not_on_the_front_is_beaten_or_equalled(found: list[Entry]):
    kept = front(found, SCALE)
    for other in found:
        if math.isfinite(other.test_rmse):
            assert any(e.complexity <= other.complexity and SCALE.error(e) <= SCALE.error(other) for e in kept)


@given(entries, st.randoms())
def test_the_order_of_finding_does_not_matter(found: list[Entry], order: random.Random):
    mixed = order.sample(found, len(found))
    assert [e.text for e in front(mixed, SCALE)] == [e.text for e in front(found, SCALE)]


@given(entries)
def test_a_law_that_is_no_number_on_held_out_rows_is_on_no_front(found: list[Entry]):
    assert all(math.isfinite(e.test_rmse) for e in front(found, SCALE))


@given(entries)
def test_the_front_of_a_front_is_itself(found: list[Entry]):
    kept = front(found, SCALE)
    assert front(kept, SCALE) == kept


def test_the_best_is_the_simplest_exact_law():
    simple, long = entry(X * Y + 1, 1e-15), entry(sympy.exp(X) + Y + X**2, 1e-16)
    assert best([entry(X, 0.5), long, simple], SCALE) is simple
    assert SCALE.exact(simple)
    assert not SCALE.exact(entry(X, 10 * ROUNDING * SCALE.spread))


def test_with_noise_the_best_is_the_knee():
    rough, knee = entry(X, 0.5), entry(X * Y + 1, 0.0200)
    longer = entry(sympy.sin(X * Y) + 3 * X + sympy.exp(0.31 * X), 0.0199)
    assert best([rough, knee, longer], SCALE) is knee


def test_a_broken_symmetry_loses_to_a_law_that_keeps_it():
    even, uneven = entry(X * Y + 1, 0.1), entry(X * Y + X, 0.1, bonus=-20.0)
    assert best([uneven, even], SCALE) is even
    assert [e.text for e in front([uneven, even], SCALE)] == [even.text]


def test_the_text_of_a_law_is_sympys_and_keeps_every_digit():
    law = entry(0.1234567890123456 * X + sympy.sqrt(2) * Y, 0.1)
    again = sympy.parse_expr(law.text, {"x": X, "y": Y})
    assert float(again.coeff(X)) == 0.1234567890123456
    assert again.coeff(Y) == sympy.sqrt(2)
    assert not law.exact_constants
    assert entry(sympy.sqrt(2) * Y + sympy.pi, 0.1).exact_constants


def test_an_entry_as_json_has_no_infinity_and_the_keys_that_are_promised():
    record = entry(X, math.nan).to_json()
    assert list(record) == [
        "expression", "latex", "complexity", "train_rmse", "test_rmse", "exact_constants", "seconds",
    ]  # fmt: skip
    assert json.loads(json.dumps(record, allow_nan=False))["test_rmse"] is None


def test_nothing_found_makes_an_empty_front():
    assert front([], SCALE) == ()
    with pytest.raises(ValueError, match="empty"):
        best([], SCALE)


@given(st.integers(1, 10**6))
def test_the_fewer_rows_are_held_out_the_more_a_law_may_miss_that_found_all_there_is(held: int):
    assert ENOUGH <= enough(held + 1) <= enough(held)
    assert enough(100) == pytest.approx(1.1)
    assert enough(0) == ENOUGH
