"""Measure what the lessons report: errors, unchanged edges, moved control points, unchanged rows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kanviz.ui.lessons.lesson import Place

if TYPE_CHECKING:
    from numpy import ndarray as Array

    from kanviz.analysis.curves import EdgeCurve
    from kanviz.analysis.diff import Diff, EdgeChange
    from kanviz.analysis.scores import Scores
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session


def start(s: "Session") -> "KAN":
    """Return the network as it was opened."""
    return s.opened.history.versions[0].kan


def number(value: float, unit: str = "") -> str:
    """Format a number with three significant digits and the unit."""
    return f"{value:.3g}{f' {unit}' if unit else ''}"


def total(values: Iterable[float]) -> str:
    """Write out a sum: 0.5 - 0.2 + 1."""
    first, *rest = values
    return "".join([number(first), *(f" {'-' if v < 0 else '+'} {number(abs(v))}" for v in rest)])


def percent(share: float) -> str:
    """Format a share from 0 to 1 as a percentage; below a millionth only as a bound."""
    return "less than 0.0001 %" if share < 1e-6 else f"{100 * share:.3g} %"


def points(numbers: "tuple[int, ...]") -> str:
    """Name control points: "control point 3", "control points 3, 4 and 5"; more than six are only counted."""
    if len(numbers) == 1:
        return f"control point {numbers[0]}"
    if len(numbers) > 6:
        return f"{len(numbers)} control points"
    *most, last = map(str, numbers)
    return f"control points {', '.join(most)} and {last}"


def edge_name(kan: "KAN", edge: Place) -> str:
    view = kan.edge(edge)
    return f"{view.source} → {view.target}"


def choose(s: "Session", edge: Place) -> None:
    from kanviz.core.layer import EdgeId

    s.select(EdgeId(*edge))


def curve(s: "Session", kan: "KAN", edge: Place) -> "EdgeCurve":
    from kanviz.analysis.curves import edge_curve
    from kanviz.core.layer import EdgeId

    at = EdgeId(*edge)
    return s.cache.result(edge_curve, kan, at, s.data)


def at(found: "EdgeCurve", x: "Array") -> "Array":
    """Return the curve's values at x, which is in the curve's own units."""
    import numpy as np

    return np.interp(x, found.x, found.total)


def scores(s: "Session", kan: "KAN") -> "Scores":
    from kanviz.analysis.scores import scores

    return s.cache.result(scores, kan, s.data)


def rmse(s: "Session", kan: "KAN") -> float:
    """Return the error on the training rows, in the target's unit."""
    from kanviz.analysis.metrics import metrics

    data = s.data
    assert data is not None
    return s.cache.result(metrics, kan, data).parts["train"].rmse


def error_words(s: "Session", before: "KAN", after: "KAN") -> str:
    """Describe what an edit did to the error."""
    assert s.data is not None
    unit = after.outputs[0].unit
    was, now = (number(rmse(s, kan), unit) for kan in (before, after))
    went = f"went from {was} to {now}" if was != now else f"stayed at {now}"
    return f"The error (RMSE) on the {len(s.data.train):,} training rows {went}."


def changed(s: "Session", before: "KAN", after: "KAN") -> "Diff":
    from kanviz.analysis.diff import diff

    return s.cache.result(diff, before, after)


def same_words(found: "Diff") -> str:
    same = len(found.edges) - len(found.changed)
    return f"{same} of {len(found.edges)} edges are the same, bit for bit."


def change_of(s: "Session", before: "KAN", after: "KAN", edge: Place) -> "EdgeChange":
    return next(one for one in changed(s, before, after).edges if tuple(one.id) == edge)


def moved(s: "Session", before: "KAN", edge: Place) -> tuple[int, ...]:
    """Return the control points of an edge that moved since; none if its grid has changed."""
    return change_of(s, before, s.present, edge).coefficients or ()


def span(s: "Session", kan: "KAN", edge: Place, numbers: tuple[int, ...]) -> tuple[float, float]:
    """Return the interval of x on which these control points move the curve."""
    found = curve(s, kan, edge)
    ends = [found.reach(m) for m in numbers]
    return min(low for low, _ in ends), max(high for _, high in ends)


def span_words(ends: tuple[float, float]) -> str:
    low, high = ends
    if low == float("-inf"):
        return "everywhere" if high == float("inf") else f"up to {high:.3g}"
    return f"from {low:.3g} on" if high == float("inf") else f"from {low:.3g} to {high:.3g}"


def kept_rows(s: "Session", before: "KAN", after: "KAN") -> tuple[int, int]:
    """Return the number of training rows with bit-identical predictions, and the number of all training rows."""
    assert s.data is not None
    return s.cache.small(_kept_rows, before, after, s.data)


def _kept_rows(before: "KAN", after: "KAN", data: "Dataset") -> tuple[int, int]:
    from kanviz.analysis.diff import same_bits

    x = data.matching(after).rows("train")[0]
    same = same_bits(before(x), after(x)).all(1)
    return int(same.sum()), len(same)


def written(s: "Session", digits: int) -> str:
    """Return the formula of the whole network as text, in the table's units."""
    from kanviz.analysis.compose import compose

    whole = s.cache.result(compose, s.present, s.data)
    return "; ".join(s.cache.result(whole.text, digits))


def wait(s: "Session", seconds: float = 60.0) -> None:
    """Wait for a training that is as short as a sample's."""
    if s.training.job is not None:
        s.training.job.join(seconds)
    s.training.collect()
