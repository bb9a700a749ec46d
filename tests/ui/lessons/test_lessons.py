"""The lessons: records that fit the samples, steps that see what was done, and the card that leads through them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from kanviz.continual.rungs import Rung
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import TrainConfig
from kanviz.edit.edits import MoveControlPoint, RefineGrid
from kanviz.io.language_file import to_bytes
from kanviz.language import Corpus, SavedModel
from kanviz.language.comparison import Contest
from kanviz.ui.lessons import LESSONS, Following, Lesson, Lessons
from kanviz.ui.lessons.facts import percent, points, total
from kanviz.ui.state import letters_run, teach_run
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.ladder_run import Climbing
from kanviz.ui.state.letters import Letters
from kanviz.ui.state.race_run import RaceRun, Seen
from kanviz.ui.state.session import Session
from kanviz.ui.state.teach_run import Plan, TeachRun
from kanviz.ui.widgets.page_table import PAGES
from kanviz.ui.widgets.samples import open_sample, samples
from tests.helpers import not_none
from tests.ladder_at_hand import steps
from tests.language.races import race_of
from tests.language.taught import CODE, old_model
from tests.language.tiny import TEXT
from tests.ui.test_pages import ROOT, press, texts, visit

SLUGS = [lesson.slug for lesson in LESSONS]


def lesson_of(slug: str) -> Lesson:
    return next(lesson for lesson in LESSONS if lesson.slug == slug)


def following(slug: str) -> Session:
    """A session that has just begun a lesson."""
    lesson, session = lesson_of(slug), Session()
    if lesson.sample:
        open_sample(session, next(one for one in samples() if one.file.stem == lesson.sample))
        session.select(EdgeId(*not_none(lesson.edge)))
    session.of(Lessons).following = Following(lesson, session.present if lesson.sample else None)
    return session


def open_lesson(session: Session) -> Following:
    return not_none(session.of(Lessons).following)


def test_every_lesson_has_a_slug_of_its_own_and_three_to_five_steps():
    assert len(set(SLUGS)) == len(LESSONS) == 9
    assert all(re.fullmatch("[a-z-]+", slug) for slug in SLUGS)
    assert all(3 <= len(lesson.steps) <= 5 for lesson in LESSONS)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_lesson_has_its_sample_its_edge_and_its_pages(slug):
    session, titles = following(slug), {title for _, title, _ in PAGES}
    assert (session.data is not None) == bool(lesson_of(slug).sample)
    assert {step.page for step in lesson_of(slug).steps} <= titles


@pytest.fixture
def rungs_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rungs of the ladder end at once, with given numbers; what they really come to is tested with the ladder."""

    def start(rung: Rung, seed: int, who: object) -> Climbing:
        job = Job(lambda: steps(rung), elsewhere=True).start()
        assert job.join(600)
        return Climbing(rung, seed, job)

    monkeypatch.setattr(Climbing, "start", staticmethod(start))


