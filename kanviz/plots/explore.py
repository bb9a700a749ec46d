"""Draw the surroundings of one point: slices, a plane over two inputs, and the contribution of each path and input."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from kanviz.analysis.curves import visible_range
from kanviz.analysis.paths import Explanation
from kanviz.analysis.slices import Plane, Slice
from kanviz.core.layer import Variable
from kanviz.plots.charts import DOTS
from kanviz.plots.theme import THEMES, Look, Theme, arrange, axis, brief, canvas, empty, label, words, wrapped

LISTED = 12  # most bars
BAR = 26  # pixels
SLICE = 210
FLOOR = 0.16  # share of a slice's height that its row density takes


def heights(found: Sequence[Slice], output: int = 0) -> tuple[float, float]:
    """Return the lowest and highest value of several slices, so that they share one scale."""
    ranges = [visible_range(one.y[:, output]) for one in found] or [(0.0, 1.0)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    room = 0.08 * (high - low) or 0.5 * max(abs(low), 1e-3)
    return low - room, high + room


def slice_figure(
    found: Slice, variable: Variable, output: int = 0, *, span: tuple[float, float] | None = None, theme: Look = "light"
) -> go.Figure:
    """Draw an output along one input, with the point's value marked and the row density below.

    Shaded beyond the grid, dotted lines at the ends of the training rows. span: the range of the y axis; None for what
    this slice needs.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.slices import slices
    >>> kan = kanviz.init([2, 1])
    >>> along_x1, along_x2 = slices(kan, point=(0.5, 0.0), points=9)
    >>> figure = kanviz.plots.slice_figure(along_x2, kan.outputs[0])
    >>> figure.layout.xaxis.title.text, figure.data[0].type
    ('x2', 'scatter')
    """
    colours = THEMES[theme]
    low, high = span or heights([found], output)
    figure = canvas(theme, height=SLICE)
    ends = [float(found.x[0]), float(found.x[-1])]
    if len(found.density):
        floor = FLOOR * (high - low) * found.density / found.density.max()
        figure.add_bar(
            x=(found.edges[:-1] + found.edges[1:]) / 2, y=floor, base=low, width=np.diff(found.edges),
            marker={"color": colours.density, "line": {"width": 0}}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    figure.add_scatter(
        x=found.x, y=found.y[:, output], mode="lines", showlegend=False, line={"color": colours.spline, "width": 2.2},
        hovertemplate=f"{words(found.input.name)} %{{x:.4g}}<br>{words(variable.name)} %{{y:.4g}}<extra></extra>",
    )  # fmt: skip
    at = int(np.flatnonzero(found.x == found.at)[0])
    figure.add_scatter(
        x=[found.at], y=[found.y[at, output]], mode="markers", showlegend=False, hoverinfo="skip", cliponaxis=False,
        marker={"color": colours.point, "size": 10, "line": {"color": colours.page, "width": 1.5}},
    )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, label(found.input.name, found.input.unit), range=ends, showgrid=False, nticks=6),
        yaxis=axis(theme, label(variable.name, variable.unit), range=[low, high], nticks=6),
        margin={"l": 52, "r": 10, "t": 8, "b": 44},
        bargap=0,
        shapes=_ends(found, ends, colours),
    )
    return figure


def _ends(found: Slice, shown: list[float], colours: Theme) -> list[dict[str, Any]]:
    """Return shapes: shade beyond the grid, the ends of the data, the point's value; those outside are left out."""
    whole: dict[str, Any] = {"y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    low, high = found.grid
    sides = ((shown[0], min(low, shown[1])), (max(high, shown[0]), shown[1]))
    shapes = [
        {**whole, "type": "rect", "x0": x0, "x1": x1, "fillcolor": colours.shade, "line": {"width": 0}}
        for x0, x1 in sides
        if x1 > x0
    ]
    dots, stroke = {"color": colours.density, "width": 1.2, "dash": "dot"}, {"color": colours.point, "width": 1.4}
    lines = [(end, dots) for end in found.data or () if shown[0] <= end <= shown[1]] + [(found.at, stroke)]
    return shapes + [{**whole, "type": "line", "x0": x, "x1": x, "line": line} for x, line in lines]


def plane_figure(found: Plane, *, theme: Look = "light") -> go.Figure:
    """Draw an output over two inputs, all in table units; the training rows are small dots, the point is a large one.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.slices import plane
    >>> figure = kanviz.plots.plane_figure(plane(kanviz.init([2, 1]), (0.5, 0.0), across=0, up=1, points=9))
    >>> figure.data[0].type, figure.data[0].z.shape
    ('heatmap', (9, 9))
    """
    colours = THEMES[theme]
    figure = canvas(theme, height=380)
    low, high = visible_range(found.z.ravel())
    figure.add_heatmap(
        x=found.x, y=found.y, z=np.where(np.isfinite(found.z), found.z, np.nan), zmin=low, zmax=high,
        hoverongaps=False, zsmooth="best", colorscale=[[0, colours.card], [0.5, colours.density], [1, colours.formula]],
        colorbar={
            "title": {
                "text": label(found.output.name, found.output.unit), "side": "right",
                "font": {"size": 12, "color": colours.muted},
            },
            "tickfont": {"size": 12, "color": colours.muted}, "thickness": 12, "outlinewidth": 0, "exponentformat": "e",
        },
        hovertemplate=f"{words(found.across.name)} %{{x:.4g}}<br>{words(found.up.name)} %{{y:.4g}}"
        f"<br>{words(found.output.name)} %{{z:.4g}}<extra></extra>",
    )  # fmt: skip
    at = np.linspace(0, len(found.rows) - 1, min(DOTS // 4, len(found.rows))).astype(int)
    figure.add_scatter(
        x=found.rows[at, 0], y=found.rows[at, 1], mode="markers", showlegend=False, hoverinfo="skip",
        marker={"size": 3, "color": colours.muted, "opacity": 0.5},
    )  # fmt: skip
    figure.add_scatter(
        x=[found.at[0]], y=[found.at[1]], mode="markers", showlegend=False, hoverinfo="skip", cliponaxis=False,
        marker={"color": colours.point, "size": 13, "line": {"color": colours.page, "width": 2}},
    )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, label(found.across.name, found.across.unit), showgrid=False),
        yaxis=axis(theme, label(found.up.name, found.up.unit), showgrid=False),
    )
    return figure


def paths_figure(found: Explanation, *, theme: Look = "light") -> go.Figure:
    """Draw the contributions of the strongest paths to an output (in its unit), and the sum of the others.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.paths import explain
    >>> figure = kanviz.plots.paths_figure(explain(kanviz.init([2, 3, 1]), (0.5, -0.5)))
    >>> figure.data[0].type, len(figure.data[0].x)  # two inputs, three hidden nodes: six paths
    ('bar', 6)
    """
    count = min(LISTED, len(found.amounts))
    rows = [(found.name(k), float(found.amounts[k])) for k in range(count)]
    others = found.count - count
    if others:
        together = float(found.inputs.sum()) - sum(amount for _, amount in rows)
        rows.append((f"{others:,} other paths", together))
    return _bars(rows, found.kan.outputs[found.output], "No path leads to this output.", theme)


def edges_figure(found: Explanation, *, theme: Look = "light") -> go.Figure:
    """Draw the largest flows through edges (in the output's unit); those of a layer add up to the whole change.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.paths import explain
    >>> len(kanviz.plots.edges_figure(explain(kanviz.init([2, 3, 1]), (0.5, -0.5))).data[0].x)
    9
    """
    kan = found.kan
    rows = [
        (f"{kan.source_name(edge.layer, edge.source)} → {kan.target_name(edge.layer, edge.target)}", amount)
        for edge, amount in found.strongest_edges(LISTED)
    ]
    return _bars(rows, kan.outputs[found.output], "Every edge is pruned.", theme)


def inputs_figure(found: Explanation, *, theme: Look = "light") -> go.Figure:
    """Draw the contribution of every input to an output (in its unit) over all its paths, largest first.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.paths import explain
    >>> sorted(kanviz.plots.inputs_figure(explain(kanviz.init([2, 3, 1]), (0.5, -0.5))).layout.yaxis.ticktext)
    ['x1', 'x2']
    """
    order = found.inputs.abs().argsort(descending=True, stable=True).tolist()
    rows = [(found.kan.inputs[i].name, float(found.inputs[i])) for i in order[:LISTED]]
    if len(order) > LISTED:
        rest = float(found.inputs[order[LISTED:]].sum())
        rows.append((f"{len(order) - LISTED:,} other inputs", rest))
    return _bars(rows, found.kan.outputs[found.output], "There is no input.", theme)


def _bars(rows: list[tuple[str, float]], variable: Variable, nothing: str, theme: Look) -> go.Figure:
    """Draw amounts as bars, to the right where they raise the output, to the left where they lower it, with numbers."""
    if not rows:
        return empty(theme, "", nothing)
    colours = THEMES[theme]
    figure = canvas(theme, height=70 + BAR * len(rows))
    amounts = np.array([amount for _, amount in rows])
    amounts = np.where(np.isfinite(amounts), amounts, 0.0)
    text = [f"{amount:+.3g}" if np.isfinite(amount) else "NaN" for _, amount in rows]
    low, high = min(0.0, float(amounts.min())), max(0.0, float(amounts.max()))
    room = 0.03 * ((high - low) or 1.0)
    figure.add_bar(
        x=amounts, y=list(range(len(rows))), orientation="h", showlegend=False,
        marker={"color": [colours.formula if amount >= 0 else colours.selected for amount in amounts]},
        customdata=[[wrapped(name, 60), words] for (name, _), words in zip(rows, text, strict=True)],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    )  # fmt: skip
    names = [brief(name, 24) for name, _ in rows]
    arrange(
        figure,
        xaxis=axis(
            theme, f"added to {label(variable.name, variable.unit)}", zeroline=True, nticks=6,
            range=[low - room, high + room],
        ),
        yaxis=axis(
            theme, "", tickvals=list(range(len(rows))), ticktext=names, range=[len(rows) - 0.4, -0.6], showgrid=False
        ),
        margin={"t": 8, "r": 72}, bargap=0.3,
        annotations=[
            {
                "text": words, "x": 1, "xref": "paper", "xanchor": "left", "xshift": 6, "y": place, "showarrow": False,
                "font": {"size": 12, "color": colours.text},
            }
            for place, words in enumerate(text)
        ],
    )  # fmt: skip
    return figure
