"""Upload a table and choose its columns."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted, escape_markdown
from kanviz.ui.server.uploads import contents
from kanviz.ui.widgets.current import has_session, session, show_refusals
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    import pandas as pd

    from kanviz.core.columns.roles import Roles
    from kanviz.core.data.dataset import Dataset, Task
    from kanviz.core.kan import KAN
    from kanviz.core.layer import Variable
    from kanviz.io.tables import Table
    from kanviz.ui.state.session import Session

MAX_CLASS_VALUES = 20
OPEN_NOTES = 8  # notes shown; more are folded
REFUSED = "table-refused"


def table_upload(key: str, slot: str = "", title: str = "Table") -> "Table | None":
    """Let the person upload a table. It is read at once and stays in the session. slot: its purpose.

    Any file ending is accepted, since the content decides. An error is shown below the upload field.
    """

    def take() -> None:
        from kanviz.io.tables import read_table

        upload = st.session_state[key]
        refused = st.session_state.setdefault(REFUSED, {})
        refused.pop(key, None)
        if upload is None:
            return
        try:
            session().tables.upload(read_table(contents(upload), upload.name), upload.name, slot)
        except UserError as refusal:
            refused[key] = str(refusal)

    st.file_uploader(
        f"{title} (CSV, TSV, other text, Parquet, .npz or Excel)", key=key, on_change=take,
        help="Up to 50 MB. It is read as data on this machine and sent nowhere.",
    )  # fmt: skip
    refusal = st.session_state.get(REFUSED, {}).get(key)
    if refusal:
        st.error(escape_markdown(refusal), icon=":material/error:")
        return None
    found = session().tables.uploaded(slot) if has_session() else None
    return found[0] if found else None


def choose_columns(
    s: "Session", table: "Table", kan: "KAN | None", key: str, name: str = "", slot: str = "", *, weigh: bool = True
) -> "Dataset | None":
    """Let the person choose inputs and target; return the data set, or show the error and return None.

    Without a network, the choices for a table remain when another page is opened. name: the table's · weigh: whether
    rows may be weighted by the errors of the target.
    """
    from kanviz.core.columns.roles import roles_of
    from kanviz.core.data.dataset import Dataset

    name = name or s.tables.main_name
    st.caption(f"{label(name)}: {len(table.frame):,} rows, {len(table.frame.columns)} columns")
    table_notes(s, table, name, slot, key)
    st.dataframe(table.frame.head(200), height=180, hide_index=True)
    if kan is not None:
        table = table.named_for([v.name for v in (*kan.inputs, *kan.outputs)])
    frame, numeric, units = table.frame, list(table.numeric), dict(table.units)
    few = [c for c in frame.columns if 2 <= len(frame[c].dropna().unique()) <= MAX_CLASS_VALUES]
    key = f"{KEEP if kan is None else ''}{key}-{hash((name, *frame.columns, None, *numeric, None, *few))}"
    target = _targets(s, kan, frame, numeric, few, key)
    if not target:
        return None
    task = kan.task if kan else _task(target, few, numeric, key)
    roles = roles_of(frame, target)
    inputs = _inputs(kan, frame, roles, f"{key}-inputs-{target}")
    errors = _errors(roles, target, key) if weigh and task == "regression" else None
    left, right = st.columns(2)
    test = left.slider("Held out for testing", 0, 50, 20, 5, format="%d%%", key=f"{key}-test") / 100
    seed = right.number_input("Seed of the split", 0, 10_000, 0, key=f"{key}-seed")
    if kan is None:
        measured = [c for c in inputs if c in numeric]
        units = _units([*measured, *(target if task == "regression" else [])], units, key)
    with show_refusals():
        if not inputs:
            raise UserError("Choose at least one input.")
        data = Dataset.from_frame(
            frame, target, _known(kan, frame, inputs), units=units, task=task, errors=errors, test=test, seed=int(seed)
        )
        return data.matching(kan) if kan is not None else data
    return None


def table_notes(s: "Session", table: "Table", name: str, slot: str, key: str) -> None:
    """Show what was assumed about a table, and let the person change what is uncertain."""
    codes = {code.note for code in table.codes}
    notes = [note for note in table.notes if note not in codes]
    with st.container(key=f"table-notes-{key}", gap="xsmall"):
        for note in notes[:OPEN_NOTES]:
            st.caption(f":material/info: {label(note, 300)}")
        if len(notes) > OPEN_NOTES:
            with st.expander(f"{counted(len(notes) - OPEN_NOTES, 'more note')} on this table", icon=":material/info:"):
                for note in notes[OPEN_NOTES : OPEN_NOTES + 20]:
                    st.caption(label(note, 300))
    for code in table.codes:
        missing = st.checkbox(
            f"{code.text} means that a value is missing", value=code.missing,
            key=f"{key}-code-{name}-{code.text}-{code.missing}",
            help="Rows with missing values are left out. Without this it is a number as any other.",
        )  # fmt: skip
        times = counted(code.count, "time")
        st.caption(f"It occurs {times}, far from all other values of {label(code.places, 200)}.")
        if missing != code.missing:
            s.tables.upload(table.counting(code.value, missing=missing), name, slot)
            st.rerun()
    if table.layout is not None and table.origin.data is not None:
        _reading_choice(s, table, name, slot, key)


def _reading_choice(s: "Session", table: "Table", name: str, slot: str, key: str) -> None:
    """Let the person choose the lines of names and units and the encoding; then read the file again."""
    from kanviz.io.table_reading import Reading

    layout, origin = table.layout, table.origin
    assert layout is not None
    doubtful = bool(layout.doubt) or (not layout.names and origin.how.header_rows is None)
    place = st.expander("How the file is read", icon=":material/table_rows:", expanded=doubtful)
    lines = dict(layout.top)
    state = hash((name, layout.names, layout.units, origin.encoding))
    with place:
        names = st.multiselect(
            "Header row: lines with the names", list(lines), default=[line for line in layout.names if line in lines],
            format_func=lambda line: f"{line}: {lines[line]}", key=f"{key}-names-{state}",
            placeholder="No line; columns are called x1, x2, ...",
        )  # fmt: skip
        units = st.selectbox(
            "Line with the units", [0, *lines], index=[0, *lines].index(layout.units) if layout.units in lines else 0,
            format_func=lambda line: f"{line}: {lines[line]}" if line else "none", key=f"{key}-unit-line-{state}",
        )  # fmt: skip
        encodings = dict([(origin.encoding, ""), *origin.others]) if origin.others else {}
        encoding = origin.encoding
        if encodings:
            encoding = st.selectbox(
                "Encoding", list(encodings), format_func=lambda e: f"{e}: {encodings[e]}" if encodings[e] else e,
                key=f"{key}-encoding-{state}",
            )  # fmt: skip
        changed = (sorted(names), units, encoding) != (list(layout.names), layout.units, origin.encoding)
        if changed:
            how = Reading(tuple(sorted(names)), units, encoding if encodings else origin.how.encoding)
            with show_refusals():
                s.tables.upload(table.again(how), name, slot)
                st.rerun()


def _targets(
    s: "Session", kan: "KAN | None", frame: "pd.DataFrame", numeric: list[str], few: list[str], key: str
) -> list[str]:
    """Let the person choose the target, or a network's several targets; return none if no column is suitable."""
    from kanviz.core.columns.roles import usual_target

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
    guess = next((c for c in known if c in targets), usual_target(frame, targets))
    return [st.selectbox("Target: what to predict", targets, index=targets.index(guess), key=f"{key}-target")]


