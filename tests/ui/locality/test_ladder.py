"""The Locality page: what a rung asks, what it shows while it runs and afterwards, and that stopping keeps it."""

import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Pipe
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.cli import parser
from kanviz.continual.ladder import Step, climb
from kanviz.continual.outcome import to_csv
from kanviz.continual.rungs import RUNGS, Rung, rung_of
from kanviz.errors import UserError
from kanviz.ui.locality.ladder import same_run
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.ladder import Ladder
from kanviz.ui.state.ladder_run import Climbing
from kanviz.ui.state.session import Session
from tests.ladder_at_hand import method, outcome, steps
from tests.ui.test_pages import press, texts, visit

PAGE = "pages/locality.py"


def running(rung: Rung, go_on: threading.Event) -> Session:
    session = Session()
    job = Job(lambda: steps(rung, go_on), elsewhere=True).start()
    session.of(Ladder).runs[rung.number] = Climbing(rung, 0, job)
    while job.latest is None:
        time.sleep(0.01)
    return session


def ended(rung: Rung, items: Iterator[Any] | None = None) -> Session:
    session = Session()
    job = Job(lambda: items or steps(rung), elsewhere=True).start()
    session.of(Ladder).runs[rung.number] = Climbing(rung, 0, job)
    assert job.join(600)
    return session


def shown(app: AppTest) -> str:
    """Sentences on the page, the verdict's among them."""
    boxes = [str(e.value) for kind in (app.success, app.warning, app.error, app.info) for e in kind]
    return "\n".join([texts(app), *boxes]).replace("\\", "")


def choose(app: AppTest, number: int) -> AppTest:
    next(g for g in app.button_group if g.label == "Rung").set_value(number).run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def button(app: AppTest, words: str) -> Any:
    return next(b for b in app.button if b.label == words)


@pytest.fixture
def started(monkeypatch) -> list[tuple[Rung, int]]:
    """The runs that were begun; they end at once."""
    found = []

    def start(rung: Rung, seed: int, who: object) -> Climbing:
        found.append((rung, seed))
        job = Job(lambda: steps(rung), elsewhere=True).start()
        assert job.join(600)
        return Climbing(rung, seed, job)

    monkeypatch.setattr(Climbing, "start", staticmethod(start))
    return found


def test_no_network_is_needed_and_every_rung_says_what_it_is_about():
    app = visit(PAGE)
    for rung in RUNGS:
        choose(app, rung.number)
        assert app.header[0].value == f"{rung.number}. {rung.title}"
        assert rung.text in shown(app)
        assert "appears here" in shown(app)


def test_make_it_hold_runs_the_rung_and_shows_its_verdict(started):
    app = choose(visit(PAGE), 5)
    next(n for n in app.number_input if n.label.startswith("Seed")).set_value(7).run()
    press(app, "Make it hold")
    assert started == [(rung_of(5), 7)]
    assert [s.value.replace("\\", "") for s in app.success] == ["Exact: all 40 old predictions kept their bits."]
    (table,) = (frame.value for frame in app.dataframe)
    assert list(table["Method"]) == ["KAN", "MLP"]
    assert list(table["Bits kept"]) == ["40 of 40", "0 of 40"]


def test_make_it_fail_takes_the_switch_that_is_chosen(started):
    app = choose(visit(PAGE), 4)
    press(app, "Make it fail")
    app.radio[0].set_value("depth").run()
    press(app, "Make it fail")
    assert [rung for rung, _ in started] == [rung_of(4).failing("square"), rung_of(4).failing("depth")]
    assert "Run failing with depth, seed 0" in shown(app)


def test_traps_are_thrown_one_by_one_or_together_and_none_is_no_failure(started):
    app = choose(visit(PAGE), 3)
    for box in app.checkbox:
        box.set_value("keeps its state" in box.label or "Weight decay" in box.label)
    app.run()
    press(app, "Make it fail")
    assert [rung.failing_with for rung, _ in started] == [("momentum", "decay")]
    for box in app.checkbox:
        box.set_value(False)
    app.run()
    assert button(app, "Make it fail").disabled


