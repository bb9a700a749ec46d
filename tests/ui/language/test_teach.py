"""The tab "Teach it": lessons that run, their verdict, the gate, a text before and after, and the certificate."""

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import sleep
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.cli import parser
from kanviz.errors import UserError
from kanviz.io.language_file import from_bytes, to_bytes
from kanviz.language import Corpus, LanguageModel, LanguageTraining, SavedModel, Sizes, TeachPoint, train
from kanviz.language.teaching.certificate import verify_teaching
from kanviz.language.teaching.claims import LanguageCertificate
from kanviz.language.teaching.outcome import Outcome
from kanviz.language.teaching.verdict import teach_verdict
from kanviz.ui.language.lessons import lessons
from kanviz.ui.language.teach_report import same_lessons
from kanviz.ui.language.teach_text import change_words
from kanviz.ui.state import teach_run
from kanviz.ui.state.session import Session
from kanviz.ui.state.teach import Teaching
from kanviz.ui.state.teach_run import Plan
from tests.helpers import not_none
from tests.ui.test_pages import press, texts
from tests.ui.test_pages import visit as visited

PAGE = "pages/language.py"
OLD, NEW = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\n"))
SIZES = Sizes("gelu", width=16, context=64, parameters=1_000)


def visit(session: Session | None = None) -> AppTest:
    return visited(PAGE, session, language="Teach it")


def shown(app: AppTest) -> str:
    boxes = [str(e.value) for kind in (app.info, app.warning, app.error) for e in kind]
    return "\n".join([texts(app), *boxes]).replace("\\", "")


