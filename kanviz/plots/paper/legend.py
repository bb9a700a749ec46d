"""Draw the legend, in as many columns as a page has room for."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from kanviz.errors import UserError
from kanviz.plots.paper.looks import CLOSE, POINT, Ink, lightness, symbol, width
from kanviz.plots.paper.notes import NOTES
from kanviz.plots.paper.traces import DOT, stroke
from kanviz.plots.paper.words import plain


def legend(traces: Sequence[dict[str, Any]], figure: Figure, layout: dict[str, Any], ink: Ink, limit: float) -> Any:
    """Draw the legend in as many columns as have room; None where there is none."""
    named = [
        (n, one) for n, one in enumerate(traces) if one.get("showlegend") is not False and one.get("type") != "heatmap"
    ]
    asked = layout.get("showlegend")
    if asked is False or (asked is None and len(named) < 2 and not any(one.get("showlegend") for _, one in named)):
        return None
    if not named:
        return None
    _distinct([one for _, one in named], ink)
    font = {"size": 12, "color": "#15202B"} | layout.get("legend", {}).get("font", {})
    texts = [plain(one.get("name") or f"trace {n}") for n, one in named]
    for columns in range(min(len(named), 6), 0, -1):
        found = Legend(
            figure, [_sign(one, ink) for _, one in named], texts, loc="lower left", ncols=columns, frameon=False,
            fontsize=font["size"] * POINT, labelcolor=ink(font["color"]), handlelength=2.2, columnspacing=1.2,
            handletextpad=0.5, borderpad=0, borderaxespad=0, labelspacing=0.35,
        )  # fmt: skip
        for text in found.get_texts():
            text.set_parse_math(False)
        found.set_zorder(NOTES)
        if columns == 1 or found.get_window_extent(figure.canvas.get_renderer()).width <= limit:  # pyright: ignore
            figure.legends.append(found)
            return found
    return None


def _distinct(traces: Sequence[dict[str, Any]], ink: Ink) -> None:
    """Refuse a legend of which two signs look alike in grey."""
    if not ink.grey:
        return
    seen: dict[Any, list[tuple[str, str]]] = {}
    for one in traces:
        line, marker = one.get("line", {}), one.get("marker", {})
        colour = line.get("color") if "lines" in one.get("mode", "lines") else marker.get("color")
        if not isinstance(colour, str) or not re.match("#", colour) or list(one.get("x", ())) == [None]:
            continue
        alike = seen.setdefault((one.get("mode"), line.get("dash", "solid"), str(marker.get("symbol"))), [])
        for name, other in alike:
            if other != colour and abs(lightness(other) - lightness(colour)) < CLOSE:
                raise UserError(
                    f"In grey, {plain(str(name))!r} and {plain(str(one.get('name')))!r} look alike in this figure. "
                    "Leave grey out."
                )
        alike.append((str(one.get("name")), colour))


def _sign(trace: dict[str, Any], ink: Ink) -> Line2D:
    """Return the sign of a trace in the legend."""
    mode, opacity = trace.get("mode", "lines"), trace.get("opacity", 1.0)
    if trace.get("type") == "bar":
        colour = trace.get("marker", {}).get("color", "#0072B2")
        sign = ink(colour if isinstance(colour, str) else colour[0])
        return Line2D([], [], linestyle="none", marker="s", color=sign, markersize=9 * POINT, markeredgewidth=0)
    found = Line2D([], [], linestyle="none")
    line, marker = trace.get("line", {}), trace.get("marker", {})
    if "lines" in mode:
        looks = stroke(line, ink, opacity)
        found.set(color=looks["edgecolor"], linewidth=looks["linewidth"], linestyle=looks["linestyle"])
    if "markers" in mode:
        first = {name: _first(marker.get(name)) for name in ("symbol", "size", "color")}
        edge = {name: _first(marker.get("line", {}).get(name)) for name in ("color", "width")}
        mark, relative, opened = symbol(first["symbol"] or "circle")
        fill = ink(first["color"] or line.get("color", "#15202B"), marker.get("opacity", 1.0) * opacity)
        outline = ink(edge["color"]) if edge["color"] and "open" not in (first["symbol"] or "") else fill
        found.set(
            marker=mark, markersize=min(first["size"] or 1.5 * DOT, 11) * relative * POINT,
            markerfacecolor="none" if opened else fill, markeredgecolor=outline,
            markeredgewidth=width(edge["width"] or (1.0 if opened else 0)),
        )  # fmt: skip
    return found


def _first(value: Any) -> Any:
    return value if value is None or isinstance(value, str) or np.ndim(value) == 0 else value[0]
