"""`kanviz formula --to-network` makes the network of a typed formula, and refuses what makes no sense with it."""

import json
from pathlib import Path

import pytest

import kanviz
from tests.cli.conftest import Run


def test_a_formula_becomes_a_file_with_its_network(run: Run, tmp_path: Path):
    file = tmp_path / "formula.safetensors"
    status, out, err = run(
        "formula", "--to-network", "exp(sin(pi*x) + y**2)", "--range", "x=-1:1", "y=0:2", "-o", file, "--digits", 3
    )
    assert (status, out) == (0, "f = exp(y**2 + sin(3.14*x))\n")
    assert "Network [2, 1, 1], 3 edges.\n" in err
    same = kanviz.from_formula("exp(sin(pi*x) + y**2)", {"x": (-1, 1), "y": (0, 2)})
    assert kanviz.load(file).digest == same.digest


def test_several_formulas_are_several_outputs_and_ranges_left_out_are_said(run: Run):
    _, out, err = run(
        "formula", "--to-network", "force=m*a", "work = m*a*s", "--range", "a=0:9", "--spare", 2, "--json"
    )
    record = json.loads(out)
    assert record["formulas"] == ["force = a*m", "work = a*m*s"]
    assert "m and s: from -1 to 1, since --range does not say.\n" in err
    assert "Network [3, 5, 0+2×]" in err


def test_what_the_network_means_is_said_in_notes(run: Run):
    _, _, err = run("formula", "--to-network", "log(x)")
    assert "note: The formula is not a real, finite number on 50 % of the ranges, nor is the network.\n" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name a network's file, or type a formula"),
        (["a.safetensors", "--to-network", "x"], "Name a network's file, or type a formula"),
        (["--to-network", "x", "--fit"], "--fit is for networks from files"),
        (["--to-network", "x", "--table", "a.csv"], "--table is for networks from files"),
        (["--to-network", "f=x", "2*x"], "Name every formula"),
        (["--to-network", "f=x", "f=2*x"], "Name every formula"),
        (["--to-network", "x", "--range", "x=1:0"], "smaller first"),
        (["--to-network", "x", "--range", "x"], "x=-1:0"),
        (["--to-network", "x", "--range", "x=0:1", "x=0:2"], "names a variable twice"),
        (["--to-network", "x", "--spare", "99"], "from 0 to 50"),
        (["--to-network", "sinn(x)"], "did you mean sin"),
        (["--to-network", "x", "-o", "a.pt"], "saved as .safetensors"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(run: Run, arguments: list[str], words: str):
    status, out, err = run("formula", *arguments)
    assert status
    assert not out
    assert words in err.splitlines()[-1]
