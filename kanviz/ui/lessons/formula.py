"""Lesson: Newton's law of gravity, found by replacing curves of a network by formulas, edge by edge."""

from itertools import pairwise
from typing import TYPE_CHECKING

from kanviz.ui.lessons.facts import edge_name, error_words, start, wait, written
from kanviz.ui.lessons.lesson import Lesson, Place, Step

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session

DISTANCE, MASSES = (0, 2, 2), ((0, 0, 0), (0, 1, 1))


def _fix(s: "Session", *edges: Place) -> None:
    """Fix each edge as its first suggested formula."""
    from kanviz.analysis.symbolic import suggest_edge
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import FixFormula

    for edge in map(EdgeId._make, edges):
        if s.present.edge(edge).formula is None:
            s.apply(FixFormula(edge, suggest_edge(s.present, edge, s.data)[0].formula))


def _fixed(s: "Session", *edges: Place) -> bool:
    return all(s.present.edge(edge).formula is not None for edge in edges)


def _words(s: "Session", *edges: Place) -> str:
    """Describe the formulas of edges, in the table's units."""
    from kanviz.analysis.curves import formula_text
    from kanviz.core.layer import EdgeId

    kan = s.present
    return " and ".join(f"{edge_name(kan, edge)} is {formula_text(kan, EdgeId(*edge))}" for edge in edges)


def _distance_words(s: "Session") -> str:
    curves = ", each phi a curve that is still there" if any(bool(v.active.any()) for v in s.present.layers) else ""
    return (
        f"{_words(s, DISTANCE)}, where x is the distance. {error_words(s, start(s), s.present)} Written out, the "
        f"network is {written(s, 3)}{curves}."
    )


def _masses_words(s: "Session") -> str:
    return (
        f"{_words(s, *MASSES)}. {error_words(s, start(s), s.present)} To three digits the network is {written(s, 3)}."
    )


def _trained(s: "Session") -> "tuple[KAN, KAN] | None":
    """Return the networks before and after a training of formulas only; None if there was none."""
    from kanviz.edit.edits import Retrain

    past = s.opened.history.versions[: s.opened.history.at + 1]
    for before, after in pairwise(past):
        curves = any(bool(layer.active.any()) for layer in before.kan.layers)
        if isinstance(after.edit, Retrain) and not curves:
            return before.kan, after.kan
    return None


def _train(s: "Session") -> None:
    from kanviz.core.training.train import TrainConfig

    s.training.start(TrainConfig(steps=100))
    wait(s)


def _law(s: "Session") -> str:
    step = _trained(s)
    assert step is not None
    return f"{error_words(s, *step)} To four digits the network is {written(s, 4)}."


LESSON = Lesson(
    "formula",
    "From curve to formula",
    6,
    "A curve is often a function with a name. You fix three edges as formulas and end with Newton's law of gravity.",
    "gravity",
    DISTANCE,
    (
        Step(
            "Formula",
            "The table has two masses (kg), their distance **r** (m), and the force **F** between them in piconewtons. "
            "The network multiplies three curves, one for each. Which functions are they? For the edge from **r** "
            "candidates are listed, best first: small error, few parts.\n\n**Look at how the first one lies on the "
            "curve, and press Fix this formula.** The curve is saved; you can go back to it.",
            lambda s: _fixed(s, DISTANCE),
            _distance_words,
            lambda s: _fix(s, DISTANCE),
        ),
        Step(
            "Formula",
            "**Choose the edge from m1 at the top (Edge, or Next), and fix its first formula; then the same for m2.** "
            "Both are straight lines. Further down, *The whole network* shows what the three make together.",
            lambda s: _fixed(s, *MASSES),
            _masses_words,
            lambda s: _fix(s, *MASSES),
        ),
        Step(
            "Train",
            "Each formula was fitted to its curve, and a curve is not perfect. Now that no curve is left, only the "
            "constants of the formulas can move. **Press Start training**: they are fitted to the table, all together."
            "\n\nThen look at the number in front: it is the constant of gravity, in pN m²/kg². The books give "
            "6.674 · 10⁻¹¹ N m²/kg², and a piconewton is 10⁻¹² N.",
            lambda s: _trained(s) is not None,
            _law,
            _train,
        ),
    ),
)
