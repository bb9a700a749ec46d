"""`kanviz ladder` by its arguments: what it prints, and how it refuses."""

import io
import json

import pandas as pd
import pytest

from kanviz.cli import main
from kanviz.continual.rungs import RUNGS, rung_of
from tests.ladder_at_hand import steps


@pytest.fixture
def asked(monkeypatch) -> list:
    """The rungs that were run, by a ladder that says at once what it is told to."""
    found = []

    def climb(rung, seed=0):
        found.append((rung, seed))
        return (step for step in steps(rung) if step is not None)

    monkeypatch.setattr("kanviz.continual.ladder.climb", climb)
    return found


def test_it_runs_all_rungs_and_says_of_each_what_it_showed(asked, capsys):
    assert main(["ladder"]) == 0
    assert asked == [(rung, 0) for rung in RUNGS]
    out = capsys.readouterr().out
    assert all(f"{rung.number}. {rung.title} (" in out for rung in RUNGS)
    assert out.count("exact: all 40 old predictions kept their bits") == len(RUNGS)


def test_all_rungs_fail_as_they_usually_do(asked):
    assert main(["ladder", "--fail", "--seed", "3"]) == 0
    assert asked == [(rung.failing(), 3) for rung in RUNGS]


def test_one_rung_fails_with_the_switches_named(asked, capsys):
    assert main(["ladder", "--rung", "3", "--fail", "decay", "momentum"]) == 0
    assert asked == [(rung_of(3).failing("momentum", "decay"), 0)]
    assert "3. The optimiser's traps, failing with momentum, decay" in capsys.readouterr().out


def test_json_and_csv_alone_go_to_stdout(asked, capsys):
    assert main(["ladder", "--rung", "4", "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)["rungs"]
    assert (record["rung"], record["methods"][0]["bit_identical"], record["finished"]) == (4, 40, True)
    assert main(["ladder", "--csv"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(table["rung"]) == [n for n in range(1, 7) for _ in range(2)]
    assert list(table["bit_identical"]) == [40, 0] * 6


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--rung", "7"], 2, "a whole number from 1 to 6 is needed"),
        (["--fail", "decay"], 2, "switches of one rung; say which one it is with --rung"),
        (["--rung", "5", "--fail", "decay"], 1, "Rung 5 has no switch 'decay'; it has unlocked and full."),
        (["--rung", "4", "--fail", "depth", "square"], 1, "exclude each other"),
        (["--json", "--csv"], 2, "not allowed with"),
    ],
)
def test_refusals_are_one_line(asked, capsys, arguments, status, words):
    assert main(["ladder", *arguments]) == status
    out, err = capsys.readouterr()
    assert (out, asked) == ("", [])
    assert words in err
    assert err.count("\n") == 1


def test_stopped_it_keeps_the_rungs_that_ended(monkeypatch, capsys):
    def climb(rung, seed=0):
        yield from (step for step in steps(rung) if step is not None)
        if rung.number == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("kanviz.continual.ladder.climb", climb)
    assert main(["ladder", "--csv"]) == 130
    out, err = capsys.readouterr()
    assert set(pd.read_csv(io.StringIO(out))["rung"]) == {1, 2}
    assert err == "Stopped; 2 rungs ended.\n"
