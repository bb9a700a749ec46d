"""Show the outlook of a retraining: overlap of new rows with what is known, free control points, expected effects."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.train.run_words import METRIC, error_name, known_error_name
from kanviz.ui.widgets.charts import chart, curve_of
from kanviz.ui.widgets.current import theme
from kanviz.ui.widgets.panels import edge_picker, number, shared_unit

if TYPE_CHECKING:
    from kanviz.analysis.locality.overlap import Overlap
    from kanviz.analysis.locality.prospect import Prospect
    from kanviz.continual.known import Known
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.core.locks import Lock
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining


def before(s: "Session", run: "Retraining") -> None:
    """Show all that can be computed before the first step."""
    lock = run.config.lock
    found, ahead = _overlap(s, run), _prospect(s, run)
    _numbers(s, run, found, ahead)
    st.markdown(" ".join(expected(run, found, ahead)))
    chart(_strips(s, run, found), "strips")
    _rooms(ahead)
    with st.expander("Overlap in numbers", icon=":material/table:"):
        _shares(found)
    if lock is not None:
        with st.expander("Locked control points of an edge", icon=":material/lock:", expanded=True):
            edge = edge_picker(s, pruned=False)
            chart(locked_edge(s, s.present, edge, lock), "locked-edge")


def _overlap(s: "Session", run: "Retraining") -> "Overlap":
    return s.cache.result(_overlapping, run.kan, run.known, run.data)


def _overlapping(kan: "KAN", known: "Known", new: "Dataset") -> "Overlap":
    from kanviz.analysis.locality.overlap import overlap

    return overlap(kan, known.x, new.rows("train")[0])


def _prospect(s: "Session", run: "Retraining") -> "Prospect":
    return s.cache.result(_ahead, run.kan, run.config.lock, run.data)


def _ahead(kan: "KAN", lock: "Lock | None", new: "Dataset") -> "Prospect":
    from kanviz.analysis.locality.prospect import prospect

    return prospect(kan, lock, new.rows("train")[0])


def _strips(s: "Session", run: "Retraining", found: "Overlap"):
    from kanviz.analysis.locality.strips import strips
    from kanviz.plots import strips_figure

    lock = run.config.lock
    held = None if lock is None else [layer.coef for layer in lock.layers]
    return strips_figure(strips(run.kan, found, held), theme=theme())


def _numbers(s: "Session", run: "Retraining", found: "Overlap", ahead: "Prospect") -> None:
    from kanviz.continual.known import Known

    known, unit = run.known, shared_unit(run.kan)
    name = error_name(s)
    new = s.cache.result(Known.error, Known.rows(run.data, ""), run.kan, run.kan)
    with st.container(horizontal=True, gap="small"):
        st.metric(f"{name}, new rows", number(new, unit), width=METRIC, help=f"{len(run.data):,} rows, as it is now.")
        if known.data is not None:
            old = s.cache.result(Known.error, known, run.kan, run.kan)
            st.metric(
                known_error_name(s, run), number(old, unit), width=METRIC, help=f"{len(known.x):,} rows, as it is now."
            )
        st.metric(
            "Points shared", f"{found.shared:.0%}" if found.shared == found.shared else "–", width=METRIC,
            help=f"The share of the control points of new rows that {known.noun} use too.",
        )  # fmt: skip
        free = sum(room.free for room in ahead.rooms)
        st.metric(
            "Points free", f"{free:,}", width=METRIC, help="Control points that may move, over all layers and edges.",
        )  # fmt: skip


def outlook(s: "Session", run: "Retraining", learned: str = "new rows") -> str:
    """Return the outlook of a retraining as text, with the number of free control points; computed once."""
    ahead = _prospect(s, run)
    free, points = (sum(getattr(room, part) for room in ahead.rooms) for part in ("free", "points"))
    room = [] if run.config.lock is None else [f"{free:,} of {points:,} control points may move."]
    return " ".join(expected(run, _overlap(s, run), ahead, learned) + room)


def expected(run: "Retraining", found: "Overlap", ahead: "Prospect", learned: str = "new rows") -> list[str]:
    """Return the outlook in sentences; every figure in them is computed. learned: the name of the rows to learn."""
    known = run.known
    rows, settled, beyond = len(ahead.settled), int(ahead.settled.sum()), int(ahead.beyond.sum())
    shared = f"{found.shared:.0%}" if found.shared == found.shared else "none"
    words = []
    if run.config.lock is not None:
        what = "Every point of the region keeps" if run.region else f"All {len(known.x):,} old rows keep"
        words.append(f"{what} its prediction to the bit." if run.region else f"{what} their predictions to the bit.")
        if settled:
            words.append(
                f"{settled:,} of {rows:,} {learned} ({settled / rows:.0%}) depend on locked numbers only: "
                "nothing can be learned for them."
            )
        else:
            words.append(f"All {learned} depend on numbers that may move.")
    elif run.aid:
        words.append(f"{shared} of the control points that {learned} need serve {known.noun} too, and may move.")
    else:
        words.append(
            f"Nothing is held: {shared} of the control points that {learned} need serve {known.noun} too, and what is "
            "known may be forgotten."
        )
    if beyond:
        words.append(
            f"{beyond:,} of {rows:,} {learned} ({beyond / rows:.0%}) lie beyond the grid of an input, where a curve is "
            "a straight line or zero: they are learned badly."
        )
    return words


def _rooms(ahead: "Prospect") -> None:
    """Show locked and free control points by layer."""
    rows = [
        {
            "Layer": n, "Points": room.points, "Locked": room.locked, "Free": room.free,
            "Free, for new rows": room.of_use,
            "Locked share": 100 * room.locked / max(room.points, 1),
        }
        for n, room in enumerate(ahead.rooms)
    ]  # fmt: skip
    st.dataframe(
        rows, hide_index=True,
        column_config={"Locked share": st.column_config.ProgressColumn(format="%.0f %%", max_value=100.0)},
    )  # fmt: skip


def _shares(found: "Overlap") -> None:
    """Show the overlap by input and hidden coordinate."""
    rows = [
        {
            "Coordinate": one.name, "Layer": one.layer,
            "Points of old rows": 100 * one.points[0], "Points of new rows": 100 * one.points[1],
            "Points of both": 100 * one.points[2], "New rows in cells of old ones": 100 * one.rows,
        }
        for one in found.coordinates
    ]  # fmt: skip
    share = st.column_config.NumberColumn(format="%.0f %%")
    st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(list(rows[0])[2:], share))
    st.caption("Hidden coordinates are those of the network as it is; training moves them.")


def locked_edge(s: "Session", kan, edge: "EdgeId", lock: "Lock"):
    """Return the figure of an edge with its locked control points as squares."""
    from kanviz.plots import edge_figure

    n, i, j = edge
    held = lock.layers[n].coef[i, j].tolist()
    return edge_figure(curve_of(s, kan, edge), theme=theme(), locked=held, parts=("points", "density"))
