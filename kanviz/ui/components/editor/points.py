"""Make the payload of a curve of straight lines between control points that stand where one asks for its values."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from kanviz.plots.theme import THEMES, Look
from kanviz.text import shown
from kanviz.ui.components.editor.payload import PARTS, rounded
from kanviz.ui.components.protocol import EditorCurve, EditorGroup

ROOM = 0.1  # share of the heights' span left free above and below


@dataclass(frozen=True, eq=False)
class Bars:
    """Two histograms below the curve. words: what they are of."""

    edges: Float[Array, "edge"]
    first: Float[Array, "bin"]
    second: Float[Array, "bin"]
    words: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Points:
    """A curve of straight lines between points.

    rev: identifies it; a gesture returns it · x: evenly spaced, rising · names, groups: in place of numbers on the axis
    · locked: points that must not move.
    """

    rev: str
    title: str
    x_label: str
    y_label: str
    x: Float[Array, "point"]
    heights: Float[Array, "point"]
    names: tuple[str, ...] = ()
    groups: tuple[tuple[str, int, int], ...] = ()
    locked: tuple[int, ...] = ()
    bars: Bars | None = None


def points_payload(points: Points, edge: tuple[int, int, int] = (0, 0, 0), *, look: Look = "light") -> EditorCurve:
    """Return all that the editor shows of the curve as plain data. edge: its address in a network, if it has one."""
    x, y = (np.asarray(part, dtype=float) for part in (points.x, points.heights))
    step = float(x[1] - x[0])
    low, high = float(y.min()), float(y.max())
    room = ROOM * (high - low) or 0.5
    inks, bars = THEMES[look], points.bars
    return {
        "v": 2,
        "edge": list(edge),
        "rev": points.rev,
        "look": look,
        "colours": {part: getattr(inks, part) for part in PARTS},
        "title": shown(points.title, 80),
        "state": "spline",
        "why": "",
        "x_label": shown(points.x_label, 60),
        "y_label": shown(points.y_label, 60),
        "x": rounded(x),
        "rest": [0.0] * len(x),
        "base": None,
        "formula": None,
        "resting": None,
        "first": list(range(len(x))),
        "basis": [[1.0]] * len(x),
        "coef": [float(v) for v in y],
        "lift": [0.0] * len(x),
        "points": rounded(x),
        "reach": [[float(at - step), float(at + step)] for at in x],
        "knots": [],
        "grid": [float(x[0]), float(x[-1])],
        "data": None,
        "span": [low - room, high + room],
        "edges": [] if bars is None else rounded(bars.edges),
        "density": [] if bars is None else rounded(bars.first),
        "picked": None
        if bars is None
        else {"words": [shown(part, 40) for part in bars.words], "density": rounded(bars.second)},
        "rows": None,
        "unit": "",
        "names": [shown(name, 10) for name in points.names],
        "groups": [cast(EditorGroup, dict(zip(("name", "start", "end"), one, strict=True))) for one in points.groups],
        "locked": list(points.locked),
        "tools": False,
    }
