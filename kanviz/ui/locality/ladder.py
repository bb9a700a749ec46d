"""Show one rung of the ladder: its description, its start buttons, and its results."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown
from kanviz.ui.state.ladder import Ladder
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import session, show_refusals, theme
from kanviz.ui.widgets.panels import number, queue_words
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.continual.outcome import Outcome
    from kanviz.continual.rungs import Rung
    from kanviz.continual.verdict import Verdict
    from kanviz.ui.state.session import Session

TICK = 0.4  # seconds between two updates of a run


def choose_rung() -> "Rung":
    from kanviz.continual.rungs import RUNGS

    titles = {rung.number: f"{rung.number} · {rung.title}" for rung in RUNGS}
    chosen = st.segmented_control(
        "Rung", list(titles), default=1, required=True, format_func=titles.__getitem__, key=f"{KEEP}rung",
        label_visibility="collapsed",
    )  # fmt: skip
    return RUNGS[(chosen or 1) - 1]


def rung_panel(s: "Session | None", rung: "Rung") -> None:
    """Show the rung's description and its two start buttons."""
    st.header(f"{rung.number}. {rung.title}")
    st.markdown(escape_markdown(rung.text))
    live = s is not None and s.of(Ladder).live
    seed = int(st.number_input("Seed of the rows and the start", 0, 2**32 - 1, 0, key=f"{KEEP}ladder-seed"))
    if st.button("Make it hold", type="primary", icon=":material/lock:", disabled=live, width="stretch"):
        _start(rung, seed)
    st.divider()
    chosen = _switches(rung)
    if st.button(
        "Make it fail", icon=":material/lock_open_right:", disabled=live or not chosen, width="stretch",
        help="" if chosen else "Choose what to change, above.",
    ):  # fmt: skip
        _start(rung.failing(*chosen), seed)


def _switches(rung: "Rung") -> tuple[str, ...]:
    """Return the names of the chosen switches; several only if the rung allows it."""
    if rung.several:
        st.caption("What to change, one or several:")
        return tuple(
            switch.name
            for switch in rung.switches
            if st.checkbox(
                escape_markdown(switch.words), value=switch.name in rung.usual,
                key=f"{KEEP}switch-{rung.number}-{switch.name}",
            )
        )  # fmt: skip
    words = {switch.name: escape_markdown(switch.words) for switch in rung.switches}
    first = list(words).index(rung.usual[0])
    chosen = st.radio(
        "What to change", list(words), index=first, format_func=words.__getitem__, key=f"{KEEP}switch-{rung.number}"
    )
    return (chosen,) if chosen else ()


def _start(rung: "Rung", seed: int) -> None:
    with show_refusals():
        session().of(Ladder).start(rung, seed)
        st.rerun()


def run_panel(s: "Session | None", rung: "Rung") -> None:
    """Show the rung's last run, with updates while it runs."""
    climbing = s.of(Ladder).runs.get(rung.number) if s is not None else None
    if climbing is None:
        st.info(
            "Five peaks are learned one after another. Start; what is kept and what is forgotten is computed from the "
            "run and appears here.", icon=":material/stairs:",
        )  # fmt: skip
        return
    if climbing.job.live:
        st.fragment(_watch, run_every=TICK)(rung.number)
        return
    if climbing.job.error:
        st.error(escape_markdown(climbing.job.error), icon=":material/error:")
    if climbing.outcome is not None and climbing.outcome.methods:
        report(climbing.outcome, str(climbing.job.end))
    elif not climbing.job.error:
        st.info(f"Nothing was learned yet: {climbing.job.end}.", icon=":material/info:")


def _watch(number: int) -> None:
    s = session()
    climbing = s.of(Ladder).runs.get(number)
    if climbing is None or not climbing.job.live:
        st.rerun()
    step = climbing.step
    done, total = (step.done, step.total) if step else (0, 1)
    what = f"{step.method}, {done} of {total} tasks" if step else "starting"
    now = queue_words(climbing.job) or f"{escape_markdown(what)} · {climbing.job.seconds:.0f} s"
    st.progress(done / total, text=f"{_mode(climbing.rung)} · {now}")
    st.button(
        "Stop and keep what there is", icon=":material/stop_circle:", on_click=climbing.job.stop, key="stop-ladder"
    )
    if step is not None and step.verdict is not None:
        _say(step.verdict)
        _predictions(step.outcome, 0, "live")