def compared_at(app: AppTest) -> float:
    (slider,) = (s for s in app.slider if s.label.startswith("Compare at equal gain"))
    assert isinstance(slider.value, float)
    return slider.value


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is otherwise done in a subprocess is done in this one."""

    def made(make: Callable[..., Iterator[Any]], *given: Any) -> Iterator[Any]:
        return make(*given)

    monkeypatch.setattr(teach_run, "apart", made)


@pytest.fixture(scope="module")
def model() -> bytes:
    """A small model that has learned the old text."""
    *_, last = train(LanguageModel(SIZES), OLD, LanguageTraining(steps=30))
    return to_bytes(SavedModel.of(last, OLD))


def taught(model: bytes, *ways: str, old: Corpus = OLD, new: Corpus = NEW) -> Session:
    session = Session()
    teaching = session.of(Teaching)
    teaching.start(Plan(old, new, ways, steps=20, model=model))
    assert not_none(teaching.run).job.join(600)
    assert not not_none(teaching.run).job.error
    return session


def test_before_anybody_starts_lessons_that_were_measured_and_the_gate_are_shown():
    app = visit()
    origin, outcomes = lessons()
    assert origin in shown(app)
    assert {"gate", "plain", "replay"} <= {one.how for one in outcomes}
    gain = compared_at(app)
    assert teach_verdict(outcomes, gain) in shown(app)
    assert "The texts are apart on this axis" in shown(app)
    assert "Teach with the gate first" in shown(app)


def test_lessons_end_with_a_verdict_a_text_lamps_and_files(model: bytes):
    session = taught(model, "gate", "plain")
    run = not_none(session.of(Teaching).run)
    app = visit(session)
    gain = compared_at(app)
    outcomes = tuple(run.outcomes.values())
    assert all(one.forgetting_at(gain) is not None for one in outcomes)
    assert teach_verdict(outcomes, gain) in shown(app)
    assert [Outcome.from_json(json.loads(json.dumps(one.to_json()))) for one in outcomes] == list(outcomes)
    assert len(app.get("plotly_chart")) == 4  # plane, text before, text after, lamps
    buttons: list[Any] = list(app.get("download_button"))
    names = [button.label for button in buttons]
    assert names == ["before.safetensors", "gate.safetensors", "plain.safetensors", "kept.json"]
    found = LanguageCertificate.from_json(json.loads(json.dumps(run.certificates[-1])))
    before, after = (from_bytes(data).model for data in (run.before[-1], run.after["gate"]))
    assert verify_teaching(found, before, after, OLD.held_out) == ()
    assert found.proven
    assert found.summary()[0] in shown(app)


def test_the_gate_is_moved_measured_again_and_taken_back(model: bytes):
    session = taught(model, "gate")
    teaching = session.of(Teaching)
    app = visit(session)
    (start,) = [text for text in shown(app).splitlines() if text.startswith("As it was made: gain")]
    gate = not_none(not_none(teaching.gated).all_additions[-1].gate)
    _, *others = (~gate.locked).nonzero().flatten().tolist()
    teaching.move(gate, [(point, 0.0) for point in others])
    app.run()
    next(n for n in app.number_input if n.label == "Its opening").set_value(0.0).run()
    assert not_none(teaching.moved).heights.tolist() == [0.0] * len(gate.heights)
    assert "**As it is now: gain 0.000, forgetting 0.0000, 100% of the old predictions" in shown(app)
    assert start in shown(app)
    press(app, "As it was made")
    assert teaching.moved is None
    with pytest.raises(UserError, match="locked at 0"):
        teaching.move(gate, [(0, 1.0)])


def test_texts_that_do_not_separate_are_said_not_to_and_what_to_do(model: bytes):
    whole = Corpus.named("documentation").train
    halves = [Corpus.from_text(whole[at : at + 6_000], name=f"half {at}") for at in (0, 50_000)]
    session = taught(model, "replay", old=halves[0], new=halves[1])
    app = visit(session)
    assert 'how="replay"' in app.warning[0].value.replace("\\", "")
    assert "The texts are apart" not in shown(app)


def test_the_verdict_changes_with_the_run(model: bytes):
    session = taught(model, "plain")
    run = not_none(session.of(Teaching).run)

    def ended(how: str, forgetting: float) -> Outcome:
        points = TeachPoint(0, 0.0, 0.0, 1.0), TeachPoint(20, 1.0, forgetting, 0.0)
        return Outcome(how, 20, 20, points, 1.0, points[-1])

    words = []
    for cost in (0.1, 0.9):
        run.outcomes.update(plain=ended("plain", cost), replay=ended("replay", 0.5))
        words.append(shown(visit(session)))
    assert ["plain forgets least" in text for text in words] == [True, False]
    assert ["replay forgets least" in text for text in words] == [False, True]


def test_words_about_a_passage_are_those_of_its_numbers():
    assert "as before, bit for bit" in change_words(0.0, 1.0)
    assert "worse: that is forgetting" in change_words(-0.2, 0.3)
    assert "0.200 bits per character better; 30%" in change_words(0.2, 0.3)
    assert "the same to a thousandth" in change_words(0.0, 0.3)


@pytest.mark.parametrize(
    ("plan", "why"),
    [(Plan(OLD, NEW, ()), "Choose at least one"), (Plan(OLD, replace(OLD, name="copy"), ("gate",)), "the same")],
    ids=["no way", "same text"],
)
def test_a_plan_that_makes_no_sense_is_refused_and_nothing_is_lost(plan: Plan, why: str, model: bytes):
    teaching = taught(model, "plain").of(Teaching)
    run = teaching.run
    with pytest.raises(UserError, match=why):
        teaching.start(plan)
    assert teaching.run is run


def test_a_run_is_stopped_and_what_there_is_stays(monkeypatch: pytest.MonkeyPatch, model: bytes):
    def endless(make: Callable[..., Iterator[Any]], *given: Any) -> Iterator[Any]:
        yield from list(make(*given))[:3]
        while True:
            sleep(0.01)  # as one that waits for another process
            yield None

    monkeypatch.setattr(teach_run, "apart", endless)
    session = Session()
    teaching = session.of(Teaching)
    teaching.start(Plan(OLD, NEW, ("plain",), steps=10, model=model))
    run = not_none(teaching.run)
    while not run.outcomes:
        sleep(0.01)
    app = visit(session)
    assert next(b for b in app.button if b.label == "Start").disabled
    press(app, "Stop and keep what there is")
    assert run.job.join(600)
    app = visit(session)
    assert "stopped by you" in shown(app)
    assert len(app.get("plotly_chart")) == 1


def test_the_same_lessons_elsewhere_are_the_same_lessons(model: bytes, monkeypatch: pytest.MonkeyPatch):
    session = taught(model, "gate")
    monkeypatch.setattr("kanviz.ui.language.teach_report.session", lambda: session)
    command, python = same_lessons()
    options = parser().parse_args(shlex.split(command)[1:])
    assert (options.text, options.keep, options.how, options.steps) == ("NEW_TEXT.txt", "OLD_TEXT.txt", "gate", 20)
    monkeypatch.setattr(Corpus, "from_file", classmethod(lambda cls, path: OLD if path == "OLD_TEXT.txt" else NEW))
    monkeypatch.setattr("kanviz.io.language_file.load", lambda path: from_bytes(model))
    found: dict[str, Any] = {}
    exec(python, found)
    assert found["last"].now == not_none(session.of(Teaching).run).outcomes["gate"].now
    train_line = same_lessons_of_nobody(monkeypatch).splitlines()[0]
    assert parser().parse_args(shlex.split(train_line)[1:]).seconds == 40


def same_lessons_of_nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    session = Session()
    monkeypatch.setattr("kanviz.ui.language.teach_report.session", lambda: session)
    return same_lessons()[0]
