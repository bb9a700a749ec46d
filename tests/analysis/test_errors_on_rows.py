"""Errors on some rows: those of the whole table on all, the training rows and those held out always apart."""

from dataclasses import asdict, replace

import pytest
import torch
from hypothesis import given

from kanviz.analysis.errors_on_rows import between, confusion, errors_on, predictions
from kanviz.analysis.metrics import metrics
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from tests.helpers import kans, not_none, table_for


@given(kans())
def test_on_all_rows_they_are_the_errors_of_the_network(kan):
    data = table_for(kan)
    found = errors_on(predictions(kan, data), range(len(data)))
    whole = metrics(kan, data)
    assert found.parts.keys() == whole.parts.keys()
    near = 1e-6 if kan.dtype == torch.float32 else 1e-12  # torch's erf depends on a row's place among the others
    for part, errors in found.parts.items():
        assert asdict(errors) == pytest.approx(asdict(whole.parts[part]), rel=near, nan_ok=True)
    assert found.rows == len(data)


def table() -> tuple:
    kan = init([2, 3, 2], seed=0)
    data = table_for(kan, 50)
    return kan, data, predictions(kan, data)


def test_of_chosen_rows_each_part_is_measured_by_itself():
    kan, data, said = table()
    rows = [*data.train[:5].tolist(), *data.test[:3].tolist()]
    found = errors_on(said, rows, output=1)
    assert [(part, errors.rows) for part, errors in found.parts.items()] == [("train", 5), ("test", 3)]
    gap = (kan(data.x) - data.y)[:, 1]
    assert found.parts["test"].rmse == pytest.approx(float(gap[data.test[:3]].square().mean().sqrt()))
    row, miss = not_none(found.worst)
    assert row in rows
    assert miss == pytest.approx(float(gap[row]))
    assert abs(miss) == pytest.approx(float(gap[rows].abs().max()))


def test_a_part_without_rows_is_missing_and_no_rows_have_no_errors():
    _, data, said = table()
    assert list(errors_on(said, data.test[:2]).parts) == ["test"]
    empty = errors_on(said, [])
    assert (empty.parts, empty.rows, empty.worst) == ({}, 0, None)


def test_a_prediction_that_is_no_number_is_not_called_the_largest_miss():
    _, _, said = table()
    broken = replace(said, predicted=said.predicted.clone())
    broken.predicted[3] = torch.nan
    assert errors_on(broken, [3]).worst is None
    assert not_none(errors_on(broken, [3, 4]).worst)[0] == 4


def test_rows_between_two_numbers():
    values = torch.tensor([0.0, 1.0, 2.0, 3.0])
    assert between(values, 1.0, 2.0).tolist() == [1, 2]
    assert between(values, 2.0, 1.0).tolist() == []


def test_classes_are_counted_and_the_least_believed_row_is_the_worst():
    y = torch.eye(3).double()[[0, 1, 2, 2, 1]]
    data = replace(Dataset.from_arrays(torch.rand(5, 2), y, test=0.4, seed=0), task="classification")
    kan = replace(init([2, 3], seed=0), task="classification", inputs=data.inputs, outputs=data.outputs)
    said = replace(predictions(kan, data), predicted=torch.tensor(
        [[5.0, 0, 0], [0, 5, 0], [0, 0, 5], [0, 2, 0], [9, 0, 0]]).double())  # fmt: skip
    assert confusion(said, range(5)).tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    found = errors_on(said, range(5))
    assert not_none(found.worst)[0] == 4
    assert 0 < not_none(found.worst)[1] < 1e-3
    right = sum(errors.accuracy * errors.rows for errors in found.parts.values())
    assert right == pytest.approx(3)