def _mode(rung: "Rung") -> str:
    """Describe the variant of the rung: which switches make it fail, if any."""
    return f"failing with {', '.join(rung.failing_with)}" if rung.failing_with else "as it should hold"


def _say(found: "Verdict") -> None:
    """Show the verdict, in a colour that fits it."""
    text = escape_markdown(f"{found.text[:1].upper()}{found.text[1:]}.")
    if found.kind == "open":
        st.info(text, icon=":material/hourglass:")
    elif found.holds:
        st.success(text, icon=":material/lock:")
    elif found.kind == "forgets":
        st.error(text, icon=":material/lock_open_right:")
    else:
        st.warning(text, icon=":material/warning:")


def report(found: "Outcome", why: str) -> None:
    """Show a run that has ended: verdict, figures, table, and how to repeat it. why: the reason of its end, as text."""
    from kanviz.continual.verdict import verdict
    from kanviz.plots import ladder_errors_figure, ladder_plane_figure

    ended = "" if found.finished else f", {why}"
    st.caption(f"Run {_mode(found.rung)}, seed {found.seed}: {found.seconds:.2g} s{ended}. The rung's own network:")
    _say(verdict(found.methods[0], found.spread))
    names = [one.name for one in found.methods]
    method = st.segmented_control(
        "Method", names, default=names[0], required=True, key=f"method-{found.rung.number}-{len(names)}"
    )
    place = names.index(method) if method in names else 0
    if place:
        st.caption(escape_markdown(f"{names[place]}: {verdict(found.methods[place], found.spread).text}."))
    _predictions(found, place, "ended")
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Error on each task after each task**")
        chart(ladder_errors_figure(found.methods[place], theme=theme()), "ladder-errors")
    with right:
        st.markdown("**What was gained against what was lost**")
        chart(ladder_plane_figure(found, theme=theme()), "ladder-plane")
    st.caption(
        "Errors are root mean square on held-out points, where a peak is 1 high. On the dashed line nothing is "
        "lost; below and to the left is better. Replay learns all old rows again with the new ones; EWC holds each "
        "number by how much old rows need it; the MLP has as many numbers as the KAN."
    )
    _table(found)
    _elsewhere(found.rung, found.seed)


def _predictions(found: "Outcome", place: int, key: str) -> None:
    from kanviz.plots import ladder_predictions_figure

    chart(ladder_predictions_figure(found, place, theme=theme()), f"ladder-predictions-{key}")


def _table(found: "Outcome") -> None:
    from kanviz.continual.outcome import to_csv
    from kanviz.continual.verdict import verdict

    rows = [
        {
            "Method": one.name,
            "Numbers": one.numbers,
            "Own error": number(one.own_mean),
            "Old tasks then": number(one.old_then),
            "Old tasks now": number(one.old_now),
            "Bits kept": f"{sum(one.kept):,} of {one.old_points:,}",
            "Largest drift": number(one.drift),
            "Free": f"{one.free[-1]:.0%}" if one.free else "–",
            "Seconds": number(one.seconds),
            "Verdict": verdict(one, found.spread).text,
        }
        for one in found.methods
    ]
    st.dataframe(rows, hide_index=True)
    which = "-".join((str(found.rung.number), *(found.rung.failing_with or ("hold",))))
    st.download_button(
        "Table as CSV", to_csv([found]), f"ladder-{which}.csv", "text/csv", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def _elsewhere(rung: "Rung", seed: int) -> None:
    """Show the same run as a command line and as Python."""
    st.markdown("**The same run elsewhere**")
    command, python = same_run(rung, seed)
    st.code(command, language=None, wrap_lines=True)
    st.code(python, language=None, wrap_lines=True)


def same_run(rung: "Rung", seed: int) -> tuple[str, str]:
    """Return (command line, Python code) that give the same numbers."""
    fail = f" --fail {' '.join(rung.failing_with)}" if rung.failing_with else ""
    names = ", ".join(f'"{name}"' for name in rung.failing_with)
    python = (
        "import kanviz\n\n"
        f"rung = kanviz.RUNGS[{rung.number - 1}]{f'.failing({names})' if names else ''}\n"
        f"for step in kanviz.climb(rung, seed={seed}):\n"
        "    print(step.method, step.done, step.total)\n"
        "for row in step.outcome.to_rows():\n"
        "    print(row)"
    )
    return f"kanviz ladder --rung {rung.number}{fail} --seed {seed}", python
