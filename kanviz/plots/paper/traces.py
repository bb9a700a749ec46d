"""Draw what a figure shows of its numbers: lines and markers, bars, and fields of colour."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from kanviz.errors import UserError
from kanviz.plots.paper.axes import Scale
from kanviz.plots.paper.looks import POINT, Ink, dash, symbol, width
from kanviz.plots.paper.words import plain, style_of

FIELD, BAR, SCATTER = 2.0, 3.0, 4.0  # what lies above what, as in plotly
SHADES = 1024  # of a colour scale
STROKES = ("x", "_", "|", (8, 2, 0))  # markers without a face
DOT = 4  # pixels of a marker without a size, times 1.5


def drawn(trace: dict[str, Any], axes: Axes, across: Scale, up: Scale, ink: Ink, order: float) -> Any:
    """Draw one trace; return what its colour bar needs, where it has one. order: 0 to 1, the last one lies above."""
    return DRAW[trace.get("type", "scatter")](trace, axes, across, up, ink, order)


def held(trace: dict[str, Any], across: Scale, up: Scale) -> None:
    """Tell both axes which values a trace has."""
    kind = trace.get("type", "scatter")
    if kind == "heatmap":
        for scale, edges in zip((across, up), _edges(trace, across, up), strict=True):
            scale.hold(edges)
            scale.tight = True
    elif kind == "bar":
        for box in _boxes(trace, across, up, 1, 0, 0.2):
            across.hold(box[:2])
            up.hold(box[2:])
    else:
        marked = "markers" in trace.get("mode", "lines")
        x = across.values(trace.get("x"), len(trace["y"]))
        across.hold(x, padded=marked)
        up.hold(up.values(trace["y"]), padded=True)


# --- lines and markers ------------------------------------------------------------------------------------------------


def _scatter(trace: dict[str, Any], axes: Axes, across: Scale, up: Scale, ink: Ink, order: float) -> None:
    y = up.values(trace["y"])
    x = across.values(trace.get("x"), len(y))
    mode, whole, above = trace.get("mode", "lines"), trace.get("opacity", 1.0), SCATTER + order
    if trace.get("fill"):
        fill = PathPatch(_outline(x, y), facecolor=ink(trace["fillcolor"], whole), linewidth=0, zorder=above)
        axes.add_artist(fill)
    line = trace.get("line", {})
    if "lines" in mode and line.get("width", 2):
        drawn = PathPatch(
            _curve(x, y, line.get("shape", "linear")), fill=False, zorder=above, capstyle="butt", joinstyle="round",
            **stroke(line, ink, whole),
        )  # fmt: skip
        axes.add_artist(drawn)
    if "markers" in mode:
        marker = {"color": line.get("color"), "clip": trace.get("cliponaxis", True), **trace.get("marker", {})}
        _markers(marker, x, y, axes, ink, whole, above)
    if "text" in mode:
        font = trace.get("textfont", {})
        for a, b, text in zip(x, y, trace["text"], strict=True):
            axes.text(a, b, plain(text), ha="center", va="center_baseline", fontsize=font.get("size", 12) * POINT,
                      color=ink(font.get("color", "#15202B")), zorder=above + 0.0005, **style_of(text))  # fmt: skip


def stroke(line: dict[str, Any], ink: Ink, opacity: float) -> dict[str, Any]:
    pixels = line.get("width", 2)
    return {
        "edgecolor": ink(line.get("color", "#15202B"), opacity), "linewidth": width(pixels),
        "linestyle": dash(line.get("dash", "solid"), pixels),
    }  # fmt: skip


def _pieces(x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Return the runs of points without a gap, each as (point, 2)."""
    points, there = np.stack([x, y], 1), np.isfinite(x) & np.isfinite(y)
    runs = np.split(np.arange(len(x)), np.flatnonzero(np.diff(there)) + 1)
    return [points[run] for run in runs if len(run) and there[run[0]]]


def _outline(x: np.ndarray, y: np.ndarray) -> Path:
    pieces = _pieces(x, y)
    vertices = [np.concatenate([piece, piece[:1]]) for piece in pieces]
    codes = [[Path.MOVETO, *[Path.LINETO] * (len(piece) - 1), Path.CLOSEPOLY] for piece in pieces]
    return _path(vertices, codes)


