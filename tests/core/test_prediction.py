"""Predicting new rows: the same kind of table comes back, columns are found by name, and no row is lost."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
import torch
from torch import Tensor

import kanviz
from kanviz.core import prediction
from kanviz.core.layer import Variable
from kanviz.errors import TableError

ENERGY = kanviz.from_formula({"energy": "m*v**2/2", "sum": "m+v"}, {"m": (0, 5), "v": (0, 5)})
COLUMNS = {"v": [2.0, 4.0, 1.0], "name": ["a", "b", "c"], "m": [3.0, 1.0, 2.0]}
TABLES = {
    "pandas": pd.DataFrame(COLUMNS, index=[7, 3, 5]),
    "polars": polars.DataFrame(COLUMNS),
    "Arrow table": pa.table(COLUMNS),
    "Arrow batch": pa.record_batch(COLUMNS),
    "mapping": COLUMNS,
    "NumPy with names": np.array([*zip(COLUMNS["v"], COLUMNS["m"], strict=True)], dtype=[("v", float), ("m", float)]),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_gives_the_same_kind_of_table_whose_columns_are_the_outputs(kind: str):
    found = ENERGY.predict(TABLES[kind])
    assert type(found) is type(TABLES[kind])
    assert np.asarray(found["energy"]).tolist() == [6.0, 8.0, 1.0]
    assert np.asarray(found["sum"]).tolist() == [5.0, 5.0, 3.0]


def test_a_pandas_frame_keeps_its_index():
    assert ENERGY.predict(TABLES["pandas"]).index.tolist() == [7, 3, 5]


@pytest.mark.parametrize("make", [list, np.array, torch.tensor])
def test_an_array_gives_an_array_of_rows_and_outputs(make):
    found = ENERGY.predict(make([[3.0, 2.0], [1.0, 4.0]]))
    assert isinstance(found, Tensor if make is torch.tensor else np.ndarray)
    assert found.tolist() == [[6.0, 5.0], [8.0, 5.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_predictions_are_what_the_network_computes(dtype: torch.dtype):
    kan, x = kanviz.init([2, 3, 2], seed=1).to(dtype), torch.randn(50, 2, dtype=dtype)
    assert kan.predict(x).dtype == dtype
    assert torch.equal(kan.predict(x), kan(x))


def test_rows_in_pieces_give_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch):
    kan, x = kanviz.init([2, 3, 1], seed=2), torch.randn(100, 2, dtype=torch.float64)
    whole = kan.predict(x)
    monkeypatch.setattr(prediction, "MOST_ROWS", 7)
    assert torch.allclose(kan.predict(x), whole, rtol=1e-12, atol=1e-12)


def test_rows_that_lack_a_value_get_nan_and_a_warning_says_how_many():
    table = pd.DataFrame({"m": [1.0, np.nan, np.inf, 2.0], "v": [1.0, 1.0, 1.0, 1.0]})
    with pytest.warns(UserWarning, match=r"^2 of 4 rows lack a finite value in m; their predictions are NaN.$"):
        found = ENERGY.predict(table)
    assert found["energy"].isna().tolist() == [False, True, True, False]


def test_rows_without_a_finite_prediction_are_counted():
    kan = kanviz.from_formula("log(x)", {"x": (0.5, 2)})
    with pytest.warns(UserWarning, match="For 1 row the network has no finite value; their predictions are NaN"):
        assert kan.predict([[1.0], [-1.0]])[0].tolist() == [0.0]


def test_a_table_without_rows_gives_a_table_without_rows():
    assert ENERGY.predict(pd.DataFrame({"m": [], "v": []})).shape == (0, 2)


def test_a_missing_column_is_refused_with_the_names_the_network_takes():
    with pytest.raises(TableError, match=r"no column 'v'.*takes m, v, by name"):
        ENERGY.predict({"m": [1.0], "w": [2.0]})


def test_outputs_with_the_same_name_are_both_there():
    kan = replace(ENERGY, outputs=(Variable("y"), Variable("y")))
    assert {name: values.tolist() for name, values in kan.predict({"m": [3.0], "v": [2.0]}).items()} == {
        "y": [6.0], "y_2": [5.0]
    }  # fmt: skip


# --- classes ----------------------------------------------------------------------------------------------------

CLASSES = replace(ENERGY, task="classification", outputs=(Variable("warm"), Variable("cold")))


@pytest.mark.parametrize("kind", TABLES)
def test_classes_come_as_labels_by_name(kind: str):
    found = CLASSES.predict(TABLES[kind])
    assert np.asarray(found["class"]).tolist() == ["warm", "warm", "cold"]


@pytest.mark.parametrize("kind", TABLES)
def test_probabilities_are_columns_named_by_the_classes_and_sum_to_1(kind: str):
    found = CLASSES.predict(TABLES[kind], proba=True)
    warm, cold = np.asarray(found["warm"]), np.asarray(found["cold"])
    assert np.allclose(warm + cold, 1)
    assert np.allclose(warm, 1 / (1 + np.exp([5.0 - 6.0, 5.0 - 8.0, 3.0 - 1.0])))


def test_labels_of_an_array_are_words_and_of_a_tensor_numbers():
    rows = [[3.0, 2.0], [2.0, 1.0]]
    assert CLASSES.predict(rows).tolist() == ["warm", "cold"]
    assert CLASSES.predict(torch.tensor(rows)).tolist() == [0, 1]


def test_a_row_that_lacks_a_value_has_no_label_and_no_probability():
    with pytest.warns(UserWarning, match="1 of 2 rows lack a finite value in v; their labels are empty"):
        assert CLASSES.predict([[3.0, 2.0], [3.0, np.nan]]).tolist() == ["warm", None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert CLASSES.predict(torch.tensor([[3.0, np.nan]])).tolist() == [-1]
        assert np.isnan(CLASSES.predict([[3.0, np.nan]], proba=True)).all()


def test_probabilities_of_numbers_and_classes_of_one_output_are_refused():
    with pytest.raises(kanviz.UserError, match=r"predicts numbers, not classes.*leave out proba"):
        ENERGY.predict([[1.0, 2.0]], proba=True)
    with pytest.raises(kanviz.UserError, match="classes need an output each"):
        replace(kanviz.init([2, 1]), task="classification").predict([[1.0, 2.0]])
