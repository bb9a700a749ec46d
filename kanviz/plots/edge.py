"""Draw one edge: its curve, its parts, its control points, and the range of the data."""

import html
from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from kanviz.analysis.curves import EdgeCurve
from kanviz.plots.theme import THEMES, Look, Theme, arrange, axis, canvas, words, wrapped

PARTS = ("spline", "base", "formula", "resting", "points", "density")
HEIGHT, STRIP, BARE, SLOPE = 430, 84, 24, 150  # pixels: all; the strip with data and knots; knots alone; the slope
TITLE = 44  # letters of a title's line, so that it fits on a phone


def edge_figure(
    curve: EdgeCurve,
    *,
    before: EdgeCurve | None = None,
    theme: Look = "light",
    parts: Collection[str] = PARTS,
    point: int | None = None,
    locked: Sequence[bool] = (),
) -> go.Figure:
    """Draw an edge's curve. Control points are clickable and carry [layer, source, target, point].

    before: the earlier curve, dashed in the background. parts: of "spline", "base", "formula", "resting" (the learned
    curve that is not in use), "points", "density", "derivative". point: the chosen control point. locked: for each
    control point whether it must not move; those are filled squares.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.curves import edge_curve
    >>> figure = kanviz.plots.edge_figure(edge_curve(kanviz.init([1, 1], grid=5), kanviz.EdgeId(0, 0, 0)))
    >>> points = next(trace for trace in figure.data if trace.name == "control points")
    >>> len(points.x), list(points.customdata[2])
    (8, [0, 0, 0, 2])
    """
    colours = THEMES[theme]
    slope = "derivative" in parts
    figure, top = titled(theme, curve, HEIGHT + (SLOPE if slope else 0))
    _ends(figure, curve, colours)
    _thin_parts(figure, curve, parts, colours)
    if before is not None:
        add_curve(figure, before.x, before.total, "before", colours.before, 2, "dash")
    add_curve(figure, curve.x, curve.total, "activation φ", colours.state(curve.state), 3)
    if "resting" in parts and curve.resting is not None:
        # in front of the active curve, which is broader: both may coincide
        word = "learned curve, pruned" if curve.state == "pruned" else "learned curve, replaced"
        add_curve(figure, curve.x, curve.resting, word, colours.text, 1.4, "dot")
    if "points" in parts and len(curve.points_x):
        _points(figure, curve, point, colours, locked)
    if slope:
        add_curve(figure, curve.x, curve.derivative, "slope", colours.state(curve.state), 2, axis="y3", legend=False)
    _strip(figure, curve, parts, colours)
    _legend_of_ends(figure, curve, colours)
    _axes(figure, curve, before, parts, theme)
    arrange(figure, margin={"t": top})
    return figure


def _title(curve: EdgeCurve) -> str:
    """Return names, state and formula, on as many lines as a narrow page needs."""
    names = wrapped(f"{curve.source} → {curve.target}", TITLE, 4)
    state = words(curve.state + (" · frozen" if curve.frozen else ""))
    formula = wrapped(curve.formula_text, TITLE + 4, 3)
    title = f"<b>{names}</b>"
    taken = len(html.unescape(names.rpartition("<br>")[2]))
    for part in filter(None, (state, formula)):
        length = len(html.unescape(part))
        fits = taken + 3 + length <= TITLE
        title += f"{' · ' if fits else '<br>'}{part}"
        taken = taken + 3 + length if fits else length
    return title


def titled(theme: Look, curve: EdgeCurve, height: int) -> tuple[go.Figure, int]:
    """Return an empty figure with the edge's title, and the pixels above its plot; each line of the title adds some."""
    title = _title(curve)
    more = 19 * title.count("<br>")
    figure = canvas(theme, title, height + more)
    arrange(figure, title={"pad": {"t": 20 if more else 10}})  # plotly places several lines higher than one
    return figure, 40 + more


def add_curve(
    figure: go.Figure, x, y, name: str, colour: str, width: float, dash: str = "solid",
    axis: str = "y", legend: bool = True,
) -> None:  # fmt: skip
    """Add a curve to the figure of an edge."""
    figure.add_scatter(
        x=x, y=y, mode="lines", name=name, line={"color": colour, "width": width, "dash": dash, "simplify": False},
        yaxis=axis,
        showlegend=legend, hovertemplate=f"%{{y:.4g}}<extra>{name}</extra>", connectgaps=False,
    )  # fmt: skip


def _thin_parts(figure: go.Figure, curve: EdgeCurve, parts: Collection[str], colours: Theme) -> None:
    """Draw the parts of the curve, when it has more than one."""
    looks = (
        ("spline", curve.spline, "spline part", colours.spline_part, "solid"),
        ("base", curve.base, "base part", colours.base_part, "dashdot"),
        ("formula", curve.formula, "formula part", colours.formula, "longdash"),
    )
    there = [look for look in looks if look[1] is not None and np.any(look[1])]
    for part, values, word, colour, dash in there if len(there) > 1 else []:
        if part in parts:
            add_curve(figure, curve.x, values, word, colour, 1.4, dash)