def _curve(x: np.ndarray, y: np.ndarray, shape: str) -> Path:
    """Return a line through the points: straight, in steps, or bent (Catmull and Rom)."""
    vertices, codes = [], []
    for piece in _pieces(x, y):
        if shape == "hv":
            corners = np.stack([piece[1:, 0], piece[:-1, 1]], 1)
            piece = np.concatenate([piece[:1], np.stack([corners, piece[1:]], 1).reshape(-1, 2)])
        if shape == "spline" and len(piece) > 2:
            slope = np.gradient(piece, axis=0) / 3
            between = np.stack([piece[:-1] + slope[:-1], piece[1:] - slope[1:], piece[1:]], 1).reshape(-1, 2)
            vertices.append(np.concatenate([piece[:1], between]))
            codes.append([Path.MOVETO, *[Path.CURVE4] * len(between)])
        else:
            vertices.append(piece)
            codes.append([Path.MOVETO, *[Path.LINETO] * (len(piece) - 1)])
    return _path(vertices, codes)


def _path(vertices: list[np.ndarray], codes: list[list[Any]]) -> Path:
    if not vertices:
        return Path(np.empty((0, 2)))
    return Path(np.concatenate(vertices), [code for some in codes for code in some])


def _markers(
    marker: dict[str, Any], x: np.ndarray, y: np.ndarray, axes: Axes, ink: Ink, whole: float, above: float
) -> None:
    opacity = marker.get("opacity", 1.0) * whole
    if not opacity or not np.isfinite(x * y).any():
        return
    line = marker.get("line", {})

    def each(value: Any, usual: Any) -> np.ndarray:
        """Return one value for each point."""
        value = usual if value is None else value
        one = isinstance(value, str) or np.ndim(value) == 0
        return np.array([value] * len(x) if one else list(value)[: len(x)], dtype=object)

    symbols, sizes = each(marker.get("symbol"), "circle"), each(marker.get("size"), 1.5 * DOT)
    fills = each(marker.get("color"), "#15202B")
    strokes, widths = each(line.get("color"), None), each(line.get("width"), 0)
    there = np.isfinite(x) & np.isfinite(y)
    for name in dict.fromkeys(symbols.tolist()):
        at = np.flatnonzero((symbols == name) & there)
        mark, relative, opened = symbol(name)
        colours = [ink(fills[k], opacity) for k in at]
        own = [ink(strokes[k], opacity) if strokes[k] else colours[n] for n, k in enumerate(at)]
        if opened:
            looks = {"facecolors": "none", "edgecolors": colours if "open" in name else own}
            edges = [width(widths[k] or 1.0) for k in at]
        else:
            looks = {"facecolors": colours, "edgecolors": own}
            edges = [width(widths[k]) for k in at]
        if mark in STROKES:
            looks = {"color": looks["edgecolors"]}
        area = [(relative * POINT * sizes[k]) ** 2 for k in at]
        looks = {key: _once(value) for key, value in {**looks, "s": area, "linewidths": edges}.items()}
        axes.scatter(x[at], y[at], marker=mark, zorder=above, clip_on=marker["clip"], **looks)


def _once(values: Any) -> Any:
    """Return a list of equal values as its first one alone: the file then holds one sign for all points."""
    return values[:1] if isinstance(values, list) and len(set(values)) == 1 else values


# --- bars -------------------------------------------------------------------------------------------------------------


def _boxes(
    trace: dict[str, Any], across: Scale, up: Scale, groups: int, place: int, gap: float
) -> list[tuple[float, float, float, float]]:
    """Return left, right, bottom and top of each bar. groups, place: how many stand next to each other, and which."""
    flat = trace.get("orientation") == "h"
    along, over = (up, across) if flat else (across, up)
    at, sizes = along.values(trace["y" if flat else "x"]), over.values(trace["x" if flat else "y"])
    base = np.broadcast_to(trace.get("base") or 0.0, sizes.shape)
    if trace.get("width") is not None:
        half, middle = np.broadcast_to(trace["width"], sizes.shape) / 2, at
    else:
        slot = (float(np.diff(np.unique(at)).min()) if len(np.unique(at)) > 1 else 1.0) * (1 - gap)
        half = np.full(sizes.shape, slot / groups / 2)
        middle = at - slot / 2 + (2 * place + 1) * half
    boxes = zip(middle - half, middle + half, base, base + sizes, strict=True)
    return [(*box[2:], *box[:2]) if flat else box for box in boxes]


