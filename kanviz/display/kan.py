"""Show and draw a network."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from kanviz.analysis.curves import edge_curve
from kanviz.analysis.layout import EdgePlace, Layout, SumPlace, layout, wide
from kanviz.analysis.scores import Scores, scores
from kanviz.analysis.thumbnails import Thumbnail, Thumbnails, all_curves
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.display import markup
from kanviz.display.rows import fitting
from kanviz.text import counted, listing

MOST, POINTS = 30, 17  # edges in the small picture, and points of each curve: a few kB
UNIT, ROW, LOWEST, HIGHEST = 120, 34, 70, 420  # pixels: of the layout's unit of width, of a row, of the picture
LETTERS, LETTER = 14, 7  # most letters of a name, and the pixels of one


def html(kan: KAN) -> str:
    """Return a small description of a network, with its picture."""
    states = Counter(layer.state(i, j) for layer in kan.layers for i, j in _few(layer.active.shape))
    kinds = [f"{states[state]:,} {state}" for state in ("formula", "both", "pruned") if states[state]]
    count = counted(len(kan.edge_list()), "edge")
    dtype = str(kan.dtype).removeprefix("torch.")
    return markup.page(
        markup.line(
            markup.bold(f"KAN {kan.shape_text}"), f"{count} ({', '.join(kinds)})" if kinds else count, dtype,
            kan.task if kan.task != "regression" else "",
        ),
        markup.line(*(f"{name}: {markup.literal(listing([str(v) for v in some], 8), 400)}"
                      for name, some in (("inputs", kan.inputs), ("outputs", kan.outputs)))),
        _picture(kan),
        markup.items(kan.cautions, 3),
    )  # fmt: skip


def _few(shape: Sequence[int]) -> Any:
    """Return the addresses of a layer's edges; none where counting their states would take long."""
    return np.ndindex(*shape) if shape[0] * shape[1] <= 10_000 else ()


def _picture(kan: KAN) -> str:
    """Draw nodes, edges and their curves; of many edges the first ones."""
    places = layout(kan, most=MOST)
    curves = all_curves(kan, points=POINTS, edges=[place.id for place in places.edges])
    height = min(max(ROW * places.rows, LOWEST), HIGHEST)
    left, right = (
        8 + LETTER * min(max(len(n.name) for n in places.nodes if n.x == x), LETTERS) for x in (0.0, places.width)
    )

    def at(x: Any, y: Any) -> tuple[Any, Any]:
        return left + UNIT * x, height * (1 - y)

    known = [(place, curves.of(place.id)) for place in places.edges]
    seen = [(place, curve) for place, curve in known if curve.state != "pruned"]
    gone = [(place, curve) for place, curve in known if curve.state == "pruned"]
    ends: dict[tuple[int, float], float] = {}  # of each row of frames: where the last one ends
    for place in places.edges:
        row = place.id.layer, place.y
        ends[row] = max(ends.get(row, 0.0), place.x + place.width / 2)
    fine = {"stroke_width": markup.FINE}
    parts = [
        markup.path((_line(place, ends, at) for place, _ in seen), stroke_opacity=0.45, **fine),
        markup.path((_line(place, ends, at) for place, _ in gone), stroke_opacity=0.3, stroke_dasharray="40", **fine),
        markup.path((_join(sum_, at) for sum_ in places.sums), stroke_opacity=0.45, **fine),
        markup.path((_frame(place, at) for place, _ in known), stroke_opacity=0.3, **fine),
    ]
    for formula in (False, True):
        drawn = (_curve(place, curve, at) for place, curve in seen if (curve.state != "spline") is formula)
        looks = {"stroke": markup.FORMULA} if formula else {}
        parts.append(markup.path(drawn, stroke_width=1.6 * markup.FINE, **looks))
    for product in (False, True):
        dots = (_dot(at(n.x, n.y)) for n in places.nodes if n.product is product)
        parts.append(markup.path(dots, stroke_width=(12 if product else 6) * markup.FINE, stroke_linecap="round"))
    for node in places.nodes:
        x, y = (markup.FINE * v for v in at(node.x, node.y))
        if node.column in (0, len(kan.layers)):
            side, shift = ("end", -60) if node.column == 0 else ("start", 60)
            name = node.name if len(node.name) <= LETTERS else f"{node.name[: LETTERS - 1]}…"
            parts.append(_text(x + shift, y + 40, side, name))
        elif node.product:
            parts.append(_text(x, y - 80, "middle", "×"))
    picture = markup.picture(left + UNIT * places.width + right, height, f"a KAN of {kan.shape_text}", *parts)
    if not places.edges_left_out:
        return picture
    total = len(kan.edge_list(pruned=True))
    return picture + markup.line(f"{len(places.edges)} of {total:,} edges are drawn")


def _dot(at: tuple[float, float]) -> str:
    return f"M{markup.FINE * at[0]:.0f} {markup.FINE * at[1]:.0f}h0"


def _text(x: float, y: float, side: str, text: str) -> str:
    looks = f'text-anchor="{side}" fill="currentColor" stroke="none"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {looks}>{markup.literal(text)}</text>'


def _line(place: EdgePlace, ends: dict[tuple[int, float], float], at: Any) -> str:
    """Return the steps of an edge's line, bent before and after its row of frames."""
    last = ends[place.id.layer, place.y]
    points = (at(*place.start), at(place.enter, place.y), at(place.leave, place.y), at(*place.end), at(last, place.y))
    (a, b), (c, d), (e, f), (g, h), (i, _) = ((round(markup.FINE * x), round(markup.FINE * y)) for x, y in points)
    return (
        f"M{a} {b}C{(a + c) // 2} {b} {(a + c) // 2} {d} {c} {d}"
        f"M{i} {f}H{e}C{(e + g) // 2} {f} {(e + g) // 2} {h} {g} {h}"
    )


def _join(one: SumPlace, at: Any) -> str:
    """Return the step from a factor to its product node."""
    (a, b), (c, d) = ((round(markup.FINE * v) for v in at(*end)) for end in ((one.x, one.y), (one.node_x, one.node_y)))
    return f"M{a} {b}L{c} {d}"


def _frame(place: EdgePlace, at: Any) -> str:
    (a, b), (c, d) = (
        (round(markup.FINE * x), round(markup.FINE * y))
        for x, y in (at(place.x + side * place.width / 2, place.y + side * place.height / 2) for side in (-1, 1))
    )
    return f"M{a} {b}H{c}V{d}H{a}z"


def _curve(place: EdgePlace, curve: Thumbnail, at: Any) -> str:
    x = place.x + place.width * 0.9 * (curve.x - 0.5)
    return markup.curve_steps(*at(x, place.y + place.height * 0.38 * curve.heights))


def plot(kan: KAN, data: Any = None, *, edge: Sequence[int] | None = None, theme: Any = "light") -> Any:
    """Return the figure of a network, or of one of its edges."""
    from kanviz.plots import edge_figure, network_figure

    rows = fitting(data, kan)
    if edge is not None:
        return edge_figure(edge_curve(kan, kan.check(edge), rows), theme=theme)
    return network_figure(*drawn(kan, rows), theme=theme)


def drawn(kan: KAN, rows: Dataset | None) -> tuple[Layout, Thumbnails, Scores]:
    """Return the records that the figure of a network is drawn from."""
    ranking = scores(kan, rows)
    places = layout(kan, ranking)
    edges = [place.id for place in places.edges] if wide(kan) else None
    return places, all_curves(kan, rows, edges=edges), ranking
