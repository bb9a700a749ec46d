"""Draw one edge next to other curves: before and after a change, or with suggested formulas."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from kanviz.analysis.curves import EdgeCurve
from kanviz.plots.edge import add_curve, titled
from kanviz.plots.theme import THEMES, Look, arrange, axis, words, wrapped


def compare_figure(curve_before: EdgeCurve, curve_after: EdgeCurve, *, theme: Look = "light") -> go.Figure:
    """Draw one edge before (dashed) and after (solid), with the difference shaded.

    >>> import kanviz, kanviz.edit, kanviz.plots
    >>> from kanviz.analysis.curves import edge_curve
    >>> kan, edge = kanviz.init([1, 1]), kanviz.EdgeId(0, 0, 0)
    >>> moved = kanviz.edit.MoveControlPoint(edge, 2, 0.5).apply(kan)
    >>> figure = kanviz.plots.compare_figure(edge_curve(kan, edge), edge_curve(moved, edge))
    >>> [trace.name for trace in figure.data if trace.name]
    ['before', 'after']
    """
    colours = THEMES[theme]
    before, after = curve_before, curve_after
    figure, top = titled(theme, after, 300)
    x, y = _between(before, after)
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"width": 0}, fill="toself", fillcolor=_veil(colours.selected),
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    add_curve(figure, before.x, before.total, "before", colours.before, 2, "dash")
    add_curve(figure, after.x, after.total, "after", colours.selected, 2.5)
    one, two = before.heights(), after.heights()
    ends = [min(before.x[0], after.x[0]), max(before.x[-1], after.x[-1])]
    arrange(
        figure,
        xaxis=axis(theme, wrapped(after.x_label, 44), range=[float(v) for v in ends]),
        yaxis=axis(theme, wrapped(after.y_label, 28, 3), range=[min(one[0], two[0]), max(one[1], two[1])]),
        margin={"t": top},
        legend={"yref": "container", "y": 0, "yanchor": "bottom"},
    )
    return figure


def overlay_figure(curve: EdgeCurve, others: Sequence[tuple[str, EdgeCurve]], *, theme: Look = "light") -> go.Figure:
    """Draw an edge's curve and several others over it, by name; at most three are drawn.

    >>> import kanviz, kanviz.edit, kanviz.plots
    >>> from kanviz.analysis.curves import edge_curve
    >>> kan, edge = kanviz.init([1, 1]), kanviz.EdgeId(0, 0, 0)
    >>> square = kanviz.edit.FixFormula(edge, kanviz.Formula("x^2")).apply(kan)
    >>> figure = kanviz.plots.overlay_figure(edge_curve(kan, edge), [("x^2", edge_curve(square, edge))])
    >>> [trace.name for trace in figure.data]
    ['the edge', 'x^2']
    """
    colours = THEMES[theme]
    figure, top = titled(theme, curve, 300)
    add_curve(figure, curve.x, curve.total, "the edge", colours.before, 5)
    looks = ((colours.selected, "solid"), (colours.formula, "dash"), (colours.both, "dot"))
    for (name, other), (colour, dash) in zip(others, looks, strict=False):
        add_curve(figure, other.x, other.total, words(name, 28), colour, 2, dash)
    low, high = curve.heights()
    arrange(
        figure,
        xaxis=axis(theme, wrapped(curve.x_label, 44), range=[float(curve.x[0]), float(curve.x[-1])]),
        yaxis=axis(theme, wrapped(curve.y_label, 28, 3), range=[low, high]),
        margin={"t": top},
        legend={"yref": "container", "y": 0, "yanchor": "bottom"},
    )
    return figure


def _between(before: EdgeCurve, after: EdgeCurve) -> tuple[np.ndarray, np.ndarray]:
    """Return the outlines of the area between two curves, where both are drawn and finite; NaN between outlines."""
    low, high = max(before.x[0], after.x[0]), min(before.x[-1], after.x[-1])
    inside = np.concatenate([before.x, after.x, [low, high]])
    x = np.unique(inside[(inside >= low) & (inside <= high)])
    one, two = np.interp(x, before.x, before.total), np.interp(x, after.x, after.total)
    both = np.isfinite(one) & np.isfinite(two)
    outlines = [np.empty((2, 0))]
    for run in np.split(np.arange(len(x)), np.flatnonzero(np.diff(both)) + 1):
        if len(run) > 1 and both[run[0]]:
            there = np.stack([x[run], one[run]])
            back = np.stack([x[run], two[run]])[:, ::-1]
            outlines += [there, back, np.full((2, 1), np.nan)]
    outline = np.concatenate(outlines, axis=1)
    return outline[0], outline[1]


def _veil(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