def test_while_a_rung_runs_it_shows_how_far_it_is_and_can_be_stopped():
    go_on = threading.Event()
    session = running(rung_of(1), go_on)
    app = visit(PAGE, session)
    assert "Exact: all 10 old predictions kept their bits" in shown(app)
    assert button(app, "Make it hold").disabled
    choose(app, 2)  # the other rungs can be read meanwhile
    assert "appears here" in shown(app)
    assert "A rung of the ladder is under way" in shown(visit("pages/open.py", session))
    app = visit(PAGE, session)
    press(app, "Stop and keep what there is")
    assert session.of(Ladder).runs[1].job.join(600)
    app = visit(PAGE, session)
    assert "stopped by you" in shown(app)
    assert not button(app, "Make it hold").disabled


def test_every_method_can_be_looked_at_with_its_own_verdict():
    app = visit(PAGE, ended(rung_of(1)))
    assert len(app.get("plotly_chart")) == 3
    next(g for g in app.button_group if g.label == "Method").set_value("MLP").run()
    assert not app.exception
    assert "MLP: forgets: old error 0.0025 → " in shown(app)


@pytest.mark.parametrize(
    "rung", [*RUNGS, *(rung.failing() for rung in RUNGS)], ids=lambda r: f"{r.number}{r.failing_with}"
)
def test_every_rung_is_drawn(rung: Rung):
    app = choose(visit(PAGE, ended(rung)), rung.number)
    assert len(app.get("plotly_chart")) == 3
    command, python = same_run(rung, 0)
    assert [block.value for block in app.code] == [command, python]


def test_a_verdict_that_is_half_good_is_a_warning():
    found = outcome(rung_of(5).failing("full"), (method("KAN", points=20),))
    found.methods[0].errors[4, 4] = 0.3
    app = choose(visit(PAGE, ended(rung_of(5), iter([Step(5, 5, "KAN", found)]))), 5)
    assert "does not learn task 5 (error 0.3)" in app.warning[0].value.replace("\\", "")


def test_a_run_that_goes_wrong_says_so_and_keeps_what_it_had():
    def broken():
        yield from list(steps(rung_of(1)))[:1]
        raise UserError("The search ended unexpectedly.")

    app = visit(PAGE, ended(rung_of(1), broken()))
    assert "ended unexpectedly" in app.error[0].value
    assert "all 10 old predictions" in shown(app)


def test_another_run_ends_the_one_before(started):
    session = running(rung_of(1), threading.Event())
    session.of(Ladder).start(rung_of(2), 3)
    assert session.of(Ladder).runs[1].job.join(600)
    assert not session.of(Ladder).live
    assert started == [(rung_of(2), 3)]


@pytest.mark.parametrize(
    "rung", [*RUNGS, *(rung.failing() for rung in RUNGS)], ids=lambda r: f"{r.number}{r.failing_with}"
)
def test_the_same_run_elsewhere_is_the_same_run(rung: Rung, monkeypatch):
    command, python = same_run(rung, 5)
    options = parser().parse_args(command.split()[1:])
    assert (options.rung, options.seed, options.fail) == (rung.number, 5, [*rung.failing_with] or None)
    asked = []

    def watched(rung: Rung, seed: int) -> Iterator[Step]:
        asked.append((rung, seed))
        return (step for step in steps(rung) if step is not None)

    monkeypatch.setattr("kanviz.continual.ladder.climb", watched)
    exec(python, {})
    assert asked == [(rung, 5)]


def test_a_rung_and_what_came_of_it_travel_to_another_process():
    ours, theirs = Pipe()
    found = outcome()
    ours.send((climb, (rung_of(4).failing("depth"), 0), found))
    make, given, there = theirs.recv()
    assert make is climb
    assert given == (rung_of(4).failing("depth"), 0)
    assert to_csv([there]) == to_csv([found])
