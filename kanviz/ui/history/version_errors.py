"""What the steps of the history did to the error: computed when it is looked at, remembered for every version."""

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
    """The error of a network: "RMSE" (target's unit) or "cross-entropy" (nats per row), on the rows held out if any."""

    error: str
    value: float
    rows: int
    held_out: bool

    @property
    def on(self) -> str:
        """The rows in words."""
        return counted(self.rows, "held-out row" if self.held_out else "row")


def judge(s: "Session", kan: "KAN") -> Judged | None:
    """The error of one version on the session's rows; None without rows."""
    return s.cache.small(_judged, kan, s.data) if s.data is not None else None


def _judged(kan: "KAN", data: "Dataset") -> Judged:
    from kanviz.analysis.metrics import metrics

    held_out = len(data.test) > 0
    looked_at = replace(data, train=data.test, test=data.test[:0]) if held_out else data  # only those are computed
    errors = metrics(kan, looked_at).parts["train"]
    if data.task == "classification":
        return Judged("cross-entropy", errors.cross_entropy, errors.rows, held_out)
    return Judged("RMSE", errors.rmse, errors.rows, held_out)


def shift(s: "Session", before: "KAN", after: "KAN") -> float:
    """The largest distance of the outputs of two versions (their unit), on the rows or on draws from the grid."""
    return s.cache.small(_shift, before, after, s.data)


def _shift(before: "KAN", after: "KAN", data: "Dataset | None") -> float:
    from kanviz.edit.proposals import compare_outputs

    return compare_outputs(before, after, data).shift


def step_effect(s: "Session", n: int) -> str:
    """What the step to version n did, in a few words."""
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
