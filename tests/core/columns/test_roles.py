"""Columns that number the rows or are errors of others are no inputs by themselves; all others are."""

import numpy as np
import pandas as pd
import pytest

from kanviz.core.columns.roles import roles_of, usual_target
from kanviz.core.data.dataset import Dataset


def frame(**columns) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 9, 30)
    return pd.DataFrame({"x": x, "z": rng.uniform(0, 1, 30), **columns, "y": x**2 + 10})


def inputs(table: pd.DataFrame, target: str = "y") -> list[str]:
    return list(roles_of(table, [target]).inputs)


@pytest.mark.parametrize(
    "name", ["ID", "Id", "index", "No", "Nr.", "row", "obs", "sample", "RECORD", "#", "№", "Lfd. Nr.", "Unnamed: 0",
             "序号", "S.No", "PassengerId", "sample_number"]
)  # fmt: skip
@pytest.mark.parametrize("begin", [0, 1, 1500])
def test_a_column_that_numbers_the_rows_is_no_input(name, begin):
    roles = roles_of(frame(**{name: np.arange(begin, begin + 30)}), ["y"])
    assert roles.inputs == ("x", "z")
    assert roles.notes == [f"Not used as an input: {name} (row numbers)."]


@pytest.mark.parametrize("name", ["t", "time", "day", "Depth", "temperature"])
def test_a_column_that_counts_but_may_be_a_quantity_is_an_input(name):
    assert name in inputs(frame(**{name: np.arange(30)}))


def test_an_id_with_gaps_in_no_order_is_no_input():
    assert inputs(frame(customer_id=np.random.default_rng(0).permutation(30) * 7 + 1000)) == ["x", "z"]
    assert inputs(frame(objid=np.full(30, 1237648720693755918) + np.arange(30))) == ["x", "z"]
    assert "humid" in inputs(frame(humid=np.random.default_rng(0).permutation(30)))
    assert "width" in inputs(frame(width=np.random.default_rng(0).permutation(30) * 7))


def test_the_only_column_is_an_input_whatever_it_is_called():
    table = pd.DataFrame({"n": np.arange(1, 16), "cube": np.arange(1, 16) ** 3})
    assert inputs(table, "cube") == ["n"]
    assert inputs(table.rename(columns={"n": "Nr"}), "cube") == ["Nr"]


@pytest.mark.parametrize(
    "name", ["yerr", "y_err", "err", "error", "sigma", "sigma_y", "d_y", "dy", "Δy", "δ_y", "u(y)", "y_std", "std_y",
             "SD", "y error", "uncertainty", "Fehler", "err(y)", "±", "+/-", "ey", "yerr_minus", "y_err+"]
)  # fmt: skip
def test_a_column_of_errors_right_behind_the_target_is_no_input(name):
    table = frame().assign(**{name: 0.3})
    roles = roles_of(table, ["y"])
    assert roles.inputs == ("x", "z")
    assert roles.errors == {name: "y"}
    assert usual_target(table, list(table.columns)) == "y"


def test_errors_to_both_sides_are_no_inputs():
    table = frame().assign(yerr_minus=0.3, yerr_plus=0.4)
    assert usual_target(table, list(table.columns)) == "y"
    assert roles_of(table, ["y"]).errors == {"yerr_minus": "y", "yerr_plus": "y"}


def test_errors_may_be_named_by_the_first_letters_of_what_stands_before_them():
    table = frame().rename(columns={"y": "Vobs"}).assign(errV=0.3)
    assert usual_target(table, list(table.columns)) == "Vobs"
    assert roles_of(table, ["Vobs"]).errors == {"errV": "Vobs"}


def test_a_column_that_is_always_the_same_or_text_is_not_what_is_predicted():
    table = frame().assign(status=16384.0, end="eor")
    assert usual_target(table, list(table.columns)) == "y"
    assert usual_target(table, ["status"]) == "status"


def test_the_error_of_an_input_is_no_input():
    roles = roles_of(frame(x_err=0.1), ["y"])
    assert roles.inputs == ("x", "z")
    assert roles.errors == {"x_err": "x"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("sigma", np.linspace(0.1, 2, 30)),  # a width, as in a Gaussian: not behind the target
        ("dx", np.linspace(-3, 3, 30)),  # a velocity: of both signs
        ("x_err", np.linspace(100, 900, 30)),  # larger than what it would be the error of
        ("d", np.linspace(0.1, 2, 30)),
        ("energy", np.linspace(0.1, 2, 30)),
        ("deviation_angle", np.linspace(0.1, 2, 30)),
    ],
)
def test_a_column_that_only_sounds_like_errors_is_an_input(name, values):
    assert name in inputs(frame(**{name: values}))


def test_two_words_are_an_input_and_others_are_offered():
    table = frame(lit=["on", "off", "on"] * 10, side=["n", "s", "w"] * 10, day=["2024-01-05", "2024-01-06"] * 15)
    roles = roles_of(table.assign(place=[f"p{n}" for n in range(30)]), ["y"])
    assert roles.inputs == ("x", "z", "lit")
    assert "words" in roles.left_out["side"]
    assert "dates" in roles.left_out["day"]
    assert roles.left_out["place"] == "text"


def test_words_and_dates_are_inputs_where_there_are_no_numbers():
    table = pd.DataFrame({"day": [f"2024-01-{n:02}" for n in range(1, 31)], "y": np.arange(30) ** 2.0})
    assert inputs(table) == ["day"]
    assert Dataset.from_frame(table, "y").x[:, 0].tolist() == list(range(30))


@pytest.mark.parametrize(
    ("values", "noted"), [([0, 1, 2] * 10, True), (np.arange(30), False), ([0.5, 1.5] * 15, False)]
)
def test_a_target_of_few_whole_numbers_is_said_to_be_taken_for_a_quantity(values, noted):
    table = frame().assign(kind=values)
    data = Dataset.from_frame(table, "kind", ["x", "z"])
    assert data.task == "regression"
    assert any("--classes" in note for note in data.notes) == noted
    assert not any("--classes" in note for note in Dataset.from_frame(table, "kind", ["x"], task="regression").notes)
