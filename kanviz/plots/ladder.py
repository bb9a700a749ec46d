"""Draw the ladder: a method's predictions after each task, its errors on each task, its gains and losses."""

import math

import numpy as np
import plotly.graph_objects as go

from kanviz.continual.learned import Learned
from kanviz.continual.outcome import Outcome
from kanviz.continual.verdict import number, verdict
from kanviz.plots.charts import SMALLEST, log_axis
from kanviz.plots.theme import THEMES, Look, Theme, arrange, axis, canvas, empty, words, wrapped

PANEL = 92  # pixels of one task's panel
TILE = 84  # pixels of one region's window
SHOWN = (-0.45, 1.3)  # heights shown: peaks are from 0 to 1, and a network that forgets may have any value
LEAST, MOST = 1e-4, 1.0  # errors at the ends of the colour scale
MOST_TICKS = 5  # on the x axis of a figure half as wide as the page
GAP = 3  # points between windows


def ladder_predictions_figure(found: Outcome, method: int = 0, *, theme: Look = "light") -> go.Figure:
    """Draw target and prediction after each task; the regions learned so far are shaded, the newest one differently.

    >>> import itertools, kanviz, kanviz.plots
    >>> *_, step = itertools.islice(kanviz.climb(kanviz.RUNGS[0], alone=True), 2)  # one of five tasks
    >>> figure = kanviz.plots.ladder_predictions_figure(step.outcome)
    >>> sorted({trace.name for trace in figure.data if trace.name})
    ['newest task', 'older tasks', 'prediction', 'target']
    """
    if method >= len(found.methods) or not found.methods[method].done:
        return empty(theme, "Predictions", "Nothing is learned yet.")
    return (_line if found.mesh.shape[1] == 1 else _square)(found, found.methods[method], theme)


def _line(found: Outcome, one: Learned, theme: Look) -> go.Figure:
    """Draw a panel for each task, one below the other."""
    colours, count = THEMES[theme], len(one.errors)
    figure = canvas(theme, height=70 + PANEL * count)
    x = found.mesh[:, 0]
    regions = [found.rung.setting.where.region(task)[0] for task in range(count)]
    axes: dict[str, object] = {}
    for task, values in enumerate(one.predictions):
        name = "" if task == 0 else str(task + 1)
        for old, (low, high) in enumerate(regions[: task + 1]):
            figure.add_shape(
                type="rect", x0=low, x1=high, y0=SHOWN[0], y1=SHOWN[1], yref=f"y{name}", layer="below",
                line={"width": 0}, fillcolor=colours.new if old == task else colours.old,
                opacity=0.22 if old == task else 0.1,
            )  # fmt: skip
        figure.add_scatter(
            x=x, y=found.target, yaxis=f"y{name}", mode="lines", name="target", showlegend=task == 0,
            line={"color": colours.muted, "width": 1.5, "dash": "dash"}, hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=x, y=np.where(np.isfinite(values), values, np.nan), yaxis=f"y{name}", mode="lines", name="prediction",
            showlegend=task == 0, line={"color": colours.formula, "width": 2.2},
            hovertemplate=f"after task {task + 1}<br>x %{{x:.3g}}<br>predicts %{{y:.4g}}<extra></extra>",
        )  # fmt: skip
    for task in range(count):
        name = "" if task == 0 else str(task + 1)
        top = 1 - task / count
        axes[f"yaxis{name}"] = axis(
            theme,
            f"after task {task + 1}",
            title_standoff=14,
            range=list(SHOWN),
            tickvals=[0, 1],
            domain=[top - 0.86 / count, top],
            anchor="x",
        )
    _named(figure, "newest task", colours.new)
    _named(figure, "older tasks", colours.old)
    arrange(
        figure,
        **axes,
        xaxis=axis(theme, "x", range=[-1, 1], anchor=f"y{count}", showgrid=False),
        margin={"t": 40},
    )
    return figure


def _square(found: Outcome, one: Learned, theme: Look) -> go.Figure:
    """Draw a window on each task's region: a row for the target, and one after each learned task."""
    colours, count = THEMES[theme], len(one.errors)
    figure = canvas(theme, height=70 + TILE * (count + 1))
    side = round(math.sqrt(len(found.mesh) / count))
    step = side + GAP
    sheet = np.full(((count + 1) * step - GAP, count * step - GAP), np.nan)
    where = np.zeros((*sheet.shape, 2))
    for row, values in enumerate((found.target, *one.predictions)):
        for task in range(count if row == 0 else row):
            window = slice(task * side**2, (task + 1) * side**2)
            at = np.s_[row * step : row * step + side, task * step : task * step + side]
            sheet[at] = values[window].reshape(side, side)[::-1]  # the second input points up
            where[at] = found.mesh[window].reshape(side, side, 2)[::-1]
            if row:
                newest = task == row - 1
                edges = {"x0": task * step - 0.5, "y0": row * step - 0.5}
                figure.add_shape(
                    type="rect", **edges, x1=edges["x0"] + side, y1=edges["y0"] + side,
                    line={"color": colours.new if newest else colours.old, "width": 3 if newest else 1.5},
                )  # fmt: skip
    figure.add_heatmap(
        z=sheet, customdata=where, zmin=-1, zmax=1, colorscale=_diverging(colours), hoverongaps=False,
        hovertemplate="x1 %{customdata[0]:.3g}<br>x2 %{customdata[1]:.3g}<br>%{z:.4g}<extra></extra>",
        colorbar={
            "tickvals": [-1, 0, 1], "tickfont": {"size": 12, "color": colours.muted}, "thickness": 12,
            "outlinewidth": 0, "exponentformat": "e",
        },
    )  # fmt: skip
    _named(figure, "newest task", colours.new)
    _named(figure, "older tasks", colours.old)
    middles = [(side - 1) / 2 + step * k for k in range(count + 1)]
    arrange(
        figure,
        xaxis=axis(
            theme, "region", showgrid=False, tickvals=middles[:count], ticktext=[f"task {k + 1}" for k in range(count)]
        ),
        yaxis=axis(
            theme, "", showgrid=False, tickvals=middles, range=[sheet.shape[0] - 0.5, -0.5],
            ticktext=["target", *(f"after task {k + 1}" for k in range(count))],
        ),
        margin={"t": 40},
    )  # fmt: skip
    return figure


