"""A verdict follows from the numbers of the run, and from nothing else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanviz.continual.learned import Learned
from kanviz.continual.verdict import FORGOTTEN, LEARNED, verdict

SPREAD = (0.3, 0.3, 0.3)


def learned(own=(0.001, 0.002, 0.003), end=None, kept=(10, 10), drift=0.0, reach=math.nan) -> Learned:
    """Three tasks or fewer; `end`: errors after the last."""
    errors = np.full((3, 3), np.nan)
    for task, value in enumerate(own):
        errors[task, task] = value
        errors[task, len(own) - 1] = value if end is None or task == len(own) - 1 else end[task]
    return Learned("KAN", 63, errors, kept, 10, drift, reach, predictions=(np.zeros(1),) * len(own))


sizes = st.floats(1e-6, 10)


@given(
    own=st.tuples(sizes, sizes, sizes), end=st.tuples(sizes, sizes),
    kept=st.tuples(st.integers(0, 10), st.integers(0, 10)), drift=sizes, reach=st.floats(0.01, 60),
)  # fmt: skip
def test_the_kind_and_the_words_are_those_of_the_numbers(own, end, kept, drift, reach):
    found = verdict(learned(own, end, kept, drift, reach), SPREAD)
    grown = (end[0] + end[1] - own[0] - own[1]) / 2
    if kept == (10, 10):
        assert found.kind == "exact"
        assert "all 20 old predictions kept their bits" in found.text
    else:
        assert f"{sum(kept)} of 20 old predictions kept their bits" in found.text
        assert found.kind == ("drifts" if grown < FORGOTTEN * 0.3 else "forgets")
    if found.kind == "drifts":
        assert f"at most {drift:.2g}" in found.text
        assert ("cells of newer rows" in found.text or "1 cell of newer rows" in found.text) == (reach <= 4)
    if found.kind == "forgets":
        assert f"{(own[0] + own[1]) / 2:.2g} → {(end[0] + end[1]) / 2:.2g}" in found.text
    assert found.missed == tuple(k + 1 for k in range(3) if own[k] >= LEARNED * 0.3)
    assert ("does not learn" in found.text) == bool(found.missed)
    assert found.holds == (found.kind == "exact" and not found.missed)


def test_before_a_second_task_nothing_is_old():
    found = verdict(learned(own=(0.001,), kept=()), SPREAD)
    assert (found.kind, found.text) == ("open", "nothing is old yet (1 task learned)")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_errors_that_are_no_numbers_are_never_a_success(bad: float):
    found = verdict(learned(own=(0.001, bad, 0.003), end=(bad, bad), kept=(0, 10), drift=math.inf), SPREAD)
    assert found.kind == "forgets"
    assert found.missed == (2,)
    assert "NaN" in found.text
    assert not found.holds


def test_the_number_of_cells_is_rounded_up():
    assert "within 4 cells of newer rows" in verdict(learned(kept=(9, 10), drift=1e-4, reach=3.05), SPREAD).text
    assert "within 1 cell of newer rows" in verdict(learned(kept=(9, 10), drift=1e-4, reach=0.2), SPREAD).text
