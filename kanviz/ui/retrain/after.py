"""Show the result of a retraining: unchanged old predictions, changed edges, a certificate, and undo."""

import json
import math
import shlex
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown
from kanviz.ui.history.comparison import runs_of
from kanviz.ui.retrain.run import error_figure
from kanviz.ui.train.run import begin_and_wait
from kanviz.ui.train.run_words import METRIC, error_name, what_is_known
from kanviz.ui.widgets.charts import chart, curve_of
from kanviz.ui.widgets.current import attempt, show_refusals, theme
from kanviz.ui.widgets.panels import number, shared_unit
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.analysis.locality.certificate import Certificate
    from kanviz.analysis.locality.observed_change import Changes, EdgeMove
    from kanviz.analysis.locality.supports import Interval
    from kanviz.continual.known import Known
    from kanviz.core.kan import KAN
    from kanviz.io.project_training import Box
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining


def after(s: "Session", run: "Retraining") -> None:
    """Show the result of the last retraining."""
    found = _changes(s, run)
    _verdict(s, run, found)
    _numbers(s, run, found)
    _lamps(s, run, found)
    _ways(s, run)
    with st.expander("Error by step", icon=":material/show_chart:"):
        error_figure(s)
    _edges(s, run, found)


def _changes(s: "Session", run: "Retraining") -> "Changes":
    return s.cache.result(changes_of, run.kan, s.present, run.known)


def changes_of(before: "KAN", after: "KAN", known: "Known") -> "Changes":
    """Compare a network with the one before it, on the known rows or region."""
    from kanviz.analysis.locality.observed_change import changes

    y = None if known.data is None or after.task == "classification" else known.data.y
    return changes(before, after, known.x, y)


def _verdict(s: "Session", run: "Retraining", found: "Changes") -> None:
    known, last = run.known, s.training.last
    assert last is not None
    st.caption(
        f"{what_is_known(run)}. {s.training.why_ended.capitalize()}; the network of step {last.best_step} is kept."
    )
    _kept(known, found)


def preserved_panel(s: "Session", run: "Retraining") -> None:
    """Show whether predictions on what is known are bit-identical, with a link to the details."""
    _kept(run.known, _changes(s, run))
    st.page_link("pages/retrain.py", label="Every edge that changed, and a certificate", icon=":material/lock:")


def _kept(known: "Known", found: "Changes") -> None:
    kept, count = int(found.lamps.kept.sum()), len(found.lamps.kept)
    if kept == count:
        st.success(f"All {count:,} {known.noun} keep their predictions, bit for bit.", icon=":material/lock:")
    else:
        st.warning(
            f"{count - kept:,} of {count:,} {known.noun} have other predictions than before.",
            icon=":material/lock_open:",
        )


def _numbers(s: "Session", run: "Retraining", found: "Changes") -> None:
    from kanviz.continual.known import Known

    known, kan, unit, name = run.known, s.present, shared_unit(s.present), error_name(s)
    learned = Known.rows(run.data, "")
    rows = [(f"{name}, new rows", learned), *([(f"{name}, old rows", known)] if known.data is not None else [])]
    with st.container(horizontal=True, gap="small"):
        for word, one in rows:
            was, now = (s.cache.result(Known.error, one, of, of) for of in (run.kan, kan))
            change = f"{now - was:+.2g} from {number(was)}" if now != was else "as before"
            moved = now != was
            st.metric(
                word, number(now, unit), change, width=METRIC, delta_color="inverse" if moved else "off",
                delta_arrow="auto" if moved else "off",
            )  # fmt: skip
        largest = max(found.lamps.largest, default=0.0)
        st.metric("Old outputs move by", number(largest, unit), width=METRIC, help=f"At most, over {known.noun}.")
        same = len(found.edges) - len(found.changed)
        st.metric("Edges unchanged", f"{same} of {len(found.edges)}", width=METRIC, help="Bit for bit.")


def _lamps(s: "Session", run: "Retraining", found: "Changes") -> None:
    from kanviz.plots import lamps_figure

    output, names = 0, [v.name for v in s.present.outputs]
    if len(names) > 1:
        output = st.selectbox("Output", range(len(names)), format_func=lambda n: label(names[n]), key="lamps-output")
    chart(lamps_figure(found.lamps, output, theme=theme()), "lamps")


