"""Taking a table and choosing its columns."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted
from kanviz.ui.frame import KEEP, attempt, has_session, in_words, label, session

if TYPE_CHECKING:
    import pandas as pd

    from kanviz.core.dataset import Dataset, Task
    from kanviz.core.kan import KAN
    from kanviz.io.tables import Table
    from kanviz.ui.session import Session

TABLE_TYPES = ["csv", "tsv", "txt", "gz", "parquet", "xlsx"]
MAX_CLASS_VALUES = 20


def table_upload(key: str, slot: str = "", title: str = "Table") -> "Table | None":
    """Take a table; it is read at once and stays in the session when the page changes. slot: what it is for."""

    def take() -> None:
        from kanviz.io.tables import read_table

        upload = st.session_state[key]
        if upload is not None:
            attempt(lambda: session().take_table(read_table(upload.getvalue(), upload.name), upload.name, slot))

    st.file_uploader(
        f"{title} (CSV, TSV, Parquet or Excel)", type=TABLE_TYPES, key=key, on_change=take,
        help="Up to 50 MB. It is read as data on this machine and sent nowhere.",
    )  # fmt: skip
    found = session().table_in(slot) if has_session() else None
    return found[0] if found else None


def choose_columns(s: "Session", table: "Table", kan: "KAN | None", key: str, name: str = "") -> "Dataset | None":
    """Ask which columns are inputs and which is the target; the data set, or a refusal in words. name: of the table.

    Without a network the answers for a table stay while other pages are looked at.
    """
    from kanviz.core.dataset import Dataset

    name = name or s.table_name
    st.caption(f"{label(name)}: {len(table.frame):,} rows, {len(table.frame.columns)} columns")
    if table.notes:
        with st.expander(f"{counted(len(table.notes), 'note')} on this table", icon=":material/info:"):
            for note in table.notes[:20]:
                st.caption(label(note, 300))
    st.dataframe(table.frame.head(200), height=180, hide_index=True)
    frame, numeric, units = _bare(table, kan)
    few = [c for c in frame.columns if 2 <= len(frame[c].dropna().unique()) <= MAX_CLASS_VALUES]
    key = f"{KEEP if kan is None else ''}{key}-{hash((name, *frame.columns, None, *numeric, None, *few))}"
    target = _targets(s, kan, list(frame.columns), numeric, few, key)
    if not target:
        return None
    task = kan.task if kan else _task(target, few, numeric, key)
    rest = [c for c in numeric if c not in target]
    inputs = st.multiselect("Inputs, in order", rest, default=_inputs(kan, rest), key=f"{key}-inputs-{target}")
    left, right = st.columns(2)
    test = left.slider("Held out for testing", 0, 50, 20, 5, format="%d%%", key=f"{key}-test") / 100
    seed = right.number_input("Seed of the split", 0, 10_000, 0, key=f"{key}-seed")
    if kan is None:
        units = _units([*inputs, *(target if task == "regression" else [])], units, key)
    with in_words():
        if not inputs:
            raise UserError("Choose at least one input.")
        data = Dataset.from_frame(frame, target, inputs, units=units, task=task, test=test, seed=int(seed))
        return data.matching(kan) if kan is not None else data
    return None


def _bare(table: "Table", kan: "KAN | None") -> "tuple[pd.DataFrame, list[str], dict[str, str]]":
    """The table with units taken out of its column names, unless the network knows the columns by their full names."""
    from kanviz.io.heading_units import split_units

    columns = list(table.frame.columns)
    split = {} if kan and {v.name for v in kan.inputs} <= set(columns) else split_units(columns)
    names = {column: name for column, (name, _) in split.items()}
    frame = table.frame.rename(columns=names)
    return frame, [names.get(c, c) for c in table.numeric], dict(split.values())


def _targets(
    s: "Session", kan: "KAN | None", columns: list[str], numeric: list[str], few: list[str], key: str
) -> list[str]:
    """Ask for the target, or the targets of a network with several outputs; nothing when there is none to choose."""
    classes = kan is not None and kan.task == "classification"
    known = [v.name for v in kan.outputs] if kan and not classes else [s.data.target] if kan and s.data else []
    if kan is not None and len(kan.outputs) > 1 and not classes:
        default = known if set(known) <= set(numeric) else numeric[-len(known) :]
        return st.multiselect("Targets", numeric, default=default, key=f"{key}-targets")
    targets = few if classes else numeric if kan else numeric + [c for c in few if c not in numeric]
    if not targets:
        what = "few different values" if classes else "numbers"
        st.error(f"This table has no column that could be a target. It needs one with {what}.")
        return []
    last = next(c for c in reversed(columns) if c in targets)
    guess = next((c for c in known if c in targets), last)
    return [st.selectbox("Target: what to predict", targets, index=targets.index(guess), key=f"{key}-target")]


def _inputs(kan: "KAN | None", rest: list[str]) -> list[str]:
    """The network's own inputs where the table has them, else as many columns as it takes; for a new one, all."""
    if kan is None:
        return rest
    names = [v.name for v in kan.inputs]
    return names if set(names) <= set(rest) else rest[: len(names)]


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


def _units(names: list[str], known: dict[str, str], key: str) -> dict[str, str]:
    """Ask for units. An editor cannot be given its value back, so one that is drawn anew begins with what was said."""
    editor, begins, said = f"units-{key}-{names}", f"units-begin-{key}", f"units-said-{key}"
    if editor not in st.session_state:
        st.session_state[begins] = known | st.session_state.get(said, {})
    with st.expander("Units (optional)", icon=":material/straighten:"):
        st.caption("They travel with the network, into its plots and its formula.")
        rows = [{"Column": name, "Unit": st.session_state[begins].get(name, "")} for name in names]
        found = st.data_editor(rows, key=editor, hide_index=True, disabled=["Column"])
    units = {row["Column"]: str(row["Unit"] or "").strip()[:40] for row in found}
    st.session_state[said] = st.session_state.get(said, {}) | units
    return units
