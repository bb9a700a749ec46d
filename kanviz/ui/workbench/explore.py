"""Show the prediction at one point, moved by hand or taken from a row, and whether data support it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zlib import crc32

import streamlit as st

from kanviz.text import shown
from kanviz.ui.widgets.charts import metrics_of
from kanviz.ui.widgets.current import attempt, show_refusals
from kanviz.ui.widgets.panels import number
from kanviz.ui.widgets.redraw import redraw
from kanviz.ui.widgets.words import label
from kanviz.ui.workbench.attribution import four, plane_panel, slices_panel, why_panel
from kanviz.ui.workbench.outputs import LARGEST, output_picker

if TYPE_CHECKING:
    from torch import Tensor

    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session

SHOWN = 6  # inputs with a slider and a slice
CHOSEN = "explored-inputs"  # key that remembers them while the tab is closed
STEPS = 200


def explore_panel(s: "Session") -> None:
    """Show the sliders and the prediction, then its parts, then predictions elsewhere."""
    _begin(s)
    with show_refusals():
        point = point_of(s)
        output = output_picker(s, "explore-output")
        _prediction(s, point, output)
        inputs = _inputs(s)
        for i in inputs:
            _slider(s, point, i)
        slices_panel(s, point, output, inputs)
        why_panel(s, point, output)
        if len(point) > 1:
            plane_panel(s, point, output)


def _begin(s: "Session") -> None:
    """Start at the first held-out row, if there is one and nothing was chosen yet."""
    if s.looking.point is None and s.data is not None and len(s.data):
        rows = s.data.test if len(s.data.test) else s.data.train
        s.looking.take_row(int(rows[0]))


def point_of(s: "Session") -> tuple[float, ...]:
    """Return the current point in table units; without a table, at first the middle of the grid."""
    from kanviz.analysis.paths import reference_of

    return s.looking.point or tuple(reference_of(s.present, None).tolist())


def _prediction(s: "Session", point: Sequence[float], output: int) -> None:
    """Show the prediction with its unit, the measured value, the network's errors, and warnings."""
    kan = s.present
    predicted = kan([list(point)])[0].detach().double()
    variable = kan.outputs[output]
    unit = label(variable.unit)
    classes = kan.task == "classification"
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        if classes:
            best = int(predicted.argmax())
            st.metric("Class predicted", label(kan.outputs[best].name, 24), width="content")
        name = f"Score of {label(variable.name, 24)}" if classes else f"Predicted {label(variable.name, 24)}"
        st.metric(name, four(float(predicted[output]), unit), width="content")
        _row(s)
    st.caption(" ".join([*_measured(s, predicted, output, unit), *_quality(s, output, unit)]))
    _warn(s, point)


def _warn(s: "Session", point: Sequence[float]) -> None:
    """Warn about extrapolation. For hidden nodes only a caption: they leave their grids more often."""
    from kanviz.analysis.extrapolation import beyond

    found = s.cache.latest(beyond, s.present, point, s.data)
    words = [
        f"{label(one.name)} is outside {'the training rows' if one.what == 'data' else 'its grid'} "
        f"({one.low:.4g} to {one.high:.4g}{f' {label(one.unit)}' if one.unit else ''})"
        for one in found
        if one.column == 0
    ]
    if words:
        st.warning(f"Extrapolation, no data near this point: {'; '.join(words)}.", icon=":material/warning:")
    nodes = [label(one.name) for one in found if one.column > 0]
    if nodes:
        names = ", ".join(nodes[:4]) + (f" and {len(nodes) - 4} more" if len(nodes) > 4 else "")
        st.caption(
            f"On the way through the network, {names} {'leaves its grid' if len(nodes) == 1 else 'leave their grids'}."
        )


def _measured(s: "Session", predicted: "Tensor", output: int, unit: str) -> list[str]:
    """Return the measured value as text, if the point is at a row."""
    if s.looking.row is None or s.data is None:
        return []
    part = "held out" if bool((s.data.test == s.looking.row).any()) else "training"
    truth, row = s.data.y[s.looking.row], f"Row {s.looking.row + 1:,} ({part})"
    if s.present.task == "classification":
        share = float((predicted.softmax(0) * truth).sum())
        return [
            f"{row} is {label(s.present.outputs[int(truth.argmax())].name, 24)}, predicted probability {share:.1%}."
        ]
    miss = float(predicted[output] - truth[output])
    return [f"{row}: measured {four(float(truth[output]), unit)}, error {miss:+.3g}{f' {unit}' if unit else ''}."]


