"""Name a training's error, its protection, and its error on what is known."""

from typing import TYPE_CHECKING

from kanviz.text import counted
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining

METRIC = 145  # pixels; a phone shows two in a row


def error_name(s: "Session") -> str:
    """Name the error that is shown for the current network."""
    return "Cross-entropy" if s.present.task == "classification" else "RMSE"


def known_error_name(s: "Session", run: "Retraining") -> str:
    """Name the error on what must not be forgotten. For a region it is the change of the outputs: it has no targets."""
    return f"{error_name(s)}, old rows" if run.known.data is not None else "Moved, in the region"


def what_is_known(run: "Retraining") -> str:
    """Describe the protection and what it protects, in a few words."""
    known = run.known
    return f"{run.promise}: {label(known.name)}, {counted(len(known.x), 'point' if known.box else 'row')}"
