"""Lesson: locality. What one control point reaches, where that prevents forgetting, and where it does not."""

from typing import TYPE_CHECKING

from kanviz.ui.lessons.facts import kept_rows, moved, points, span, span_words, start
from kanviz.ui.lessons.lesson import RUNG, TAB, Lesson, Step
from kanviz.ui.state.ladder import Ladder

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

EDGE = (0, 0, 0)


def _move(s: "Session") -> None:
    """Halve the height of the highest control point."""
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import MoveControlPoint

    coef = s.present.edge(EDGE).coef
    m = int(coef.argmax())
    s.apply(MoveControlPoint(EdgeId(*EDGE), m, float(coef[m]) / 2))


def _moved_words(s: "Session") -> str:
    before = start(s)
    which = moved(s, before, EDGE)
    kept, rows = kept_rows(s, before, s.present)
    return (
        f"You moved {points(which)} of {len(before.edge(EDGE).coef)}. The curve changed for x "
        f"{span_words(span(s, s.present, EDGE, which))}: {rows - kept:,} of {rows:,} training rows have another "
        f"prediction, and {kept:,} kept theirs, bit for bit."
    )


def _ran(s: "Session", number: int, *, failing: bool) -> bool:
    run = s.of(Ladder).runs.get(number)
    ended = run is not None and not run.job.live and run.outcome is not None and bool(run.outcome.methods)
    return ended and run is not None and bool(run.rung.failing_with) == failing


def _verdict(s: "Session", number: int) -> str:
    """Describe the result of the rung's own network, and of the last of the other methods."""
    from kanviz.continual.verdict import verdict

    found = s.of(Ladder).runs[number].outcome
    assert found is not None
    own, *others = found.methods
    words = [f"{one.name}: {verdict(one, found.spread).text.replace(': ', ', ', 1)}." for one in (own, *others[-1:])]
    return f"Rung {number}, {own.done} tasks in a row. {' '.join(words)}"


def _climb(s: "Session", number: int, *, failing: bool) -> None:
    from kanviz.continual.rungs import rung_of

    rung = rung_of(number)
    s.of(Ladder).start(rung.failing() if failing else rung)
    s.of(Ladder).runs[number].job.join(60.0)


LESSON = Lesson(
    "locality",
    "Locality, and its limits",
    7,
    "Some say that KANs do not forget. Here you see where that is exactly true, where it is false, and why.",
    "five_peaks",
    EDGE,
    (
        Step(
            "Workbench",
            "This network is a single curve with many control points, so each acts on a small piece of the x axis. "
            "**Drag one dot on a peak down, and let go.** Then see under **Reach** how many rows of the table notice.",
            lambda s: bool(moved(s, start(s), EDGE)),
            _moved_words,
            _move,
            {TAB: "Reach"},
            alone=True,
        ),
        Step(
            "Locality",
            "Learning moves control points, too. On this page a network learns five peaks, one after another, each "
            "from rows of its own; new rows move only the points near them. **On rung 1, press Make it hold**, and "
            "wait a few seconds. *Old* are the peaks learned before the last one.",
            lambda s: _ran(s, 1, failing=False),
            lambda s: _verdict(s, 1),
            lambda s: _climb(s, 1, failing=False),
            {RUNG: 1},
            alone=True,
        ),
        Step(
            "Locality",
            "That grid had 60 intervals. With 5, which is pykan's default, one control point reaches 80 % of the line. "
            "Will new rows still leave old predictions alone? **On the same rung, press Make it fail.**",
            lambda s: _ran(s, 1, failing=True),
            lambda s: _verdict(s, 1),
            lambda s: _climb(s, 1, failing=True),
            {RUNG: 1},
            alone=True,
        ),
        Step(
            "Locality",
            "And with a fine grid, but a second layer? What enters that layer is a *sum*, and rows far from each other "
            "can have the same sum; then they share control points. **On rung 4, press Make it fail** ([2, 5, 1], "
            "peaks at the corners of a square). Rungs 5 and 6 show how a lock makes it hold again.",
            lambda s: _ran(s, 4, failing=True),
            lambda s: _verdict(s, 4),
            lambda s: _climb(s, 4, failing=True),
            {RUNG: 4},
            alone=True,
        ),
    ),
)
