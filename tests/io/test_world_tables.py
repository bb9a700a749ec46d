"""Tables as the world writes them: every file of tests/tables gives its right values, and says what was assumed."""

from pathlib import Path

import numpy as np
import pytest

from kanviz.core.columns.roles import roles_of, usual_target
from kanviz.core.data.dataset import Dataset
from kanviz.io.tables import Table, open_table

FOLDER = Path(__file__).parent.parent / "tables"


def table(name: str) -> Table:
    return open_table(FOLDER / name)


def said(found: Table) -> str:
    return " ".join(found.notes)


NAMES = {
    "gbk.csv": ["温度", "压力", "流量"],
    "utf8zh.csv": ["温度", "压力", "流量"],
    "latin2.csv": ["Teplota", "Tlak", "Průtok"],
    "meta_lines.csv": ["Time", "CH1"],
    "title_line.csv": ["AirTC", "RH"],
    "meta_colon.csv": ["Time", "U"],
    "pico.csv": ["Temps", "Canal A"],
    "scope.csv": ["x-axis", "1"],
    "units_small.csv": ["U", "R", "I"],
    "ohm_with_unit_row.csv": ["U", "R", "I"],
    "ohm_8.csv": ["U", "I"],
    "cubes_15.csv": ["n", "cube"],
    "lab.dat": ["a", "b", "y"],
    "lab.data": ["a", "b", "y"],
}
UNITS = {
    "meta_colon.csv": {"Time": "s", "U": "V"},
    "pico.csv": {"Temps": "ms", "Canal A": "V"},
    "scope.csv": {"x-axis": "second", "1": "Volt"},
    "units_small.csv": {"U": "V", "R": "Ohm", "I": "A"},
    "ohm_with_unit_row.csv": {"U": "V", "R": "Ohm", "I": "A"},
    "ohm_8.csv": {"U": "V", "I": "A"},
    "meta_lines.csv": {},
}
ROWS = {
    "meta_lines.csv": 60, "title_line.csv": 60, "meta_colon.csv": 60, "pico.csv": 50, "scope.csv": 50,
    "units_small.csv": 3, "lab.dat": 40, "lab.data": 40, "autompg_uci.data": 40, "cubes_15.csv": 15, "ohm_8.csv": 8,
}  # fmt: skip


@pytest.mark.parametrize(("name", "names"), NAMES.items(), ids=NAMES)
def test_the_names_are_found_and_every_column_holds_numbers(name, names):
    found = table(name)
    assert list(found.frame.columns) == names
    assert found.numeric == tuple(names)


@pytest.mark.parametrize(("name", "units"), UNITS.items(), ids=UNITS)
def test_the_units_are_found_in_headings_and_below_names(name, units):
    assert dict(table(name).units) == units


@pytest.mark.parametrize(("name", "rows"), ROWS.items(), ids=ROWS)
def test_no_row_is_lost_and_none_is_added(name, rows):
    assert len(table(name).frame) == rows


def test_the_decay_of_an_oscilloscope_comes_out_with_its_decimal_commas():
    frame = table("pico.csv").frame
    np.testing.assert_allclose(frame["Canal A"], 8 * np.exp(-frame["Temps"] / 1.7), rtol=1e-6)


def test_blanks_and_a_tab_in_one_line_give_eight_columns_of_numbers_and_one_of_text():
    found = table("autompg_uci.data")
    assert (len(found.numeric), len(found.frame.columns)) == (8, 9)
    assert found.frame.iloc[0].tolist() == [18, 4, 300, 130, 3500, 12, 70, 1, "maker model 0"]


def test_a_number_far_from_all_others_is_missing_and_that_is_said_with_its_count():
    found = table("air.csv")
    (code,) = found.codes
    assert (code.value, code.count, code.missing) == (-200, 105, True)
    assert len(found.frame.dropna()) == 206
    assert "-200 is far from all other values of T (30), RH (30) and c (45)" in said(found)
    assert "94 of 300 rows" in said(found)
    back = found.counting(-200, missing=False)
    assert len(back.frame.dropna()) == 300
    assert int((back.frame == -200).sum().sum()) == 105
    assert len(back.counting(-200, missing=True).frame.dropna()) == 206


@pytest.mark.parametrize("name", ["gbk.csv", "latin2.csv"])
def test_a_guessed_encoding_is_said_with_a_word_and_others_can_be_chosen(name):
    found = table(name)
    assert "not UTF-8" in said(found)
    assert any(word in said(found) for word in ("温度", "Průtok"))
    assert len(found.origin.others) > 1


def test_words_are_inputs_and_row_numbers_are_none():
    frame = table("charges.csv").frame
    data = Dataset.from_frame(frame, "charges")
    assert [str(v) for v in data.inputs] == ["age", "bmi", "smoker (yes = 1)"]
    assert data.x[:, 2].tolist() == [float(word == "yes") for word in frame["smoker"]]
    assert "smoker is 1 for yes" in " ".join(data.notes)
    assert "ID (row numbers)" in " ".join(data.notes)


def test_a_column_of_errors_is_a_weight_and_no_input():
    frame = table("with_an_error_column.csv").frame
    assert usual_target(frame, list(frame.columns)) == "y"
    data = Dataset.from_frame(frame, "y", errors="yerr")
    assert [v.name for v in data.inputs] == ["d", "N"]
    assert data.weights is not None
    np.testing.assert_allclose(data.weights.numpy() * frame["yerr"].to_numpy() ** 2, frame["yerr"].min() ** 2)
    assert roles_of(frame, ["y"]).errors == {"yerr": "y"}


def test_a_column_that_counts_is_an_input_where_there_is_no_other():
    data = Dataset.from_frame(table("cubes_15.csv").frame, "cube")
    assert [v.name for v in data.inputs] == ["n"]
    assert data.notes == ()


@pytest.mark.parametrize("name", ["utf8zh.csv", "cubes_15.csv", "ohm_8.csv", "with_an_error_column.csv"])
def test_a_plain_table_is_read_without_a_note(name):
    assert table(name).notes == ()