def _quality(s: "Session", output: int, unit: str) -> list[str]:
    """Return the error on held-out rows as text; on training rows if none are held out."""
    found = metrics_of(s, s.present)
    if found is None:
        return []
    part = "test" if "test" in found.parts else "train"
    words = "held-out rows" if part == "test" else "training rows (none is held out)"
    if found.task == "classification":
        return [f"Accuracy on {words}: {found.parts[part].accuracy:.1%}."]
    return [f"RMSE on {words}: {number(found.outputs[part][output][1].rmse, unit)}."]


def _inputs(s: "Session") -> list[int]:
    """Return the inputs with a slider and a slice: all, or the chosen ones if there are many."""
    names = [shown(v.name, 60) for v in s.present.inputs]
    if len(names) <= SHOWN:
        return list(range(len(names)))
    kept = [i for i in st.session_state.get(CHOSEN, range(SHOWN)) if i < len(names)]
    st.multiselect(
        f"Inputs to move, of {len(names):,}", range(len(names)), kept, key="explore-choose", max_selections=SHOWN,
        format_func=names.__getitem__, help="The others stay as they are.",
        on_change=lambda: st.session_state.update({CHOSEN: st.session_state["explore-choose"]}),
    )  # fmt: skip
    return kept


def _slider(s: "Session", point: Sequence[float], i: int) -> None:
    """Show one input: a slider over the range of the data, and a field for an exact number, which may be outside."""
    variable, (low, high) = s.present.inputs[i], _ranges(s)[i]
    low, high = min(low, point[i]), max(high, point[i])
    if low == high:
        low, high = low - abs(variable.scale), high + abs(variable.scale)
    mark = f"{crc32(repr((s.present.inputs, s.data and s.data.digest)).encode()):08x}-{i}"
    slider, exact = f"explore-slide-{mark}", f"explore-exact-{mark}"

    def moved(key: str) -> None:
        now = list(point_of(s))
        now[i] = float(st.session_state[key])
        attempt(s.looking.take_point, now)
        redraw("outputs")

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        for key in (slider, exact):
            if st.session_state.get(key) != point[i]:
                st.session_state[key] = point[i]
        st.slider(
            label(str(variable)), low, high, key=slider, step=(high - low) / STEPS, format="%.4g",
            on_change=moved, args=(slider,),
        )  # fmt: skip
        st.number_input(
            f"{label(variable.name)}, exactly", -LARGEST, LARGEST, key=exact, step=(high - low) / STEPS, format="%.6g",
            on_change=moved, args=(exact,), label_visibility="collapsed", width=140,
        )  # fmt: skip


def _ranges(s: "Session") -> list[tuple[float, float]]:
    """Return the range of each input over the training rows; without a table, its grid."""
    from kanviz.analysis.extrapolation import grids_of

    return s.cache.result(_ends, s.data) if s.data is not None else s.cache.result(grids_of, s.present)


def _ends(data: "Dataset") -> list[tuple[float, float]]:
    x = data.rows("train")[0]
    return list(zip(x.amin(0).tolist(), x.amax(0).tolist(), strict=True))


def _row(s: "Session") -> None:
    """Show the field that chooses a row of the table by its number."""
    if s.data is None:
        return
    key, now = f"explore-row-{s.data.digest[:12]}", None if s.looking.row is None else s.looking.row + 1
    if st.session_state.get(key, 0) != now:
        st.session_state[key] = now

    def taken() -> None:
        wanted = st.session_state[key]
        if wanted is not None:
            attempt(s.looking.take_row, int(wanted) - 1)
        redraw("outputs")

    st.number_input(
        f"Row of the table, 1 to {len(s.data):,}", 1, len(s.data), key=key, on_change=taken, width=210,
        placeholder="none, point moved", help="A click on a point under Errors does the same.",
    )  # fmt: skip