@pytest.fixture
def models_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Language models are small, and taught in this process; a race ends at once, with given numbers."""
    start = TeachRun.start

    def raced(corpus: Corpus, contest: object, seconds: float, who: object) -> RaceRun:
        job = Job(lambda: iter([Seen(race_of(curves=(2.1,), gelu=(2.2,)))])).start()
        assert job.join(600)
        return RaceRun(corpus, Contest(), seconds, job)

    def taught(plan: Plan, who: object) -> TeachRun:
        saved = SavedModel(old_model("curves"), TEXT.name, TEXT.sha256, TEXT.source, 30, 1.0, None)
        return start(Plan(TEXT, CODE, plan.ways, steps=12, model=to_bytes(saved)))

    def here(make: Callable[..., Iterator[Any]], *given: Any) -> Iterator[Any]:
        return make(*given)

    monkeypatch.setattr(RaceRun, "start", staticmethod(raced))
    monkeypatch.setattr(TeachRun, "start", staticmethod(taught))
    monkeypatch.setattr(teach_run, "apart", here)
    monkeypatch.setattr(letters_run, "apart", here)


@pytest.mark.usefixtures("rungs_at_hand", "models_at_hand")
@pytest.mark.parametrize("slug", SLUGS)
def test_every_step_is_not_done_before_and_done_after(slug):
    session = following(slug)
    lesson = open_lesson(session)
    for at, step in enumerate(lesson.lesson.steps):
        lesson.at = at
        assert lesson.look(session) is None, f"step {at + 1} is done before anybody did it"
        assert not lesson.finished
        step.do(session)
        assert all(job.join(600) for part in session.parts for job in part.jobs)
        assert re.search(r"\d", lesson.look(session) or ""), f"step {at + 1} is not recognised, or says no number"
    assert lesson.finished
    assert lesson.holds(session)


def test_what_is_said_of_a_moved_point_is_what_was_measured():
    session = following("control-points")
    start, x = session.present, not_none(session.data).rows("train")[0]
    height = float(start.edge((0, 0, 2)).coef[3]) + 0.25
    session.apply(MoveControlPoint(EdgeId(0, 0, 2), 3, height))
    said = not_none(open_lesson(session).look(session))
    assert f"control point 3 from {float(start.edge((0, 0, 2)).coef[3]):.3g} to {height:.3g}" in said
    assert "14 of 15 edges are the same, bit for bit" in said
    y = not_none(session.data).rows("train")[1]
    errors = [float((kan(x) - y).square().mean().sqrt()) for kan in (start, session.present)]
    assert f"went from {errors[0]:.3g} to {errors[1]:.3g}" in said
    session.apply(MoveControlPoint(EdgeId(0, 1, 2), 3, 1.0))
    assert "13 of 15 edges are the same" in not_none(open_lesson(session).look(session))


def test_a_move_on_another_edge_does_not_count():
    session = following("control-points")
    session.apply(MoveControlPoint(EdgeId(0, 1, 2), 3, 1.0))
    assert open_lesson(session).look(session) is None


def test_rows_are_counted_by_their_bits():
    session = following("locality")
    start = session.present
    open_lesson(session).lesson.steps[0].do(session)
    x = not_none(session.data).rows("train")[0]
    kept = int((start(x) == session.present(x)).all(1).sum())
    assert f"{len(x) - kept:,} of {len(x):,} training rows have another prediction" in not_none(
        open_lesson(session).look(session)
    )
    assert 0 < kept < len(x)


def test_points_count_after_the_refinement_only_when_they_moved_after_it():
    session = following("control-points")
    session.apply(MoveControlPoint(EdgeId(0, 0, 2), 3, 0.5))
    session.apply(RefineGrid(0, 10))
    open_lesson(session).at = 3
    assert open_lesson(session).look(session) is None
    session.apply(MoveControlPoint(EdgeId(0, 0, 2), 5, 0.5))
    assert "control point 5" in not_none(open_lesson(session).look(session))


def test_a_strong_edge_is_back_only_after_it_was_gone():
    session = following("pruning")
    open_lesson(session).at = 3
    assert open_lesson(session).look(session) is None
    for step in open_lesson(session).lesson.steps[1:3]:
        step.do(session)
    assert open_lesson(session).look(session) is None
    session.undo()
    assert "3 edges are left" in not_none(open_lesson(session).look(session))


def test_another_network_in_hand_is_not_the_lessons():
    session = following("edge")
    open_sample(session, samples()[0])
    assert not open_lesson(session).holds(session)
    session.go_back()
    assert open_lesson(session).holds(session)


@pytest.mark.parametrize(
    ("value", "words"), [(0.85508, "85.5 %"), (0.0, "less than 0.0001 %"), (1.0, "100 %"), (2e-6, "0.0002 %")]
)
def test_a_share_in_words(value, words):
    assert percent(value) == words


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((3,), "control point 3"), ((3, 5, 6), "control points 3, 5 and 6"), (tuple(range(9)), "9 control points")],
)
def test_points_in_words(numbers, words):
    assert points(numbers) == words


def test_a_sum_in_words():
    assert total([-0.5, 0.25, -1.0]) == "-0.5 + 0.25 - 1"


# --- on the pages -----------------------------------------------------------------------------------------------


def test_the_page_lists_every_lesson_and_starts_one():
    app = visit("pages/lessons.py")
    assert all(f"{n + 1}. {lesson.title}" in texts(app) for n, lesson in enumerate(LESSONS))
    assert [code.value for code in app.code] == [f"/?lesson={slug}&step=1" for slug in SLUGS]
    app = press(app, "Start")
    assert "step 1 of 3" in texts(app)
    assert app.title[0].value == "Workbench"


def test_a_link_opens_its_step_with_what_it_builds_on():
    app = visit("app.py", lesson="pruning", step="3")
    assert app.title[0].value == "Prune"
    assert "**Pruning** · step 3 of 4" in texts(app)
    assert len(list(app.session_state["kanviz"].present.edges())) == 3
    assert "lesson" not in app.query_params


@pytest.mark.parametrize(("step", "at"), [("", 1), ("0", 1), ("99", 3), ("two", 1), ("²", 1)])
def test_a_link_to_a_step_that_is_not_there_goes_to_the_nearest(step, at):
    app = visit("app.py", lesson="edge", step=step)
    assert f"step {at} of 3" in texts(app)


def test_a_link_to_no_lesson_says_so():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
    app.query_params["lesson"] = "<b>astrology"
    app.run()
    assert "There is no lesson" in app.error[0].value
    assert app.title[0].value == "Workbench"
    assert app.session_state["kanviz"].of(Lessons).following is None


def test_next_goes_to_the_page_of_the_step_and_back_comes_back():
    app = visit("app.py", lesson="pruning")
    press(app, "Do it for me")
    assert "carries" in app.success[0].value
    press(app, "Next")
    assert (app.title[0].value, "step 2 of 4" in texts(app)) == ("Prune", True)
    press(app, "Back")
    assert (app.title[0].value, "step 1 of 4" in texts(app)) == ("Workbench", True)


def test_a_lesson_done_to_its_end_is_ticked():
    app = visit("app.py", lesson="edge")
    for word in ("Next", "Next", "Finish"):
        press(app, "Do it for me")
        press(app, word)
    assert app.title[0].value == "Lessons"
    assert "1. What an edge is** :green-badge" in texts(app)
    assert app.session_state["kanviz"].of(Lessons).following is None
    assert app.session_state["kanviz"].history is not None


def test_what_was_done_once_stays_done_and_says_so():
    session = following("edge")
    open_lesson(session).lesson.steps[0].do(session)
    app = visit("app.py", session)
    session.select(EdgeId(0, 1, 0))
    app.run()
    assert not app.success
    assert "You did this: You chose length" in texts(app)


def test_a_lesson_can_be_left_and_begun_again():
    session = following("edge")
    app = visit("pages/prune.py", session)
    assert any("To the Workbench page" in link.proto.label for link in app.get("page_link"))
    open_sample(session, samples()[0])
    app.run()
    assert "The open network is not the lesson's." in texts(app)
    press(app, "Begin the lesson again")
    assert open_lesson(session).holds(session)
    press(app, "Leave the lesson")
    assert session.of(Lessons).following is None
    assert "step 1" not in texts(app)


def test_ones_own_work_waits_through_any_number_of_lessons():
    app = visit("app.py")
    session = app.session_state["kanviz"]
    session.apply(MoveControlPoint(EdgeId(0, 0, 2), 3, 0.5))
    own = session.present
    app.switch_page("pages/lessons.py").run()
    for _ in range(2):
        press(app, "Start")
        press(app, "Do it for me")
        app.switch_page("pages/lessons.py").run()
    press(app, "Leave the lesson")
    press(app, f"Back to {samples()[0].title} (1 step)")
    assert session.present is own


def test_a_lesson_waits_for_a_training_that_runs():
    session = following("formula")
    session.training.start(TrainConfig(steps=100_000, solver="adam"))
    try:
        app = visit("pages/lessons.py", session)
        press(app, "Start")
        assert any("Training is running" in error.value for error in app.error)
    finally:
        not_none(session.training.job).stop()
        not_none(session.training.job).join(600)
    assert torch.isfinite(session.present.layers[0].coef).all()


def test_a_step_opens_the_tab_it_speaks_of():
    app = visit("app.py", lesson="locality")
    assert app.session_state["keep-tab"] == "Reach"
    reach = next(tab for tab in app.tabs if tab.label == "Reach")
    assert len(reach.children) > 0


def test_a_lesson_about_language_models_leaves_the_open_network_alone():
    app = visit("app.py")
    session = app.session_state["kanviz"]
    session.apply(MoveControlPoint(EdgeId(0, 0, 2), 3, 0.5))
    own = session.present
    app.switch_page("pages/lessons.py").run()
    app.button(key="start-functions-and-behaviour").click().run()
    assert app.title[0].value == "Language"
    assert "**Functions are kept, behaviour is not** · step 1 of 3" in texts(app)
    press(app.switch_page("pages/language.py").run(), "Do it for me")
    assert "1 of 55,296 control points moved" in app.success[0].value
    assert session.of(Letters).versions
    assert session.present is own


def test_a_lesson_opens_the_tab_of_its_step():
    app = visit("app.py", lesson="how-to-remember")
    assert app.title[0].value == "Language"
    assert any("What does it forget?" in header.value for header in app.header)