def _inputs(kan: "KAN | None", frame: "pd.DataFrame", roles: "Roles", key: str) -> list[str]:
    """Let the person choose the inputs.

    Preselected are the network's own inputs if the table has them, else as many columns as the network takes. For a new
    network: all columns with numbers or with two different words, except row numbers and errors.
    """
    from kanviz.core.columns.inputs import column_of, label_of

    rest = [name for name in (*roles.inputs, *roles.left_out) if roles.left_out.get(name) != "text"]
    rest.sort(key=list(frame.columns).index)
    usual = list(roles.inputs)
    if kan is not None:
        own = dict.fromkeys(column_of(v.name, rest) for v in kan.inputs)
        usual = [name for name in own if name] if None not in own else usual[: len(kan.inputs)]
    chosen = st.multiselect(
        "Inputs, in order", rest, default=usual, format_func=lambda name: label_of(frame, name), key=key
    )
    for note in replace(roles, left_out={n: why for n, why in roles.left_out.items() if n not in chosen}).notes:
        st.caption(f":material/info: {label(note, 300)}")
    return chosen


def _known(kan: "KAN | None", frame: "pd.DataFrame", inputs: list[str]) -> "list[str] | tuple[Variable, ...]":
    """Return the network's inputs if their columns were chosen, so that words and dates are encoded as it knows."""
    from kanviz.core.columns.inputs import column_of

    if kan is None:
        return inputs
    own = dict.fromkeys(column_of(v.name, list(frame.columns)) for v in kan.inputs)
    return kan.inputs if list(own) == inputs else inputs


def _errors(roles: "Roles", target: list[str], key: str) -> str | None:
    """Let the person weight rows by the target's errors, if a column has them."""
    columns = [name for name, of in roles.errors.items() if of in target]
    if not columns:
        return None
    return st.selectbox(
        f"Errors of {target[0]}", [None, *columns], key=f"{key}-errors-{target}",
        format_func=lambda name: f"{name}: rows count by 1 / {name}^2" if name else "not used: all rows count the same",
    )  # fmt: skip


def _task(target: list[str], few: list[str], numeric: list[str], key: str) -> "Task":
    """Return the task. Text means classes; if a number has few different values, the person chooses."""
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
    """Let the person enter units. A new `data_editor` starts with the earlier entries: it cannot be given its value."""
    editor, begins, entered = f"units-{key}-{names}", f"units-begin-{key}", f"units-entered-{key}"
    if editor not in st.session_state:
        st.session_state[begins] = known | st.session_state.get(entered, {})
    with st.expander("Units (optional)", icon=":material/straighten:"):
        st.caption("They travel with the network, into its plots and its formula.")
        rows = [{"Column": name, "Unit": st.session_state[begins].get(name, "")} for name in names]
        found = st.data_editor(rows, key=editor, hide_index=True, disabled=["Column"])
    units = {row["Column"]: str(row["Unit"] or "").strip()[:40] for row in found}
    st.session_state[entered] = st.session_state.get(entered, {}) | units
    return units
