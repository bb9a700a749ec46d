"""From what the spline editor tells to the edit it stands for; what is told is checked like any other input."""

import math
from typing import Any

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Batch, Edit, MoveControlPoint
from kanviz.errors import EditError

WORDS = ("Pull", "Smooth", "Flatten", "Straighten", "Bridge", "Make rise", "Make fall")


def edge_of(told: Any) -> EdgeId:
    """The edge that was chosen in a picture."""
    if not isinstance(told, list) or len(told) != 3 or not all(type(part) in (int, float) for part in told):
        raise EditError("This click named no edge.")
    return EdgeId(*(int(part) for part in told))


def edit_of(edge: EdgeId, told: Any, rev: str) -> Edit:
    """The edit that a gesture asks for; refuses one made on a curve that is no longer there, or that is none."""
    points = _checked(told, rev).get("points")
    if not isinstance(points, list) or not points or not all(_are_numbers(move) for move in points):
        raise EditError("This gesture moved nothing.")
    words = told.get("words")
    moves = tuple(MoveControlPoint(edge, int(m), float(height)) for m, height in points)
    return together(moves, words if words in WORDS else "Change")


def together(moves: tuple[MoveControlPoint, ...], words: str) -> Edit:
    """Moves of one edge as one step, in words; a single one needs none."""
    if len(moves) == 1:
        return moves[0]
    return Batch(moves, f"{words}: {len(moves)} control points of {moves[0].edge}")


def stretch_of(kan: KAN, edge: EdgeId, told: Any, rev: str) -> tuple[float, float]:
    """The stretch that was marked, in network units; it is told in the units the curve is drawn in."""
    region = _checked(told, rev).get("region")
    if region is None or not _are_numbers(region):
        raise EditError("Mark a stretch of the curve first.")
    low, high = float(region[0]), float(region[1])
    if edge.layer == 0:
        variable = kan.inputs[edge.source]
        low, high = ((end - variable.shift) / variable.scale for end in (low, high))
    return min(low, high), max(low, high)


def which_of(told: Any) -> int:
    """How many formulas to pass over; none where nothing usable was told."""
    which = told.get("which", 0) if isinstance(told, dict) else 0
    return int(which) if type(which) in (int, float) and 0 <= which < 1_000 else 0


def _checked(told: Any, rev: str) -> dict[str, Any]:
    if not isinstance(told, dict) or told.get("rev") != rev:
        raise EditError("The curve has changed meanwhile; do it again.")
    return told


def _are_numbers(pair: Any) -> bool:
    """Whether it is two finite numbers."""
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(type(value) in (int, float) and math.isfinite(value) for value in pair)
    )
