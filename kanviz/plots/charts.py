"""Training, scores and predictions."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from kanviz.analysis.scores import Scores
from kanviz.plots.theme import THEMES, Look, axis, canvas, empty, label, words

NAMED = 24  # edges whose names still fit beside their dots
DOTS = 4_000  # points of a scatter, spread evenly over the rows


def training_figure(
    trail: Sequence[tuple[int, float, float | None]], *, name: str = "RMSE", unit: str = "", theme: Look = "light"
) -> go.Figure:
    """Error by step on a logarithmic axis, for training rows and held-out rows: (step, train, test or None)."""
    if not trail:
        return empty(theme, "Training", "No step has been taken yet.")
    colours = THEMES[theme]
    figure = canvas(theme, height=340)
    steps = [row[0] for row in trail]
    looks = (("training rows", 1, colours.train, "solid"), ("held-out rows", 2, colours.test, "dash"))
    for word, column, colour, dash in looks:
        values = [row[column] for row in trail]
        if all(v is None for v in values):
            continue
        figure.add_scatter(
            x=steps, y=[v if v is not None and v > 0 else None for v in values], name=word,
            mode="lines" if len(trail) > 1 else "markers", line={"color": colour, "width": 2.5, "dash": dash},
            marker={"color": colour, "size": 8}, hovertemplate="%{y:.4g}<extra>" + word + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis=axis(theme, "step", rangemode="tozero", showgrid=False),
        yaxis=axis(theme, label(name, unit), type="log", **_log_ticks([v for row in trail for v in row[1:] if v])),
        hovermode="x unified",
        margin={"t": 36},
        showlegend=True,
    )
    return figure


def _log_ticks(values: Sequence[float]) -> dict[str, list]:
    """Ticks written as plain numbers: 1, 2, 5 within few decades, decades alone beyond."""
    good = [v for v in values if 0 < v < np.inf]
    if not good:
        return {}
    low, high = int(np.floor(np.log10(min(good)))), int(np.ceil(np.log10(max(good))))
    marks = (1, 2, 5) if high - low <= 2 else (1, 3) if high - low <= 3 else (1,)
    ticks = [float(f"{m}e{k}") for k in range(low, high + 1, max(1, (high - low) // 8)) for m in marks]
    return {"tickvals": ticks, "ticktext": [f"{v:g}" for v in ticks]}


def scores_figure(scores: Scores, threshold: float = 0.0, *, theme: Look = "light") -> go.Figure:
    """Edges by the share of the outputs' variance they carry; those under the threshold are hollow.

    Dots are clickable and carry [layer, source, target].
    """
    ranked = [edge for edge in scores.ranked if edge.state != "pruned"]
    if not ranked:
        return empty(theme, "Scores", "No edge is left to score.")
    colours = THEMES[theme]
    figure = canvas(theme, height=max(220, 70 + 20 * len(ranked)) if len(ranked) <= NAMED else 360)
    floor = _floor(threshold)
    shares, names = [100 * max(edge.score, floor) for edge in ranked], [f"{e.source} → {e.target}" for e in ranked]
    named = len(ranked) <= NAMED
    places = list(range(len(ranked)))
    below = [edge.score < threshold for edge in ranked]
    across, up = (shares, places) if named else (places, shares)
    if named:
        start = 100 * floor
        figure.add_scatter(
            x=[v for share in shares for v in (start, share, None)], y=[v for k in places for v in (k, k, None)],
            mode="lines", line={"color": colours.frame, "width": 1.5}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    colour = [colours.marked if low else colours.formula for low in below]
    figure.add_scatter(
        x=across, y=up, mode="markers", customdata=[list(edge.id) for edge in ranked], showlegend=False,
        marker={
            "size": 9, "color": [colours.card if low else c for low, c in zip(below, colour, strict=True)],
            "line": {"color": colour, "width": 1.8}, "opacity": 1,
        },
        selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}}, cliponaxis=False,
        hoverinfo="text",
        hovertext=[
            f"<b>{words(name)}</b><br>carries {edge.score:.3%} of the outputs' variance"
            for name, edge in zip(names, ranked, strict=True)
        ],
    )  # fmt: skip
    share_axis = axis(theme, "share of the outputs' variance (%)", type="log", range=[np.log10(60 * floor), 2.08])
    decades = [100 * 10.0**-k for k in range(12) if 10.0**-k > floor]
    share_axis |= {
        "tickvals": [*decades, 100 * floor],
        "ticktext": [*(f"{v:g}" for v in decades), f"≤ {100 * floor:g}"],
    }
    if named:
        text = [words(name, 24) for name in names]
        side = axis(theme, "", tickvals=places, ticktext=text, range=[len(ranked) - 0.4, -0.6], showgrid=False)
        figure.update_layout(xaxis=share_axis, yaxis=side)
    else:
        figure.update_layout(xaxis=axis(theme, "edges, strongest first", showgrid=False), yaxis=share_axis)
    if threshold > 0:
        line = {"color": colours.marked, "width": 1.5, "dash": "dash"}
        note = {
            "text": f"{sum(below)} of {len(ranked)} below", "font": {"size": 12, "color": colours.marked},
            "showarrow": False, "yanchor": "bottom",
        }  # fmt: skip
        at = float(np.log10(100 * threshold))  # annotations on a logarithmic axis count in decades
        if named:
            figure.add_vline(x=100 * threshold, line=line)
            figure.add_annotation(**note, x=at, y=1, yref="paper", xanchor="center")
        else:
            figure.add_hline(y=100 * threshold, line=line)
            figure.add_annotation(**note, x=1, xref="paper", y=at, xanchor="right")
    figure.update_layout(margin={"t": 30})
    return figure


def _floor(threshold: float) -> float:
    """Smallest share that gets a place of its own: shares under it are drawn on the edge."""
    return min(1e-4, threshold / 10) if threshold > 0 else 1e-4


def predicted_figure(
    predicted: ArrayLike,
    actual: ArrayLike,
    parts: Sequence[str] = (),
    *,
    name: str = "output",
    unit: str = "",
    theme: Look = "light",
) -> go.Figure:
    """What the network says against what was measured, row by row; on the line they agree. parts: "train" or "test"."""
    predicted, actual = np.asarray(predicted, float).ravel(), np.asarray(actual, float).ravel()
    if not len(actual):
        return empty(theme, "Predictions", "No rows to compare.")
    colours = THEMES[theme]
    part = np.asarray(parts if len(parts) else ["rows"] * len(actual))
    chosen = np.linspace(0, len(actual) - 1, min(DOTS, len(actual))).astype(int)
    title = f"{DOTS:,} of {len(actual):,} rows" if len(actual) > DOTS else ""
    figure = canvas(theme, title, height=420)
    low, high = (float(f(np.concatenate([actual, predicted[np.isfinite(predicted)]]))) for f in (np.min, np.max))
    room = 0.04 * (high - low) or 1.0
    ends = [low - room, high + room]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", line={"color": colours.muted, "width": 1.5, "dash": "dash"},
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    looks = {"train": ("training rows", colours.train, "circle"), "test": ("held-out rows", colours.test, "diamond")}
    for kind in dict.fromkeys(part.tolist()):
        word, colour, symbol = looks.get(kind, (words(kind), colours.train, "circle"))
        at = chosen[part[chosen] == kind]
        figure.add_scatter(
            x=actual[at], y=predicted[at], mode="markers", name=word, showlegend=len(parts) > 0,
            marker={"color": colour, "size": 6, "opacity": 0.55, "symbol": symbol},
            hovertemplate="measured %{x:.4g}<br>predicted %{y:.4g}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis=axis(theme, f"measured {label(name, unit)}", range=ends),
        yaxis=axis(theme, f"predicted {label(name, unit)}", range=ends),
        margin={"t": 60 if title else 36},
    )
    return figure
