"""Know what a figure for paper can hold: whatever is not in these tables is refused, and never drawn wrong."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from kanviz.errors import UserError

# What only a screen has: pointers, clicks, menus. A pattern of a property's path.
SCREEN = re.compile(
    r"(scatter|bar|heatmap)\.(hover\w+|customdata|selected\..*|unselected\..*|legendgroup|name|type)|"
    r"layout\.(template|dragmode|hovermode|hoverlabel\..*|modebar\..*|font\.family|legend\.(itemclick|itemdoubleclick)|"
    r"legend\.bgcolor|[xy]axis\.(fixedrange|automargin))|scatter\.line\.simplify"
)
FONT = {"font.size", "font.color"}
AXIS = {
    "anchor", "autorange", "color", "domain", "exponentformat", "gridcolor", "linecolor", "nticks", "range",
    "rangemode", "showgrid", "showline", "showticklabels", "tickangle", "tickfont.size", "tickfont.color",
    "tickformat", "ticks", "ticktext", "tickvals", "title.font.color", "title.font.size", "title.standoff",
    "title.text", "type", "visible", "zeroline", "zerolinecolor", "zerolinewidth",
}  # fmt: skip
MARKER = {"marker.color", "marker.size", "marker.opacity", "marker.symbol", "marker.line.color", "marker.line.width"}
COLORBAR = {
    "exponentformat", "outlinewidth", "thickness", "tickfont.color", "tickfont.size", "tickvals", "title.font.color",
    "title.font.size", "title.side", "title.text",
}  # fmt: skip
KNOWN = {
    "scatter": {
        "x", "y", "xaxis", "yaxis", "mode", "showlegend", "opacity", "cliponaxis", "connectgaps", "fill", "fillcolor",
        "line.color", "line.width", "line.dash", "line.shape", "text", "textposition", "textfont.size",
        "textfont.color", *MARKER,
    },
    "bar": {
        "x", "y", "xaxis", "yaxis", "base", "width", "orientation", "showlegend", "opacity", "cliponaxis", "text",
        "textposition", *MARKER,
    },
    "heatmap": {
        "x", "y", "z", "xaxis", "yaxis", "zmin", "zmax", "zsmooth", "colorscale", "showscale", "opacity", "xgap",
        "ygap", "text", "texttemplate", "textfont.size", "textfont.color", *(f"colorbar.{name}" for name in COLORBAR),
    },
    "layout": {
        "height", "bargap", "paper_bgcolor", "plot_bgcolor", "showlegend", "annotations", "shapes",
        *(f"margin.{side}" for side in "lrtb"), *FONT, *(f"title.{name}" for name in FONT),
        *(f"title.{name}" for name in ("text", "x", "y", "xref", "yref", "xanchor", "yanchor", "pad.l", "pad.t")),
        *(f"legend.{name}" for name in ("orientation", "x", "y", "xanchor", "yanchor", "yref", *FONT)),
        *(f"{letter}axis.{name}" for letter in "xy" for name in AXIS),
    },
    "annotation": {
        "text", "x", "y", "xref", "yref", "xanchor", "yanchor", "xshift", "yshift", "showarrow", "textangle",
        "bgcolor", "bordercolor", "borderwidth", "borderpad", *FONT,
    },
    "shape": {
        "type", "x0", "x1", "y0", "y1", "xref", "yref", "layer", "fillcolor", "opacity", "line.color", "line.width",
        "line.dash",
    },
}  # fmt: skip
# Properties of which only some values can be drawn.
ONLY: dict[str, tuple[object, ...]] = {
    "scatter.mode": ("lines", "markers", "lines+markers", "markers+text", "text"),
    "scatter.fill": ("toself",),
    "scatter.connectgaps": (False,),
    "scatter.line.shape": ("linear", "spline", "hv"),
    "scatter.textposition": ("middle center",),
    "bar.orientation": ("v", "h"),
    "bar.textposition": ("outside",),
    "heatmap.zsmooth": ("best",),
    "heatmap.texttemplate": ("%{text}",),
    "heatmap.colorbar.outlinewidth": (0,),
    "heatmap.colorbar.title.side": ("right",),
    "layout.legend.orientation": ("h",),
    "layout.title.x": (0,),
    "annotation.showarrow": (False,),
    "annotation.textangle": (0, -90),
    "shape.type": ("rect", "line"),
    "shape.layer": ("below", "above"),
    **{
        f"layout.{letter}axis.{name}": values
        for letter in "xy"
        for name, values in {
            "autorange": (True, "reversed"), "type": ("-", "linear", "log", "category"), "showline": (False,),
            "ticks": ("",), "rangemode": ("normal", "tozero"), "tickformat": (".0%",),
        }.items()
    },
}  # fmt: skip


def understood(figure: dict[str, Any]) -> dict[str, Any]:
    """Return a figure as plain data, arrays decoded. Raises UserError for what cannot be drawn."""
    spec = _decoded(figure)
    for trace in spec["data"]:
        kind = trace.get("type", "scatter")
        if kind not in ("scatter", "bar", "heatmap"):
            raise _unknown(f"a trace of the type {kind!r}")
        _check(kind, trace)
    layout = spec["layout"]
    _check("layout", {re.sub(r"^([xy]axis)\d+$", r"\1", name): part for name, part in _axes_last(layout)})
    for name, part in layout.items():
        if re.fullmatch(r"[xy]axis\d*", name):
            _check(f"layout.{name[:5]}", part)
    for kind in ("annotation", "shape"):
        for part in layout.get(f"{kind}s", ()):
            _check(kind, part)
    return spec


def _axes_last(layout: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the parts of a layout that are no axes; these are checked one by one."""
    return ((name, part) for name, part in layout.items() if not re.fullmatch(r"[xy]axis\d*", name))


def _check(kind: str, part: dict[str, Any]) -> None:
    table, _, room = kind.partition(".")
    for path, value in _leaves(part):
        own = f"{room}.{path}" if room else path
        full = f"{table}.{own}"
        if SCREEN.fullmatch(full):
            continue
        if own not in KNOWN[table]:
            raise _unknown(f"the property {full!r}")
        if value is not None and full in ONLY and value not in ONLY[full]:
            raise _unknown(f"{value!r} as {full!r}")


def _leaves(part: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, dict) and before + name != "template":
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield before + name, value


def _unknown(what: str) -> UserError:
    return UserError(
        f"This figure has {what}, which cannot be drawn for paper. Write it as .html, or leave that out of the figure."
    )


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if {"dtype", "bdata"} <= set(value):
            array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
            return array.reshape([int(n) for n in str(value.get("shape", len(array))).split(",")])
        return {name: _decoded(part) for name, part in value.items()}
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return [_decoded(part) for part in value]
    return value
