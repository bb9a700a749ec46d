"""Draw training, scores and predictions."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from kanviz.analysis.scores import Scores
from kanviz.plots.theme import THEMES, Look, arrange, axis, brief, canvas, empty, label, words, wrapped

NAMED = 24  # up to this many edges, names are shown next to their dots
NARROWEST = 0.05  # least decades of a logarithmic axis (12 %), so that noise in the last digits looks flat
SMALLEST = 1e-300  # smaller errors cannot be shown on a logarithmic axis
SCORED = 500  # most dots of the scores, if there are more edges
STEPS = 800  # most points of a training's line: more than it has pixels across
DOTS = 4_000  # points of a scatter, spread evenly over the rows


def training_figure(
    trail: Sequence[tuple[int, *tuple[float | None, ...]]],
    *,
    name: str = "RMSE",
    unit: str = "",
    theme: Look = "light",
    rows: Sequence[str] = ("training rows", "held-out rows", "old rows"),
) -> go.Figure:
    """Draw the error by step on a logarithmic axis, a line for each of `rows`.

    trail: (step, train, test, old), None where unknown; at most STEPS of its steps are drawn, the last one included.

    >>> import kanviz.plots
    >>> figure = kanviz.plots.training_figure([(0, 1.5, 1.75), (1, 0.5, 0.75), (2, 0.25, None)], unit="kN")
    >>> [(trace.name, list(trace.y)) for trace in figure.data]
    [('training rows', [1.5, 0.5, 0.25]), ('held-out rows', [1.75, 0.75, None])]
    """
    if not trail:
        return empty(theme, "Training", "No step has been taken yet.")
    trail = [trail[k] for k in np.unique(np.linspace(0, len(trail) - 1, min(STEPS, len(trail))).astype(int))]
    colours = THEMES[theme]
    figure = canvas(theme, height=340)
    steps = [row[0] for row in trail]
    looks = ((colours.train, "solid"), (colours.test, "dash"), (colours.shared, "dot"))
    for column, (word, (colour, dash)) in enumerate(zip(rows, looks, strict=True), 1):
        values = [row[column] if column < len(row) else None for row in trail]
        if all(v is None for v in values):
            continue
        figure.add_scatter(
            x=steps, y=[v if v is not None and v > 0 else None for v in values], name=word,
            mode="lines" if len(trail) > 1 else "markers", line={"color": colour, "width": 2.5, "dash": dash},
            marker={"color": colour, "size": 8}, hovertemplate="%{y:.4g}<extra>" + word + "</extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "step", rangemode="tozero", showgrid=False),
        yaxis=axis(theme, label(name, unit), type="log", **log_axis([v for row in trail for v in row[1:] if v])),
        hovermode="x unified",
        margin={"t": 36},
        showlegend=True,
    )
    return figure


def log_axis(values: Sequence[float]) -> dict[str, list]:
    """Return range and ticks of a logarithmic axis, with at least three labels: steps, then 1 2 5, then decades."""
    good = [v for v in values if SMALLEST < v < np.inf]
    if not good:
        return {}
    first, last = np.log10(min(good)), np.log10(max(good))
    room = max(0.06 * (last - first), (NARROWEST - (last - first)) / 2)
    first, last = first - room, last + room
    low, high = 10.0**first, 10.0**last
    if last - first < 1:
        ticks = _steps(low, high)
    else:
        marks = (1, 2, 5) if last - first < 2 else (1, 3) if last - first < 3 else (1,)
        decades = range(int(np.floor(first)), int(np.ceil(last)) + 1, 1 + int(last - first) // 8)
        ticks = [float(f"{m}e{k}") for k in decades for m in marks]
    ticks = [v for v in ticks if low <= v <= high]
    return {"range": [first, last], "tickvals": ticks, "ticktext": [_number(v) for v in ticks]}


def _steps(low: float, high: float) -> list[float]:
    """Return three to nine multiples of a round number between two ends."""
    rough = (high - low) / 4
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * max(m for m in (1, 2, 2.5, 5) if m * unit <= rough)
    return [float(k * step) for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _number(value: float) -> str:
    """Return a tick's label: 0.002, 1e-5."""
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def scores_figure(scores: Scores, threshold: float = 0.0, *, theme: Look = "light") -> go.Figure:
    """Draw the edges by score, their share of the outputs' variance; those below the threshold are hollow.

    Dots are clickable and carry [layer, source, target]. Of very many edges only some get a dot, most of them strong
    ones; the count below the threshold includes all edges.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.scores import scores
    >>> figure = kanviz.plots.scores_figure(scores(kanviz.init([2, 1])), threshold=0.1)
    >>> sorted(list(edge) for edge in figure.data[-1].customdata)
    [[0, 0, 0], [0, 1, 0]]
    """
    ranked = scores.ranked_there
    if not len(ranked):
        return empty(theme, "Scores", "No edge is left to score.")
    colours = THEMES[theme]
    figure = canvas(theme, height=max(220, 70 + 20 * len(ranked)) if len(ranked) <= NAMED else 360)
    floor = _floor(threshold)
    note_text = f"{int((ranked.shares < threshold).sum())} of {len(ranked)} below"
    places = _spread(len(ranked))
    ranked = [ranked[k] for k in places]
    below = [edge.score < threshold for edge in ranked]
    shares, names = [100 * max(edge.score, floor) for edge in ranked], [f"{e.source} → {e.target}" for e in ranked]
    named = len(ranked) <= NAMED
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
            f"<b>{wrapped(name, 44, 4)}</b><br>carries {edge.score:.3%} of the outputs' variance"
            for name, edge in zip(names, ranked, strict=True)
        ],
    )  # fmt: skip
    share_axis = axis(theme, "share of the outputs' variance (%)", type="log", range=[np.log10(60 * floor), 2.08])
    decades = [100 * 10.0**-k for k in range(12) if 10.0**-k > floor]
    share_axis |= {
        "tickvals": [*decades, 100 * floor],
        "ticktext": [*map(_number, decades), f"≤ {_number(100 * floor)}"],
    }
    if named:
        text = [f"{brief(e.source, 13)} → {brief(e.target, 11)}" for e in ranked]
        side = axis(theme, "", tickvals=places, ticktext=text, range=[len(ranked) - 0.4, -0.6], showgrid=False)
        arrange(figure, xaxis=share_axis, yaxis=side)
    else:
        arrange(figure, xaxis=axis(theme, "edges, strongest first", showgrid=False), yaxis=share_axis)
    if threshold > 0:
        line = {"color": colours.marked, "width": 1.5, "dash": "dash"}
        note = {
            "text": note_text, "font": {"size": 12, "color": colours.marked},
            "showarrow": False, "yanchor": "bottom",
        }  # fmt: skip
        at = float(np.log10(100 * threshold))  # annotations on a logarithmic axis use decades
        if named:
            figure.add_vline(x=100 * threshold, line=line)
            figure.add_annotation(**note, x=at, y=1, yref="paper", xanchor="center")
        else:
            figure.add_hline(y=100 * threshold, line=line)
            figure.add_annotation(**note, x=1, xref="paper", y=at, xanchor="right")
    arrange(figure, margin={"t": 30})
    return figure


