"""Make the payload of the scatter plot of predictions, and read which rows a gesture picks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray as Array

from kanviz.analysis.errors_on_rows import Predictions
from kanviz.core.data.dataset import Dataset
from kanviz.errors import EditError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.plots.theme import THEMES, Look
from kanviz.text import shown
from kanviz.ui.components import renderer
from kanviz.ui.components.protocol import ScatterPayload, ScatterPoints

MOST_DOTS = 2_000  # points at most, spread evenly over the rows
VALUES = 6  # inputs shown for a point
DIGITS = 5
LEVEL = 10.0**-DIGITS  # relative to their size: closer values are shown as equal
ROOM = 0.04  # share of the range left free around the points
PARTS = ("page", "card", "frame", "line", "text", "muted", "train", "test", "selected", "marked", "frozen")
HTML = """<div class="kv-scatter"><div class="kv-tools" role="toolbar" aria-label="Tools for the rows"></div>
<div class="kv-plot"></div><div class="kv-tip" role="tooltip" hidden></div>
<div class="kv-note" aria-live="polite"></div></div>"""

GESTURE = JsonReader("No rows were picked: {why}. Do it again.", EditError)


def scatter_payload(
    found: Predictions, data: Dataset, rev: str, *, output: int = 0, look: Look = "light", most: int = MOST_DOTS
) -> ScatterPoints:
    """Return all that the plot shows as plain data, in table units. `marked` adds the picked and explained rows.

    If there are more rows than `most`, some are shown, evenly over the table. A row whose prediction is NaN or infinite
    has no point. rev: identifies this figure; a gesture returns it.
    """
    measured, predicted = (part[:, output].numpy() for part in (found.measured, found.predicted))
    good = np.flatnonzero(np.isfinite(measured) & np.isfinite(predicted))
    drawn = good[np.unique(np.linspace(0, len(good) - 1, min(most, len(good))).astype(int))] if len(good) else good
    variable, inks = data.outputs[output], THEMES[look]
    miss = predicted - measured
    name = shown(variable.name, 30)
    return {
        "v": 1,
        "rev": rev,
        "look": look,
        "colours": {part: getattr(inks, part) for part in PARTS},
        "title": f"Predicted against measured {name}, {len(drawn):,} rows",
        "x_label": f"measured {_labelled(name, variable.unit)}",
        "y_label": f"predicted {_labelled(name, variable.unit)}",
        "unit": shown(variable.unit, 20),
        "span": _span(np.concatenate([measured[good], predicted[good]])),
        "miss_label": _labelled("predicted - measured", variable.unit),
        "miss_span": _span(np.append(miss[good], 0.0)),
        "rows": drawn.tolist(),
        "x": _rounded(measured[drawn]),
        "y": _rounded(predicted[drawn]),
        "miss": _rounded(miss[drawn]),
        "test": found.held_out.numpy()[drawn].astype(int).tolist(),
        "names": [_labelled(shown(v.name, 24), v.unit) for v in data.inputs[:VALUES]],
        "more": max(0, len(data.inputs) - VALUES),
        "values": [_rounded(column) for column in data.x[drawn, :VALUES].numpy().T],
        "total": len(measured),
        "no_number": len(measured) - len(good),
    }


def marked(payload: ScatterPoints, picked: Sequence[int], row: int | None) -> ScatterPayload:
    """Add the indices of picked rows that are shown, the number of picked rows, and the explained row."""
    there = np.flatnonzero(np.isin(payload["rows"], np.asarray(picked, dtype=int)))
    return {**payload, "picked": there.tolist(), "count": len(picked), "row": row}


def _span(values: Array) -> list[float]:
    """Return the range of the values with a margin."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    level = high - low <= LEVEL * max(abs(low), abs(high))
    room = (ROOM * abs(high) if level else ROOM * (high - low)) or 1.0
    return [low - room, high + room]


def _labelled(name: str, unit: str) -> str:
    return f"{name} ({shown(unit, 20)})" if unit else name


def _rounded(values: Array) -> list[float]:
    return [float(f"{v:.{DIGITS}g}") for v in values.tolist()]


def picked_rows(event: Any, rev: str, found: Predictions, output: int, picked: Sequence[int]) -> tuple[int, ...]:
    """Return the picked rows after a gesture: all rows in its rectangle, shown or not; one toggled row; or none.

    The rectangle is over measured and predicted, or, if the gesture says "miss", over measured and error. Raises
    EditError for an invalid gesture, or one made on an older figure.
    """
    gesture = _checked(event, rev)
    box, row = gesture.get("box"), gesture.get("row")
    if box.value is not None:
        ends = box.numbers(4, 4)
        left, right, bottom, top = (*sorted(ends[:2]), *sorted(ends[2:]))
        measured, predicted = (part[:, output].numpy() for part in (found.measured, found.predicted))
        height = predicted - measured if event.get("of") == "miss" else predicted
        inside = (measured >= left) & (measured <= right) & (height >= bottom) & (height <= top)
        rows = np.flatnonzero(inside).tolist()
        return tuple(sorted({*rows, *picked} if event.get("add") else rows))
    if row.value is not None:
        return tuple(sorted(set(picked) ^ {row.index()}))
    if event.get("none"):
        return ()
    raise EditError("No rows were picked.")


def clicked_row(event: Any, rev: str) -> int:
    """Return the row to explain. Raises EditError for an invalid gesture, or one made on an older figure."""
    return _checked(event, rev)["row"].index()


def _checked(event: Any, rev: str) -> JsonValue:
    if not isinstance(event, dict) or event.get("rev") != rev:
        raise EditError("The rows have changed since then; select again.")
    return GESTURE.value(event)


def scatter(payload: ScatterPayload, key: str, on_pick: Callable[[Any], None], on_take: Callable[[Any], None]) -> None:
    """Show the plot. A rectangle, Space or a click off the points calls `on_pick`; a click on a point `on_take`."""
    import streamlit as st

    def handler(what: str, act: Callable[[Any], None]) -> Callable[[], None]:
        def handle() -> None:
            value = getattr(st.session_state.get(key), what, None)
            if value is not None:
                act(value)

        return handle

    renderer("scatter", HTML)(
        data=payload, key=key, height="content", on_pick_change=handler("pick", on_pick),
        on_take_change=handler("take", on_take),
    )  # fmt: skip
