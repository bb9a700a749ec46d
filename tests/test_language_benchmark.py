"""The benchmark of language models: its page is that of its results, and every verdict follows from the runs."""

import json
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import language
from benchmarks.language_page import page
from benchmarks.language_results import Mean
from benchmarks.language_runs import Length, Task, tasks

ROOT = Path(__file__).parents[1]
GELU, CURVES = (2.0, 2.01, 1.99), (1.95, 1.96, 1.95)
HEAD: dict[str, Any] = {
    "machine": {
        "cpu": "A CPU", "cores": 2, "cuda": None, "torch": "2", "numpy": "2", "python": "3", "date": "2026-01-02T",
        "kernel": "avx2", "note": "",
    },
    "length": {"seconds": 12.0, "steps": 1000},
    "texts": {"documentation": "0", "code": "1"},
}  # fmt: skip


def blocks(**bits: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        {"key": ["block", kind, factor, seed], "bits": one + factor - 1, "steps": 800, "seconds": 12.0,
         "rate": 0.01 * factor, "whole_seconds": 13.0}
        for kind, seeds in bits.items() for factor in (1.0, 1.6) for seed, one in enumerate(seeds)
    ]  # fmt: skip


def lessons(kind: str, way: str, forgetting: float, gain: float = 1.4) -> list[dict[str, Any]]:
    return [
        {"key": ["lesson", kind, way, seed], "steps": 200, "model_bits": 2.0, "gain": gain, "forgetting": forgetting,
         "identical": 0.95, "seconds": 2.0, "whole_seconds": 4.0,
         "trajectory": [[0, 0.0, 0.0, 1.0], [200, gain, forgetting + seed / 10_000, 0.95]]}
        for seed in range(3)
    ]  # fmt: skip


def written(*runs: list[dict[str, Any]]) -> str:
    """The words of a page, without its line breaks."""
    return " ".join(page({**HEAD, "runs": [one for part in runs for one in part]}).split())


def test_the_page_is_the_one_that_its_results_give():
    record = json.loads(language.RESULTS.read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "language.md").read_text(encoding="utf-8") == page(record)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((-0.04, -0.05, -0.06), "better"),
        ((0.04, 0.05, 0.06), "worse"),
        ((-0.04, 0.05, -0.06), "within the spread"),
        ((-0.04, -0.05), "too few seeds"),
    ],
)
def test_a_verdict_needs_two_standard_errors_and_three_seeds(values, verdict):
    assert Mean.of(values).words() == verdict


def test_differences_are_taken_seed_by_seed():
    found = Mean.paired({0: 2.0, 1: 3.0, 5: 9.0}, {1: 2.5, 0: 1.5})
    assert (found.value, found.error, found.count) == (0.5, 0.0, 2)


@pytest.mark.parametrize(
    ("kan", "verdict"),
    [
        ((1.9, 1.91, 1.9), "better"),
        ((2.1, 2.11, 2.1), "worse"),
        ((2.1, 1.9, 2.0), "within the spread"),
        ((1.9,), "too few seeds"),
    ],
)
def test_what_the_page_concludes_of_a_block_follows_from_its_runs(kan, verdict):
    text = written(blocks(gelu=GELU, curves=CURVES, kan=kan))
    (words,) = set(re.findall(r"against GELU at its own: ([^.]*)\.", text))
    assert "kan" in dict(part.split(": ") for part in words.split("; "))[verdict]


def test_learned_functions_that_win_are_named_and_where_none_does_it_says_so():
    assert "that beat the MLP here: curves." in written(blocks(gelu=GELU, curves=CURVES))
    assert "that beat the MLP here: none." in written(blocks(gelu=GELU, curves=GELU))


def test_a_best_rate_at_the_edge_of_what_was_tried_is_noted():
    assert "may be better yet: gelu (lowest) and curves (lowest)" in written(blocks(gelu=GELU, curves=CURVES))


@pytest.mark.parametrize(("forgets", "answer"), [(0.002, "No. The same gate"), (0.3, "In part. The same gate")])
def test_whether_the_gate_needs_a_kan_is_answered_by_the_runs(forgets, answer):
    text = written(blocks(gelu=GELU, curves=CURVES), lessons("curves", "gate", 0.002), lessons("gelu", "gate", forgets))
    assert answer in text


def test_an_aim_is_reached_only_where_every_seed_reaches_it():
    parts = blocks(gelu=GELU, curves=CURVES)
    small, large = (written(parts, lessons("curves", "gate", forgets)) for forgets in (0.002, 0.02))
    assert "0.002 ± 0.000 at 1.2; 95.0%; 2.0 ± 0.0 s | yes |" in small
    assert "0.017 ± 0.000 at 1.2; 95.0%; 2.0 ± 0.0 s | no |" in large


def test_a_gain_that_no_seed_reaches_is_not_made_up():
    text = written(
        blocks(gelu=GELU, curves=CURVES), lessons("curves", "gate", 0.002), lessons("curves", "ewc", 0.2, gain=1.1)
    )
    assert "| EWC | 0.182 ± 0.000 | not reached |" in text


def options(path: Path, **other: Any) -> Namespace:
    return Namespace(
        **(
            {
                "seconds": 12.0,
                "steps": 1000,
                "seeds": 1,
                "others": 1,
                "lessons": 1,
                "rates": 3,
                "json": path,
                "note": "",
            }
            | other
        )
    )


def test_a_run_goes_on_with_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ran: list[int] = []

    def work(number: int) -> dict[str, Any]:
        if number == 1 and ran == [0]:
            raise KeyboardInterrupt
        ran.append(number)
        return {"value": number}

    def listed(*_: object, **__: object) -> list[Task]:
        return [Task(("task", number), lambda n=number: work(n)) for number in range(3)]

    monkeypatch.setattr(language, "tasks", listed)
    path = tmp_path / "found.json"
    with pytest.raises(KeyboardInterrupt):
        language.run(options(path))
    assert [one["value"] for one in json.loads(path.read_text())["runs"]] == [0]
    ran.append(-1)
    language.run(options(path))
    assert ran == [0, -1, 1, 2]
    assert [one["key"] for one in json.loads(path.read_text())["runs"]] == [["task", n] for n in range(3)]


def test_runs_of_other_lengths_are_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language, "tasks", lambda *_, **__: [Task(("task", 0), dict)])
    language.run(options(tmp_path / "found.json"))
    with pytest.raises(SystemExit, match="name another file"):
        language.run(options(tmp_path / "found.json", seconds=30.0))


def test_every_task_has_a_key_of_its_own_and_more_seeds_only_add():
    few, many = ([task.key for task in tasks(Length(), seeds=n, others=n, lessons=n)] for n in (1, 3))
    assert len(set(many)) == len(many)
    assert set(few) < set(many)
