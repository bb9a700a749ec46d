"""Write small pieces of HTML: text from files is escaped, colours are those of the page, and there is no script."""

import html
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from kanviz.text import shown

FINE = 10  # units of a picture for each pixel: whole numbers are shorter than decimals
ACROSS, DOWN = 240, 90  # pixels of the picture of one curve
FORMULA = "#2B8CC4"  # differs from the text, and can be read on white and on black


def literal(text: object, limit: int = 60) -> str:
    """Return a text so that HTML shows it as it is."""
    return html.escape(shown(str(text), limit))


def number(value: float) -> str:
    """Return a number with four digits."""
    return f"{value:.4g}"


def page(*parts: str) -> str:
    """Put parts into a box that has the font and the colours of the page around it."""
    return f'<div style="line-height:1.5">{"".join(part for part in parts if part)}</div>'


def line(*parts: str) -> str:
    """Join what is known, with dots between, to one line."""
    return f"<div>{' · '.join(part for part in parts if part)}</div>"


def bold(text: str) -> str:
    return f"<b>{text}</b>"


def code(text: str) -> str:
    return f"<code>{text}</code>"


def items(texts: Iterable[object], most: int, kind: str = "ul") -> str:
    """Return a list of at most so many texts, and how many more there are."""
    known = list(texts)
    more = [f"{len(known) - most:,} more"] if len(known) > most else []
    rows = "".join(f"<li>{text}</li>" for text in [*(literal(text, 300) for text in known[:most]), *more])
    return f'<{kind} style="margin:0">{rows}</{kind}>' if rows else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are HTML already."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table style="text-align:left;border-spacing:12px 0"><tr>{top}</tr>{body}</table>'


def picture(width: float, height: float, words: str, *parts: str) -> str:
    """Return a drawing of so many pixels; its parts count FINE units a pixel. words: what it is, read aloud."""
    return (
        f'<svg role="img" aria-label="{words}" width="{width:.0f}" height="{height:.0f}" style="max-width:100%" '
        f'viewBox="0 0 {FINE * width:.0f} {FINE * height:.0f}" fill="none" stroke="currentColor" '
        f'font-size="{12 * FINE}" stroke-linejoin="round">{"".join(part for part in parts if part)}</svg>'
    )


def path(steps: Iterable[str], **looks: object) -> str:
    """Return one drawn path of many steps; nothing where there are none."""
    way = "".join(steps)
    given = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in looks.items())
    return f'<path d="{way}"{given}/>' if way else ""


def curve_steps(x: Float[Array, " points"], y: Float[Array, " points"]) -> str:
    """Return the steps of a line through points in pixels, with a gap where one is not finite."""
    steps, last = [], None
    for at in np.round(FINE * np.stack([x, y], 1)):
        if not np.isfinite(at).all():
            last = None
        elif last is None:
            steps.append(f"M{at[0]:.0f} {at[1]:.0f}l")
            last = at
        else:
            steps.append(f"{at[0] - last[0]:.0f} {at[1] - last[1]:.0f} ")
            last = at
    return "".join(steps)


def curve(x: Float[Array, " points"], y: Float[Array, " points"], words: str, *, colour: str = "currentColor") -> str:
    """Return the picture of one curve, with the ranges of both axes in words below it."""
    there = y[np.isfinite(y)]
    if not len(there):
        return line("no finite value")
    low, high = float(there.min()), float(there.max())
    across = 2 + (ACROSS - 4) * (x - x[0]) / (x[-1] - x[0])
    up = DOWN / 2 + (DOWN - 8) * (0.5 - (y - low) / (high - low) if high > low else 0 * y)
    frame = f'<rect width="{FINE * ACROSS}" height="{FINE * DOWN}" stroke-opacity=".3" stroke-width="{FINE}"/>'
    drawn = path([curve_steps(across, up)], stroke=colour, stroke_width=2 * FINE)
    ranges = f"x from {number(x[0])} to {number(x[-1])}, y from {number(low)} to {number(high)}"
    return picture(ACROSS, DOWN, words, frame, drawn) + f'<div style="opacity:.7">{ranges}</div>'
