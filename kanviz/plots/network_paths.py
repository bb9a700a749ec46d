"""Place the lines of an edge in a figure of the network: the fans on both sides of its frame, the frame, its curve."""

from collections.abc import Sequence

import numpy as np

from kanviz.analysis.layout import EdgePlace

Path = tuple[np.ndarray, np.ndarray]
BEND = np.linspace(0, 1, 9)
EASE = BEND * BEND * (3 - 2 * BEND)


def fans(place: EdgePlace) -> tuple[Path, Path]:
    """Return the bent ends of an edge's line: from its source to its row, from its row to its target."""
    return bend(place.start, (place.enter, place.y)), bend((place.leave, place.y), place.end)


def straight(place: EdgePlace) -> tuple[Path, Path]:
    """Return the straight pieces along its row, from the fans to its frame."""
    left, right = place.x - place.width / 2, place.x + place.width / 2
    row = np.full(2, place.y)
    return (np.array([place.enter, left]), row), (np.array([right, place.leave]), row)


def bend(start: tuple[float, float], end: tuple[float, float]) -> Path:
    return start[0] + (end[0] - start[0]) * BEND, start[1] + (end[1] - start[1]) * EASE


def box(place: EdgePlace, size: float = 1.0) -> Path:
    w, h = place.width / 2 * (1 + (size - 1) / 2), place.height / 2 * size
    return place.x + w * np.array([-1, 1, 1, -1, -1]), place.y + h * np.array([-1, -1, 1, 1, -1])


def joined(paths: Sequence[Path]) -> Path:
    """Join many paths into one, with gaps between; single precision is enough for a screen and halves the page."""
    gap = np.array([np.nan])
    x, y = (np.concatenate([v for path in paths for v in (path[k], gap)]).astype(np.float32) for k in (0, 1))
    return x, y
