"""The changes page's parts: the versions, what differs between two of them, and the recipe."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import UserError
from kanviz.io.strict_json import read_json
from kanviz.text import counted, shown
from kanviz.ui.charts import chart, curve_of
from kanviz.ui.frame import after_change, attempt, in_words, label, step_words, theme
from kanviz.ui.panels import number, shared_unit

if TYPE_CHECKING:
    from kanviz.analysis.diff import Diff, EdgeChange
    from kanviz.ui.session import Session

RECIPE_LIMIT = 1_000_000
RECIPE_DEPTH = 20


def version_list(s: "Session") -> None:
    """Every step of the history: click one to go there, name the one in hand."""
    history = s.opened
    key = f"version-{hash(tuple(map(str, history.versions)))}-{history.at}"
    latest_first = list(range(len(history.versions)))[::-1]
    with st.container(height=340 if len(latest_first) > 8 else "content", border=False):
        st.radio(
            "Version in hand", latest_first, index=latest_first.index(history.at), key=key, disabled=s.training,
            format_func=lambda n: f"{n} · {label(step_words(history.versions[n], s.present), 90)}",
            label_visibility="collapsed",
            on_change=lambda: attempt(s.jump, st.session_state[key]),
        )  # fmt: skip
    if s.made_by:
        with st.expander(f"{counted(len(s.made_by), 'step')} before it was opened", icon=":material/history:"):
            for n, edit in enumerate(s.made_by):
                st.caption(f"{n + 1} · {label(step_words(edit, s.present), 90)}")
    name = st.text_input(
        "Name this version", value=history.versions[history.at].name, key=f"name-{history.at}", max_chars=80
    )
    if name != history.versions[history.at].name:
        attempt(s.rename, name, history.at)
        st.rerun()


def choose_two(s: "Session") -> tuple[int, int]:
    """Which two versions to compare: at first the one before, and the one in hand."""
    history = s.opened
    words = [f"{n} · {shown(step_words(v, s.present), 60)}" for n, v in enumerate(history.versions)]
    one, two = st.columns(2)
    key = f"{hash(tuple(words))}-{history.at}"
    before = one.selectbox(
        "Before", range(len(words)), max(history.at - 1, 0), format_func=words.__getitem__, key=f"b-{key}"
    )
    after = two.selectbox("After", range(len(words)), history.at, format_func=words.__getitem__, key=f"a-{key}")
    return before, after


def report(s: "Session", before: int, after: int) -> None:
    """Which edges changed, how far, where; and which are the same, bit for bit."""
    from kanviz.analysis.diff import diff
    from kanviz.edit.proposals import compare_outputs

    one, two = (s.opened.versions[n].kan for n in (before, after))
    found = s.derived("diff", lambda: diff(one, two), one.digest, two.digest)
    effect = s.derived("outputs", lambda: compare_outputs(one, two, s.data), one.digest, two.digest)
    unit = shared_unit(two)
    same, changed, error, shift = st.columns(4)
    same.metric("Edges bit-identical", f"{len(found.edges) - len(found.changed)} of {len(found.edges)}")
    changed.metric("Edges changed", len(found.changed))
    if effect.before is not None and effect.after is not None:
        change = None if effect.after == effect.before else f"{effect.after - effect.before:+.2g}"
        error.metric(f"{effect.error} after", number(effect.after, unit), change, delta_color="inverse")
    else:
        error.metric("RMSE after", "–", help="Load a table to see the error.")
    shift.metric("Outputs move by", number(effect.shift, unit), help=f"Over {effect.rows:,} rows.")
    if found.identical:
        st.success("These two versions are the same, bit for bit.", icon=":material/check_circle:")
        return
    _honest_words(found, effect.shift)
    _changed_edges(s, found, before, after)


def _honest_words(found: "Diff", shift: float) -> None:
    if found.biases:
        st.caption(f"Constants of {counted(len(found.biases), 'node')} changed: {label(', '.join(found.biases), 200)}.")
    if shift > 0 and len(found.changed) < len(found.edges):
        st.caption(
            "The edges that did not change are the same functions as before; the outputs still move, because what a "
            "changed edge or constant sends on reaches every row that passes through it."
        )


def _changed_edges(s: "Session", found: "Diff", before: int, after: int) -> None:
    from kanviz.plots import compare_figure

    changed = sorted(found.changed, key=lambda c: -c.gap)
    if not changed:
        return
    rows = [_row(change) for change in changed]
    pick = st.dataframe(
        rows, hide_index=True, on_select="rerun", selection_mode="single-row", key=f"changed-{before}-{after}",
        column_config={"Gap": st.column_config.NumberColumn(format="%.3g", help="Largest distance of the two.")},
    )  # fmt: skip
    st.caption("Choose a row to see that edge. Gaps are in network units.")
    chosen = pick["selection"]["rows"]  # pyright: ignore[reportIndexIssue]
    change = changed[chosen[0] if chosen else 0]
    one, two = (s.opened.versions[n].kan for n in (before, after))
    chart(compare_figure(curve_of(s, one, change.id), curve_of(s, two, change.id), theme=theme()), "compare")


def _row(change: "EdgeChange") -> dict[str, Any]:
    state = change.after if change.before == change.after else f"{change.before} → {change.after}"
    low, high = change.where
    return {
        "Edge": f"{change.source} → {change.target}",
        "Gap": change.gap,
        "Where": "nowhere" if low != low else f"{low:.3g} to {high:.3g}",
        "Points moved": "other grid" if change.coefficients is None else runs_of(change.coefficients),
        "State": state,
    }


def runs_of(numbers: Sequence[int]) -> str:
    """ "0–3, 7" for 0, 1, 2, 3, 7."""
    found: list[list[int]] = []
    for n in numbers:
        if found and n == found[-1][-1] + 1:
            found[-1].append(n)
        else:
            found.append([n])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in found) or "none"


def recipe_panel(s: "Session") -> None:
    """Take the steps along as JSON, or do such steps to the network the history starts from."""
    history = s.opened
    text = json.dumps(history.recipe(), indent=1)
    st.download_button(
        "Download the recipe", text, "recipe.json", "application/json", icon=":material/download:", on_click="ignore",
        help="The steps from the opened network to this version, to be done again here or from Python (kanviz.replay).",
    )  # fmt: skip
    upload = st.file_uploader("Replay a recipe", type=["json"], key=f"recipe-{len(history.versions)}")
    if upload is not None and st.button("Replay", icon=":material/replay:", disabled=s.training):
        with in_words():
            s.replay(_read(upload.getvalue()))
            after_change("The recipe is done; Undo leads back through its steps.")


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > RECIPE_LIMIT:
        raise UserError("The recipe is larger than 1 MB; kanviz writes far smaller ones.")
    try:
        return read_json(data.decode(), RECIPE_DEPTH)
    except ValueError as reason:
        raise UserError(f"The recipe cannot be read ({reason}); export one from the Changes page.") from None
