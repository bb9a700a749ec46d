"""Networks and laws as scikit-learn estimators: `KANRegressor`, `KANClassifier` and `LawRegressor`."""

try:
    import sklearn as _  # noqa: F401
except ModuleNotFoundError as _missing:
    from kanviz.errors import ExtraError

    raise ExtraError("kanviz.sklearn", "scikit-learn", "sklearn") from _missing

from kanviz.sklearn.law import LawRegressor
from kanviz.sklearn.networks import KANClassifier, KANRegressor

__all__ = ["KANClassifier", "KANRegressor", "LawRegressor"]