def _ways(s: "Session", run: "Retraining") -> None:
    """Show the certificate, downloads of the two networks it is about, and undo."""
    with show_refusals():
        found = _certificate(s, run)
        st.markdown(escape_markdown(" ".join(found.summary())))
        with st.container(horizontal=True, gap="small"):
            st.button("Undo this retraining", icon=":material/undo:", on_click=attempt, args=(s.undo,))
            if s.training.can_continue:
                st.button(
                    "Continue", icon=":material/play_arrow:", on_click=begin_and_wait, args=(s, s.training.resume)
                )
            st.download_button(
                "Certificate", json.dumps(found.to_json(), indent=1), "certificate.json", "application/json",
                icon=":material/verified:", on_click="ignore",
                help="What is claimed of the two networks, with their digests; anybody can check it again.",
            )  # fmt: skip
            for word, kan in (("before", run.kan), ("after", s.present)):
                st.download_button(
                    f"Network {word}", _bytes(kan), f"{word}.safetensors", "application/octet-stream",
                    icon=":material/save:", on_click="ignore",
                )  # fmt: skip
        rows = "" if _carries(found) else f" --rows {shlex.quote(run.known.name)}"
        st.caption("To check it again, with the three files:")
        st.code(
            f"kanviz verify certificate.json before.safetensors after.safetensors{rows}", language=None, wrap_lines=True
        )
    _save_for_next(s, run)


def _carries(found: "Certificate") -> bool:
    """Return whether the certificate can be checked without the old table."""
    from kanviz.analysis.locality.certificate import RowsClaim

    return not isinstance(found.claim, RowsClaim) or found.claim.x is not None


def _save_for_next(s: "Session", run: "Retraining") -> None:
    """Offer to add the new rows to the known rows, so that the next retraining protects both."""
    if run.known.data is not s.data or s.tables.new_rows is None or s.data is None:
        return
    st.button(
        "Add the new rows to the known rows", icon=":material/library_add:", on_click=attempt,
        args=(s.tables.join_new,),
        help="Old and new rows together are then the current table, and the next retraining can keep both.",
    )  # fmt: skip


def _bytes(kan: "KAN"):
    """Return a function that makes the file's bytes when the button is pressed."""

    def make() -> bytes:
        from kanviz.io.native import to_bytes

        return to_bytes(kan)

    return make


def _certificate(s: "Session", run: "Retraining") -> "Certificate":
    with st.spinner("Certifying…"):
        return s.cache.result(_certified, run.kan, s.present, run.known, run.region or run.known.box)


def _certified(before: "KAN", after: "KAN", known: "Known", box: "Box | None") -> "Certificate":
    """Certify the box if there is one, else the known rows."""
    from kanviz.analysis.locality.certificate import certify

    return certify(before, after, rows=known.x if box is None else None, box=box)


def _edges(s: "Session", run: "Retraining", found: "Changes") -> None:
    from kanviz.plots import compare_figure

    st.header("Edge by edge")
    if found.biases:
        st.caption(f"Constants of nodes changed: {label(', '.join(found.biases), 200)}.")
    moves = sorted(found.edges, key=lambda move: -move.edge.gap)
    pick = st.dataframe(
        [_row(move) for move in moves], hide_index=True, on_select="rerun", selection_mode="single-row",
        key=f"moves-{run.kan.digest[:8]}-{s.present.digest[:8]}",
        column_config={
            "max |Δφ|": st.column_config.NumberColumn(format="%.3g", help="Largest change of the curve on its grid."),
            "on old rows": st.column_config.NumberColumn(format="%.3g", help="Largest change where old rows fall."),
        },
    )  # fmt: skip
    chosen = pick["selection"]["rows"]  # pyright: ignore[reportIndexIssue]
    move = moves[chosen[0] if chosen else 0]
    st.caption("Choose a row to see that edge; the one that changed most is shown. Changes are in network units.")
    if not move.edge.identical:
        one, two = (curve_of(s, kan, move.id) for kan in (run.kan, s.present))
        chart(compare_figure(one, two, theme=theme()), "retrained-edge")


def _row(move: "EdgeMove") -> dict:
    points = move.edge.coefficients
    return {
        "Edge": f"{move.edge.source} → {move.edge.target}",
        "State": "unchanged" if move.edge.identical else "changed",
        "Where": _where(move.span),
        "Points moved": "other grid" if points is None else runs_of(points),
        "max |Δφ|": move.edge.gap,
        "on old rows": move.on_rows,
    }


def _where(span: "Interval") -> str:
    """Describe the interval where an edge may differ."""
    if span.empty:
        return "nowhere"
    if span.low == -math.inf:
        return "everywhere" if span.high == math.inf else f"up to {span.high:.3g}"
    return f"from {span.low:.3g}" if span.high == math.inf else f"{span.low:.3g} to {span.high:.3g}"
