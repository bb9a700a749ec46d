"""Lesson: how to make a language model remember. Ways to teach it are compared, and a gate is moved."""

from typing import TYPE_CHECKING

from kanviz.text import percent
from kanviz.ui.lessons.facts import number
from kanviz.ui.lessons.lesson import LANGUAGE_TAB, Lesson, Step
from kanviz.ui.state.language import snapshot
from kanviz.ui.state.teach import GATE, Teaching, measured

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.teach_run import TeachRun

STEPS = 200


def _ended(s: "Session", *ways: str) -> "TeachRun | None":
    """Return the last run if it is over and has taught in these ways."""
    run = s.of(Teaching).run
    return run if run is not None and not run.job.live and set(ways) <= set(run.after) else None


def _plan(s: "Session", *ways: str) -> None:
    from kanviz.ui.language.models import SHIPPED
    from kanviz.ui.state.teach_run import Plan

    old, new = snapshot("documentation"), snapshot("code")
    s.of(Teaching).start(Plan(old, new, ways, steps=STEPS, model=SHIPPED.read_bytes()))


def _taught_words(s: "Session") -> str:
    from kanviz.language.teaching.verdict import teach_verdict
    from kanviz.ui.language.teach_report import usual_gain

    run = s.of(Teaching).run
    assert run is not None
    outcomes = list(run.outcomes.values())
    return teach_verdict(outcomes, usual_gain(outcomes))


def _open_gate(s: "Session") -> None:
    """Open the gate half at its first free point."""
    teaching = s.of(Teaching)
    gated = teaching.gated
    assert gated is not None
    gate = gated.all_additions[-1].gate
    assert gate is not None
    teaching.move(gate, [(int((~gate.locked).nonzero()[0]), 0.5)])


def _gate_words(s: "Session") -> str:
    teaching = s.of(Teaching)
    run, before, gated = teaching.run, teaching.before, teaching.gated
    assert run is not None
    assert before is not None
    assert gated is not None
    assert teaching.moved is not None
    now = teaching.gated_with(teaching.moved)
    assert now is not None
    texts = run.plan.new, run.plan.old
    was, became = (s.cache.result(measured, before, one, *texts) for one in (gated, now))
    return (
        f"The gain went from {number(was[0])} to {number(became[0])} bits per character; "
        f"{percent(became[2])}% of the old predictions are bit-identical, and the old text costs "
        f"{became[1]:+z.4f} bits per character."
    )


LESSON = Lesson(
    "how-to-remember",
    "How to make it remember",
    5,
    "Teaching a model something new spoils what it knew. You compare ways against that; one comes with a proof.",
    "",
    None,
    (
        Step(
            "Language",
            "A model knows Python's documentation, and is taught Python code, in several ways. **plain** is ordinary "
            "training. **gate** freezes the old model; new units learn, and are switched off where a text looks like "
            "the old one.\n\n**Press Start**, and watch: to the right is what it learns, up is what it forgets.",
            lambda s: _ended(s, GATE, "plain") is not None,
            _taught_words,
            lambda s: _plan(s, GATE, "plain"),
            {LANGUAGE_TAB: "Teach it"},
        ),
        Step(
            "Language",
            "The gate is a curve that you can move. Grey points are locked at 0: there lies the old text. **Drag a "
            "free point down**, and see what is measured below.",
            lambda s: s.of(Teaching).moved is not None and s.of(Teaching).gated is not None,
            _gate_words,
            _open_gate,
            {LANGUAGE_TAB: "Teach it"},
        ),
        Step(
            "Language",
            "Is there another way? **replay** mixes passages of the old text into the new ones, **ewc+replay** also "
            "holds the numbers that the old text needs. **Choose ewc+replay among the ways, and press Start again.**",
            lambda s: _ended(s, "ewc+replay") is not None,
            _taught_words,
            lambda s: _plan(s, GATE, "plain", "ewc+replay"),
            {LANGUAGE_TAB: "Teach it"},
        ),
    ),
)
