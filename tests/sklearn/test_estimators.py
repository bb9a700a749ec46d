"""Networks and laws with scikit-learn's verbs: in its tools, saved and read, with what kanviz adds to them."""

import importlib
import io
import sys
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars
import pytest
import skops.io
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kanviz.errors import EstimatorError, UserError
from kanviz.sklearn import KANClassifier, KANRegressor, LawRegressor

QUICK: dict[str, Any] = {"hidden": (), "grid": 3, "finest": 0, "steps": 15}
X = np.random.default_rng(0).uniform(-1, 1, (80, 2))
Y = np.sin(3 * X[:, 0])  # the second input does nothing
LABELS = np.where(X[:, 0] > 0.2, "right", "left")
FITTED = {
    "KANRegressor": KANRegressor(**QUICK).fit(X, Y),
    "KANClassifier": KANClassifier(**QUICK).fit(X, LABELS),
    "LawRegressor": LawRegressor(hidden=()).fit(X, 2 * X[:, 1] + 1),
}


# --- with scikit-learn's tools -----------------------------------------------------------------------------------


def test_a_pipeline_scales_and_learns():
    model = make_pipeline(StandardScaler(), KANRegressor(**QUICK)).fit(100 * X, Y)
    assert model.score(100 * X, Y) > 0.99


def test_a_grid_search_chooses_parameters_also_numbers_of_numpy():
    search = GridSearchCV(KANRegressor(**QUICK), {"grid": np.array([1, 4]), "hidden": [(), (1,)]}, cv=2).fit(X, Y)
    assert search.best_params_["grid"] == 4


def test_cross_validation_scores_classes():
    assert cross_val_score(KANClassifier(**QUICK), X, LABELS, cv=3).min() > 0.85


# --- saved and read ----------------------------------------------------------------------------------------------


def by_joblib(model: Any) -> Any:
    joblib.dump(model, file := io.BytesIO())
    return joblib.load(file)


def by_skops(model: Any) -> Any:
    data = skops.io.dumps(model)
    trusted = skops.io.get_untrusted_types(data=data)
    assert trusted == [f"{type(model).__module__}.{type(model).__name__}"], "the estimator itself, nothing else"
    return skops.io.loads(data, trusted=trusted)


@pytest.mark.parametrize("saved", [by_joblib, by_skops])
@pytest.mark.parametrize("name", FITTED)
def test_what_was_saved_predicts_the_same_bits(name: str, saved):
    model = FITTED[name]
    back = saved(model)
    assert np.array_equal(back.predict(X), model.predict(X))
    assert back.kan_.digest == model.kan_.digest
    assert str(getattr(back, "formula_", "")) == str(getattr(model, "formula_", ""))


def test_a_state_that_was_tampered_with_is_refused():
    model, state = FITTED["KANRegressor"], FITTED["KANRegressor"].__getstate__()
    state["kan_"] = state["kan_"].replace(b"silu", b"gelu")
    with pytest.raises(UserError):
        KANRegressor.__new__(type(model)).__setstate__(state)


# --- what kanviz adds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [pd.DataFrame, polars.DataFrame])
def test_columns_of_a_table_name_the_inputs_of_the_network(make):
    table = make({"angle": X[:, 0], "noise": X[:, 1]})
    model = KANRegressor(**QUICK).fit(table, Y)
    assert [v.name for v in model.kan_.inputs] == list(model.feature_names_in_) == ["angle", "noise"]
    assert np.array_equal(model.predict(table), KANRegressor(**QUICK).fit(X, Y).predict(X))


def test_an_input_that_does_nothing_has_no_importance():
    found = FITTED["KANRegressor"].feature_importances_
    assert found.sum() == pytest.approx(1)
    assert found[0] > 0.999


def test_the_order_of_the_rows_does_not_matter():
    order = np.random.default_rng(1).permutation(len(X))
    assert KANRegressor(**QUICK).fit(X[order], Y[order]).kan_.digest == FITTED["KANRegressor"].kan_.digest


def test_a_weight_counts_like_so_many_equal_rows_and_zero_like_none():
    weights = np.random.default_rng(2).integers(0, 3, len(X))
    once = KANClassifier(**QUICK).fit(X, LABELS, sample_weight=weights)
    again = KANClassifier(**QUICK).fit(X.repeat(weights, 0), LABELS.repeat(weights))
    assert once.kan_.digest == again.kan_.digest


def test_several_outputs_are_learned_at_once():
    model = KANRegressor(**QUICK).fit(X, np.column_stack([Y, X[:, 1] ** 2]))
    assert model.predict(X[:5]).shape == (5, 2)
    assert [v.name for v in model.kan_.outputs] == ["y1", "y2"]


def test_probabilities_belong_to_the_classes_in_their_order():
    model = FITTED["KANClassifier"]
    found = model.predict_proba(X)
    assert model.classes_.tolist() == ["left", "right"] == [v.name for v in model.kan_.outputs]
    assert np.allclose(found.sum(1), 1)
    assert (model.classes_[found.argmax(1)] == model.predict(X)).all()


def test_a_law_is_a_formula_in_the_names_of_the_inputs():
    model = LawRegressor(hidden=()).fit(pd.DataFrame({"b": X[:, 0], "a": X[:, 1]}), 2 * X[:, 1] ** 2 - 3 * X[:, 0])
    assert str(model.formula_) == "2*a**2 - 3*b"
    assert np.allclose(model.predict(pd.DataFrame({"b": [1.0], "a": [2.0]})), [5.0])
    assert model.laws_[-1]["expression"] == "2*a**2 - 3*b"
    assert np.allclose(model.kan_([[1.0, 2.0]]), 5.0)


def test_the_same_rows_give_the_same_law():
    noisy = X[:30, 0] ** 2 + np.random.default_rng(3).normal(0, 0.1, 30)
    one, two = (LawRegressor(hidden=(), forbid=("sin", "tan")).fit(X[:30, :1], noisy) for _ in range(2))
    assert one.laws_[-1]["expression"] == two.laws_[-1]["expression"]


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "rows", "words"),
    [
        (KANRegressor().set_params(hidden=5), 80, r"hidden has a number for each hidden column, as \(5,\)"),
        (LawRegressor(), 9, "at least 10 rows; n_samples = 9"),
        (LawRegressor(validation_fraction=1.0), 80, "above 0 and below 1"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_words(model: Any, rows: int, words: str):
    with pytest.raises(EstimatorError, match=words):
        model.fit(X[:rows], Y[:rows])


def test_a_single_class_is_refused():
    with pytest.raises(ValueError, match="All rows are of one class"):
        KANClassifier().fit(X, np.full(len(X), "same"))


def test_without_scikit_learn_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("kanviz.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r'needs scikit-learn.*pip install "kanviz\[sklearn\]"'):
        importlib.import_module("kanviz.sklearn")
