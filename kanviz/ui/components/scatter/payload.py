"""Predicted against measured, row by row: what is sent to the picture, and which rows a gesture means."""

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

DRAWN = 2_000  # points at most, spread evenly over the rows
VALUES = 6  # inputs told of a point
DIGITS = 5
LEVEL = 10.0**-DIGITS  # of their size: values closer together are drawn as one
ROOM = 0.04  # share of the range left free around the points
PARTS = ("page", "card", "frame", "line", "text", "muted", "train", "test", "selected", "marked", "frozen")
HTML = """<div class="kv-scatter"><div class="kv-tools" role="toolbar" aria-label="Tools for the rows"></div>
<div class="kv-plot"></div><div class="kv-tip" role="tooltip" hidden></div>
<div class="kv-note" aria-live="polite"></div></div>"""

GESTURE = JsonReader("This gesture picked no rows: {why}. Do it again.", EditError)


def scatter_payload(
    found: Predictions, data: Dataset, rev: str, *, output: int = 0, look: Look = "light", most: int = DRAWN
) -> ScatterPoints:
    """Everything that is drawn, as plain data, in table units; `marked` adds which rows are picked and which is taken.

    Of more rows than `most` some are drawn, evenly over the table. A row whose prediction is no number has no point.
    rev: what tells this picture from another; a gesture gives it back.
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
    """The picture with the places of those picked rows that are drawn, how many are picked, and the row taken."""
    there = np.flatnonzero(np.isin(payload["rows"], np.asarray(picked, dtype=int)))
    return {**payload, "picked": there.tolist(), "count": len(picked), "row": row}


def _span(values: Array) -> list[float]:
    """From the lowest to the highest, with some room."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    level = high - low <= LEVEL * max(abs(low), abs(high))
    room = (ROOM * abs(high) if level else ROOM * (high - low)) or 1.0
    return [low - room, high + room]


def _labelled(name: str, unit: str) -> str:
    return f"{name} ({shown(unit, 20)})" if unit else name


def _rounded(values: Array) -> list[float]:
    return [float(f"{v:.{DIGITS}g}") for v in values.tolist()]


def rows_told(told: Any, rev: str, found: Predictions, output: int, picked: Sequence[int]) -> tuple[int, ...]:
    """The rows that are picked after a gesture: all in its rectangle, whether drawn or not; one more or less; or none.

    The rectangle is over measured and predicted, or, where it says so, over measured and what is missed. Refuses a
    gesture made on a picture that is no longer there, or that is none.
    """
    gesture = _checked(told, rev)
    box, row = gesture.get("box"), gesture.get("row")
    if box.value is not None:
        ends = box.numbers(4, 4)
        left, right, bottom, top = (*sorted(ends[:2]), *sorted(ends[2:]))
        measured, predicted = (part[:, output].numpy() for part in (found.measured, found.predicted))
        height = predicted - measured if told.get("of") == "miss" else predicted
        inside = (measured >= left) & (measured <= right) & (height >= bottom) & (height <= top)
        rows = np.flatnonzero(inside).tolist()
        return tuple(sorted({*rows, *picked} if told.get("add") else rows))
    if row.value is not None:
        return tuple(sorted(set(picked) ^ {row.index()}))
    if told.get("none"):
        return ()
    raise EditError("This gesture picked no rows.")


def row_told(told: Any, rev: str) -> int:
    """The row that was taken; refuses one of a picture that is no longer there."""
    return _checked(told, rev)["row"].index()


def _checked(told: Any, rev: str) -> JsonValue:
    if not isinstance(told, dict) or told.get("rev") != rev:
        raise EditError("The rows have changed meanwhile; do it again.")
    return GESTURE.value(told)


def scatter(payload: ScatterPayload, key: str, on_pick: Callable[[Any], None], on_take: Callable[[Any], None]) -> None:
    """Draw it; a rectangle, a space or a click beside the points does `on_pick`, a click on a point `on_take`."""
    import streamlit as st

    def heard(what: str, act: Callable[[Any], None]) -> Callable[[], None]:
        def told() -> None:
            value = getattr(st.session_state.get(key), what, None)
            if value is not None:
                act(value)

        return told

    renderer("scatter", HTML)(
        data=payload, key=key, height="content", on_pick_change=heard("pick", on_pick),
        on_take_change=heard("take", on_take),
    )  # fmt: skip
