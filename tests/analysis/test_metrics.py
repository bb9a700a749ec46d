"""Errors against numbers worked out by hand."""

import math

import pytest
import torch

from kanviz.analysis.metrics import metrics
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN, Task
from kanviz.core.layer import Variable
from kanviz.errors import TableError


def _identity(outputs: int) -> KAN:
    """Output j is input j."""
    names = [Variable(f"y{j}") for j in range(outputs)]
    kan = init([outputs, outputs], outputs=names)
    layer = kan.layers[0]
    for j in range(outputs):
        layer = layer.with_formula(j, j, Formula("x"))
    return kan.with_layers({0: layer}).with_layer(0, active=torch.zeros(outputs, outputs, dtype=torch.bool))


def _data(kan: KAN, x: list, y: list, train: list[int], test: list[int], task: Task = "regression") -> Dataset:
    x_rows, y_rows = torch.tensor(x).double(), torch.tensor(y).double()
    return Dataset(x_rows, y_rows, kan.inputs, kan.outputs, torch.tensor(train), torch.tensor(test).long(), task)


def test_regression_errors_by_part_and_output():
    kan = _identity(2)
    data = _data(kan, [[1, 0], [3, 0], [5, 1]], [[1, 0], [2, 4], [5, 4]], [0, 1], [2])
    found = metrics(kan, data)
    train = found.parts["train"]
    assert train.rows == 2
    assert train.rmse == pytest.approx(math.sqrt((1 + 16) / 4))
    assert train.mae == pytest.approx(5 / 4)
    assert train.baseline == pytest.approx(math.sqrt((0.25 + 0.25 + 4 + 4) / 4))
    first, second = (errors for _, errors in found.outputs["train"])
    assert [name for name, _ in found.outputs["train"]] == ["y0", "y1"]
    assert first.r2 == pytest.approx(1 - 0.5 / 0.25)
    assert second.r2 == pytest.approx(1 - 8 / 4)
    test = found.parts["test"]
    assert test.rmse == pytest.approx(3 / math.sqrt(2))
    assert test.baseline == pytest.approx(math.sqrt((3.5**2 + 2**2) / 2))
    assert math.isnan(test.r2)


def test_a_perfect_fit_has_no_error_and_no_held_out_part_without_rows():
    kan = _identity(1)
    found = metrics(kan, _data(kan, [[1], [2]], [[1], [2]], [0, 1], []))
    assert (found.parts["train"].rmse, found.parts["train"].r2) == (0, 1)
    assert list(found.parts) == ["train"]


def test_classification_counts_hits_and_says_how_sure():
    kan = _identity(2)
    log3 = math.log(3)
    data = _data(kan, [[log3, 0], [log3, 0], [0, log3]], [[1, 0], [0, 1], [0, 1]], [0, 1, 2], [], "classification")
    train = metrics(kan, data).parts["train"]
    assert train.accuracy == pytest.approx(2 / 3)
    assert train.baseline == pytest.approx(2 / 3)
    assert train.cross_entropy == pytest.approx((-2 * math.log(0.75) - math.log(0.25)) / 3)
    assert math.isnan(train.rmse)


def test_a_constant_target_has_no_r2():
    kan = _identity(1)
    assert math.isnan(metrics(kan, _data(kan, [[1], [2]], [[3], [3]], [0, 1], [])).parts["train"].r2)


def test_a_table_of_other_columns_is_refused():
    with pytest.raises(TableError, match="Choose as many columns"):
        metrics(_identity(1), _data(_identity(2), [[1, 2]], [[1, 2]], [0], []))
