"""`kanviz continual` by its settings file: what it prints, what it writes, and how it refuses."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kanviz.continual.retention import Retention
from tests.cli.conftest import Run

POLICIES = ["none", "lock", "certified", "replay", "ewc"]


@pytest.fixture
def run(run: Run) -> Run:
    """Run `kanviz continual`; its exit status, stdout and stderr."""
    return partial(run, "continual")


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Path]:
    """A settings file for two tables of one input, with these settings changed; None leaves one out."""
    rng = np.random.default_rng(0)
    for name, centre in (("a", 20.0), ("b", 40.0)):
        x = centre + 5 * (2 * rng.random(50) - 1)
        pd.DataFrame({"x": x, "y": np.exp(-0.1 * (x - centre) ** 2)}).to_csv(tmp_path / f"{name}.csv", index=False)

    def write(**changed: Any) -> Path:
        record = {"shape": [1, 1], "grid": 40, "tasks": ["a.csv", "b.csv"], "target": "y", "steps": 6} | changed
        path = tmp_path / "turns.json"
        path.write_text(json.dumps({key: value for key, value in record.items() if value is not None}), "utf-8")
        return path

    return write


def test_every_policy_is_a_run_in_json(run: Run, settings):
    status, out, err = run(settings(), "--json")
    assert (status, err) == (0, "")
    record = json.loads(out)
    assert record["config"]["steps"] == 6
    runs = [Retention.from_json(one) for one in record["runs"]]
    assert [one.policy.name for one in runs] == POLICIES
    assert all(one.tasks == ("a.csv", "b.csv") and one.turns == 2 for one in runs)
    by = {one.policy.name: one for one in runs}
    assert by["lock"].bits == by["certified"].bits == 1
    assert by["none"].bits < 1


def test_in_words_there_is_a_table_for_each_policy_and_the_file_has_them_all(run: Run, settings, tmp_path: Path):
    status, out, err = run(settings(policies=["none", "lock"]), "-o", tmp_path / "result.json")
    assert (status, err) == (0, "")
    assert out.count("old predictions bit-identical") == 2
    lock = out.split("\n\n")[1]
    assert lock.startswith("policy lock: what the rows of earlier tasks use is locked")
    assert "100 %" in lock
    assert "of 43" in lock
    assert "forgetting 0, backward transfer 0" in lock
    written = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert [one["policy"]["name"] for one in written["runs"]] == ["none", "lock"]


def test_a_grid_that_is_locked_whole_is_said_and_not_trained(run: Run, settings):
    whole = [[[10, 50]], [[10, 50]]]
    status, out, _ = run(settings(policies=["certified"], boxes=whole))
    assert status == 0
    assert "1 task not learned: the lock leaves nothing free" in out


def test_what_is_done_before_ctrl_c_is_kept(run: Run, settings, tmp_path: Path, monkeypatch):
    from kanviz.cli import continual

    whole = continual._run

    def stopped(config, tables, name):
        if name == "replay":
            raise KeyboardInterrupt
        return whole(config, tables, name)

    monkeypatch.setattr(continual, "_run", stopped)
    status, out, err = run(settings(policies=["none", "lock", "replay"]), "-o", tmp_path / "result.json")
    assert (status, err) == (130, "Stopped; the runs of none and lock are kept.\n")
    assert out.count("policy ") == 2
    assert len(json.loads((tmp_path / "result.json").read_text("utf-8"))["runs"]) == 2


def test_a_full_disk_leaves_the_old_result_whole(run: Run, settings, tmp_path: Path, full_disk):
    result, config = tmp_path / "result.json", settings(policies=["none"])
    result.write_text("what was there")
    with full_disk(100):
        status, out, err = run(config, "-o", result)
    assert (status, result.read_text(), out.count("policy ")) == (1, "what was there", 1)
    assert "result.json cannot be written: file too large" in err


def test_the_same_settings_give_the_same_result(run: Run, settings):
    once, again, other = (
        run(settings(policies=["replay"], seed=seed), "--json")[1] for seed in (3, 3, 4)
    )  # fmt: skip
    assert once == again != other


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"shape": None}, "The setting 'shape' is missing"),
        ({"shape": [2, 1]}, "The shape has 2 inputs, the tables give 1: x."),
        ({"shape": "wide"}, "'shape' must be a list as"),
        ({"shape": [1, -1, 1]}, "A shape is a list of whole numbers"),
        ({"speed": 3}, "There is no setting 'speed'; there are shape, tasks, target"),
        ({"tasks": ["a.csv"]}, "'tasks' must be a list of two tables or more"),
        ({"tasks": ["a.csv", "c.csv"]}, "c.csv: No such file"),
        ({"tasks": ["a.csv", "b\0.csv"]}, "'tasks' must be a list of two tables"),
        ({"boxes": [[[10, float("inf")]], [[10, 50]]], "policies": ["none"]}, "Infinity is not a number"),
        ({"target": "z"}, "a.csv: There is no column 'z'"),
        ({"grid": True}, "'grid' must be a whole number from 1 to 1,000, not true"),
        ({"grid": 0}, "'grid' must be a whole number"),
        ({"base": "cosine"}, "'base' must be one of silu"),
        ({"policies": ["hope"]}, "'policies' must be a list of some of none, lock, certified, replay and ewc"),
        ({"policies": ["none", "none"]}, "none twice"),
        ({"policies": [["none"]]}, "'policies' must be"),
        ({"test": 1}, "'test' must be a share above 0 and below 1"),
        ({"share": 0}, "'share' must be a share"),
        ({"strength": -1}, "'strength' must be"),
        ({"smooth": "much"}, "'smooth' must be"),
        ({"solver": ["lm"]}, "'solver' must be one of"),
        ({"boxes": [1, 2]}, "'boxes' must be for each task"),
        ({"boxes": [[[10, 50]]], "policies": ["certified"]}, "2 tasks and 1 regions"),
        ({"boxes": [[[50, 10]], [[10, 50]]], "policies": ["certified"]}, "from 50 to 10"),
        ({"seed": 0.5}, "'seed' must be a whole number"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(run: Run, settings, changed, words):
    status, out, err = run(settings(**changed))
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "[" * 5000, "NaN"])
def test_a_file_that_holds_no_settings_is_refused(run: Run, tmp_path: Path, text: str):
    path = tmp_path / "turns.json"
    path.write_text(text, "utf-8")
    status, out, err = run(path)
    assert (status, out) == (1, "")
    assert "as in" in err


def test_other_files_are_refused(run: Run, settings, tmp_path: Path):
    (tmp_path / "odd.json").write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in run(tmp_path / "odd.json")[2]
    (tmp_path / "large.json").write_bytes(b" " * 1_000_001)
    assert "too large for settings" in run(tmp_path / "large.json")[2]
    assert "No such file" in run(tmp_path / "none.json")[2]
    status, _, err = run(settings(), "-o", tmp_path / "result.csv")
    assert (status, err) == (2, "kanviz: What was found is written as .json, not 'result.csv'.\n")
