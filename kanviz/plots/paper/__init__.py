"""Write figures for a paper: SVG, PDF and PNG in a journal's width, without a browser, by matplotlib.

plotly's own export starts Chrome. So this draws plotly's figures once more, with matplotlib: lines, markers, bars,
fields of colour, shapes, notes, legends. What a figure has beyond these is refused in words.
"""

from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.plots.theme import THEMES, Look

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kanviz.plots.paper.sheet import Format

COLUMN = 89.0  # mm: one column of most journals
NARROWEST, WIDEST = 30.0, 1000.0  # mm


def to_svg(figure: "go.Figure", *, width: float = COLUMN, grey: bool = False, theme: Look = "light") -> str:
    """Return a figure as SVG of this width in mm; texts are drawn as outlines, so that no font is needed.

    Axes' titles are 7 points high. grey: greys in place of colours · theme: that of the figure, for the page's colour.
    Raises UserError where matplotlib is not installed, and for a figure that cannot be drawn so.

    >>> import kanviz.plots
    >>> text = kanviz.plots.to_svg(kanviz.plots.training_figure([(0, 1.5, None), (1, 0.5, None)]), width=89)
    >>> 'width="252.283465pt"' in text, "<script" in text
    (True, False)
    """
    return _file(figure, "svg", width, grey, theme).decode()


def to_pdf(figure: "go.Figure", *, width: float = COLUMN, grey: bool = False, theme: Look = "light") -> bytes:
    """Return a figure as PDF, with its fonts embedded; the rest as in `to_svg`.

    >>> import kanviz.plots
    >>> kanviz.plots.to_pdf(kanviz.plots.training_figure([(0, 1.5, None), (1, 0.5, None)]), grey=True)[:5]
    b'%PDF-'
    """
    return _file(figure, "pdf", width, grey, theme)


def to_png(figure: "go.Figure", *, width: float = COLUMN, grey: bool = False, theme: Look = "light") -> bytes:
    """Return a figure as PNG with 400 dots per inch; the rest as in `to_svg`.

    >>> import kanviz.plots
    >>> kanviz.plots.to_png(kanviz.plots.training_figure([(0, 1.5, None), (1, 0.5, None)]))[1:4]
    b'PNG'
    """
    return _file(figure, "png", width, grey, theme)


def _file(figure: "go.Figure", format: "Format", width: float, grey: bool, theme: Look) -> bytes:
    if not NARROWEST <= width <= WIDEST:
        raise UserError(f"A figure is {NARROWEST:.0f} to {WIDEST:.0f} mm wide, not {width:g}.")
    try:
        from kanviz.plots.paper.sheet import written
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "matplotlib":
            raise
        raise UserError("A figure for paper needs matplotlib; install it with: pip install kanviz[plot]") from None
    return written(figure, format, width=width, grey=grey, page=THEMES[theme].page)
