"""Lesson: control points. What one moves, what it leaves unchanged, and how to get more of them."""

from typing import TYPE_CHECKING

from kanviz.ui.lessons.facts import (
    change_of,
    changed,
    error_words,
    kept_rows,
    moved,
    number,
    points,
    same_words,
    span,
    span_words,
    start,
)
from kanviz.ui.lessons.lesson import TAB, Lesson, Step

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session

EDGE = (0, 0, 2)


def _move(s: "Session") -> None:
    """Move the middle control point up by a quarter of the curve's height."""
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import MoveControlPoint

    coef = s.present.edge(EDGE).coef
    m = len(coef) // 2
    s.apply(MoveControlPoint(EdgeId(*EDGE), m, float(coef[m] + (coef.max() - coef.min()) / 4)))


def _moved_words(s: "Session", before: "KAN") -> str:
    which = moved(s, before, EDGE)
    was, now = before.edge(EDGE).coef, s.present.edge(EDGE).coef
    heights = f" from {number(float(was[which[0]]))} to {number(float(now[which[0]]))}" if len(which) == 1 else ""
    where = span_words(span(s, s.present, EDGE, which))
    return f"You moved {points(which)}{heights}. The curve changed for x {where} and nowhere else."


def _first(s: "Session") -> str:
    before = start(s)
    return f"{_moved_words(s, before)} {same_words(changed(s, before, s.present))} {error_words(s, before, s.present)}"


def _back(s: "Session") -> str:
    return (
        f"{same_words(changed(s, start(s), s.present))} {error_words(s, s.opened.history.versions[-1].kan, s.present)}"
    )


def _refined(s: "Session") -> "KAN | None":
    """Return the network right after its first grid became finer; None before that."""
    grid = start(s).layers[0].grid
    past = s.opened.history.versions[: s.opened.history.at + 1]
    return next((version.kan for version in past if version.kan.layers[0].grid > grid), None)


def _refine(s: "Session") -> None:
    from kanviz.edit.edits import RefineGrid

    s.apply(RefineGrid(0, 2 * s.present.layers[0].grid))


def _finer(s: "Session") -> str:
    old, new = start(s), _refined(s)
    assert new is not None
    one, two = (kan.edge(EDGE) for kan in (old, new))
    gap = change_of(s, old, new, EDGE).gap
    ends = [span(s, kan, EDGE, (len(kan.edge(EDGE).coef) // 2,)) for kan in (old, new)]
    was, now = (high - low for low, high in ends)
    return (
        f"The edge has {len(two.coef)} control points instead of {len(one.coef)}, and its curve is nowhere further "
        f"than {number(gap)} from what it was. The middle point now acts on a stretch {number(now)} wide instead "
        f"of {number(was)}."
    )


def _again(s: "Session") -> str:
    new = _refined(s)
    assert new is not None
    kept, rows = kept_rows(s, new, s.present)
    return (
        f"{_moved_words(s, new)} {rows - kept:,} of {rows:,} training rows have another prediction; {kept:,} kept "
        f"theirs, bit for bit. {error_words(s, new, s.present)}"
    )


def _moved_again(s: "Session") -> bool:
    new = _refined(s)
    return new is not None and new.layers[0].grid == s.present.layers[0].grid and bool(moved(s, new, EDGE))


LESSON = Lesson(
    "control-points",
    "Control points",
    5,
    "A curve is held by a few numbers. You move one, see what it reaches, and put in more without changing the curve.",
    "exp_sin_unpruned",
    EDGE,
    (
        Step(
            "Workbench",
            r"An edge's curve is a sum: $\varphi(x) = w\,\mathrm{silu}(x) + \sum_m c_m B_m(x)$. The first part is one "
            r"fixed smooth bend, $\mathrm{silu}(x) = x/(1+e^{-x})$, times a weight $w$. Each $B_m$ is a smooth hump on "
            "the x axis (a B-spline), times a number $c_m$. These numbers are the **control points**: the dots near "
            "the curve, each as high as its $c_m$ and the first part together.\n\n**Drag a dot up or down and let "
            "go.** Watch the curve follow.",
            lambda s: bool(moved(s, start(s), EDGE)),
            _first,
            _move,
            {TAB: "Control points"},
        ),
        Step(
            "Workbench",
            "Nothing is lost by trying: every change is one step, and each step can be taken back. **Press Undo** (in "
            "the sidebar, or Ctrl+Z) until the curve is as it was.",
            lambda s: len(s.opened.history.versions) > 1 and s.present.digest == start(s).digest,
            _back,
            lambda s: s.jump(0),
        ),
        Step(
            "Workbench",
            "The **grid** cuts the x axis into intervals. A hump of order 3 stands on order + 1 = 4 of them and is "
            "zero outside, so wide intervals mean that a point reaches far. Finer intervals can be put in without "
            "changing any curve.\n\n**Below the curve, open All control points, and a finer grid, and press Refine.**",
            lambda s: _refined(s) is not None,
            _finer,
            _refine,
            {TAB: "Control points"},
        ),
        Step(
            "Workbench",
            "There are more dots now, closer together. **Move one again**, and compare how much of the curve follows.",
            _moved_again,
            _again,
            _move,
            {TAB: "Control points"},
        ),
    ),
)
