"""Measure the errors of a network on a table, with a trivial prediction for comparison."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN


@dataclass(frozen=True)
class Errors:
    """The errors over some rows, in the target's units; NaN where they do not apply or there are too few rows.

    r2: 1 - squared error over the variance of these rows. baseline: for regression the rmse of predicting the mean of
    the training rows; for classification the accuracy of predicting the class most frequent there. accuracy and
    cross_entropy (natural logarithm, per row) are for classification only, rmse, mae and r2 for regression only.
    """

    rows: int
    rmse: float
    mae: float
    r2: float
    baseline: float
    accuracy: float
    cross_entropy: float


@dataclass(frozen=True)
class Metrics:
    """The errors per part ("train", and "test" when rows are held out): over all outputs, and for each output.

    `outputs` holds regression outputs by name, in order; it is empty for classification.

    >>> import kanviz
    >>> data = kanviz.Dataset.from_arrays([[0.0], [1.0], [2.0]], [[1.0, 0.0], [2.0, 0.5], [3.0, 1.0]], outputs="uv")
    >>> found = kanviz.metrics(kanviz.init([1, 2], inputs=data.inputs, outputs=data.outputs), data)
    >>> list(found.parts), [name for name, _ in found.outputs["train"]]
    (['train', 'test'], ['u', 'v'])
    """

    task: str
    parts: Mapping[str, Errors]
    outputs: Mapping[str, tuple[tuple[str, Errors], ...]]


@torch.no_grad()
def metrics(kan: KAN, data: Dataset) -> Metrics:
    """Compute the errors of the network on the training and the held-out rows.

    Over several outputs rmse and mae are the root mean square and the mean over all of them, r2 is the mean of theirs.
    Raises TableError when the table does not fit the network.

    >>> import kanviz
    >>> from kanviz.edit import FixFormula
    >>> square = FixFormula(kanviz.EdgeId(0, 0, 0), kanviz.Formula("x^2")).apply(kanviz.init([1, 1]))
    >>> data = kanviz.Dataset.from_arrays([[1.0], [2.0], [3.0], [4.0]], [1.5, 4.5, 9.5, 16.5], test=0.5)
    >>> errors = kanviz.metrics(square, data).parts["test"]
    >>> errors.rows, round(errors.rmse, 6), round(errors.mae, 6)
    (2, 0.5, 0.5)
    """
    data = data.matching(kan)
    y_train = data.rows("train")[1].double()
    classes = data.task == "classification"
    parts: dict[str, Errors] = {}
    outputs: dict[str, tuple[tuple[str, Errors], ...]] = {}
    for part in ("train", "test"):
        x, y = data.rows(part)
        if not len(x):
            continue
        y, guess = y.double(), kan(x).double()
        if classes:
            parts[part], outputs[part] = classification_errors(guess, y, y_train), ()
            continue
        each = [regression_errors(guess[:, [j]], y[:, [j]], y_train[:, [j]]) for j in range(y.shape[1])]
        parts[part] = regression_errors(guess, y, y_train)
        outputs[part] = tuple((v.name, errors) for v, errors in zip(kan.outputs, each, strict=True))
    return Metrics(data.task, parts, outputs)


NAN = float("nan")


def regression_errors(guess: Tensor, y: Tensor, y_train: Tensor) -> Errors:
    """Compute the errors of predictions (rows, output) in the units of y."""
    gap = guess - y
    variance = ((y - y.mean(0)) ** 2).mean(0)
    r2 = torch.where(variance > 0, 1 - (gap**2).mean(0) / variance, NAN).mean() if len(y) > 1 else NAN
    baseline = ((y - y_train.mean(0)) ** 2).mean().sqrt()
    return Errors(
        len(y), float((gap**2).mean().sqrt()), float(gap.abs().mean()), float(r2), float(baseline), NAN, NAN
    )  # fmt: skip


def classification_errors(guess: Tensor, y: Tensor, y_train: Tensor) -> Errors:
    """Compute the errors of class scores (rows, class)."""
    truth, guessed = y.argmax(1), guess.argmax(1)
    frequent = int(y_train.sum(0).argmax())
    entropy = float(torch.nn.functional.cross_entropy(guess, truth))
    right = float((guessed == truth).double().mean())
    return Errors(len(y), NAN, NAN, NAN, float((truth == frequent).double().mean()), right, entropy)
