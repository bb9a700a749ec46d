"""Lesson: learning new rows with the old ones locked, and without a lock."""

from typing import TYPE_CHECKING

from kanviz.ui.lessons.facts import number, wait
from kanviz.ui.lessons.lesson import Lesson, Step

if TYPE_CHECKING:
    from kanviz.analysis.locality.observed_change import Changes
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining


def _take(s: "Session") -> None:
    from kanviz.ui.widgets.samples import rows_of, samples

    sample = next(one for one in samples() if one.title == s.name and one.new is not None)
    assert sample.new is not None
    s.tables.take_new(rows_of(sample, sample.new, s.present), sample.new.name)


def _taken_words(s: "Session") -> str:
    from kanviz.continual.known import Known

    assert s.data is not None
    assert s.tables.new_rows is not None
    new, old = Known.rows(*s.tables.new_rows), Known.rows(s.data, s.rows_from)
    kan = s.present
    spread = float(s.tables.new_rows[0].y.std(correction=0))
    return (
        f"{len(new.x):,} new rows are there. On the {len(old.x):,} old rows the network is off by "
        f"{number(old.error(kan, kan))} (RMSE), on the new ones by {number(new.error(kan, kan))}; guessing their "
        f"mean would be off by {number(spread)}."
    )


def _retrain(s: "Session", *, locked: bool) -> None:
    """Retrain as the Retrain page does with its proposed settings."""
    from kanviz.continual.known import Known
    from kanviz.continual.protection import SMOOTH, STEPS, LockRows, NoProtection
    from kanviz.ui.train.protections import retraining

    if s.training.retrained is not None:
        s.undo()
    if s.tables.new_rows is None:
        _take(s)
    assert s.data is not None
    assert s.tables.new_rows is not None
    known = Known.rows(s.data, s.rows_from)
    protection = LockRows() if locked else NoProtection()
    held = protection.apply(s.present, known, s.tables.new_rows[0])
    s.training.retrain(retraining(s, protection, known, held, held.config(solver="lbfgs", steps=STEPS, smooth=SMOOTH)))
    wait(s)


def _ran(s: "Session", *, locked: bool) -> bool:
    """Return whether the current network was retrained with a lock, or without any protection."""
    run = s.training.retrained
    return run is not None and not run.aid and (run.config.lock is not None) == locked


def _changes(s: "Session", run: "Retraining") -> "Changes":
    from kanviz.ui.retrain.after import changes_of

    return s.cache.result(changes_of, run.kan, s.present, run.known)


def _run_words(s: "Session") -> str:
    from kanviz.continual.known import Known

    run = s.training.retrained
    assert run is not None
    lamps, new = _changes(s, run).lamps, Known.rows(run.data, "")
    return (
        f"{int(lamps.kept.sum()):,} of {len(lamps.kept):,} {run.known.noun} kept their prediction, bit for bit; the "
        f"largest change is {number(max(lamps.largest, default=0.0))}. The error on old rows went from "
        f"{number(run.known.error(run.kan, run.kan))} to {number(run.known.error(s.present, run.kan))}, on new rows "
        f"from {number(new.error(run.kan, run.kan))} to {number(new.error(s.present, run.kan))}."
    )


LESSON = Lesson(
    "retrain",
    "Learn more, forget nothing",
    5,
    "Teaching a network something new can spoil what it knew. You lock what is known, and compare with not locking it.",
    "hills",
    (0, 0, 1),
    (
        Step(
            "Retrain",
            "This network knows one hill in one corner of a square. There are rows of a second hill, in the "
            "opposite corner. **Press Take the sample's new rows.**",
            lambda s: s.tables.new_rows is not None,
            _taken_words,
            _take,
        ),
        Step(
            "Retrain",
            "Old rows use some of the control points, those whose humps they fall on. **Lock the old rows** holds "
            "exactly those, in both layers; the others are free to learn. **Leave that protection and press "
            "Retrain.** The run takes a few seconds.",
            lambda s: _ran(s, locked=True),
            _run_words,
            lambda s: _retrain(s, locked=True),
        ),
        Step(
            "Retrain",
            "How would it have gone without? **Press Undo this retraining, choose No protection, and press Retrain "
            "again.** Compare the old rows with the step before.",
            lambda s: _ran(s, locked=False),
            _run_words,
            lambda s: _retrain(s, locked=False),
        ),
    ),
)
