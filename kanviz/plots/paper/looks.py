"""Turn plotly's colours, dashes and symbols into matplotlib's, in points instead of pixels, in colour or in grey."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kanviz.errors import UserError

POINT = 7 / 13  # points for each pixel: the titles of axes, 13 pixels, become the 7 points that journals print
THINNEST = 0.25  # points: thinner lines do not print
CLOSE = 10  # steps of CIE lightness (0 to 100) below which two greys can be mistaken for each other
SPAN = 20  # steps that the ends of a colour scale must be apart in grey
Colour = tuple[float, float, float, float]

DASHES = {"solid": (), "dot": (1, 1), "dash": (3, 3), "longdash": (5, 5), "dashdot": (3, 1, 1, 1)}
SHORTEST = 3  # pixels: a dash of 1 is as long as the line is broad, and at least this
# matplotlib's marker and its size relative to plotly's; open: an outline or strokes in the marker's colour
SYMBOLS: dict[str, tuple[Any, float, bool]] = {
    "circle": ("o", 1.0, False), "circle-open": ("o", 1.0, True),
    "square": ("s", 1.0, False), "square-open": ("s", 1.0, True),
    "diamond": ("D", 0.92, False), "diamond-open": ("D", 0.92, True),
    "triangle-up": ("^", 1.1, False), "cross": ("P", 1.1, False), "x": ("X", 1.1, False), "star": ("*", 1.4, False),
    "x-thin-open": ("x", 1.0, True), "asterisk-open": ((8, 2, 0), 1.0, True), "line-ew-open": ("_", 1.4, True),
    "line-ns": ("|", 1.4, True),
}  # fmt: skip


@dataclass(frozen=True)
class Ink:
    """Colours as they are printed. grey: as greys of the same lightness."""

    grey: bool = False

    def __call__(self, colour: str, opacity: float = 1.0) -> Colour:
        """Return red, green, blue and opacity, 0 to 1, of "#0072B2" or "rgba(0,114,178,0.5)"."""
        red, green, blue, alpha = parts_of(colour)
        if self.grey:
            red = green = blue = _shade(_luminance((red, green, blue)))
        return red, green, blue, alpha * opacity

    def scale(self, stops: Sequence[tuple[float, str]]) -> list[tuple[float, Colour]]:
        """Return the stops of a colour scale. Raises UserError where greys would not tell its values apart."""
        if self.grey:
            light = np.array([lightness(colour) for _, colour in stops])
            steps = np.diff(light)
            if ((steps > 1).any() and (steps < -1).any()) or light.max() - light.min() < SPAN:
                raise UserError(
                    "The colour scale of this figure has no order in grey: different values would look alike. "
                    "Leave grey out."
                )
        return [(float(at), self(colour)) for at, colour in stops]


def parts_of(colour: str) -> Colour:
    """Return red, green, blue and opacity, each from 0 to 1. Raises UserError for another spelling."""
    if re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return red, green, blue, 1.0
    found = re.fullmatch(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)", colour.replace(" ", ""))
    if found is None:
        raise UserError(f"The colour {colour!r} is none that can be drawn for paper; write it as #RRGGBB.")
    red, green, blue = (int(found[k]) / 255 for k in (1, 2, 3))
    return red, green, blue, float(found[4])


def lightness(colour: str) -> float:
    """Return the lightness L* of a colour, from 0 (black) to 100 (white). Source: CIE 1976."""
    luminance = _luminance(parts_of(colour)[:3])
    return 116 * luminance ** (1 / 3) - 16 if luminance > (6 / 29) ** 3 else luminance * (29 / 3) ** 3


def _luminance(colour: Sequence[float]) -> float:
    """Return the relative luminance of sRGB. Source: IEC 61966-2-1."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def _shade(luminance: float) -> float:
    return 12.92 * luminance if luminance <= 0.0031308 else 1.055 * luminance ** (1 / 2.4) - 0.055


def width(pixels: float) -> float:
    """Return the width of a line in points; 0 stays no line."""
    return max(pixels * POINT, THINNEST) if pixels else 0.0


def dash(name: str, pixels: float) -> Any:
    """Return matplotlib's dashes of a line so many pixels broad. Raises UserError for an unknown name."""
    if name not in DASHES:
        raise UserError(f"Lines that are {name!r} cannot be drawn for paper; they can be {', '.join(DASHES)}.")
    unit = max(pixels, SHORTEST) / max(pixels, THINNEST / POINT)  # matplotlib multiplies by the width
    return (0, tuple(unit * part for part in DASHES[name])) if DASHES[name] else "solid"


def symbol(name: str) -> tuple[Any, float, bool]:
    """Return matplotlib's marker, its relative size, and whether it is open. Raises UserError for an unknown name."""
    if name not in SYMBOLS:
        raise UserError(f"The symbol {name!r} cannot be drawn for paper; there are {', '.join(SYMBOLS)}.")
    return SYMBOLS[name]