def _bar(trace: dict[str, Any], axes: Axes, across: Scale, up: Scale, ink: Ink, order: float) -> None:
    boxes = _boxes(trace, across, up, *trace["among"])
    marker = trace.get("marker", {})
    fill = marker.get("color", "#0072B2")
    colours = [ink(one, trace.get("opacity", 1.0)) for one in ([fill] * len(boxes) if isinstance(fill, str) else fill)]
    corners = [[(a, c), (b, c), (b, d), (a, d)] for a, b, c, d in boxes]
    axes.add_collection(
        PolyCollection(corners, facecolors=colours, linewidths=0, zorder=BAR + order), autolim=False
    )  # fmt: skip
    for (a, b, _, d), text in zip(boxes, trace.get("text") or (), strict=False):
        if text:
            axes.annotate(plain(text), ((a + b) / 2, d), (0, 2 * POINT), textcoords="offset points", ha="center",
                          va="bottom", fontsize=11 * POINT, zorder=BAR + order, annotation_clip=False)  # fmt: skip


# --- fields of colour -------------------------------------------------------------------------------------------------


def _edges(trace: dict[str, Any], across: Scale, up: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of a field's cells along both axes, from their middles where these are given."""
    rows, columns = np.shape(trace["z"])
    found = []
    for scale, count in ((across, columns), (up, rows)):
        given = scale.values(trace.get(scale.letter), count)
        if len(given) == count:
            steps = np.diff(given) if count > 1 else np.ones(1)
            inner = given[:-1] + steps[: count - 1] / 2
            given = np.concatenate([[given[0] - steps[0] / 2], inner, [given[-1] + steps[-1] / 2]])
        found.append(given)
    return found[0], found[1]


def _heatmap(
    trace: dict[str, Any], axes: Axes, across: Scale, up: Scale, ink: Ink, order: float
) -> tuple[Any, dict[str, Any]] | None:
    z = np.array([[np.nan if v is None else v for v in row] for row in trace["z"]], dtype=float)
    there = z[np.isfinite(z)]
    low, high = trace.get("zmin"), trace.get("zmax")
    low = float(there.min(initial=0.0)) if low is None else low
    high = float(there.max(initial=low)) if high is None else high
    colours = LinearSegmentedColormap.from_list("", ink.scale(trace["colorscale"]), N=SHADES)
    looks: dict[str, Any] = {
        "cmap": colours, "norm": Normalize(low, high if high > low else low + 1.0), "zorder": FIELD + order,
        "alpha": trace.get("opacity"),
    }  # fmt: skip
    gap = max(trace.get("xgap", 0), trace.get("ygap", 0))
    shown = np.ma.masked_invalid(z)
    if trace.get("zsmooth"):
        x, y = _edges(trace, across, up)
        if not all(np.allclose(np.diff(edges), np.diff(edges)[0]) for edges in (x, y)):
            raise UserError(
                "This figure has a smooth field of colour on an uneven mesh, which cannot be drawn for paper."
            )
        looks["interpolation"] = "bilinear"
        mesh = axes.imshow(shown, extent=(x[0], x[-1], y[0], y[-1]), origin="lower", aspect="auto", **looks)
    else:
        mesh = axes.pcolormesh(*_edges(trace, across, up), shown, rasterized=not gap, **looks)
        if gap:  # lines between cells in the colour of the page
            mesh.set(edgecolor=ink(trace["page"]), linewidth=width(gap))
    if trace.get("texttemplate") and trace.get("text") is not None:
        _cells(trace, axes, across, up, ink, FIELD + order + 0.5)
    return (mesh, trace.get("colorbar", {})) if trace.get("showscale") is not False else None


def _cells(trace: dict[str, Any], axes: Axes, across: Scale, up: Scale, ink: Ink, above: float) -> None:
    """Write in each cell."""
    font = trace.get("textfont", {})
    columns, rows = (edges[:-1] + np.diff(edges) / 2 for edges in _edges(trace, across, up))
    for y, line in zip(rows, trace["text"], strict=True):
        for x, text in zip(columns, line, strict=True):
            if text:
                axes.text(x, y, plain(str(text)), ha="center", va="center", fontsize=font.get("size", 12) * POINT,
                          color=ink(font.get("color", "#15202B")), zorder=above, parse_math=False)  # fmt: skip


DRAW: dict[str, Callable[..., Any]] = {"scatter": _scatter, "bar": _bar, "heatmap": _heatmap}
