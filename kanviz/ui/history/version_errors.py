"""Compute the error of each version when it is shown, and remember it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kanviz.text import counted
from kanviz.ui.widgets.panels import number, shared_unit

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session


@dataclass(frozen=True)
class Judged:
    """A network's error, on held-out rows if any: "RMSE" (target's unit) or "cross-entropy" (nats per row)."""

    error: str
    value: float
    rows: int
    held_out: bool

    @property
    def on(self) -> str:
        """Number and kind of the rows, as text."""
        return counted(self.rows, "held-out row" if self.held_out else "row")


def judge(s: "Session", kan: "KAN") -> Judged | None:
    """Return the error of one version on the session's rows; None without rows."""
    return s.cache.small(_judged, kan, s.data) if s.data is not None else None


def _judged(kan: "KAN", data: "Dataset") -> Judged:
    from kanviz.analysis.metrics import metrics

    held_out = len(data.test) > 0
    looked_at = replace(data, train=data.test, test=data.test[:0]) if held_out else data  # only these count
    errors = metrics(kan, looked_at).parts["train"]
    if data.task == "classification":
        return Judged("cross-entropy", errors.cross_entropy, errors.rows, held_out)
    return Judged("RMSE", errors.rmse, errors.rows, held_out)


def shift(s: "Session", before: "KAN", after: "KAN") -> float:
    """Return the largest distance between two versions' outputs, in their unit, on the rows or a sample of the grid."""
    return s.cache.small(_shift, before, after, s.data)


def _shift(before: "KAN", after: "KAN", data: "Dataset | None") -> float:
    from kanviz.edit.proposals import compare_outputs

    return compare_outputs(before, after, data).shift


def step_effect(s: "Session", n: int) -> str:
    """Describe in a few words what the step to version n did."""
    versions = s.opened.history.versions
    kan, unit = versions[n].kan, shared_unit(versions[n].kan)
    now = judge(s, kan)
    if n == 0:
        return f"{now.error} {number(now.value, unit)}" if now else ""
    before = versions[n - 1].kan
    if now is None:
        return f"outputs move by {number(shift(s, before, kan), unit)}"
    was = judge(s, before)
    assert was is not None
    if was.value == now.value:
        return f"{now.error} {number(now.value, unit)}, as before"
    return f"{now.error} {number(was.value)} → {number(now.value, unit)}"
