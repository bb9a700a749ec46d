"""List the versions of the history, newest first: the effect of each step, with jump, name and compare."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted
from kanviz.ui.history.version_errors import judge, step_effect
from kanviz.ui.widgets.redraw import change
from kanviz.ui.widgets.words import label, step_words

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

ON_A_PAGE, IN_A_PANEL = (10, 42), (6, 64)  # versions at once, and characters that fit on a line
PAGE = "pages/history.py"


def version_list(s: "Session") -> None:
    """Show every version with a button that compares it on this page."""

    def compare(n: int) -> None:
        st.button(
            "Compare", key=f"compare-{n}", icon=":material/compare_arrows:", type="tertiary",
            on_click=set_two, args=_with_present(s, n), help="With the current version",
        )  # fmt: skip

    _versions(s, compare, ON_A_PAGE)
    name_version(s)
    if s.opened.made_by():
        with st.expander(f"{counted(len(s.opened.made_by()), 'step')} before it was opened", icon=":material/history:"):
            for n, edit in enumerate(s.opened.made_by()):
                st.caption(f"{n + 1} · {label(step_words(edit, s.present), 90)}")


def history_panel(s: "Session") -> None:
    """Show the same list in less space; comparing opens the History page."""

    def compare(n: int) -> None:
        before, after = _with_present(s, n)
        st.page_link(
            PAGE, label="Compare", icon=":material/compare_arrows:",
            query_params={"before": str(before), "after": str(after)},
        )  # fmt: skip

    _versions(s, compare, IN_A_PANEL)
    name_version(s)


def set_two(before: int, after: int) -> None:
    """Choose the two versions to compare, in the page's address."""
    st.query_params["before"], st.query_params["after"] = str(before), str(after)


def _with_present(s: "Session", n: int) -> tuple[int, int]:
    """Return a version and the current one, the earlier first."""
    return min(n, s.opened.history.at), max(n, s.opened.history.at)


def name_version(s: "Session") -> None:
    """Show the field for the name of the current version."""
    version, at = s.opened.history.versions[s.opened.history.at], s.opened.history.at
    key = f"name-{at}-{version.kan.digest[:12]}"
    st.text_input(
        "Name of the current version", value=version.name, key=key, max_chars=80, placeholder="None yet",
        on_change=lambda: change(s.rename, st.session_state[key], at),
    )  # fmt: skip


def _versions(s: "Session", compare: Callable[[int], None], room: tuple[int, int]) -> None:
    """Show one page of versions, at first that of the current one. room: versions on a page, characters of each."""
    most, letters = room
    history = s.opened.history
    latest_first = range(len(history.versions))[::-1]
    pages = -(-len(latest_first) // most)
    key = f"versions-{len(latest_first)}-{history.at}"
    page = min(st.session_state.get(key, latest_first.index(history.at) // most), pages - 1)
    now = judge(s, s.present)
    if len(latest_first) > 1:
        st.caption(f"Before → after each step, on {now.on}." if now else "How far each step moved the outputs.")
    for n in latest_first[page * most : (page + 1) * most]:
        _version(s, n, compare, letters)
    if pages > 1:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            for words, to in (("Newer", page - 1), ("Older", page + 1)):
                st.button(
                    words, key=f"versions-{words}", disabled=not 0 <= to < pages,
                    on_click=st.session_state.__setitem__, args=(key, to),
                )  # fmt: skip
            st.caption(f"Page {page + 1} of {pages}")


def _version(s: "Session", n: int, compare: Callable[[int], None], letters: int) -> None:
    history = s.opened.history
    version, is_current, undone = history.versions[n], n == history.at, n > history.at
    step = step_words(version, s.present)
    words = f"{n} · {label(step if len(step) <= letters else f'{step[: letters - 1]}…', letters)}"
    with st.container(key=f"version-{n}", gap="xxsmall"):
        st.button(
            f":gray[{words}]" if undone else f"**{words}**" if is_current else words,
            key=f"jump-{n}", type="tertiary", disabled=s.training.live,
            icon=":material/radio_button_checked:" if is_current else ":material/radio_button_unchecked:",
            on_click=change, args=(s.jump, n),
            help=_about(s, n, cut=len(step) > letters),
        )  # fmt: skip
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            mark = " · current" if is_current else " · undone" if undone else ""
            st.caption(f"{step_effect(s, n)}{mark}")
            if not is_current:
                compare(n)


def _about(s: "Session", n: int, *, cut: bool) -> str:
    """Return the help of a version: what a click does, and the step if the label has a name or was cut."""
    version = s.opened.history.versions[n]
    step = f": {label(step_words(version.edit, s.present), 200)}" if (version.name or cut) and version.edit else ""
    return f"{'The current version' if n == s.opened.history.at else f'Go to version {n}'}{step}"
