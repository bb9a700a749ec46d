"""Draw laws: accuracy against complexity, and a law's predictions compared with a network's and the data."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from kanviz.analysis.model_comparison import Comparison, Predicted
from kanviz.laws.search.extraction_record import Extraction
from kanviz.laws.search.record import Discovery
from kanviz.plots.charts import DOTS, line_of_equality, log_axis
from kanviz.plots.theme import THEMES, Look, Theme, arrange, axis, canvas, empty, label, words, wrapped
from kanviz.text import counted

HEIGHT = 340


def front_figure(found: Discovery, chosen: int | None = None, *, theme: Look = "light") -> go.Figure:
    """Draw the laws by complexity and held-out error. Dots are clickable and carry [index in the front].

    chosen: the index of the chosen law, which gets a ring. The best one is a star; a dashed line shows the error of the
    best spline network.

    >>> import kanviz, kanviz.plots
    >>> x = [k / 10 for k in range(40)]
    >>> found = kanviz.discover({"x": x, "y": [2 * v + 1 for v in x]}, "y", shape=[1, 1], seeds=1, jobs=1)
    >>> figure = kanviz.plots.front_figure(found)
    >>> len(found.front), figure.layout.xaxis.title.text
    (1, 'complexity (parts of the expression)')
    """
    if not found.front:
        return empty(theme, "Laws so far", "No law yet.")
    dots = [Dot(entry.complexity, 100 * found.scale.error(entry), entry.text) for entry in found.front]
    splines = [tried.spline_rmse for tried in found.attempts if tried.spline_rmse is not None]
    network = 100 * min(splines) / found.scale.spread if splines else 0.0
    return _front(dots, found.front.index(found.best), chosen, ("spline network", network), theme)


def readings_figure(found: Extraction, chosen: int | None = None, *, theme: Look = "light") -> go.Figure:
    """Draw the readings of a network by complexity and held-out error.

    Dots are clickable and carry [index in the front]. chosen: the index of the chosen reading, which gets a ring. The
    best one is a star; a dashed line shows the error of the network itself.

    >>> import kanviz, kanviz.plots
    >>> figure = kanviz.plots.readings_figure(next(kanviz.extract(kanviz.init([2, 1]))))
    >>> [list(trace.customdata) for trace in figure.data if trace.customdata is not None]
    [[[0]]]
    """
    if not found.front:
        return empty(theme, "Readings so far", "No reading yet.")
    dots = [
        Dot(one.complexity, 100 * found.error(one), f"{counted(one.curves, 'curve')} left" if one.curves else "formula")
        for one in found.front
    ]
    network = 0.0 if found.imitates else 100 * found.error(found.start)
    return _front(dots, found.front.index(found.best), chosen, ("the network", network), theme)


class Dot(NamedTuple):
    """One entry of a front: its complexity, its error in percent of the spread, and its hover text."""

    complexity: int
    error: float
    text: str


def _front(dots: Sequence[Dot], best: int, chosen: int | None, network: tuple[str, float], theme: Look) -> go.Figure:
    """Draw a front. network: the name of the dashed line, and its height (0 for none)."""
    colours = THEMES[theme]
    figure = canvas(theme, height=HEIGHT)
    across, errors = [dot.complexity for dot in dots], [dot.error for dot in dots]
    right = max(across) + max(2.0, 0.12 * max(across))
    figure.add_scatter(
        x=[*across, right], y=[*errors, errors[-1]], mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": colours.frame, "width": 1.5, "shape": "hv"},
    )  # fmt: skip
    name, level = network
    if level > 0:
        figure.add_scatter(
            x=[0, right], y=[level, level], mode="lines", name=name,
            line={"color": colours.muted, "width": 1.5, "dash": "dash"},
            hovertemplate=f"{'a ' if name == 'spline network' else ''}{name}: error %{{y:.3g}} %<extra></extra>",
        )  # fmt: skip
    places = range(len(dots))
    figure.add_scatter(
        x=across, y=errors, mode="markers", customdata=[[k] for k in places], showlegend=False,
        marker={
            "size": [17 if k == best else 11 for k in places], "color": colours.formula, "opacity": 1,
            "symbol": ["star" if k == best else "circle" for k in places],
            "line": {
                "color": [colours.selected if k == chosen else colours.formula for k in places],
                "width": [3 if k == chosen else 0 for k in places],
            },
        },
        selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}}, cliponaxis=False,
        hoverinfo="text",
        hovertext=[
            f"<b>{wrapped(dot.text, 48, 3)}</b><br>complexity {dot.complexity}<br>error {dot.error:.3g} %"
            for dot in dots
        ],
    )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "complexity (parts of the expression)", range=[0, right], showgrid=False),
        yaxis=axis(theme, "held-out error (% of the spread)", type="log", **log_axis([*errors, level])),
        margin={"t": 36},
    )
    return figure


def _look(place: int, colours: Theme) -> dict[str, object]:
    """Return the marker of a model, with its own colour and symbol: formulas first, then the network."""
    looks = ((colours.formula, "circle"), (colours.test, "diamond-open"), (colours.both, "x-thin-open"))
    colour, symbol = looks[place % len(looks)]
    return {"color": colour, "symbol": symbol, "size": 6, "opacity": 0.7}


def agreement_figure(found: Comparison, *, theme: Look = "light") -> go.Figure:
    """Draw each model's predictions against the measured values, row by row; on the line they agree.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.model_comparison import compare
    >>> data = kanviz.Dataset.from_arrays([[1.0], [2.0], [3.0]], [2.0, 4.0, 6.5], test=0)
    >>> figure = kanviz.plots.agreement_figure(compare(data, {"2 x": lambda x: 2 * x[:, 0]}))
    >>> figure.data[1].name, figure.data[1].y.tolist()
    ('2 x', [2.0, 4.0, 6.0])
    """
    if not len(found.measured):
        return empty(theme, "Laws and data", "No rows to compare.")
    figure = canvas(theme, height=HEIGHT)
    values = np.concatenate([found.measured, *(one.values[np.isfinite(one.values)] for one in found.models)])
    ends = line_of_equality(figure, values, theme)
    for place, one in enumerate(found.models):
        at = _dotted_rows(one)
        figure.add_scatter(
            x=found.measured[at], y=one.values[at], mode="markers", name=words(one.name), showlegend=True,
            marker=_look(place, THEMES[theme]),
            hovertemplate="measured %{x:.4g}<br>" + words(one.name) + " %{y:.4g}<extra></extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, label(f"measured {found.target}", found.unit), range=ends),
        yaxis=axis(theme, label(f"predicted {found.target}", found.unit), range=ends),
        margin={"t": 36},
    )
    return figure


def residuals_figure(found: Comparison, *, theme: Look = "light") -> go.Figure:
    """Draw measured minus predicted values, row by row; a pattern here is not yet explained.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.model_comparison import compare
    >>> data = kanviz.Dataset.from_arrays([[1.0], [2.0], [3.0]], [2.0, 4.0, 6.5], test=0)
    >>> kanviz.plots.residuals_figure(compare(data, {"2 x": lambda x: 2 * x[:, 0]})).data[0].y.tolist()
    [0.0, 0.0, 0.5]
    """
    if not len(found.measured):
        return empty(theme, "Residuals", "No rows to compare.")
    figure = canvas(theme, height=HEIGHT)
    for place, one in enumerate(found.models):
        at = _dotted_rows(one)
        figure.add_scatter(
            x=found.measured[at], y=(found.measured - one.values)[at], mode="markers", name=words(one.name),
            marker=_look(place, THEMES[theme]), showlegend=True,
            hovertemplate="measured %{x:.4g}<br>residual %{y:.3g}<extra>" + words(one.name) + "</extra>",
        )  # fmt: skip
    largest = max((one.largest for one in found.models if math.isfinite(one.largest)), default=0.0)
    room = 1.15 * largest or 1.0
    arrange(
        figure,
        xaxis=axis(theme, label(f"measured {found.target}", found.unit)),
        yaxis=axis(theme, label("measured − predicted", found.unit), range=[-room, room], zeroline=True),
        margin={"t": 36},
    )
    return figure


def _dotted_rows(one: Predicted) -> np.ndarray:
    """Return the rows that get a dot: those with a finite value, spaced evenly over the table."""
    there = np.flatnonzero(np.isfinite(one.values))
    return there[np.linspace(0, len(there) - 1, min(DOTS, len(there))).astype(int)] if len(there) else there
