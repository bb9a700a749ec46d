"""Define `KANRegressor` and `KANClassifier`: a network with the verbs and the parameters of scikit-learn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from kanviz.analysis.scores import scores
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.prediction import predictions
from kanviz.core.training.train import TrainConfig, trained
from kanviz.errors import EstimatorError
from kanviz.sklearn.rows import (
    dataset_of,
    names_of,
    plain,
    rows_and_target,
    rows_like_fitted,
    seed_of,
    shape_of,
    weights_of,
)
from kanviz.sklearn.state import packed, unpacked

Array = np.ndarray


class _Network(BaseEstimator):
    """The parameters, the training and the state that the estimators of networks have in common."""

    kan_: KAN
    feature_names_in_: Array
    n_features_in_: int

    def __init__(
        self,
        hidden: Sequence[Any] = (5,),
        *,
        grid: int = 3,
        order: int = 3,
        base: str = "silu",
        solver: str = "auto",
        steps: int = 100,
        lr: float | None = None,
        batch_size: int | None = None,
        l1: float = 0.0,
        entropy: float = 0.0,
        smooth: float | None = None,
        finest: int = 12,
        random_state: Any = 0,
    ):
        self.hidden = hidden
        self.grid = grid
        self.order = order
        self.base = base
        self.solver = solver
        self.steps = steps
        self.lr = lr
        self.batch_size = batch_size
        self.l1 = l1
        self.entropy = entropy
        self.smooth = smooth
        self.finest = finest
        self.random_state = random_state

    def _trained(self, data: Dataset) -> Self:
        """Train a new network on the data; keep it and what its inputs count for."""
        seed, given = seed_of(self.random_state), {name: plain(value) for name, value in self.get_params().items()}
        shape = shape_of(len(data.inputs), self.hidden, len(data.outputs))
        kan = init(
            shape, grid=given["grid"], order=given["order"], base=given["base"], seed=seed, inputs=data.inputs,
            outputs=data.outputs,
        )  # fmt: skip
        settings = {name: given[name] for name in ("solver", "steps", "l1", "entropy", "smooth", "finest")}
        config = TrainConfig.for_new(
            len(kan.layers), rate=given["lr"], batch=given["batch_size"], seed=seed, **settings
        )  # fmt: skip
        last = trained(replace(kan, task=data.task), data, config)
        self.kan_, self.n_iter_ = last.kan, last.step
        self.feature_importances_ = scores(self.kan_, data).nodes[0]
        return self

    def _values(self, X: Any) -> Array:
        """Return the network's predictions for the rows (rows, outputs), for classes the probabilities."""
        check_is_fitted(self, "kan_")
        return predictions(self.kan_, rows_like_fitted(self, X)).values.numpy()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with the network as the bytes of kanviz's own file, which skops can hold."""
        state: Any = super().__getstate__()
        return packed(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the network from its bytes, as data; nothing in them is ever run."""
        super().__setstate__(unpacked(state))


class KANRegressor(RegressorMixin, _Network):
    """A network for regression, trained on standardised rows with grids that grow while that pays.

    hidden: nodes of each hidden column, (5,) or, with two products, ([4, 2],) · grid: intervals of each curve's first
    grid · order: of the splines · base: function added to each spline · solver: "auto", "lm" (Levenberg-Marquardt),
    "lbfgs" or "adam" · steps: at most · lr: learning rate of L-BFGS and Adam, None for the usual · batch_size: rows of
    a step of Adam · l1, entropy: weights of the penalties that make a network sparse · smooth: weight of the penalty on
    bends, None lets the data choose · finest: intervals up to which "lm" refines grids, 0 for none.

    After `fit`: `kan_`, the network, for everything else in kanviz; `feature_importances_`, the share of the outputs'
    variance that comes through each input; `n_iter_`, the steps that were done. Rows that are equal count as one row
    with the sum of their weights, so the order of the rows does not matter. There is no `partial_fit`: scaling and
    grids come from all rows, and a network that learns only new rows forgets the old (`kanviz.continual`).
    Raises EstimatorError, which is a ValueError, and other errors of kanviz, for what cannot be learned.

    >>> import numpy as np
    >>> from kanviz.sklearn import KANRegressor
    >>> x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    >>> model = KANRegressor(hidden=(2,)).fit(x, np.exp(x[:, 0]) + x[:, 1] ** 2)
    >>> model.predict([[0.0, 0.5]]).round(2), bool(model.score(x, np.exp(x[:, 0]) + x[:, 1] ** 2) > 0.999)
    (array([1.25]), True)
    >>> model.kan_.shape, model.feature_importances_.shape
    ((2, 2, 1), (2,))
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a new network. X: (rows, inputs), y: (rows,) or (rows, outputs), both finite numbers."""
        x, target = rows_and_target(self, X, y, multi_output=True, y_numeric=True)
        weights = weights_of(sample_weight, x)
        self._one = target.ndim == 1
        return self._trained(dataset_of(x, target.reshape(len(x), -1).astype(float), weights, names_of(self)))

    def predict(self, X: Any) -> Array:
        """Return the predictions (rows,), or (rows, outputs) where y had columns."""
        found = self._values(X)
        return found[:, 0] if self._one else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class KANClassifier(ClassifierMixin, _Network):
    """A network for classes, trained for cross-entropy, with the parameters and attributes of `KANRegressor`.

    After `fit`: `classes_`, in the order of the columns of `predict_proba`, and `kan_`, with an output for each class.
    Raises EstimatorError, which is a ValueError, and other errors of kanviz, for what cannot be learned.

    >>> import numpy as np
    >>> from kanviz.sklearn import KANClassifier
    >>> x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    >>> model = KANClassifier(hidden=(2,)).fit(x, np.where(x[:, 0] ** 2 + x[:, 1] > 0.3, "in", "out"))
    >>> model.classes_, model.predict([[0.0, 0.9], [0.1, -0.9]]), model.predict_proba([[0.0, 0.9]]).shape
    (array(['in', 'out'], dtype='<U3'), array(['in', 'out'], dtype='<U3'), (1, 2))
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a new network. X: (rows, inputs), finite; y: (rows,), labels of any kind, at least two.

        Raises EstimatorError for a single class.
        """
        x, target = rows_and_target(self, X, y)
        check_classification_targets(target)
        weights = weights_of(sample_weight, x)
        seen = target if weights is None else target[weights > 0]
        self.classes_, places = np.unique(seen, return_inverse=True)
        if len(self.classes_) < 2:
            raise EstimatorError("All rows are of one class; a classifier needs rows of at least 2 classes.")
        x, weights = (x, None) if weights is None else (x[weights > 0], weights[weights > 0])
        one_hot = np.eye(len(self.classes_))[places]
        return self._trained(dataset_of(x, one_hot, weights, names_of(self), [str(name) for name in self.classes_]))

    def predict(self, X: Any) -> Array:
        """Return the likeliest class of every row (rows,)."""
        found = self._values(X)
        return self.classes_[found.argmax(1)]

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class (rows, classes), in the order of `classes_`."""
        return self._values(X)
