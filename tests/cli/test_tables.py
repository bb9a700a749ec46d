"""Tables on the command line and in Python: what is found is said, what is told is followed, classes and errors too."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kanviz
from kanviz.errors import TableError
from tests.cli.conftest import Run

TABLES = Path(__file__).parents[1] / "tables"


@pytest.fixture
def trained(run: Run, tmp_path: Path) -> Callable[..., tuple[dict, kanviz.KAN, str]]:
    """Train on a table for two steps; what came of it, the network, and what was said."""

    def command(table: object, target: str, *more: object) -> tuple[dict, kanviz.KAN, str]:
        output = tmp_path / "network.safetensors"
        status, out, err = run("train", table, "--target", target, "--steps", 2, "--json", "-o", output, *more)
        assert status == 0, err
        return json.loads(out), kanviz.load(output), err

    return command


def test_units_below_the_names_travel_into_the_network(trained):
    _, kan, said = trained(TABLES / "pico.csv", "Canal A")
    assert [str(v) for v in (*kan.inputs, *kan.outputs)] == ["Temps (ms)", "Canal A (V)"]
    assert "The units are in line 2" in said


def test_units_in_headings_do_too_and_the_heading_is_a_name_as_well(trained):
    _, kan, _ = trained(TABLES / "meta_colon.csv", "U (V)")
    assert [str(v) for v in (*kan.inputs, *kan.outputs)] == ["Time (s)", "U (V)"]


def test_lines_of_names_and_units_can_be_told(trained, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("Coupling,DC\nTime,CH1\n" + "".join(f"{n},{n * n}\n" for n in range(20)))
    assert trained(table, "CH1")[1].inputs[0].name == "Time"
    assert trained(table, "DC CH1", "--header-row", "1,2")[1].inputs[0].name == "Coupling Time"
    assert trained(table, "x2", "--header-row", 0)[1].inputs[0].name == "x1"
    units = tmp_path / "u.csv"
    units.write_text("a,b\nfoo,bar\n" + "".join(f"{n},{n * n}\n" for n in range(20)))
    assert trained(units, "b", "--header-row", 1, "--units-row", 0)[1].inputs[0].unit == ""


def test_codes_for_missing_values_can_be_told(trained):
    found, _, said = trained(TABLES / "air.csv", "c")
    assert found["rows"] == {"train": 165, "test": 41}
    assert "-200 is far from all other values" in said
    assert trained(TABLES / "air.csv", "c", "--missing", "none")[0]["rows"] == {"train": 240, "test": 60}
    assert trained(TABLES / "air.csv", "c", "--missing=-200,-999")[0]["rows"] == {"train": 165, "test": 41}


def test_an_encoding_can_be_told(trained):
    assert trained(TABLES / "latin2.csv", "Průtok")[1].outputs[0].name == "Průtok"
    assert trained(TABLES / "latin2.csv", "Prùtok", "--encoding", "cp1252")[1].outputs[0].name == "Prùtok"


def test_words_and_row_numbers_are_said(trained):
    _, kan, said = trained(TABLES / "charges.csv", "charges")
    assert [str(v) for v in kan.inputs] == ["age", "bmi", "smoker (yes = 1)"]
    assert "Two words are taken as 0 and 1: smoker is 1 for yes." in said
    assert "Not used as an input: ID (row numbers)." in said


def test_a_network_of_words_takes_the_same_table_again(run, trained, tmp_path):
    trained(TABLES / "charges.csv", "charges")
    network = tmp_path / "network.safetensors"
    status, _, said = run("formula", network, "--table", TABLES / "charges.csv")
    assert status == 0, said
    status, _, said = run(
        "train", TABLES / "charges.csv", "--target", "charges", "--start", network, "--lock-rows",
        TABLES / "charges.csv", "--steps", 1, "-o", tmp_path / "again.safetensors",
    )  # fmt: skip
    assert status == 0, said
    assert "bit-identical" in said


def test_classes_coded_as_numbers_are_said_and_can_be_taken(trained, tmp_path):
    table, rng = tmp_path / "digits.csv", np.random.default_rng(0)
    x = rng.uniform(0, 3, 60)
    pd.DataFrame({"x": x.round(3), "digit": x.astype(int)}).to_csv(table, index=False)
    found, _, said = trained(table, "digit")
    assert found["task"] == "regression"
    assert "only 3 different whole numbers" in said
    assert "--classes" in said
    found, kan, said = trained(table, "digit", "--classes")
    assert (found["task"], [v.name for v in kan.outputs]) == ("classification", ["0", "1", "2"])
    assert "--classes" not in said


def test_errors_weigh_the_rows(trained):
    plain = trained(TABLES / "with_an_error_column.csv", "y")
    assert [v.name for v in plain[1].inputs] == ["d", "N"]
    assert "yerr (errors of y)" in plain[2]
    assert "yerr holds errors of y; with --errors rows count by 1 / error^2." in plain[2]
    weighed = trained(TABLES / "with_an_error_column.csv", "y", "--errors", "yerr")
    assert "Rows count by 1 / yerr^2" in weighed[2]
    assert "with --errors" not in weighed[2]
    assert weighed[0]["train_rmse"] != plain[0]["train_rmse"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--header-row", "x"), "whole number"),
        (("--header-row", "90"), "Line 90 is empty or not among the first lines"),
        (("--missing", "much"), "write numbers as -200,9999"),
        (("--encoding", "klingon"), "no encoding 'klingon'"),
        (("--errors", "yer"), "did you mean 'yerr'?"),
        (("--inputs", "N", "dd"), "did you mean 'd'?"),
    ],
)
def test_what_cannot_be_is_refused_in_words(run, tmp_path, arguments, words):
    table = TABLES / "with_an_error_column.csv"
    status, _, err = run("train", table, "--target", "y", "-o", tmp_path / "n.safetensors", *arguments)
    assert status in (1, 2)
    assert words in err


@pytest.mark.parametrize("names", [("speed", "mass"), ("a", "b")])
def test_a_table_with_other_names_is_taken_in_its_order_and_that_is_said(run, tmp_path, names):
    kan = kanviz.init([2, 1], inputs=[kanviz.core.layer.Variable(n) for n in ("mass", "speed")])
    kanviz.save(kan, tmp_path / "n.safetensors")
    x = np.random.default_rng(0).uniform(0, 1, (20, 2)).round(3)
    table = tmp_path / "t.csv"
    pd.DataFrame({names[0]: x[:, 0], names[1]: x[:, 1], "y": x[:, 0]}).to_csv(table, index=False)
    status, _, err = run("formula", tmp_path / "n.safetensors", "--table", table)
    assert status == 0
    assert ("a and b are taken in this order" in err) == (names[0] == "a")
    pd.DataFrame({"speed": x[:, 0], "masses": x[:, 1], "y": x[:, 0]}).to_csv(table, index=False)
    status, _, err = run("formula", tmp_path / "n.safetensors", "--table", table)
    assert status == 1
    assert "no column 'mass'; did you mean 'masses'?" in err


def test_a_table_is_read_in_python_as_on_the_command_line():
    table = kanviz.read_table(TABLES / "units_small.csv")
    assert (list(table.frame.columns), dict(table.units)) == (["U", "R", "I"], {"U": "V", "R": "Ohm", "I": "A"})
    assert list(kanviz.read_table(TABLES / "units_small.csv", header_row=0).frame.columns) == ["x1", "x2", "x3"]
    assert kanviz.read_table(TABLES / "units_small.csv", header_row=[1, 2]).frame.columns[0] == "U V"
    assert len(kanviz.read_table(TABLES / "air.csv", missing=()).frame.dropna()) == 300
    data = kanviz.read_table(TABLES / "meta_colon.csv").dataset("U (V)", ["Time"], units={"U": "mV"}, test=0)
    assert [str(v) for v in (*data.inputs, *data.outputs)] == ["Time (s)", "U (mV)"]


def test_a_table_of_one_row_is_refused_unless_it_is_only_looked_at(run, tmp_path):
    one = tmp_path / "one.csv"
    one.write_text("x,y\n0.5,1\n")
    with pytest.raises(TableError, match="single row"):
        kanviz.read_table(one)
    kanviz.save(kanviz.init([1, 1], inputs=[kanviz.core.layer.Variable("x")]), tmp_path / "n.safetensors")
    network = tmp_path / "n.safetensors"
    status, out, _ = run("certify", network, network, "--rows", one, "-o", tmp_path / "c.json")
    assert (status, "1 of 1" in out) == (0, True)