def _spread(count: int) -> list[int]:
    """Return the ranks that get a dot: all where they are few, else with growing distance."""
    if count <= SCORED:
        return list(range(count))
    return np.unique(((count - 1) * np.linspace(0, 1, SCORED) ** 2).astype(int)).tolist()


def _floor(threshold: float) -> float:
    """Return the smallest share with its own position: smaller shares are drawn at the edge of the figure."""
    return min(1e-4, threshold / 10) if threshold > 0 else 1e-4


def line_of_equality(figure: go.Figure, values: np.ndarray, theme: Look) -> list[float]:
    """Add the line on which two finite values are equal; return the range of both axes."""
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 1.0
    ends = [low - room, high + room]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": THEMES[theme].muted, "width": 1.5, "dash": "dash"},
    )  # fmt: skip
    return ends


def predicted_figure(
    predicted: ArrayLike,
    actual: ArrayLike,
    parts: Sequence[str] = (),
    *,
    name: str = "output",
    unit: str = "",
    theme: Look = "light",
) -> go.Figure:
    """Draw predicted against measured values, row by row; on the line they agree.

    predicted, actual: a value for each row, in `unit` · parts: "train" or "test" for each row, () where unknown.

    >>> import kanviz.plots
    >>> figure = kanviz.plots.predicted_figure([1.0, 2.5], [1.0, 2.0], ["train", "test"], name="force", unit="kN")
    >>> [trace.name for trace in figure.data], figure.layout.xaxis.title.text
    ([None, 'training rows', 'held-out rows'], 'measured force (kN)')
    """
    predicted, actual = np.asarray(predicted, float).ravel(), np.asarray(actual, float).ravel()
    if not len(actual):
        return empty(theme, "Predictions", "No rows to compare.")
    colours = THEMES[theme]
    part = np.asarray(parts if len(parts) else ["rows"] * len(actual))
    chosen = np.linspace(0, len(actual) - 1, min(DOTS, len(actual))).astype(int)
    title = f"{DOTS:,} of {len(actual):,} rows" if len(actual) > DOTS else ""
    figure = canvas(theme, title, height=420)
    ends = line_of_equality(figure, np.concatenate([actual, predicted[np.isfinite(predicted)]]), theme)
    looks = {"train": ("training rows", colours.train, "circle"), "test": ("held-out rows", colours.test, "diamond")}
    for kind in dict.fromkeys(part.tolist()):
        word, colour, symbol = looks.get(kind, (words(kind), colours.train, "circle"))
        at = chosen[part[chosen] == kind]
        figure.add_scatter(
            x=actual[at], y=predicted[at], mode="markers", name=word, showlegend=len(parts) > 0,
            marker={"color": colour, "size": 6, "opacity": 0.55, "symbol": symbol},
            hovertemplate="measured %{x:.4g}<br>predicted %{y:.4g}<extra></extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, label(f"measured {name}", unit), range=ends),
        yaxis=axis(theme, label(f"predicted {name}", unit), range=ends),
        margin={"t": 60 if title else 36},
    )
    return figure
