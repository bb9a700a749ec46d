"""Define `LawRegressor`: the search for a law with the verbs and the parameters of scikit-learn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from kanviz.analysis.scores import scores
from kanviz.core.data.dataset import Dataset
from kanviz.errors import EstimatorError, UserError
from kanviz.laws.law import Law
from kanviz.laws.network.law_as_network import as_network
from kanviz.laws.search.discover import DiscoverConfig, discoveries
from kanviz.laws.search.hints import Hints
from kanviz.laws.search.problem import LEAST
from kanviz.sklearn.rows import names_of, plain, rows_and_target, rows_like_fitted, seed_of, shape_of
from kanviz.sklearn.state import packed, unpacked

Array = np.ndarray
LEAST_HELD = 2


class LawRegressor(RegressorMixin, BaseEstimator):
    """The law behind one column of numbers: a search, judged on rows that it holds out.

    hidden: bounds the structures that are tried as hidden columns of a network do, () for sums of functions of one
    input each, (1,) for a function of such a sum, ([0, 1],) for a product, None for no bound · attempts: how often
    everything is tried, each time from another start · seconds: the most by the clock; where it does not run out, the
    same rows give the same law · forbid, prefer: functions, as "sin" · integer_exponents: no roots ·
    validation_fraction: of the rows, held out · n_jobs: processes, for more than one attempt.

    After `fit`: `law_`, its `formula_` (SymPy, in the names of the inputs), `laws_` (a dictionary for each law that no
    simpler one beats, with errors and LaTeX), and, where an edge can have every part of the law, `kan_`, the same as a
    network, with `feature_importances_`. Where the law has no real value a prediction is NaN. With fewer than 12 rows
    (10 at least) none is held out. The search counts all rows alike, so `fit` takes no weights.
    Raises EstimatorError, which is a ValueError, and other errors of kanviz, for what has no law.

    >>> import numpy as np
    >>> from kanviz.sklearn import LawRegressor
    >>> x = np.linspace(0, 4, 40)[:, None]
    >>> model = LawRegressor(hidden=()).fit(x, 2 * x[:, 0] + 1)
    >>> model.formula_, model.predict([[10.0]]), model.laws_[-1]["complexity"]
    (2*x1 + 1, array([21.]), 5)
    """

    law_: Law
    feature_names_in_: Array
    n_features_in_: int

    def __init__(
        self,
        hidden: Sequence[Any] | None = None,
        *,
        attempts: int = 1,
        seconds: float = 60.0,
        forbid: Sequence[str] = (),
        prefer: Sequence[str] = (),
        integer_exponents: bool = False,
        validation_fraction: float = 0.2,
        n_jobs: int = 1,
        random_state: Any = 0,
    ):
        self.hidden = hidden
        self.attempts = attempts
        self.seconds = seconds
        self.forbid = forbid
        self.prefer = prefer
        self.integer_exponents = integer_exponents
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Search for a law. X: (rows, inputs), y: (rows,), both finite numbers.

        Raises EstimatorError for fewer than 10 rows and for a share of rows that cannot be held out.
        """
        x, target = rows_and_target(self, X, y, y_numeric=True)
        if len(x) < LEAST:
            raise EstimatorError(f"A law needs at least {LEAST} rows; n_samples = {len(x)}. Add rows.")
        if not 0 < self.validation_fraction < 1:
            raise EstimatorError("The share of rows held out, validation_fraction, must be above 0 and below 1.")
        seed = seed_of(self.random_state)
        data = _split(x, target, names_of(self), self.validation_fraction, seed)
        shape = None if self.hidden is None else shape_of(x.shape[1], self.hidden, 1)
        hints = Hints(tuple(self.forbid), tuple(self.prefer), self.integer_exponents)
        config = DiscoverConfig(shape, plain(self.seconds), plain(self.attempts), hints, plain(self.n_jobs), seed)
        *_, found = discoveries(data, config)
        self.law_, self.laws_ = found.best.law, tuple(entry.to_json() for entry in found.front)
        self.formula_ = self.law_.expression
        try:
            self.kan_ = as_network(self.law_, data.inputs, data.outputs[0], data.x)
            self.feature_importances_ = scores(self.kan_, data).nodes[0]
        except UserError:  # the law has a part that no edge can have; then these two are not there
            for name in ("kan_", "feature_importances_"):
                if hasattr(self, name):  # from an earlier fit
                    delattr(self, name)
        return self

    def predict(self, X: Any) -> Array:
        """Return the law's value on every row (rows,); NaN where it has no real value."""
        check_is_fitted(self, "law_")
        return self.law_(rows_like_fitted(self, X)).numpy()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with law and network as plain data, which skops can hold."""
        state: Any = super().__getstate__()
        return packed(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read law and network as data; nothing in them is ever run."""
        super().__setstate__(unpacked(state))


def _split(x: Array, y: Array, names: Sequence[str], share: float, seed: int) -> Dataset:
    """Return the rows with some held out; with too few, or where those are all equal, all rows are judged on."""
    data = Dataset.from_arrays(x, y, test=0, inputs=names)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    count = min(max(round(share * len(x)), LEAST_HELD), len(x) - LEAST)
    held, learned = order[:count].sort().values, order[count:].sort().values
    if count < LEAST_HELD or data.y[held].min() == data.y[held].max():
        held = data.train
        learned = data.train
    return replace(data, train=learned, test=held)
