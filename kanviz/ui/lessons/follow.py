"""Show lessons on their page and at the top of every other: start by a button or a link, follow, leave."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted, escape_markdown, shown
from kanviz.ui.lessons import LESSONS, Following, Lesson, Lessons, Step
from kanviz.ui.widgets.current import attempt, has_session, session, show_refusals
from kanviz.ui.widgets.page_table import PAGES
from kanviz.ui.widgets.redraw import PAGE
from kanviz.ui.widgets.samples import open_sample, samples

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

GOTO = "lesson-goto"  # key of the page that a callback requests: only a page run can switch to another page


def begin(s: "Session", lesson: Lesson, at: int = 0) -> None:
    """Open the lesson's network, do what step `at` (from 0) builds on, and request the page of that step.

    The person's own work remains available through `go_back`, however many lessons are opened in between.
    """
    from kanviz.core.layer import EdgeId

    if lesson.sample:
        own = s.work is None or bool(s.work.id)
        open_sample(s, next(one for one in samples() if one.file.stem == lesson.sample), aside=own, kept=False)
    if lesson.edge is not None:
        s.select(EdgeId(*lesson.edge))
    following = Following(lesson, s.present if lesson.sample else None)
    for n, step in enumerate(lesson.steps[:at]):
        if not step.alone:
            following.at = n
            step.do(s)
            following.look(s)
    s.of(Lessons).following = following
    _arrive(s, at)


def _arrive(s: "Session", at: int) -> None:
    """Start a step: set the widgets to its values, and request its page."""
    following = s.of(Lessons).following
    assert following is not None
    following.at = at
    st.session_state.update(following.step.shows)
    st.session_state[GOTO] = following.step.page


def from_link(s: "Session") -> None:
    """Start the lesson and step that the address names. Acts once a visit; an unknown lesson gives a message."""
    slug, step = (st.query_params.get(name, "") for name in ("lesson", "step"))
    for name in ("lesson", "step"):
        st.query_params.pop(name, None)
    if not slug:
        return
    lesson = next((one for one in LESSONS if one.slug == slug), None)
    if lesson is None:
        s.messages.append(("error", f"There is no lesson {shown(slug, 40)}. Choose one on the Lessons page."))
        return
    number = int(step) if step.isascii() and step.isdigit() and len(step) < 3 else 1
    try:
        with st.spinner("Preparing the lesson…"):
            begin(s, lesson, min(max(number, 1), len(lesson.steps)) - 1)
    except UserError as refusal:
        s.messages.append(("error", str(refusal)))


def link(lesson: Lesson, step: int = 1) -> str:
    """Return the address that starts a lesson. Call it on the Lessons page, whose own address it uses."""
    root = (st.context.url or "").split("?")[0].rsplit("/", 1)[0]
    return f"{root}/?{urlencode({'lesson': lesson.slug, 'step': step})}"


def lesson_list(s: "Session | None") -> None:
    """Show all lessons, each with its aim, its start button and its link."""
    done = s.of(Lessons).done if s is not None else set()
    for row in range(0, len(LESSONS), 3):
        for column, lesson in zip(st.columns(3, gap="small"), LESSONS[row : row + 3], strict=False):
            with column:
                _lesson_card(LESSONS.index(lesson) + 1, lesson, done=lesson.slug in done)
    if GOTO in st.session_state:
        _go()


def _lesson_card(number: int, lesson: Lesson, *, done: bool) -> None:
    with st.container(border=True, height="stretch", vertical_alignment="distribute", key=f"lesson-{lesson.slug}"):
        with st.container(gap="small"):
            st.markdown(f"**{number}. {lesson.title}**{' :green-badge[:material/check: Done]' if done else ''}")
            st.caption(f"{lesson.minutes} minutes · {counted(len(lesson.steps), 'step')}")
            st.markdown(lesson.learn)
        with st.container(horizontal=True, gap="small"):
            if st.button("Again" if done else "Start", icon=":material/play_arrow:", key=f"start-{lesson.slug}"):
                with show_refusals():
                    begin(session(), lesson)
            with st.popover("Link", icon=":material/link:", type="tertiary"):
                st.caption("Opens this lesson for anybody, from its first step.")
                st.code(link(lesson), language=None, wrap_lines=True)


def _go() -> None:
    """Switch to the page that was requested, unless it is open."""
    title = st.session_state.pop(GOTO)
    if title != st.session_state.get(PAGE):
        st.switch_page(next(path for path, name, _ in PAGES if name == title))


@st.fragment(key="lesson")
def lesson_card() -> None:
    """Show the current step at the top of every page while a lesson is open."""
    if not has_session():
        return
    s = session()
    if GOTO in st.session_state:
        _go()
    following = s.of(Lessons).following
    if following is None:
        return
    with st.container(border=True, key="lesson"):
        _head(s, following)
        if following.holds(s):
            with show_refusals():
                _step(s, following)
        else:
            st.info("The open network is not the lesson's.", icon=":material/info:")
            st.button("Begin the lesson again", icon=":material/replay:", on_click=_again, args=(s, following.lesson))


def _head(s: "Session", following: Following) -> None:
    count = len(following.lesson.steps)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f":material/school: **{following.lesson.title}** · step {following.at + 1} of {count}", width="content"
        )
        st.button("Leave the lesson", type="tertiary", icon=":material/close:", key="lesson-leave",
                  on_click=_leave, args=(s,))  # fmt: skip


def _step(s: "Session", following: Following) -> None:
    step, count = following.step, len(following.lesson.steps)
    st.markdown(step.text)
    new = following.at not in following.found
    done = following.look(s)
    before = following.found.get(following.at)
    if new and done is not None:  # the place of the step may be far below
        st.toast(f"Step {following.at + 1} is done. The lesson at the top of the page says what came of it.",
                 icon=":material/school:")  # fmt: skip
    if done is not None:
        st.success(escape_markdown(done), icon=":material/check_circle:")
    elif before is not None:
        st.caption(f":material/check: You did this: {escape_markdown(before)}")
    if following.finished:
        s.of(Lessons).done.add(following.lesson.slug)
    last = following.at == count - 1
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button("Back", icon=":material/arrow_back:", key="lesson-back", disabled=following.at == 0,
                  on_click=_move, args=(s, following.at - 1))  # fmt: skip
        st.button("Finish" if last else "Next", icon=":material/check:" if last else ":material/arrow_forward:",
                  key="lesson-next", type="primary" if before is not None else "secondary",
                  on_click=_finish if last else _move, args=(s,) if last else (s, following.at + 1))  # fmt: skip
        if step.page != st.session_state.get(PAGE):
            path, _, icon = next(one for one in PAGES if one[1] == step.page)
            st.page_link(path, label=f"To the {step.page} page, where this step is done", icon=icon)
        elif done is None:
            _do_button(s, step)


def _do_button(s: "Session", step: Step) -> None:
    if st.button("Do it for me", type="tertiary", icon=":material/auto_fix_high:", key="lesson-do",
                 disabled=s.training.live, help="The step is done as you would do it; it can be undone."):  # fmt: skip
        with show_refusals(), st.spinner("Doing it…"):
            step.do(s)
            st.rerun()


def _move(s: "Session", at: int) -> None:
    """Go to another step, in a callback."""
    _arrive(s, at)
    st.rerun("app")


def _finish(s: "Session") -> None:
    """End the lesson on the Lessons page, in a callback. The network stays open."""
    s.of(Lessons).following = None
    st.session_state[GOTO] = "Lessons"
    st.rerun("app")


def _leave(s: "Session") -> None:
    """Leave the lesson, in a callback. Page and network stay open."""
    s.of(Lessons).following = None
    st.rerun("app")


def _again(s: "Session", lesson: Lesson) -> None:
    attempt(begin, s, lesson)
    st.rerun("app")
