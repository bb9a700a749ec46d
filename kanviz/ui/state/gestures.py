"""Translate the spline editor's events into edits. Events are untrusted input and are checked."""

from typing import Any

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Batch, Edit, MoveControlPoint
from kanviz.errors import EditError
from kanviz.json_reader import JsonReader, JsonValue

CLICK = JsonReader("This click is neither on an edge nor on a point: {why}. Click it again.", EditError)
GESTURE = JsonReader("No control point was moved: {why}. Do it again.", EditError)
STRETCH = JsonReader("Mark a stretch of the curve first: {why}.", EditError)
WORDS = ("Pull", "Smooth", "Flatten", "Straighten", "Bridge", "Make rise", "Make fall")


def edge_of(event: Any) -> EdgeId:
    """Return the edge that was clicked in a figure. Raises EditError for any other message."""
    return EdgeId(*CLICK.value(event).each(JsonValue.index, 3, 3))


def point_of(event: Any) -> int:
    """Return the index of the control point that was clicked on a curve. Raises EditError for any other message."""
    return CLICK.value(event).index()


def edit_of(edge: EdgeId, event: Any, rev: str) -> Edit:
    """Return the edit that a gesture requests. Raises EditError if the curve has changed since, or nothing moved."""
    found = GESTURE.value(_checked(event, rev))
    words = found.get("words").value
    moves = found["points"].each(lambda move: _move(edge, move), least=1)
    return together(moves, words if words in WORDS else "Change")


def _move(edge: EdgeId, found: JsonValue) -> MoveControlPoint:
    point, height = found.items(2, 2)
    return MoveControlPoint(edge, point.index(), height.number())


def together(moves: tuple[MoveControlPoint, ...], words: str) -> Edit:
    """Join moves of one edge into one named step. A single move is returned unchanged."""
    if len(moves) == 1:
        return moves[0]
    return Batch(moves, f"{words}: {len(moves)} control points of {moves[0].edge}")


def stretch_of(kan: KAN, edge: EdgeId, event: Any, rev: str) -> tuple[float, float]:
    """Return the marked interval of the curve in network units; the event has the units of the figure."""
    region = STRETCH.value(_checked(event, rev)).get("region")
    if region.value is None:
        raise EditError("Mark a stretch of the curve first.")
    low, high = region.numbers(2, 2)
    variable = kan.axis_of(edge.layer, edge.source)
    low, high = ((end - variable.shift) / variable.scale for end in (low, high))
    return min(low, high), max(low, high)


def which_of(event: Any) -> int:
    """Return how many formulas to skip; 0 if the event has no usable number."""
    try:
        return GESTURE.value(event).get("which", 0).index(999)
    except EditError:
        return 0


def _checked(event: Any, rev: str) -> dict[str, Any]:
    if not isinstance(event, dict) or event.get("rev") != rev:
        raise EditError("The curve has changed meanwhile; do it again.")
    return event