def _diverging(colours: Theme) -> list[list[object]]:
    return [[0, colours.lost], [0.5, colours.card], [1, colours.formula]]


def _named(figure: go.Figure, name: str, colour: str) -> None:
    figure.add_scatter(
        x=[None], y=[None], mode="markers", name=name, showlegend=True, hoverinfo="skip",
        marker={"symbol": "square", "size": 11, "color": colour},
    )  # fmt: skip


def ladder_errors_figure(found: Learned, *, theme: Look = "light") -> go.Figure:
    """Draw the error (units of a peak's height) on every task after every task.

    Where nothing is forgotten, a row keeps its diagonal value.

    >>> import kanviz.plots, numpy
    >>> from kanviz.continual.learned import Learned
    >>> errors = numpy.array([[0.1, 0.3], [numpy.nan, 0.2]])
    >>> figure = kanviz.plots.ladder_errors_figure(Learned("KAN", 63, errors, predictions=(errors[0], errors[0])))
    >>> figure.data[0].type, [list(row) for row in figure.data[0].text]
    ('heatmap', [['0.1', '0.3'], ['', '0.2']])
    """
    colours, count = THEMES[theme], len(found.errors)
    if not found.done:
        return empty(theme, "Errors", "Nothing is learned yet.")
    figure = canvas(theme, height=340)
    names = [str(task + 1) for task in range(count)]
    z = np.log10(np.clip(found.errors, LEAST, MOST))
    text = [["" if np.isnan(v) else number(v) for v in line] for line in found.errors.tolist()]
    figure.add_heatmap(
        x=names, y=names, z=z, zmin=math.log10(LEAST), zmax=math.log10(MOST), xgap=2, ygap=2, hoverongaps=False,
        text=text, texttemplate="%{text}", colorscale=[[0, colours.card], [0.5, colours.line], [1, colours.lost]],
        textfont={"size": 13, "color": colours.text}, showscale=False,
        hovertemplate="error on task %{y}<br>after task %{x}: %{text}<extra></extra>",
    )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "after task", showgrid=False, type="category"),
        yaxis=axis(theme, "error on task", showgrid=False, type="category", autorange="reversed"),
    )
    return figure


def ladder_plane_figure(found: Outcome, *, theme: Look = "light") -> go.Figure:
    """Draw each method's error on old tasks when they were just learned, against its error on them now.

    >>> import itertools, kanviz, kanviz.plots
    >>> *_, step = itertools.islice(kanviz.climb(kanviz.RUNGS[0], alone=True), 3)  # two of five tasks
    >>> [trace.name for trace in kanviz.plots.ladder_plane_figure(step.outcome).data]
    ['nothing lost', 'KAN']
    """
    dots = [(place, one) for place, one in enumerate(found.methods) if _seen(one)]
    if not dots:
        return empty(theme, "Gain and forgetting", "No method has an old task yet.")
    figure = canvas(theme, height=360)
    colours = THEMES[theme]
    values = [v for _, one in dots for v in (one.old_then, one.old_now)]
    across, up = log_axis([one.old_then for _, one in dots]), log_axis(values)
    every = 1 + (len(across["tickvals"]) - 1) // MOST_TICKS
    across = {key: part if key == "range" else part[::every] for key, part in across.items()}
    ends = [10.0**v for v in across["range"]]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", name="nothing lost", hoverinfo="skip",
        line={"color": colours.muted, "width": 1.5, "dash": "dash"},
    )  # fmt: skip
    for place, one in dots:
        colour, symbol = _look(place, one.name, colours)
        figure.add_scatter(
            x=[one.old_then], y=[one.old_now], mode="markers", name=words(one.name), showlegend=True,
            marker={"color": colour, "symbol": symbol, "size": 14, "line": {"color": colour, "width": 2.2}},
            cliponaxis=False, hoverinfo="text",
            hovertext=f"<b>{words(one.name)}</b><br>{wrapped(verdict(one, found.spread).text, 44, 4)}",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "error when just learned (gain)", type="log", tickangle=0, **across),
        yaxis=axis(theme, "error on old tasks now (forgetting)", type="log", **up),
        legend={"font": {"size": 11}},
        margin={"t": 62},
    )
    return figure


def _seen(one: Learned) -> bool:
    return all(SMALLEST < v < math.inf for v in (one.old_then, one.old_now))


def _look(place: int, name: str, colours: Theme) -> tuple[str, str]:
    if place == 0:
        return colours.formula, "star"
    looks = {
        "KAN, no lock": (colours.lost, "x-thin-open"),
        "KAN, replay": (colours.both, "circle-open"),
        "KAN, EWC": (colours.shared, "diamond-open"),
    }
    return looks.get(name, (colours.muted, "square-open"))
