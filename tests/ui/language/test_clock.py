"""The tab "Against the clock": what it asks, what a race shows while it runs and at its end, and what a stop keeps."""

import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Pipe
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.cli import parser
from kanviz.errors import UserError
from kanviz.io.language_file import from_bytes
from kanviz.language import Contest, Corpus, Sizes
from kanviz.language.race import Race
from kanviz.ui.language.measured import measured
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.language import Language, snapshot
from kanviz.ui.state.race_run import RaceRun, Seen, seen
from kanviz.ui.state.session import Session
from tests.language.races import race_of
from tests.language.tiny import TEXT
from tests.ui.test_pages import press, texts
from tests.ui.test_pages import visit as visited

PAGE = "pages/language.py"
FULL = race_of(gelu=(2.5, 2.6, 2.4), curves=(2.4, 2.51, 2.3))


def visit(page: str, session: Session | None = None) -> AppTest:
    return visited(page, session, language="Against the clock")


def items(found: Race, go_on: threading.Event | None = None) -> Iterator[Seen | None]:
    yield Seen(found, 0, b"a model")
    while go_on is not None and not go_on.wait(0.02):
        yield None


def run_of(given: Iterator[Seen | None], corpus: Corpus | None = None, **more: Any) -> RaceRun:
    files: dict[int, bytes] = {}

    def take(item: Seen) -> None:
        if item.number is not None:
            files[item.number] = item.file

    job = Job(lambda: given, take, elsewhere=True).start()
    return RaceRun(corpus or snapshot("documentation"), Contest(("gelu", "curves"), 3, 2.0, **more), 10, job, files)


def ended(given: Iterator[Seen | None], **more: Any) -> Session:
    session = Session()
    session.of(Language).run = run = run_of(given, **more)
    assert run.job.join(600)
    return session


def shown(app: AppTest) -> str:
    boxes = [str(e.value) for kind in (app.success, app.warning, app.error, app.info) for e in kind]
    return "\n".join([texts(app), *boxes]).replace("\\", "")


def button(app: AppTest, words: str) -> Any:
    return next(b for b in app.button if b.label == words)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Corpus, Contest, float]]:
    """The races that were begun; they end at once."""
    found = []

    def start(corpus: Corpus, contest: Contest, seconds: float, who: object) -> RaceRun:
        found.append((corpus, contest, seconds))
        run = run_of(items(FULL))
        assert run.job.join(600)
        return run

    monkeypatch.setattr(RaceRun, "start", staticmethod(start))
    return found


def test_before_anybody_starts_a_race_that_was_measured_is_shown():
    app = visit(PAGE)
    assert "Measured before" in shown(app)
    assert measured().race.verdict in shown(app)
    assert measured().race.ended
    assert len(app.get("plotly_chart")) == 2


def test_start_takes_what_was_chosen_and_shows_the_verdict_of_its_run(started: list[tuple[Corpus, Contest, float]]):
    app = visit(PAGE)
    next(m for m in app.multiselect if m.label == "Blocks").set_value(["gelu", "curves", "kan"]).run()
    for label, value in (("Seconds in all", 30), ("Seeds", 3), ("Learning rate of kan", 0.02)):
        next(n for n in app.number_input if n.label == label).set_value(value)
    app.run()
    press(app, "Start")
    ((corpus, contest, seconds),) = started
    assert (corpus.name, seconds) == ("documentation", 30)
    assert (contest.kinds, contest.seeds, contest.rates) == (("gelu", "curves", "kan"), 3, {"kan": 0.02})
    assert FULL.verdict in shown(app)
    assert "Measured before" not in shown(app)


def test_the_verdict_changes_with_the_run():
    level = race_of(gelu=(2.5, 2.6, 2.4), curves=(2.4, 2.7, 2.5))
    words = [shown(visit(PAGE, ended(items(found)))) for found in (FULL, level)]
    assert ["It is better than gelu" in text for text in words] == [True, False]
    assert ["within the spread" in text for text in words] == [False, True]


def test_a_race_can_be_stopped_and_what_there_is_stays():
    session, go_on = Session(), threading.Event()
    session.of(Language).run = run = run_of(items(race_of(ended=False, gelu=(2.5,), curves=(2.6,)), go_on))
    while run.job.latest is None:
        time.sleep(0.01)
    app = visit(PAGE, session)
    assert button(app, "Start").disabled
    assert "gelu writes." in [block.value for block in app.code]
    assert "Language models are being trained" in shown(visit("pages/open.py", session))
    press(visit(PAGE, session), "Stop and keep what there is")
    assert run.job.join(600)
    app = visit(PAGE, session)
    assert "stopped by you" in shown(app)
    assert "Only 0 of 2 trainings came to their end" in shown(app)
    assert not button(app, "Start").disabled


def test_too_many_trainings_for_the_seconds_are_refused_in_words():
    app = visit(PAGE)
    next(n for n in app.number_input if n.label == "Seeds").set_value(9).run()
    press(app, "Start")
    assert "10 s are too few for 18 trainings" in shown(app)


def test_a_run_that_goes_wrong_says_so_and_keeps_what_it_had():
    def broken() -> Iterator[Seen | None]:
        yield Seen(FULL)
        raise UserError("The search ended unexpectedly.")

    app = visit(PAGE, ended(broken()))
    assert "ended unexpectedly" in app.error[0].value
    assert FULL.verdict in shown(app)


def test_models_can_be_saved():
    app = visit(PAGE, ended(items(FULL)))
    assert len(app.get("download_button")) == 1  # one model was sent


@pytest.mark.parametrize(("rates", "corpus"), [({}, None), ({"gelu": 0.02}, TEXT)], ids=["snapshot", "own text"])
def test_the_same_race_elsewhere_is_the_same_race(
    rates: dict[str, float], corpus: Corpus | None, monkeypatch: pytest.MonkeyPatch
):
    app = visit(PAGE, ended(items(FULL), corpus=corpus, rates=rates))
    command, python = (block.value for block in app.code[-2:])
    options = parser().parse_args(command.split()[1:])
    assert (options.blocks, options.seeds, options.seconds) == (["gelu", "curves"], 3, 2.0)
    assert dict(options.rate or ()) == rates
    assert options.text == ("documentation" if corpus is None else "YOUR_TEXT.txt")
    asked = []

    def watched(text: object, contest: Contest, **how: Any) -> Iterator[Any]:
        asked.append((contest.kinds, contest.seeds, contest.seconds, contest.rates, how["side_by_side"]))
        return iter(())

    monkeypatch.setattr("kanviz.language.compare", watched, raising=False)
    monkeypatch.setattr(Corpus, "from_file", classmethod(lambda cls, path: TEXT))
    with pytest.raises(NameError):  # nothing was yielded, so there is no last item
        exec(python, {})
    assert asked == [(("gelu", "curves"), 3, 2.0, rates, True)]


def test_a_race_travels_to_another_process_with_its_models():
    small = Contest(("gelu",), 1, steps=3, sizes=Sizes(width=16, heads=2, context=16, parameters=1_500))
    *_, last = seen(TEXT, small, 1.0, time.monotonic())
    ours, theirs = Pipe()
    ours.send(last)
    there = theirs.recv()
    assert there == last
    assert there.number == 0
    assert from_bytes(there.file).bits == last.race.lanes[0].held_out[-1][2]
