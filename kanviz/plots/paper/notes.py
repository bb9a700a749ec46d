"""Draw what stands around the numbers: shapes, notes, the title and the colour bar."""

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea, VPacker
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Transform, blended_transform_factory, offset_copy

from kanviz.errors import UserError
from kanviz.plots.paper.looks import POINT, Ink, dash, width
from kanviz.plots.paper.words import lines_of, number, plain, style_of

Place = Callable[[Any, Any], tuple[Transform, Axes]]  # of what plotly calls xref and yref
BELOW, ABOVE, NOTES = 1.0, 8.0, 9.0
SPACE = 0.28  # of a letter's height: between two runs of a line
NARROW = 1.02  # times the length of an axis: a longer title is broken into lines


def transform_of(xref: str, yref: str, panels: dict[tuple[str, str], Axes], paper: Axes) -> Transform:
    """Return the transform of a shape's or note's coordinates: of data, of a panel, or of the whole plot."""
    chosen = []
    for letter, ref in (("x", xref), ("y", yref)):
        name, _, domain = ref.partition(" ")
        if ref == "paper":
            chosen.append(paper.transAxes)
            continue
        found = next((axes for pair, axes in panels.items() if pair["xy".index(letter)] == name), None)
        if found is None or domain not in ("", "domain"):
            raise UserError(
                f"This figure has something at {ref!r}, which cannot be drawn for paper. Write it as .html."
            )
        chosen.append(found.transAxes if domain else found.transData)
    return blended_transform_factory(*chosen)


def shape(one: dict[str, Any], figure: Figure, where: Transform, paper: Axes, ink: Ink) -> None:
    """Draw a rectangle or a line over the whole plot or at data."""
    line, opacity = one.get("line", {}), one.get("opacity", 1.0)
    pixels = line.get("width", 2)
    stroke = ink(line["color"], opacity) if line.get("color") and pixels else "none"
    fill = ink(one["fillcolor"], opacity) if one.get("fillcolor") else "none"
    corners = ((one["x0"], one["y0"]), one["x1"] - one["x0"], one["y1"] - one["y0"])
    drawn = Rectangle(
        *corners, transform=where, facecolor=fill, edgecolor=stroke, linewidth=width(pixels),
        linestyle=dash(line.get("dash", "solid"), pixels), zorder=BELOW if one.get("layer") == "below" else ABOVE,
    )  # fmt: skip
    figure.add_artist(drawn, clip=False)
    drawn.set_clip_box(paper.bbox)


def note(one: dict[str, Any], figure: Figure, where: Transform, font: dict[str, Any], ink: Ink) -> Text:
    """Write a note at its place, shifted by so many pixels."""
    look = {**font, **one.get("font", {})}
    across, up = one.get("xanchor", "auto"), one.get("yanchor", "auto")
    if across == "auto":
        across = _side(one["x"], ("left", "center", "right")) if one.get("xref") == "paper" else "center"
    if up == "auto":
        up = _side(one["y"], ("bottom", "middle", "top")) if one.get("yref") == "paper" else "middle"
    moved = offset_copy(
        where, figure, POINT * one.get("xshift", 0) / 72, POINT * one.get("yshift", 0) / 72, units="inches"
    )
    box = None
    if one.get("bgcolor"):
        edge = ink(one["bordercolor"]) if one.get("bordercolor") else "none"
        box = {
            "facecolor": ink(one["bgcolor"]), "edgecolor": edge, "linewidth": width(one.get("borderwidth", 0)),
            "boxstyle": f"square,pad={one.get('borderpad', 1) / look['size']}",
        }  # fmt: skip
    return figure.text(
        one["x"], one["y"], plain(one["text"]), transform=moved, ha=across, va="center" if up == "middle" else up,
        rotation=-one.get("textangle", 0), rotation_mode="default", fontsize=look["size"] * POINT,
        color=ink(look["color"]), bbox=box, zorder=NOTES, linespacing=1.1, multialignment="center",
        **style_of(one["text"]),
    )  # fmt: skip


def _side(at: float, sides: Sequence[str]) -> str:
    return sides[0] if at < 1 / 3 else sides[2] if at > 2 / 3 else sides[1]


def title(markup: str, figure: Figure, font: dict[str, Any], ink: Ink, limit: float) -> AnnotationBbox:
    """Write the title at the left, in its styles; lines that are too long for `limit` points are broken."""
    size, colour = font["size"] * POINT, ink(font["color"])
    most = max(int(limit / (0.52 * size)), 12)
    rows = []
    for line in lines_of(markup):
        styled = len({run.style["weight"] for run in line}) > 1
        text = "".join(run.text for run in line)
        pieces = (
            [line] if styled or len(text) <= most else [[line[0]._replace(text=t)] for t in textwrap.wrap(text, most)]
        )
        for piece in pieces:
            looks = [{"size": size, "color": colour, **run.style} for run in piece]
            runs: list[Any] = [
                TextArea(run.text.strip(), textprops=look) for run, look in zip(piece, looks, strict=True)
            ]
            rows.append(HPacker(children=runs, align="baseline", pad=0, sep=SPACE * size))
    box = VPacker(children=rows, align="left", pad=0, sep=0.3 * size)
    found = AnnotationBbox(
        box, (0, 0), xycoords="figure points", box_alignment=(0, 1), frameon=False, pad=0, zorder=NOTES
    )
    figure.add_artist(found)
    return found


def colour_bar(field: tuple[Any, dict[str, Any]], figure: Figure, axes: Axes, font: dict[str, Any], ink: Ink) -> None:
    """Draw the scale of a field of colour into its own axes."""
    mesh, spec = field
    bar = figure.colorbar(mesh, cax=axes)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    assert bar.solids is not None
    bar.solids.set(rasterized=True, alpha=mesh.get_alpha())
    look, head = {**font, **spec.get("tickfont", {})}, spec.get("title", {})
    axes.tick_params(length=0, labelsize=look["size"] * POINT, labelcolor=ink(look["color"]), pad=2 * POINT)
    if spec.get("tickvals") is not None:
        bar.set_ticks([float(v) for v in spec["tickvals"]])
    bar.formatter = FuncFormatter(lambda value, _: number(value))
    if head.get("text"):
        look = {**font, **head.get("font", {})}
        axes.set_ylabel(plain(head["text"]), fontsize=look["size"] * POINT, color=ink(look["color"]),
                        **style_of(head["text"]))  # fmt: skip


def broken(text: Text, length: float, renderer: Any, *, upright: bool) -> None:
    """Break the title of an axis into lines that are no longer than the axis."""
    box = text.get_window_extent(renderer)
    size = box.height if upright else box.width
    words = " ".join(text.get_text().split())
    lines = text.get_text().count("\n") + 1
    if not words or size <= NARROW * length:
        return
    most = max(int(len(words) / lines * length / size), 10)
    text.set_text("\n".join(textwrap.wrap(words, most)))
