"""Tests of races: side by side, ended by the clock, and a verdict that follows from the trainings on the screen."""

import itertools

import pytest

from kanviz.errors import UserError
from kanviz.language import Contest, Sizes, compare
from kanviz.language.race import LOOKING, Race, check_seconds, race
from tests.language.races import race_of
from tests.language.tiny import TEXT

SIZES = Sizes(width=16, heads=2, context=16, parameters=1_500)


def contest(steps: int | None = 4, seeds: int = 1) -> Contest:
    return Contest(("gelu", "curves"), seeds, None if steps else 1.0, steps, sizes=SIZES, batch=4)


class Ticks:
    """A clock that goes on by an eighth of a second whenever it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.125
        return self.now


def test_models_of_a_seed_take_turns():
    kinds = [now.kind for now in itertools.islice(compare(TEXT, contest(20), clock=Ticks(), side_by_side=True), 8)]
    assert kinds == ["gelu", "curves"] * 4


def test_a_race_comes_to_what_a_comparison_comes_to():
    *_, (found, _, _) = race(TEXT, contest())
    *_, alone = compare(TEXT, contest())
    bits = {run.kind: run.bits for run in alone.found.runs}
    assert {lane.kind: lane.held_out[-1][2] for lane in found.lanes} == bits
    assert found.verdict == alone.found.verdict
    assert found.ended


def test_the_seconds_are_shared_and_each_gets_the_same():
    clock = Ticks()
    *_, (found, _, _) = race(TEXT, contest(None), 8.0, clock=clock)
    each = (1 - LOOKING) * 8 / 2
    assert [lane.seconds for lane in found.lanes] == pytest.approx([each] * 2, abs=0.5)
    assert all(len(lane.held_out) > 1 for lane in found.lanes)


def test_what_was_measured_can_be_saved_and_written_about_at_any_time():
    seen = [(found.lanes[number], model) for found, number, model in race(TEXT, contest()) if number is not None]
    assert len(seen) == 8  # a look after each step
    assert all(model is not None and len(lane.sample) == 160 for lane, model in seen)


def test_too_few_seconds_are_refused_with_what_to_do():
    with pytest.raises(UserError, match=r"10 s are too few for 12 trainings.*fewer blocks or seeds"):
        check_seconds(10, 12)


def test_a_race_that_was_stopped_says_so_and_other_numbers_give_other_words():
    stopped = race_of(ended=False, gelu=(2.5,), curves=(2.6,)).verdict
    assert stopped.startswith("gelu needs the fewest bits per character, 2.500 with one seed.")
    assert "Only 0 of 2 trainings came to their end" in stopped
    assert "Only" not in race_of(gelu=(2.5,), curves=(2.6,)).verdict
    assert "within the spread" in race_of(gelu=(2.5, 2.6, 2.4), curves=(2.4, 2.7, 2.5)).verdict
    assert "better than gelu" in race_of(gelu=(2.5, 2.6, 2.4), curves=(2.4, 2.51, 2.3)).verdict


def test_nothing_measured_is_no_verdict():
    assert race_of(ended=False, gelu=(2.5,)).measured
    assert "nothing to compare" in Race("text", "0" * 64, 2.0, None, "", 2).verdict


def test_a_race_comes_back_from_its_file():
    found = race_of(gelu=(2.5,), curves=(2.6,))
    assert Race.from_json(found.to_json()) == found
