"""Read what an estimator is given: rows, weights and parameters, and make a data set of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.layer import Variable
from kanviz.errors import EstimatorError
from kanviz.text import shown

Array = np.ndarray


def rows_and_target(estimator: Any, X: Any, y: Any, **rules: Any) -> tuple[Array, Array]:
    """Return X (rows, inputs) and y of a `fit`, checked and remembered by scikit-learn's own rules.

    Raises ValueError for what these refuse.
    """
    x, target = validate_data(estimator, X, y, dtype=np.float64, **rules)
    return np.asarray(x), np.asarray(target)


def rows_like_fitted(estimator: Any, X: Any) -> Float[Tensor, "rows input"]:
    """Return X as rows; its columns must be those of `fit`, by number and name. Raises ValueError for others."""
    found: Any = validate_data(estimator, X, reset=False, dtype=np.float64)
    return torch.from_numpy(np.array(found))


def weights_of(sample_weight: Any, x: Array) -> Array | None:
    """Return the weights as numbers of at least 0. Raises ValueError for others."""
    if sample_weight is None:
        return None
    return np.asarray(_check_sample_weight(sample_weight, x, dtype=np.float64, ensure_non_negative=True))


def plain(value: Any) -> Any:
    """Return a number of NumPy, as a search over parameters gives it, as one of Python; anything else unchanged."""
    return value.item() if isinstance(value, np.generic) else value


def shape_of(inputs: int, hidden: Any, outputs: int) -> list[Any]:
    """Return the whole shape of a network from its hidden columns.

    Raises EstimatorError where these are no sequence.
    """
    if isinstance(hidden, str) or not hasattr(hidden, "__iter__"):
        raise EstimatorError(
            f"hidden has a number for each hidden column, as (5,), (5, 3) or (); got {shown(str(hidden), 40)}."
        )
    return [inputs, *(list(map(plain, v)) if hasattr(v, "__iter__") else plain(v) for v in hidden), outputs]


def seed_of(random_state: Any) -> int:
    """Return the seed that a random_state stands for: a whole number itself, else one drawn from it."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def names_of(estimator: Any) -> list[str]:
    """Return the names of the inputs: those of the table that fit was given, else x1, x2 ..."""
    return list(getattr(estimator, "feature_names_in_", (f"x{i + 1}" for i in range(estimator.n_features_in_))))


def dataset_of(
    x: Float[Array, "rows input"],
    y: Float[Array, "rows output"],
    weights: Float[Array, " rows"] | None,
    names: Sequence[str],
    classes: Sequence[str] | None = None,
) -> Dataset:
    """Return the rows as a data set without held-out rows: equal rows are one, in a fixed order.

    weights: a weight of k counts like k equal rows, 0 like none ·
    classes: the names of the columns of y where these are classes.
    """
    rows, where = np.unique(np.column_stack([x, y]), axis=0, return_inverse=True)
    total = np.bincount(where.ravel(), weights, len(rows))
    rows, total = rows[total > 0], total[total > 0]
    outputs = list(classes) if classes is not None else _numbered("y", y.shape[1])
    data = Dataset.from_arrays(rows[:, : x.shape[1]], rows[:, x.shape[1] :], test=0, inputs=names, outputs=outputs)
    if classes is not None:
        data = replace(data, outputs=tuple(Variable(name) for name in classes), task="classification")
    if total.min() < total.max():
        data = replace(data, weights=torch.from_numpy(total / total.max()))
    return data


def _numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}{n + 1}" for n in range(count)]
