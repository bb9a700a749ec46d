"""Draw tasks learned in sequence: what was remembered of each, what a lock leaves free, gain against forgetting."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from kanviz.continual.retention import Retention
from kanviz.plots.theme import THEMES, Look, Theme, arrange, axis, brief, canvas, empty, label, words

CELL = 34  # pixels
WRITTEN = 12  # up to this many tasks, every error is written in its cell
HEIGHT = 340
DASHES = ("solid", "dash", "dot", "dashdot")  # of layers, once all colours are in use
SYMBOLS = {"none": "x", "lock": "square", "certified": "diamond", "replay": "circle", "ewc": "triangle-up"}


def retention_figure(found: Retention, *, theme: Look = "light") -> go.Figure:
    """Draw the error on each task (down) after each task (across); a frame marks the task that was just learned.

    >>> import kanviz.plots
    >>> from kanviz.continual.policy import Policy
    >>> from kanviz.continual.retention import Retention
    >>> errors, kept = ((0.25, 0.5), (2.0, 0.25)), ((1.0, 0.75), (float("nan"), 1.0))
    >>> found = Retention(Policy(), ("a", "b"), "kN", (1.0, 1.0), errors, kept, points=(8,), free=((8, 6),))
    >>> kanviz.plots.retention_figure(found).data[0].z.tolist()
    [[0.25, 0.5], [2.0, 0.25]]
    """
    if not found.turns:
        return empty(theme, "Kept", "No task has been learned yet.")
    colours = THEMES[theme]
    errors = found.matrix.numpy()
    size = np.where(np.isfinite(errors), errors, np.nan)
    count = len(found.tasks)
    figure = canvas(theme, height=120 + CELL * count)
    texts = [[_cell(found, i, j) for j in range(found.turns)] for i in range(count)]
    few = count <= WRITTEN
    figure.add_heatmap(
        z=size, zmin=0, hoverongaps=False, xgap=1, ygap=1,
        text=[[f"{value:.2g}" for value in row] for row in errors] if few else None,
        texttemplate="%{text}" if few else None, textfont={"size": 12}, hovertext=texts,
        colorscale=[[0, colours.card], [0.02, colours.line], [1, colours.lost]],
        colorbar={
            "title": {"text": label("error", found.unit), "side": "right", "font": {"color": colours.muted}},
            "tickfont": {"size": 12, "color": colours.muted}, "thickness": 12, "outlinewidth": 0, "exponentformat": "e",
        },
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
    frames = [
        {"type": "rect", "x0": n - 0.5, "x1": n + 0.5, "y0": n - 0.5, "y1": n + 0.5,
         "line": {"color": colours.text, "width": 2}}
        for n in range(found.turns)
    ]  # fmt: skip
    names = [brief(name, 18) for name in found.tasks]
    arrange(
        figure,
        xaxis=axis(theme, "after", showgrid=False, tickvals=list(range(found.turns)), ticktext=names[: found.turns]),
        yaxis=axis(
            theme, "", showgrid=False, range=[count - 0.5, -0.5], tickvals=list(range(count)), ticktext=names
        ),
        shapes=frames,
    )  # fmt: skip
    return figure


def _cell(found: Retention, task: int, turn: int) -> str:
    kept = found.kept[task][turn]
    bits = "not learned yet" if math.isnan(kept) else f"{100 * kept:.3g} % of its predictions bit-identical"
    unit = f" {words(found.unit)}" if found.unit else ""
    names = (words(found.tasks[n]) for n in (task, turn))
    return (
        "<br>after ".join(f"<b>{name}</b>" for name in names)
        + f"<br>error {found.errors[task][turn]:.4g}{unit}, {bits}"
    )


def capacity_figure(found: Retention, *, theme: Look = "light") -> go.Figure:
    """Draw the share (%) of each layer's control points that can still move, before the first task and after each.

    >>> import kanviz.plots
    >>> from kanviz.continual.policy import Policy
    >>> from kanviz.continual.retention import Retention
    >>> errors, kept = ((0.25, 0.5), (2.0, 0.25)), ((1.0, 0.75), (float("nan"), 1.0))
    >>> found = Retention(Policy(), ("a", "b"), "kN", (1.0, 1.0), errors, kept, points=(8,), free=((8, 6),))
    >>> list(kanviz.plots.capacity_figure(found).data[0].y)
    [100.0, 100.0, 75.0]
    """
    colours = THEMES[theme]
    figure = canvas(theme, height=HEIGHT)
    looks = _series(colours)
    across = ["at the start", *(brief(name, 18) for name in found.tasks[: found.turns])]
    for n, (free, points) in enumerate(zip(found.free, found.points, strict=True)):
        left = [points, *free]
        figure.add_scatter(
            x=list(range(len(left))), y=[100 * v / max(points, 1) for v in left], name=f"layer {n}",
            line={"color": looks[n % len(looks)], "width": 2.5, "dash": DASHES[n // len(looks) % len(DASHES)]},
            mode="lines+markers", marker={"size": 8}, customdata=[[v, points] for v in left],
            hovertemplate="%{customdata[0]:,} of %{customdata[1]:,}" + f"<extra>layer {n}</extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "after", showgrid=False, tickvals=list(range(len(across))), ticktext=across),
        yaxis=axis(theme, "free control points (%)", range=[-3, 103]),
        hovermode="x unified",
        margin={"t": 36},
        showlegend=True,
    )
    return figure


def gain_figure(runs: Sequence[Retention], *, theme: Look = "light") -> go.Figure:
    """Draw each run by its gain over the best constant prediction and its forgetting, in the errors' unit.

    Right and low is good.

    >>> import kanviz.plots
    >>> from kanviz.continual.policy import Policy
    >>> from kanviz.continual.retention import Retention
    >>> errors, kept = ((0.25, 0.5), (2.0, 0.25)), ((1.0, 0.75), (float("nan"), 1.0))
    >>> found = Retention(Policy(), ("a", "b"), "kN", (1.0, 1.0), errors, kept, points=(8,), free=((8, 6),))
    >>> [(trace.name, list(trace.x), list(trace.y)) for trace in kanviz.plots.gain_figure([found]).data]
    [('none', [0.75], [0.25])]
    """
    runs = [run for run in runs if run.turns > 1 and math.isfinite(run.gained) and math.isfinite(run.forgetting)]
    if not runs:
        return empty(theme, "Gained and lost", "Two tasks must have been learned first.")
    colours = THEMES[theme]
    looks = {"none": colours.lost, "lock": colours.locked, "certified": colours.kept, "replay": colours.old,
             "ewc": colours.marked}  # fmt: skip
    figure = canvas(theme, height=HEIGHT)
    for run in runs:
        figure.add_scatter(
            x=[run.gained], y=[run.forgetting], name=run.policy.name, mode="markers",
            marker={"size": 13, "color": looks[run.policy.name], "symbol": SYMBOLS[run.policy.name]},
            hovertemplate=f"<b>{run.policy.name}</b>: {run.policy}<br>gained %{{x:.4g}}, forgotten %{{y:.4g}}"
            f"<br>{100 * run.bits:.3g} % of old predictions bit-identical<extra></extra>",
        )  # fmt: skip
    most = max(run.forgetting for run in runs) or 1.0
    unit = runs[0].unit
    arrange(
        figure,
        xaxis=axis(theme, label("gained: error less than a constant's", unit)),
        yaxis=axis(
            theme,
            label("forgotten: error more than at best", unit),
            range=[-0.06 * most, 1.12 * most],
        ),
        margin={"t": 36},
        showlegend=True,
    )
    return figure


def _series(colours: Theme) -> tuple[str, ...]:
    return (colours.old, colours.lost, colours.kept, colours.marked)
