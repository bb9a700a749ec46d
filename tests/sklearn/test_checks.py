"""Every check that scikit-learn has for estimators, on the three, with settings that learn in a moment."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from kanviz.core.formulas.primitives import PRIMITIVES
from kanviz.sklearn import KANClassifier, KANRegressor, LawRegressor

SMALL = {"hidden": (2,), "grid": 2, "finest": 0, "steps": 10}
STRAIGHT = LawRegressor(hidden=(), forbid=tuple(name for name in PRIMITIVES if name not in ("0", "x")))
ESTIMATORS = (KANRegressor(**SMALL), KANClassifier(**SMALL), STRAIGHT)
# it looks at arrays on other devices, and needs a setting of SciPy's before SciPy is imported; without, it skips itself
OTHER_DEVICES = "check_array_api_input"


def checks() -> Iterator[Any]:
    for estimator in ESTIMATORS:
        pairs: Any = estimator_checks_generator(estimator)
        for one, check in pairs:
            if check.func.__name__ != OTHER_DEVICES:
                yield pytest.param(one, check, id=f"{type(estimator).__name__}-{check.func.__name__}")


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "check"), [*checks()])
def test_scikit_learn_finds_nothing_wrong(estimator: Any, check: Callable[[Any], None]):
    check(estimator)
