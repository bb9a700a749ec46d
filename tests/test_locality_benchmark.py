"""The benchmark of locality: its verdicts, and the runs that the issue's claims rest on."""

import math
from dataclasses import replace

import pytest
import torch

from benchmarks import locality, peaks
from benchmarks.peaks import Outcome


@pytest.fixture(autouse=True)
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peaks, "FRESH", 2_000)


@pytest.mark.parametrize(
    ("own", "end", "kept", "said"),
    [
        (0.1, 0.1, 1.0, "exact"),
        (0.1, 0.29, 0.76, "exact inside, drift at the border"),
        (0.1, 0.1, 0.0, "drift"),
        (0.1, 0.31, 1.0, "forgets"),
        (0.1, 0.31, 0.0, "forgets"),
    ],
)
def test_verdicts_are_computed_from_the_figures(own, end, kept, said):
    assert locality.verdict(own, end, kept) == said


def test_a_run_is_as_on_the_page_by_verdict_and_order_of_magnitude():
    exact, forgets = locality.SETTINGS[0], locality.SETTINGS[6]
    own, end, _ = exact.page

    def run(a: float, b: float, kept: float) -> Outcome:
        return Outcome((a,) * 5, (b,) * 4, kept, kept)

    assert locality.as_on_the_page(exact, run(own, end, 1.0))
    assert locality.as_on_the_page(exact, run(own / 100, end / 100, 1.0))
    assert not locality.as_on_the_page(exact, run(11 * own, 11 * own, 1.0))
    assert not locality.as_on_the_page(exact, run(own, end, 0.99))
    own, end, _ = forgets.page
    assert locality.as_on_the_page(forgets, run(own, end, 0.0))
    assert not locality.as_on_the_page(forgets, run(own, end / 11, 0.0))
    unknown = replace(exact, page=(own, own, math.nan))
    assert locality.as_on_the_page(unknown, run(own, own, 0.4))
    assert not locality.as_on_the_page(unknown, run(own, 5 * own, 0.4))


def test_one_layer_apart_is_exact_and_two_layers_forget():
    found = peaks.run(locality.SETTINGS[0])
    assert (found.rows, found.fresh) == (1, 1)
    assert locality.as_on_the_page(locality.SETTINGS[0], found)
    deep = replace(locality.SETTINGS[6], config=replace(locality.LBFGS, steps=15))
    assert locality.as_on_the_page(deep, peaks.run(deep))


def test_plain_torch_with_its_state_kept_drifts():
    found = peaks.run(locality.SETTINGS[2])
    assert found.rows < 0.5
    assert max(found.end) < 3 * max(found.own)


def test_issue_227_with_its_regions_locked_learns_every_peak_and_keeps_every_bit():
    found = peaks.run(locality.LOCKED_227)
    assert (found.rows, found.fresh) == (1, 1)
    assert max(found.own) <= 0.03
    assert sum(error <= 0.02 for error in found.own) >= 3
    assert found.locked[-1] <= 0.7


def test_fresh_points_are_others_than_the_rows_and_lie_in_the_same_patch():
    setting = locality.SETTINGS[0]
    rows, fresh = (peaks.patch(setting, 1, 500, seed)[0] for seed in (0, 1))
    assert not torch.isin(rows, fresh).any()
    assert float((fresh - setting.centres[1][0]).abs().max()) <= setting.half
