"""Pieces that several pages show: choosing an edge, a table and its columns, errors before and after."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted
from kanviz.ui.frame import attempt, has_session, in_words, label, session

if TYPE_CHECKING:
    from kanviz.core.dataset import Dataset, Task
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.edit.proposals import Effect
    from kanviz.io.tables import Table
    from kanviz.ui.session import Session

TABLE_TYPES = ["csv", "tsv", "txt", "gz", "parquet", "xlsx"]
MAX_CLASS_VALUES = 20


def edge_name(kan: "KAN", edge: "EdgeId") -> str:
    """ "x1 → h1,2", with what it is when it is not a plain spline."""
    view = kan.edge(edge)
    state = "" if view.state == "spline" else f" · {view.state}"
    return f"{view.source} → {view.target}{state}{' · frozen' if view.frozen else ''}"


def edge_picker(s: "Session", *, pruned: bool = True) -> "EdgeId":
    """Choose an edge by name, or step to its neighbours; the choice is the session's, on every page the same."""
    kan = s.present
    edges = list(kan.edges(pruned=pruned)) or list(kan.edges(pruned=True))
    if s.edge not in edges:
        s.select(edges[0])
    at = edges.index(s.edge)  # pyright: ignore[reportArgumentType]
    key = f"edge-{kan.digest[:12]}-{s.edge}"

    def chosen() -> None:
        attempt(s.select, st.session_state[key])

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.selectbox(
            "Edge", edges, index=at, key=key, on_change=chosen, format_func=lambda e: edge_name(kan, e),
            help="From its source node to its target node.",
        )  # fmt: skip
        for word, to in (("Prev", at - 1), ("Next", (at + 1) % len(edges))):
            st.button(word, key=f"edge-{word}", on_click=attempt, args=(s.select, edges[to]))
    assert s.edge is not None
    return s.edge


def table_upload(key: str) -> "Table | None":
    """Take a table; it is read at once and stays in the session when the page changes."""

    def take() -> None:
        from kanviz.io.tables import read_table

        upload = st.session_state[key]
        if upload is not None:
            attempt(lambda: session().take_table(read_table(upload.getvalue(), upload.name), upload.name))

    st.file_uploader(
        "Table (CSV, TSV, Parquet or Excel)", type=TABLE_TYPES, key=key, on_change=take,
        help="Up to 50 MB. It is read as data on this machine and sent nowhere.",
    )  # fmt: skip
    return session().table if has_session() else None


def choose_columns(s: "Session", table: "Table", kan: "KAN | None", key: str) -> "Dataset | None":
    """Ask which columns are inputs and which is the target; the data set, or a refusal in words."""
    from kanviz.core.dataset import Dataset

    frame, numeric = table.frame, list(table.numeric)
    key = f"{key}-{hash((s.table_name, *frame.columns))}"
    st.caption(f"{label(s.table_name)}: {len(frame):,} rows, {len(frame.columns)} columns")
    if table.notes:
        with st.expander(f"{counted(len(table.notes), 'note')} on this table", icon=":material/info:"):
            for note in table.notes[:20]:
                st.caption(label(note, 300))
    st.dataframe(frame.head(200), height=180, hide_index=True)
    wanted_out = [v.name for v in kan.outputs] if kan else []
    few = [c for c in frame.columns if 2 <= len(frame[c].dropna().unique()) <= MAX_CLASS_VALUES]
    only_classes = kan is not None and kan.task == "classification"
    targets = few if only_classes else numeric if kan else numeric + [c for c in few if c not in numeric]
    if kan is not None and len(kan.outputs) > 1 and kan.task != "classification":
        default = wanted_out if set(wanted_out) <= set(numeric) else numeric[-len(wanted_out) :]
        target = st.multiselect("Targets", numeric, default=default, key=f"{key}-targets", format_func=str)
    else:
        if not targets:
            st.error("This table has no column that could be a target. It needs one with numbers.")
            return None
        guess = wanted_out[0] if wanted_out and wanted_out[0] in targets else (numeric or targets)[-1]
        target = [st.selectbox("Target: what to predict", targets, index=targets.index(guess), key=f"{key}-target")]
    task = kan.task if kan else _task(target, few, numeric, key)
    names = [v.name for v in kan.inputs] if kan else []
    rest = [c for c in numeric if c not in target]
    default = names if set(names) <= set(rest) else rest[: len(names)] if kan else rest
    inputs = st.multiselect("Inputs, in order", rest, default=default, key=f"{key}-inputs-{target}")
    left, right = st.columns(2)
    test = left.slider("Held out for testing", 0, 50, 20, 5, format="%d%%", key=f"{key}-test") / 100
    seed = right.number_input("Seed of the split", 0, 10_000, 0, key=f"{key}-seed")
    units = _units([*inputs, *target], key) if kan is None else {}
    with in_words():
        if not inputs or not target:
            raise UserError("Choose at least one input and a target.")
        data = Dataset.from_frame(frame, target, inputs, units=units, task=task, test=test, seed=int(seed))
        return data.matching(kan) if kan is not None else data
    return None


def _task(target: list[str], few: list[str], numeric: list[str], key: str) -> "Task":
    """Text stands for classes; a number of few different values may be either, so the person says."""
    if target[0] not in numeric:
        return "classification"
    if target[0] not in few:
        return "regression"
    kinds: list[Task] = ["regression", "classification"]
    words = {"regression": "a quantity", "classification": "one of some classes"}
    return st.segmented_control(
        "The target is", kinds, default="regression", required=True, format_func=words.__getitem__, key=f"{key}-task",
        help="Its column has few different values, so it could be either.",
    )  # fmt: skip


def _units(names: list[str], key: str) -> dict[str, str]:
    with st.expander("Units (optional)", icon=":material/straighten:"):
        st.caption("They travel with the network, into its plots and its formula.")
        rows = [{"Column": name, "Unit": ""} for name in names]
        found = st.data_editor(rows, key=f"{key}-units-{names}", hide_index=True, disabled=["Column"])
    return {row["Column"]: str(row["Unit"] or "").strip()[:40] for row in found}


def number(value: float | None, unit: str = "") -> str:
    """Three significant digits and the unit; a dash where there is nothing to say."""
    if value is None or value != value:
        return "–"
    return f"{value:.3g}{f' {unit}' if unit else ''}"


def show_effect(found: "Effect", unit: str = "") -> None:
    """What an edit does to the error, and to the outputs, before it is kept."""
    if found.before is not None and found.after is not None:
        before, after = st.columns(2)
        before.metric(f"{found.error} now", number(found.before, unit))
        change = f"{found.after - found.before:+.2g}"
        after.metric(f"{found.error} after", number(found.after, unit), change, delta_color="inverse")
    st.caption(f"Outputs move by at most {number(found.shift, unit)} on {found.rows:,} rows.")
    if found.before is None:
        st.caption("Load a table on the Network page to see what this does to the error.")


def shared_unit(kan: "KAN") -> str:
    """The unit of the outputs when they have one in common."""
    units = {v.unit for v in kan.outputs}
    return label(units.pop()) if len(units) == 1 else ""
