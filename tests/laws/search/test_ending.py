"""When a search ends, and that it ends the same whichever attempt is done first."""

import random

from hypothesis import given
from hypothesis import strategies as st

from kanviz.laws.front import Entry, Scale
from kanviz.laws.search.attempt import Attempt, Found
from kanviz.laws.search.attempt_pool import Outcome
from kanviz.laws.search.discover import SETTLED, ending
from tests.laws.fake_search import FakeLaw, X, Y

SCALE = Scale(1.0, 800, 200)
LAWS = (X, X + Y, X * Y + 1)


def ladder(errors: list[float], *, spline: float = 1e-3) -> tuple[dict[int, Outcome], dict[int, tuple[Entry, ...]]]:
    """Attempts done, each with one law of that error."""
    done, laws = {}, {}
    for index, error in enumerate(errors):
        attempt, law = Attempt((2, 1), index), FakeLaw(LAWS[index % len(LAWS)], train_rmse=error, test_rmse=error)
        found = Found(law, min(error, spline), 0.0, attempt)  # pyright: ignore[reportArgumentType]
        done[index] = Outcome(index, attempt, (found,))
        laws[index] = (Entry(law, error, error),)  # pyright: ignore[reportArgumentType]
    return done, laws


@given(st.lists(st.sampled_from((0.5, 0.1, 1e-3, 1e-3, 1e-12)), max_size=12), st.randoms())
def test_the_search_ends_the_same_whichever_attempt_is_done_first(errors: list[float], order: random.Random):
    done, laws = ladder(errors)
    arrived: dict[int, Outcome] = {}
    ends = []
    for index in order.sample(range(len(errors)), len(errors)):
        arrived[index] = done[index]
        ends.append(ending(arrived, laws, SCALE))
    found = [end for end in ends if end]
    assert found == [ending(done, laws, SCALE)] * len(found)
    assert bool(found) == bool(ending(done, laws, SCALE))


def test_an_exact_law_ends_it_at_once():
    done, laws = ladder([0.5, 1e-12, 0.1])
    found = ending(done, laws, SCALE)
    assert found is not None
    assert found[0] == 1


def test_a_law_at_the_noise_ends_it_after_a_rung_without_better():
    done, laws = ladder([0.5] + [1e-3] * (SETTLED + 4))
    found = ending(done, laws, SCALE)
    assert found is not None
    assert SETTLED < found[0] <= SETTLED + 3


def test_a_law_worse_than_a_spline_network_never_ends_it():
    done, laws = ladder([0.5] * 30)
    assert ending(done, laws, SCALE) is None


def test_an_attempt_that_was_cut_off_is_waited_for():
    done, laws = ladder([0.5, 0.4, 1e-12])
    done[1] = Outcome(1, done[1].attempt, done[1].found, whole=False)
    assert ending(done, laws, SCALE) is None
