"""Lesson: pruning. Edges with low scores, one with a high score, and restoring it."""

from typing import TYPE_CHECKING

from kanviz.text import counted
from kanviz.ui.lessons.facts import choose, edge_name, error_words, number, percent, scores, start
from kanviz.ui.lessons.lesson import Lesson, Step

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.ui.state.session import Session

IDLE, BUSY = (0, 0, 0), (0, 0, 2)
LITTLE, MUCH = 0.01, 0.1  # shares of the outputs: first proposal of the Prune page; a share that is surely missed


def _chose_idle(s: "Session") -> bool:
    return s.edge is not None and scores(s, start(s)).of(s.edge) < LITTLE


def _idle_words(s: "Session") -> str:
    found, kan = scores(s, start(s)), start(s)
    assert s.edge is not None
    best = max((one for one in found.ranked if one.id.layer == s.edge.layer), key=lambda one: one.score)
    return (
        f"{edge_name(kan, s.edge)} carries {percent(found.of(s.edge))} of the outputs' variance. The strongest edge "
        f"of its layer, {best.source} → {best.target}, carries {percent(best.score)}."
    )


def _pruned(s: "Session", kan: "KAN", *, busy: bool) -> "list[EdgeId]":
    """Return the edges pruned since the start: those with high scores if busy, else those with low scores."""
    found = scores(s, start(s))
    there = set(kan.edges())
    pruned = [edge for edge in start(s).edges() if edge not in there]
    return [edge for edge in pruned if (found.of(edge) >= MUCH) == busy]


def _prune(s: "Session", edges: "list[EdgeId]") -> None:
    from kanviz.edit.proposals import prune

    s.apply(prune(s.present, edges, s.data))


def _prune_idle(s: "Session") -> None:
    _prune(s, list(scores(s, s.present).below(LITTLE)))


def _pruned_words(s: "Session") -> str:
    before, kan = start(s), s.present
    pruned, there = len(_pruned(s, kan, busy=False)), len(list(before.edges()))
    was, now = (float(k.layers[-1].bias[0]) for k in (before, kan))
    return (
        f"You pruned {pruned} of {counted(there, 'edge')}. {error_words(s, before, kan)} "
        f"The constant of {kan.target_name(len(kan.layers) - 1, 0)} took over what they gave on average: it went from "
        f"{number(was)} to {number(now)}."
    )


def _without_busy(s: "Session") -> "tuple[KAN, KAN] | None":
    """Return the networks before and after the last time an edge with a high score was pruned; None if none was."""
    past = [version.kan for version in s.opened.history.versions]
    for before, after in zip(reversed(past[:-1]), reversed(past[1:]), strict=True):
        if len(_pruned(s, after, busy=True)) > len(_pruned(s, before, busy=True)):
            return before, after
    return None


def _missed_words(s: "Session") -> str:
    step = _without_busy(s)
    assert step is not None
    before, after = step
    edge = next(e for e in _pruned(s, after, busy=True) if e not in _pruned(s, before, busy=True))
    return (
        f"{edge_name(before, edge)} carried {percent(scores(s, start(s)).of(edge))} of the outputs' variance. "
        f"{error_words(s, before, after)}"
    )


def _back_words(s: "Session") -> str:
    step = _without_busy(s)
    assert step is not None
    left = len(list(s.present.edges()))
    return f"It is back. {error_words(s, step[1], s.present)} {counted(left, 'edge')} are left."


def _is_back(s: "Session") -> bool:
    return _without_busy(s) is not None and not _pruned(s, s.present, busy=True)


def _prune_busy(s: "Session") -> None:
    from kanviz.core.layer import EdgeId

    _prune(s, [EdgeId(*BUSY)])


def _restore(s: "Session") -> None:
    from kanviz.edit.proposals import restore

    s.apply(restore(s.opened.history, _pruned(s, s.present, busy=True)))


LESSON = Lesson(
    "pruning",
    "Pruning",
    5,
    "Often many edges carry nothing. You find them, hide them, and see what hiding the wrong one costs.",
    "exp_sin_unpruned",
    BUSY,
    (
        Step(
            "Workbench",
            "This network has five hidden nodes, and needed one. An edge's **score** says how much it carries: the "
            "share of the outputs' variance, within its layer, that comes through it; strong edges are drawn thick.\n\n"
            "**Click one of the faint edges.** Its curve may look lively; the numbers on its vertical axis are tiny, "
            "or no later edge uses it.",
            _chose_idle,
            _idle_words,
            lambda s: choose(s, IDLE),
        ),
        Step(
            "Prune",
            "**Press the button that prunes the proposed edges.** To prune an edge is to hide it. Its mean over the "
            "rows is kept in the **bias** of its target (the constant that its node adds), so that the outputs keep "
            "their level.",
            lambda s: bool(_pruned(s, s.present, busy=False)),
            _pruned_words,
            _prune_idle,
        ),
        Step(
            "Prune",
            "Now the counter-test. **Click a strong edge in the picture**, so that it is marked; read above the "
            "button what the error would become; **then prune it.**",
            lambda s: bool(_pruned(s, s.present, busy=True)),
            _missed_words,
            _prune_busy,
        ),
        Step(
            "Prune",
            "Pruned edges are hidden, not lost. **Press Undo, or choose it under Bring back and restore it.**",
            _is_back,
            _back_words,
            _restore,
        ),
    ),
)
