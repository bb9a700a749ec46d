"""`kanviz discover` by its arguments: what it prints, what it writes, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import sympy

from tests.cli.conftest import Run
from tests.laws.fake_search import FakeSearch, Plan, X, Y, rows

ROUGH = Plan(((X + Y, 0.3), (2.5 * X, 0.5)), spline=0.1)
CLOSE = Plan(((X * Y + 1.0001, None),))
ENTRY = {"expression", "latex", "complexity", "train_rmse", "test_rmse", "exact_constants", "seconds"}


@pytest.fixture
def run(run: Run) -> Run:
    """Run `kanviz discover`; its exit status, stdout and stderr."""
    return lambda *arguments: run("discover", *arguments, "--jobs", 1)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "z.csv"
    x = rows().x.numpy()
    pd.DataFrame({"x (m)": x[:, 0], "y": x[:, 1], "z": x.prod(1) + 1}).to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def search(monkeypatch) -> Callable[..., None]:
    """The engine, replaced by one that finds what it is told to."""

    def by(*plans: Plan) -> None:
        monkeypatch.setattr("kanviz.laws.search.discover.engine", FakeSearch(plans))

    by(ROUGH, CLOSE)
    return by


def test_json_is_the_front_and_nothing_else(run: Run, table: Path):
    status, out, err = run(table, "--target", "z", "--json")
    assert (status, err) == (0, "")
    record = json.loads(out)
    assert set(record) == {"front"}
    assert all(set(entry) == ENTRY for entry in record["front"])
    assert [entry["complexity"] for entry in record["front"]] == [3, 5]
    last = record["front"][-1]
    assert sympy.parse_expr(last["expression"], {"x": X, "y": Y}) == X * Y + sympy.Float("1.0001")
    assert last["latex"] == r"x \, y + 1.0001"
    assert last["test_rmse"] == pytest.approx(1e-4)
    assert not last["exact_constants"]
    assert record["front"][0]["exact_constants"]


def test_in_words_it_says_the_front_the_best_law_and_its_doubts(run: Run, table: Path):
    status, out, err = run(table, "--target", "z", "--unit", "y=m", "--unit", "z=m")
    assert (status, err) == (0, "")
    assert "z = x*y + 1.0001" in out
    assert "held-out RMSE 0.0001 m" in out
    assert "constant 1.0001, +- 0.01" in out
    assert "note: The units do not agree: it comes out as m^2, but the target is m" in out
    assert "all was tried" in out


def test_everything_found_is_written_when_a_file_is_named(run: Run, table: Path, tmp_path: Path):
    path = tmp_path / "law.json"
    status, out, _ = run(table, "--target", "z", "--json", "-o", path)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert status == 0
    assert written["front"][written["best"]]["expression"] == json.loads(out)["front"][-1]["expression"]
    assert written["inputs"] == {"x": "m", "y": ""}


def test_the_best_so_far_is_written_while_the_search_goes_on(run: Run, table: Path, tmp_path: Path, monkeypatch):
    from kanviz.cli import discover

    path, seen = tmp_path / "law.json", []
    monkeypatch.setattr(discover, "bar", lambda *_: seen.append(json.loads(path.read_text("utf-8"))))
    run(table, "--target", "z", "--json", "-o", path)
    assert seen[0]["stopped_because"] == ""
    assert seen[0]["front"][0]["expression"] == "x + y"
    assert json.loads(path.read_text("utf-8"))["stopped_because"]


def test_a_full_disk_leaves_the_old_file_whole_and_the_law_is_said(run: Run, table: Path, tmp_path: Path, full_disk):
    path = tmp_path / "law.json"
    path.write_text("what was there")
    with full_disk(100):
        status, out, err = run(table, "--target", "z", "-o", path)
    assert (status, path.read_text()) == (1, "what was there")
    assert "z = x*y + 1.0001" in out
    assert "law.json cannot be written: file too large" in err


def test_ctrl_c_prints_the_best_so_far(run: Run, table: Path, monkeypatch):
    from kanviz.laws.search import discover

    states = discover.discoveries

    def interrupted(*arguments):
        yield next(states(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(discover, "discoveries", interrupted)
    status, out, err = run(table, "--target", "z", "--json")
    assert status == 130
    assert [entry["expression"] for entry in json.loads(out)["front"]] == ["x + y"]
    assert "best so far is kept" in err


def test_nothing_found_is_an_empty_front_and_status_1(run: Run, table: Path, search):
    search(Plan(fails=True))
    status, out, err = run(table, "--target", "z", "--json")
    assert (status, json.loads(out)) == (1, {"front": []})
    assert "No law was found" in err


def test_a_forbidden_function_is_in_no_law(run: Run, table: Path, search):
    search(Plan(((sympy.sin(X) + Y, 1e-3), (X + Y, 0.3))))
    _, out, _ = run(table, "--target", "z", "--json", "--forbid", "sin,cos")
    assert [entry["expression"] for entry in json.loads(out)["front"]] == ["x + y"]


def test_the_shape_is_pykans_width(run: Run, table: Path, tmp_path: Path):
    for shape in ("[2,[1,1],1]", "1+1"):
        run(table, "--target", "z", "--shape", shape, "-o", tmp_path / "law.json")
        tried = json.loads((tmp_path / "law.json").read_text(encoding="utf-8"))["attempts"]
        assert tried[0]["attempt"].startswith("within [2, [1, 1], 1]")


def test_a_law_of_nothing_but_names_from_a_file_cannot_steer_the_terminal(run: Run, tmp_path: Path):
    x = rows().x.numpy()
    sly = tmp_path / "sly.csv"
    pd.DataFrame({"x": x[:, 0], "y": x[:, 1], "\x1b[2Jz": x.prod(1) + 1}).to_csv(sly, index=False)
    name = pd.read_csv(sly).columns[-1]
    assert "\x1b" not in "".join(map(str, run(sly, "--target", name)))


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ([], 2, "--target"),
        (["--target", "z", "--seconds", "0"], 2, "above 0"),
        (["--target", "z", "--seconds", "soon"], 2, "soon"),
        (["--target", "z", "--shape", "[2,[1,1],1"], 2, "[2,[4,2],1]"),
        (["--target", "z", "--shape", "[3,1]"], 1, "3 inputs"),
        (["--target", "z", "--forbid", "sinus"], 1, "sinus"),
        (["--target", "z", "--symmetric", "x"], 1, "two inputs"),
        (["--target", "z", "--symmetric", "x,w"], 1, "'w'"),
        (["--target", "w"], 1, "no column 'w'"),
        (["--target", "z", "--unit", "w=m"], 1, "'w'"),
        (["--target", "z", "-o", "law.txt"], 2, ".json"),
        (["--target", "z", "-o", "nowhere/law.json"], 1, "no folder"),
        (["--target", "z", "--test", "0"], 1, "held out"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, table: Path, arguments: list[str], status: int, says: str):
    found, out, err = run(table, *arguments)
    assert (found, out, err.count("\n")) == (status, "", 1), err
    assert says in err
