"""Lesson: what a KAN changes in a language model. A race, the curve of a unit, and which units are needed."""

from typing import TYPE_CHECKING

from kanviz.text import counted
from kanviz.ui.lessons.lesson import LANGUAGE_TAB, Lesson, Step
from kanviz.ui.state.inside import Inside
from kanviz.ui.state.language import Language, snapshot

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

SECONDS = 10


def _raced(s: "Session") -> bool:
    run = s.of(Language).run
    return run is not None and not run.job.live and run.race is not None and bool(run.race.measured)


def _race_words(s: "Session") -> str:
    run = s.of(Language).run
    assert run is not None
    assert run.race is not None
    seeds = len({lane.seed for lane in run.race.measured})
    return f"{run.race.verdict} This was {counted(seeds, 'seed')} for each; every further seed makes it surer."


def _race(s: "Session") -> None:
    from kanviz.language.comparison import Contest

    contest = Contest(("curves", "gelu"), 1, seconds=SECONDS)
    s.of(Language).start(snapshot("documentation"), contest, SECONDS)


def _inside(s: "Session") -> Inside:
    """Return the model that is looked into; the one that came with kanviz where there is none."""
    from kanviz.ui.language.models import open_shipped

    inside = s.of(Inside)
    if inside.saved is None:
        open_shipped(inside)
    return inside


def _bend(s: "Session") -> None:
    """Raise the middle control point of the strongest unit by 5."""
    from kanviz.language.inside import curves_of

    inside = _inside(s)
    block = inside.opened.model.sizes.blocks - 1
    unit = inside.units(block)[0].number
    curves = curves_of(inside.model, block)
    coef = curves.coef.detach()[unit // curves.share]
    middle = len(coef) // 2
    inside.move(block, unit, [(middle, float(coef[middle]) + 5)])


def _bent_words(s: "Session") -> str:
    found = s.of(Inside).change()
    return (
        f"{found.verdict} The held-out text costs {found.before:.3f} bits per character before, {found.after:.3f} "
        "now. To take it back, press Put this curve back."
    )


def _prune(s: "Session") -> None:
    inside = _inside(s)
    inside.pruning(inside.opened.model.sizes.blocks - 1)


def _pruned_words(s: "Session") -> str:
    found = s.of(Inside).pruned
    assert found is not None
    return found.verdict


LESSON = Lesson(
    "language-model",
    "What a KAN changes in a language model",
    4,
    "You train two small language models for the same time, one with learned curves, and look what the curves do.",
    "",
    None,
    (
        Step(
            "Language",
            "Two small language models get the same number of parameters and the same time. In one, each unit has a "
            "**learned curve**; in the other, all have the same fixed one, a **GELU**.\n\n**Press Start**, and watch "
            "for ten seconds how well they predict text that neither has read.",
            _raced,
            _race_words,
            _race,
            {LANGUAGE_TAB: "Against the clock"},
            alone=True,
        ),
        Step(
            "Language",
            "What did the curves learn? Here is a model with curves, unit by unit. Look at the curve of **Unit**, and "
            "at the texts where its input is least and greatest.\n\n**Drag one of its control points far up, and let "
            "go.** How many predictions keep their bits?",
            lambda s: s.of(Inside).saved is not None and bool(s.of(Inside).moved),
            _bent_words,
            _bend,
            {LANGUAGE_TAB: "Inside"},
            alone=True,
        ),
        Step(
            "Language",
            "Which units does the model need? **Open Remove units: the weakest, and random ones**, at the bottom of "
            "the page. The random ones are the control: without them, one could take any result for a success.",
            lambda s: s.of(Inside).pruned is not None,
            _pruned_words,
            _prune,
            {LANGUAGE_TAB: "Inside"},
            alone=True,
        ),
    ),
)
