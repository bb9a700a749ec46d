"""Show a network's errors: predicted against measured, and numbers for all rows, picked rows and a slice."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.text import counted, shown
from kanviz.ui.widgets.current import attempt, show_refusals, theme
from kanviz.ui.widgets.no_rows import no_rows
from kanviz.ui.widgets.panels import number
from kanviz.ui.widgets.redraw import redraw
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.analysis.errors_on_rows import Predictions, SubsetErrors
    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session

# Keys of the slice and the output. They are not widget keys: those are lost when the tab is closed.
SLICE, OUTPUT = "outputs-slice", "outputs-output"
LARGEST = 1e30
PARTS_WITH_PICKED = ("outputs", "curve")  # fragments of the workbench that show which rows are picked
PARTS = {"train": "training rows", "test": "held-out rows"}


def errors_panel(s: "Session") -> None:
    """Show the figure and the numbers; without rows, say what is missing."""
    if s.data is None:
        no_rows(s, "there is nothing to compare the outputs with")
        return
    with show_refusals():
        found = predictions_of(s, s.data)
        if found.task == "classification":
            output = 0
            _confusion(s, found)
        else:
            output = output_picker(s, "errors-output")
            _picture(s, s.data, found, output)
        _numbers(s, found, output, _slice(s, s.data))


def predictions_of(s: "Session", data: "Dataset") -> "Predictions":
    """Return the predictions for every row of the current table, from the cache if possible."""
    from kanviz.analysis.errors_on_rows import predictions

    return s.cache.result(predictions, s.present, data)


def output_picker(s: "Session", key: str) -> int:
    """Return the chosen output; ask only if there are several. The choice is the same in every tab."""
    names = [shown(str(v), 60) for v in s.present.outputs]
    at = min(st.session_state.get(OUTPUT, 0), len(names) - 1)
    if len(names) > 1:
        st.selectbox(
            "Output", range(len(names)), at, key=key, format_func=names.__getitem__,
            on_change=lambda: st.session_state.update({OUTPUT: st.session_state[key]}),
        )  # fmt: skip
    return at


def _picture(s: "Session", data: "Dataset", found: "Predictions", output: int) -> None:
    from kanviz.ui.components.scatter import clicked_row, marked, picked_rows, scatter, scatter_payload

    look = theme()
    rev = f"{s.present.digest[:16]}-{data.digest[:16]}-{output}"
    drawn = s.cache.result(scatter_payload, found, data, rev, output=output, look=look)

    def pick(event: Any) -> None:
        attempt(lambda: s.looking.pick(picked_rows(event, rev, found, output, s.looking.picked)))
        redraw(*PARTS_WITH_PICKED)

    def take(event: Any) -> None:
        attempt(lambda: s.looking.take_row(clicked_row(event, rev)))
        redraw("outputs")

    scatter(marked(drawn, s.looking.picked, s.looking.row), "scatter", pick, take)


def _confusion(s: "Session", found: "Predictions") -> None:
    """Show the confusion matrix of the picked rows, else of the held-out rows, else of the training rows."""
    import pandas as pd

    from kanviz.analysis.errors_on_rows import confusion

    held_out = found.held_out.nonzero()[:, 0].tolist()
    rows, words = (s.looking.picked, "picked rows") if s.looking.picked else (held_out, "held-out rows")
    if not rows:
        rows, words = range(len(found.held_out)), "training rows"
    names = [label(v.name, 24) for v in s.present.outputs]
    st.caption(f"Classes of the {counted(len(rows), words[:-1])}: measured down, predicted across.")
    st.table(pd.DataFrame(confusion(found, rows).numpy(), [f"is {name}" for name in names], names), width="content")


def _slice(s: "Session", data: "Dataset") -> list[int] | None:
    """Let the person choose an input or target and two limits; return the rows between them, None without a slice."""
    from kanviz.analysis.errors_on_rows import between

    names = [shown(str(v), 60) for v in data.inputs]
    columns = list(data.x.T)
    if data.task == "regression":
        names, columns = [*names, *(shown(str(v), 60) for v in data.outputs)], [*columns, *data.y.T]
    kept = st.session_state.get(SLICE)
    column, low, high = kept[1:] if kept and kept[0] == data.digest else (None, 0.0, 0.0)
    keys = {part: f"slice-{part}-{column}-{data.digest[:12]}" for part in ("of", "low", "high")}

    def chosen() -> None:
        to = st.session_state[keys["of"]]
        ends = (float(columns[to].min()), float(columns[to].max())) if to is not None else (0.0, 0.0)
        st.session_state[SLICE] = (data.digest, to, *ends)

    def moved() -> None:
        st.session_state[SLICE] = (data.digest, column, st.session_state[keys["low"]], st.session_state[keys["high"]])

    def pick(rows: list[int]) -> None:
        attempt(s.looking.pick, rows)
        redraw(*PARTS_WITH_PICKED)

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.selectbox(
            "Slice by", range(len(names)), column, key=keys["of"], format_func=names.__getitem__, on_change=chosen,
            placeholder="an input or the target" if data.task == "regression" else "an input", width=220,
            help="Rows where this column lies between two numbers get their own errors below.",
        )  # fmt: skip
        if column is None:
            return None
        step = float(columns[column].max() - columns[column].min()) / 50 or 1.0
        for part, word, value in (("low", "from", low), ("high", "to", high)):
            st.number_input(word, -LARGEST, LARGEST, value, step, "%.6g", keys[part], on_change=moved, width=130)
        rows = between(columns[column], low, high).tolist()
        st.button(
            f"Pick {counted(len(rows), 'row')}", key="slice-pick", on_click=pick, args=(rows,),
            disabled=not rows, help="Marks them in the picture, and shows in the curve of an edge where they lie.",
        )  # fmt: skip
    return rows


def _numbers(s: "Session", found: "Predictions", output: int, sliced: list[int] | None) -> None:
    """Show the errors of each set of rows in columns, training rows and held-out rows always separate."""
    import pandas as pd

    from kanviz.analysis.errors_on_rows import errors_on

    sets = {"All rows": range(len(found.held_out)), "Picked": s.looking.picked or None, "Slice": sliced}
    variable = s.present.outputs[output]
    measured = {
        name: (s.cache.latest if rows is sliced else s.cache.result)(errors_on, found, rows, output)
        for name, rows in sets.items()
        if rows is not None
    }
    table = {name: _column(errors, found.task, label(variable.unit)) for name, errors in measured.items()}
    st.table(pd.DataFrame(table), width="content")
    _worst(s, measured)


def _worst(s: "Session", measured: "dict[str, SubsetErrors]") -> None:
    """Show buttons that explain the rows with the largest errors, each row once."""

    def take(row: int) -> None:
        attempt(s.looking.take_row, row)
        redraw("outputs")

    worst: dict[int, list[str]] = {}
    for name, errors in measured.items():
        if errors.worst is not None:
            worst.setdefault(errors.worst[0], []).append(name.lower())
    with st.container(horizontal=True, gap="small"):
        for row, names in worst.items():
            st.button(
                f"Explain row {row + 1:,}", key=f"worst-{names[0]}", on_click=take, args=(row,),
                disabled=s.looking.row == row, icon=":material/my_location:",
                help=f"Largest error of: {', '.join(names)}. Explore then shows the parts of its prediction.",
            )  # fmt: skip
    if s.looking.row is not None:
        st.caption(f"Row {s.looking.row + 1:,} is explained under Explore.")


def _column(errors: "SubsetErrors", task: str, unit: str) -> dict[str, str]:
    """Return one set of rows as a column of text."""
    parts = errors.parts
    found = {f"{PARTS[part].capitalize()}": f"{parts[part].rows if part in parts else 0:,}" for part in PARTS}
    for part, words in PARTS.items():
        one = parts.get(part)
        if task == "classification":
            found[f"Accuracy, {words}"] = f"{one.accuracy:.1%}" if one else "–"
        else:
            found[f"RMSE, {words}"] = number(one.rmse, unit) if one else "–"
    if task == "regression":
        for part, words in PARTS.items():
            r2 = parts[part].r2 if part in parts else float("nan")
            found[f"R², {words}"] = "–" if r2 != r2 else f"{r2:.4f}"
    worst = "Least share of its class" if task == "classification" else "Largest error"
    found[worst] = "–"
    if errors.worst is not None:
        row, miss = errors.worst
        error = f"{miss:.1%}" if task == "classification" else f"{miss:+.3g}{f' {unit}' if unit else ''}"
        found[worst] = f"{error}, row {row + 1:,}"
    return found
