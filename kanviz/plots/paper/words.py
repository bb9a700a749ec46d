"""Read the markup of plotly's texts: bold, italic, line breaks and entities; anything else is refused."""

import html
import re
from typing import Any, NamedTuple

from kanviz.errors import UserError

_TAG = re.compile(r"(<[^<>]*>)")
MINUS = "−"


class Run(NamedTuple):
    """A piece of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False

    @property
    def style(self) -> dict[str, Any]:
        """Return the font's properties for matplotlib, which must not read a formula into names with dollars."""
        return {
            "weight": "bold" if self.bold else "normal", "style": "italic" if self.italic else "normal",
            "parse_math": False,
        }  # fmt: skip


def lines_of(markup: str) -> list[list[Run]]:
    """Return the runs of each line. Raises UserError for a tag that cannot be drawn."""
    found: list[list[Run]] = [[]]
    bold = italic = False
    for piece in _TAG.split(markup):
        if piece in ("<b>", "</b>"):
            bold = piece == "<b>"
        elif piece in ("<i>", "</i>"):
            italic = piece == "<i>"
        elif piece == "<br>":
            found.append([])
        elif piece.startswith("<") and piece.endswith(">"):
            raise UserError(
                f"The text of this figure has the tag {piece}, which cannot be drawn for paper; leave it out."
            )
        elif piece:
            found[-1].append(Run(html.unescape(piece), bold, italic))
    return found


def plain(markup: str) -> str:
    """Return the text without styles, with line breaks."""
    return "\n".join("".join(run.text for run in line) for line in lines_of(markup))


def style_of(markup: str) -> dict[str, Any]:
    """Return the style of the first run: that of the whole text, where it has one only."""
    first = next((run for line in lines_of(markup) for run in line), Run(""))
    return first.style


def number(value: float, step: float = 0.0) -> str:
    """Return the label of a tick: 0.25, 12000, 2e6, 1e-5. step: between ticks; the label is a multiple of it."""
    value = round(value / step) * step if step else value
    size = abs(value)
    if size and not 1e-4 <= size < 1e6:
        mantissa, _, exponent = f"{value:.5e}".partition("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    else:
        text = f"{value:.10g}"
    return text.replace("-", MINUS)
