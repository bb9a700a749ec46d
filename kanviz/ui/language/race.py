"""Show a race between kinds of blocks: as it runs, what it came to, and how to run it elsewhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown
from kanviz.ui.language.measured import measured
from kanviz.ui.state.language import SNAPSHOTS, Language
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import has_session, session, theme
from kanviz.ui.widgets.panels import number, queue_words
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.core.curves.feed_forward import Kind
    from kanviz.language.comparison import Contest
    from kanviz.language.race import Lane, Race
    from kanviz.ui.state.race_run import RaceRun

OWN_TEXT = "YOUR_TEXT.txt"
TICK = 0.4  # seconds between two updates


def race_panel() -> None:
    """Show the race with updates while it runs, then its report; before the first one, a race measured before."""
    run = session().of(Language).run if has_session() else None
    if run is None:
        before = measured()
        st.caption(f"Measured before: {before.origin} Press Start to see it on this machine.")
        report(before.race)
        _elsewhere(*same_race(before.race, _contest_of(before.race), before.race.text, own=False))
        return
    if run.job.live:
        st.fragment(_watch, run_every=TICK)()
        return
    if run.job.error:
        st.error(escape_markdown(run.job.error), icon=":material/error:")
    if run.race is not None:
        st.caption(_ending(run, run.race))
        report(run.race, run.files)
        own = run.corpus.name not in SNAPSHOTS or not run.corpus.source.startswith("CPython")
        text = OWN_TEXT if own else run.corpus.name
        _elsewhere(*same_race(run.race, run.contest, text, own=own))
    elif not run.job.error:
        st.info(f"Nothing was learned yet: {run.job.end}.", icon=":material/info:")


def _watch() -> None:
    run = session().of(Language).run
    if run is None or not run.job.live:
        st.rerun()
    race = run.race
    spent = min(run.job.seconds / (run.seconds + 2), 1.0)  # a process needs a moment to start
    now = "starting" if race is None else f"{sum(lane.ended for lane in race.lanes)} of {race.runs} trainings ended"
    st.progress(spent, text=queue_words(run.job) or f"{run.job.seconds:.0f} of {run.seconds:g} s · {now}")
    st.button(
        "Stop and keep what there is", icon=":material/stop_circle:", key="stop-race",
        on_click=session().of(Language).stop,
    )  # fmt: skip
    if race is not None:
        from kanviz.plots import race_figure

        chart(race_figure(race, theme=theme()), "race-live")
        _samples(race)


def _ending(run: "RaceRun", race: "Race") -> str:
    each = f"{race.seconds:.3g} s of learning each" if race.seconds is not None else f"{race.steps} steps each"
    return f"{label(race.text)}, {each}, {run.job.seconds:.3g} s in all: {run.job.end}."


def report(race: "Race", files: Mapping[int, bytes] | None = None) -> None:
    """Show verdict, figures, table and samples of a race. files: models to save, by the number of their lanes."""
    from kanviz.plots import race_ends_figure, race_figure

    st.info(escape_markdown(race.verdict), icon=":material/balance:")
    chart(race_figure(race, theme=theme()), "race")
    st.caption("Thin lines: on the passages that a model learns from. Thick lines: on the held-out part.")
    if race.measured:
        chart(race_ends_figure(race, theme=theme()), "race-ends")
        _table(race)
        _samples(race, files)


def _table(race: "Race") -> None:
    rows = [
        {
            "Block": block.kind,
            "Bits per character": f"{block.mean:.4f}",
            "Spread": "–" if block.spread is None else f"{block.spread:.4f}",
            "Seeds": len(block.runs),
            "Steps": round(block.steps),
            "ms a step": number(block.milliseconds),
            "Parameters": block.runs[0].parameters,
            "Learning rate": f"{block.runs[0].rate:g}",
        }
        for block in sorted(race.comparison.blocks, key=lambda block: block.mean)
    ]
    st.dataframe(rows, hide_index=True)


def _samples(race: "Race", files: Mapping[int, bytes] | None = None) -> None:
    """Show what the first model of each block writes, and let it be saved."""
    first: dict[str, tuple[int, Lane]] = {}
    for place, lane in enumerate(race.lanes):
        if lane.sample:
            first.setdefault(lane.kind, (place, lane))
    if not first:
        return
    st.caption(f"What they write after “{label(race.prompt)}”, with seed {next(iter(first.values()))[1].seed}:")
    for column, (kind, (place, lane)) in zip(st.columns(len(first), gap="small"), first.items(), strict=True):
        with column:
            st.markdown(f"**{kind}**, {lane.held_out[-1][2]:.3f} bits")
            st.code(lane.sample, language=None, wrap_lines=True)
            if files and place in files:
                st.download_button(
                    "Save this model", files[place], f"{kind}-seed-{lane.seed}.safetensors",
                    "application/octet-stream", icon=":material/save:", on_click="ignore", key=f"save-{place}",
                )  # fmt: skip


def _contest_of(race: "Race") -> "Contest":
    """Return what the race was run with, from its trainings."""
    from kanviz.language.comparison import Contest

    kinds: tuple[Kind, ...] = tuple(block.kind for block in race.comparison.blocks)
    return Contest(kinds, len({lane.seed for lane in race.lanes}), race.seconds, race.steps)


def _elsewhere(command: str, python: str) -> None:
    """Show the same race as a command line and as Python."""
    st.markdown("**The same comparison elsewhere**")
    st.code(command, language=None, wrap_lines=True)
    st.code(python, language=None, wrap_lines=True)
    st.caption(
        "The command trains one model after another, by seconds of the processor; Python, as here, side by side and by "
        "the clock. Seconds never give exactly the same numbers twice; with steps instead of seconds they do."
    )


def same_race(race: "Race", contest: "Contest", text: str, *, own: bool) -> tuple[str, str]:
    """Return (command line, Python code) that compare the same blocks. text: its name, or that of a file."""
    each = f"{race.seconds:.3g}"
    rates = "".join(f" --rate {kind}={rate:g}" for kind, rate in contest.rates.items())
    command = (
        f"kanviz language compare --text {text} --blocks {' '.join(contest.kinds)} --seconds {each} "
        f"--seeds {contest.seeds}{rates}"
    )
    more = f", rates={contest.rates!r}" if contest.rates else ""
    python = (
        "import time\n\n"
        "from kanviz.language import Contest, Corpus, compare\n\n"
        f"text = Corpus.{'from_file' if own else 'named'}({text!r})\n"
        f"contest = Contest({contest.kinds!r}, seeds={contest.seeds}, seconds={each}{more})\n"
        "for now in compare(text, contest, clock=time.monotonic, side_by_side=True):\n"
        "    print(now.kind, now.seed, now.progress.step, now.progress.train_bits)\n"
        "print(now.found.verdict)"
    )
    return command, python
