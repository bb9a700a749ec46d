"""Compare two versions: their errors, and which edges changed, by how much and where."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.text import counted, shown
from kanviz.ui.history.version_errors import judge, shift
from kanviz.ui.history.versions import set_two
from kanviz.ui.widgets.charts import chart, curve_of
from kanviz.ui.widgets.current import theme
from kanviz.ui.widgets.no_rows import no_rows
from kanviz.ui.widgets.panels import number, shared_unit
from kanviz.ui.widgets.words import label, step_words

if TYPE_CHECKING:
    from kanviz.analysis.diff import Diff, EdgeChange
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session


def choose_two(s: "Session") -> tuple[int, int]:
    """Let the person choose two versions. The address may name them; else the current one and the one before."""
    history = s.opened.history
    count = len(history.versions)
    before, after = two_of(st.query_params, count) or (max(history.at - 1, 0), history.at)
    words = [f"{n} · {shown(step_words(v, s.present), 60)}" for n, v in enumerate(history.versions)]
    key = f"{hash(tuple(words))}-{before}-{after}"

    def chosen() -> None:
        set_two(st.session_state[f"b-{key}"], st.session_state[f"a-{key}"])

    *places, swap = st.columns([5, 5, 2], gap="small", vertical_alignment="bottom")
    for place, title, letter, at in zip(places, ("Before", "After"), "ba", (before, after), strict=True):
        place.selectbox(
            title, range(count), at, format_func=words.__getitem__, key=f"{letter}-{key}", on_change=chosen
        )  # fmt: skip
    swap.button("Swap", icon=":material/swap_horiz:", width="stretch", on_click=set_two, args=(after, before))
    return before, after


def two_of(address: Any, count: int) -> tuple[int, int] | None:
    """Return the versions that an address names, if the history has both. The address is untrusted."""
    found = [str(address.get(name, "")) for name in ("before", "after")]
    if not all(text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < count for text in found):
        return None
    return int(found[0]), int(found[1])


def report(s: "Session", before: int, after: int) -> None:
    """Show the errors of both versions, which edges changed, by how much and where; the others are bit-identical."""
    from kanviz.analysis.diff import diff

    one, two = (s.opened.history.versions[n].kan for n in (before, after))
    found = s.cache.result(diff, one, two)
    apart = shift(s, one, two)
    _numbers(s, found, one, two, apart)
    if found.identical:
        st.success("These two versions are the same, bit for bit.", icon=":material/check_circle:")
        return
    _honest_words(found, apart)
    _changed_edges(s, found, before, after)


def _numbers(s: "Session", found: "Diff", one: "KAN", two: "KAN", apart: float) -> None:
    unit = shared_unit(two)
    was, now = judge(s, one), judge(s, two)
    with st.container(horizontal=True, gap="large"):
        if was and now:
            change = None if now.value == was.value else f"{now.value - was.value:+.2g}"
            st.metric(f"{was.error} before", number(was.value, unit), help=f"On {was.on}.", width="content")
            st.metric(
                f"{now.error} after", number(now.value, unit), change, delta_color="inverse", help=f"On {now.on}.",
                width="content",
            )  # fmt: skip
        where = f"On {len(s.data):,} rows." if s.data else "On rows drawn from the grid, since there is no table."
        st.metric("Outputs move by", number(apart, unit), help=f"At most. {where}", width="content")
        same = len(found.edges) - len(found.changed)
        st.metric("Edges bit-identical", f"{same} of {len(found.edges)}", width="content")
    if not (was and now):
        no_rows(s, "the two have no errors to compare")


def _honest_words(found: "Diff", apart: float) -> None:
    if found.biases:
        st.caption(f"Constants of {counted(len(found.biases), 'node')} changed: {label(', '.join(found.biases), 200)}.")
    if apart > 0 and len(found.changed) < len(found.edges):
        st.caption(
            "The edges that did not change are the same functions as before; the outputs still move, because a "
            "changed edge or constant acts on every row that passes through it."
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
    st.caption(
        f"{counted(len(changed), 'edge')} changed, the widest gap first (network units). Choose a row for its curves."
    )
    chosen = pick["selection"]["rows"]  # pyright: ignore[reportIndexIssue]
    change = changed[chosen[0] if chosen and chosen[0] < len(changed) else 0]
    one, two = (s.opened.history.versions[n].kan for n in (before, after))
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
    """Write numbers as runs: "0–3, 7" for 0, 1, 2, 3, 7."""
    found: list[list[int]] = []
    for n in numbers:
        if found and n == found[-1][-1] + 1:
            found[-1].append(n)
        else:
            found.append([n])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in found) or "none"
