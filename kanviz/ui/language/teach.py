"""Show the tab "Teach it": a model that knows one text is taught another, and what that costs is measured."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown
from kanviz.ui.language.lessons import lessons
from kanviz.ui.language.models import SHIPPED, SHIPPED_NAME, shipped
from kanviz.ui.language.teach_gate import gate_panel
from kanviz.ui.language.teach_report import elsewhere, report
from kanviz.ui.language.teach_text import text_panel
from kanviz.ui.language.text import text_choice
from kanviz.ui.state.language import Language
from kanviz.ui.state.teach import Teaching
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import session, show_refusals, theme
from kanviz.ui.widgets.panels import queue_words
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus
    from kanviz.ui.state.teach_run import Plan, TeachRun

TICK = 0.4  # seconds between two updates
USUAL = ["gate", "plain", "replay"]
SECONDS, MOST_SECONDS, STEPS, MOST_STEPS = 10, 600, 200, 5_000
HERE = "Train one now"


def teach_tab() -> None:
    """Show the settings on the left; on the right the lessons; below the gate and a text before and after."""
    teaching = session().of(Teaching)
    run = teaching.run
    live = run is not None and run.job.live
    ask, look = st.columns([6, 14], gap="medium")
    with ask.container(border=True):
        st.header("What does it forget?")
        st.markdown("A model that has read one text is taught another, in several ways.")
        texts = _settings(live)
    with look.container(border=True):
        if live:
            st.fragment(_watch, run_every=TICK)()
        else:
            _ended(run)
    if live:
        return
    pair = (run.plan.old, run.plan.new) if run is not None else texts
    if pair is not None:
        with st.container(border=True):
            gate_panel(*pair)
    if teaching.before is not None:
        with st.container(border=True):
            text_panel()
    with st.container(border=True):
        elsewhere()


def _settings(live: bool) -> "tuple[Corpus, Corpus] | None":
    """Let the person choose and start; return the two texts, once both are there."""
    old = text_choice("teach-old", "The text that it knows")
    new = text_choice("teach-new", "The text that it is taught", "code")
    files = _trained(old)
    chosen = st.selectbox("Model", [*files, HERE], key=f"{KEEP}teach-model")
    seconds = SECONDS
    if chosen == HERE:
        seconds = st.number_input("Seconds of training it", 1, MOST_SECONDS, SECONDS, key=f"{KEEP}teach-seconds")
    ways = _ways()
    steps = st.number_input("Steps of each lesson", 5, MOST_STEPS, STEPS, 50, key=f"{KEEP}teach-steps")
    there = old is not None and new is not None
    if st.button(
        "Start", type="primary", icon=":material/school:", width="stretch", disabled=live or not there,
        help="" if there else "Choose both texts first, above.", key="teach-start",
    ):  # fmt: skip
        from kanviz.ui.state.teach_run import Plan

        assert old is not None
        assert new is not None
        with show_refusals():
            model = files[chosen] if chosen != HERE else None
            session().of(Teaching).start(Plan(old, new, ways, float(seconds), int(steps), model))
            st.rerun()
    return (old, new) if old is not None and new is not None else None


def _ways() -> tuple[str, ...]:
    from kanviz.language.teaching.policy import POLICIES

    ways = st.multiselect("Ways to teach", list(POLICIES), default=USUAL, key=f"{KEEP}teach-ways")
    for way in ways:
        st.caption(f"**{way}**: {POLICIES[way]}")
    return tuple(ways)


def _trained(old: "Corpus | None") -> dict[str, bytes]:
    """Return the models that have learned this text, by their names: one that came with kanviz, the last race's."""
    run, found = session().of(Language).run, {}
    if old is not None and old.sha256 == shipped().sha256:
        found[SHIPPED_NAME] = SHIPPED.read_bytes()
    if run is not None and run.race is not None and old is not None and run.corpus.sha256 == old.sha256:
        for n, data in sorted(run.files.items()):
            found[f"{run.race.lanes[n].kind}, seed {run.race.lanes[n].seed}, from Against the clock"] = data
    return found


def _watch() -> None:
    """Show the run as it goes: the model that learns, then the lessons in the plane."""
    teaching = session().of(Teaching)
    run = teaching.run
    if run is None or not run.job.live:
        st.rerun()
    st.progress(progress(run.plan, run), text=queue_words(run.job) or now_words(run))
    st.button("Stop and keep what there is", icon=":material/stop_circle:", key="stop-teach", on_click=teaching.stop)
    if run.outcomes:
        from kanviz.plots import teach_plane_figure

        chart(teach_plane_figure(list(run.outcomes.values()), theme=theme()), "teach-live")


def progress(plan: "Plan", run: "TeachRun") -> float:
    """Return the share of the work that is done, about: the model counts as one lesson."""
    lessons_done = sum(one.step / one.steps for one in list(run.outcomes.values()))
    learned = 1.0 if run.before else (run.learned[-1][0] if run.learned else 0.0)
    return min((learned + lessons_done) / (1 + len(plan.ways)), 1.0)


def now_words(run: "TeachRun") -> str:
    """Say what is going on."""
    outcomes = list(run.outcomes.values())
    if outcomes and outcomes[-1].end is None:
        one = outcomes[-1]
        return (
            f"{one.how}: step {one.step} of {one.steps} · gain {one.now.gain:z.2f}, "
            f"forgetting {one.now.forgetting:z.3f}"
        )
    if run.before:
        return "preparing the next lesson"
    if run.learned:
        share, bits = run.learned[-1]
        return f"the model reads the first text: {min(share, 1):.0%}, {bits:.2f} bits per character"
    return "starting"


def _ended(run: "TeachRun | None") -> None:
    if run is None:
        origin, outcomes = lessons()
        st.caption(f"Measured before: {origin} Press Start to see it on this machine.")
        report(outcomes)
        return
    if run.job.error:
        st.error(escape_markdown(run.job.error), icon=":material/error:")
    if run.outcomes:
        st.caption(f"{run.job.seconds:.3g} s in all: {run.job.end}.")
        report(tuple(run.outcomes.values()))
    elif not run.job.error:
        st.info(f"No lesson has started yet: {run.job.end}.", icon=":material/info:")