def _points(
    figure: go.Figure, curve: EdgeCurve, point: int | None, colours: Theme, locked: Sequence[bool] = ()
) -> None:
    """Draw the control polygon and its points; the chosen one is filled, locked ones are filled squares."""
    count = len(curve.points_x)
    held = locked or [False] * count
    fills = [colours.locked if v else colours.card for v in held]
    if point is not None:
        fills[point] = colours.point
    size = 10 if count <= 30 else 7 if count <= 80 else 5
    figure.add_scatter(
        x=curve.points_x, y=curve.points_y, mode="lines+markers", name="control points",
        line={"color": colours.point, "width": 1, "dash": "dot"},
        marker={
            "size": [size + 5 if m == point else size for m in range(count)],
            "color": fills,
            "line": {"color": colours.point, "width": 2 if size == 10 else 1.2}, "opacity": 1,
        },
        selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}}, cliponaxis=False,
        customdata=[[*curve.id, m] for m in range(count)],
        hovertemplate="control point %{customdata[3]} at x = %{x:.4g}<br>coefficient %{text}<extra></extra>",
        text=[f"{value:.4g}{', locked' if held[m] else ''}" for m, value in enumerate(curve.coef)],
    )  # fmt: skip
    if any(held):
        figure.update_traces({"marker.symbol": ["square" if v else "circle" for v in held]}, {"name": "control points"})
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name="locked", hoverinfo="skip",
            marker={"symbol": "square", "size": size, "color": colours.locked},
        )  # fmt: skip


def _ends(figure: go.Figure, curve: EdgeCurve, colours: Theme) -> None:
    """Shade beyond the grid, and draw lines at the ends of the training rows."""
    first, last = float(curve.x[0]), float(curve.x[-1])
    for low, high in ((first, curve.grid[0]), (curve.grid[1], last)):
        figure.add_shape(
            type="rect", x0=low, x1=high, y0=0, y1=1, yref="paper", line_width=0, fillcolor=colours.shade,
            layer="below",
        )  # fmt: skip
    if curve.data is None:
        return
    for end in curve.data:
        if first <= end <= last:
            figure.add_shape(
                type="line", x0=end, x1=end, y0=0, y1=1, yref="paper", layer="below",
                line={"color": colours.density, "width": 1.2, "dash": "dot"},
            )  # fmt: skip


def _legend_of_ends(figure: go.Figure, curve: EdgeCurve, colours: Theme) -> None:
    nothing = {"x": [None], "y": [None], "hoverinfo": "skip"}
    outline = {"width": 1, "color": colours.frame}
    square = {"symbol": "square", "size": 11, "color": colours.shade, "line": outline}
    figure.add_scatter(**nothing, mode="markers", name="beyond the grid", marker=square)
    if curve.data is not None:
        dots = {"color": colours.density, "width": 1.4, "dash": "dot"}
        figure.add_scatter(**nothing, mode="lines", name="where the data end", line=dots)


def _strip(figure: go.Figure, curve: EdgeCurve, parts: Collection[str], colours: Theme) -> None:
    """Draw, below the curve, the distribution of the data, and the knots as ticks."""
    if "density" in parts and len(curve.density):
        share = 100 * curve.density * np.diff(curve.edges)
        figure.add_bar(
            x=(curve.edges[1:] + curve.edges[:-1]) / 2, y=share, width=np.diff(curve.edges), yaxis="y2",
            name="training rows", marker={"color": colours.density, "line": {"width": 0}}, showlegend=False,
            hovertemplate="%{y:.2g}% of the training rows<extra></extra>",
        )  # fmt: skip
    many = len(curve.knots) > 80
    inside = (curve.knots >= curve.x[0]) & (curve.knots <= curve.x[-1])
    line = {"width": 0.6 if many else 1.6, "color": colours.text}
    figure.add_scatter(
        x=curve.knots[inside], y=np.full(int(inside.sum()), -_knot_room(curve, parts) / 2), mode="markers",
        yaxis="y2", name="knots", marker={"symbol": "line-ns", "size": 7, "opacity": 1, "line": line},
        unselected={"marker": {"opacity": 1}}, hovertemplate="knot at %{x:.4g}<extra></extra>",
    )  # fmt: skip


def _tallest(curve: EdgeCurve, parts: Collection[str]) -> float:
    """Return the highest bar of the strip in %; 0 without bars."""
    bars = 100 * curve.density * np.diff(curve.edges) if len(curve.density) else curve.density
    return float(bars.max(initial=0.0)) if "density" in parts else 0.0


def _knot_room(curve: EdgeCurve, parts: Collection[str]) -> float:
    """Return the height for the knots under the bars, in their unit; without bars they fill the strip."""
    return 0.3 * _tallest(curve, parts) or 1.0


def _axes(figure: go.Figure, curve: EdgeCurve, before: EdgeCurve | None, parts: Collection[str], theme: Look) -> None:
    total = HEIGHT + (SLOPE if "derivative" in parts else 0) - 110
    density = "density" in parts and len(curve.density)
    strip, slope = (STRIP if density else BARE) / total, SLOPE / total
    base = strip + 0.03
    drawn = [name for name in ("spline", "base", "formula", "resting") if name in parts]
    low, high = curve.heights(*drawn)
    if before is not None:
        other = before.heights()
        low, high = min(low, other[0]), max(high, other[1])
    x_title, y_title = wrapped(curve.x_label, 44), wrapped(curve.y_label, 30, 3)
    arrange(
        figure,
        xaxis=axis(theme, x_title, range=[float(curve.x[0]), float(curve.x[-1])], anchor="y2"),
        yaxis=axis(theme, y_title, range=[low, high], zeroline=True, domain=[base, 1], anchor="x"),
        yaxis2=axis(
            theme,
            "",
            domain=[0, strip - 0.02],
            showgrid=False,
            showticklabels=False,
            range=[-_knot_room(curve, parts), 1.05 * _tallest(curve, parts)],
        ),
        bargap=0,
        hovermode="closest",
        margin={"b": 52},
        legend={"yref": "container", "y": 0, "yanchor": "bottom"},
    )
    if "derivative" in parts:
        low, high = base + slope, 1
        arrange(
            figure,
            yaxis={"domain": [low + 0.04, high]},
            yaxis3=axis(theme, "slope", domain=[base, low], anchor="x", nticks=4),
        )
