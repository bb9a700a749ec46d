"""Draw the network: every edge with its curve in a small frame, thick where its score is high; edges are clickable."""

from collections.abc import Callable, Collection, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from kanviz.analysis.layout import EdgePlace, Layout
from kanviz.analysis.scores import Scores
from kanviz.analysis.thumbnails import Thumbnail, Thumbnails
from kanviz.core.layer import EdgeId
from kanviz.plots.network_paths import Path, bend, box, fans, joined, straight
from kanviz.plots.network_words import NAME, edge_words, name_width, node_words, two_lines
from kanviz.plots.theme import THEMES, Look, Theme, arrange, canvas, empty, words

WIDTHS, OPACITIES = (0.8, 1.2, 1.8, 2.6, 3.6), (0.30, 0.45, 0.62, 0.80, 0.95)
STATES = ("pruned", "spline", "both", "formula")
ROW, LOWEST, HIGHEST = 52, 300, 960  # pixels per row of thumbnails, and of the whole figure
CROWD = 180  # more edges than this get thinner and fainter lines, which would otherwise merge into a dark area


def network_figure(
    layout: Layout,
    curves: Thumbnails,
    scores: Scores | None = None,
    *,
    theme: Look = "light",
    selected: EdgeId | None = None,
    highlight: Collection[EdgeId] = (),
    show: Literal["all", "present"] = "all",
) -> go.Figure:
    """Draw the network from inputs (left) to outputs (right). Clickable points carry [layer, source, target].

    States differ in more than colour: pruned is dashed and faint, a formula has an f, both an f+, a frozen edge a star;
    the selected edge has a solid ring, highlighted ones a dotted ring. show="present" leaves pruned edges out.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.layout import layout
    >>> from kanviz.analysis.thumbnails import all_curves
    >>> kan = kanviz.init([2, 1])
    >>> figure = kanviz.plots.network_figure(layout(kan), all_curves(kan), selected=kanviz.EdgeId(0, 1, 0))
    >>> sorted({tuple(edge) for trace in figure.data if trace.customdata is not None for edge in trace.customdata})
    [(0, 0, 0), (0, 1, 0)]
    """
    by_id = {place.id: curves.of(place.id) for place in layout.edges}
    places = [p for p in layout.edges if show == "all" or by_id[p.id].state != "pruned"]
    if not places:
        return empty(theme, "Network", "No edges to show.")
    colours = THEMES[theme]
    height = int(min(max(ROW * layout.rows + 70, LOWEST), HIGHEST))
    figure = canvas(theme, _title(layout), height)
    levels = _levels(places, scores)
    _lines(figure, places, by_id, levels, colours)
    if selected is not None:
        chosen = [p for p in places if p.id == selected]
        _add(figure, colours.selected, 2.5, [part for p in chosen for part in fans(p)], shape="spline")
        _add(figure, colours.selected, 2.5, [part for p in chosen for part in straight(p)])
    _frames(figure, places, by_id, colours)
    _curves(figure, places, by_id, levels, colours)
    _marks(figure, places, by_id, colours)
    _rings(figure, places, selected, highlight, colours)
    _steps(figure, layout, colours)
    _nodes(figure, layout, scores, colours)
    _targets(figure, places, by_id, scores, height / layout.rows)
    _legend(figure, places, by_id, colours)
    left, right = (
        22 + max((name_width(n.name) for n in layout.nodes if n.x == x), default=0) for x in (0.0, layout.width)
    )
    arrange(figure, margin={"l": left, "r": right, "t": 44 if _title(layout) else 12, "b": 34})
    figure.update_xaxes(visible=False, range=[-0.05, layout.width + 0.05], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-0.01, 1.01], fixedrange=True)
    return figure


def _title(layout: Layout) -> str:
    if not layout.edges_left_out:
        return ""
    nodes = f"{layout.nodes_left_out:,} nodes and " if layout.nodes_left_out else ""
    return f"Only the strongest are drawn: {nodes}{layout.edges_left_out:,} edges are left out"


def _levels(places: Sequence[EdgePlace], scores: Scores | None) -> dict[EdgeId, int]:
    """Return the thickness of each edge, 0 to 4, relative to the strongest edge of its layer."""
    if scores is None:
        return {p.id: 2 for p in places}
    strongest: dict[int, float] = {}
    for p in places:
        strongest[p.id.layer] = max(strongest.get(p.id.layer, 0.0), scores.of(p.id))
    return {p.id: int(4.999 * (scores.of(p.id) / (strongest[p.id.layer] or 1.0)) ** 0.5) for p in places}


def _add(figure: go.Figure, colour: str, width: float, paths: Sequence[Path], **more) -> None:
    """Add one trace of lines without hover text and clicks."""
    if not paths:
        return
    x, y = joined(paths)
    dash, opacity, fill = more.get("dash", "solid"), more.get("opacity", 1.0), more.get("fill")
    line = {"color": colour, "width": width, "dash": dash, "shape": more.get("shape", "linear"), "simplify": False}
    figure.add_scatter(
        x=x, y=y, mode="lines", line=line, opacity=opacity, fill="toself" if fill else None, fillcolor=fill,
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _lines(figure: go.Figure, places, by_id, levels, colours: Theme) -> None:
    thin, faint = (1.0, 1.0) if len(places) <= 60 else (0.75, 1.0) if len(places) <= CROWD else (0.45, 0.5)
    rows = {(p.id.layer, p.y): p for p in places if by_id[p.id].state != "pruned"}
    along = [(np.array([p.enter, p.leave]), np.full(2, p.y)) for p in rows.values()]
    _add(figure, colours.path, 0.8, along, opacity=0.35)
    for state in STATES:
        for level, (width, opacity) in enumerate(zip(WIDTHS, OPACITIES, strict=True)):
            here = [p for p in places if by_id[p.id].state == state and levels[p.id] == level]
            paths = [part for p in here for part in fans(p)]
            if state == "pruned":
                _add(figure, colours.pruned, 1, paths, dash="dash", opacity=0.5, shape="spline")
            else:
                colour = colours.path if state == "spline" else colours.state(state)
                _add(figure, colour, width * thin, paths, opacity=opacity * faint, shape="spline")


def _frames(figure: go.Figure, places, by_id, colours: Theme) -> None:
    styles = {"pruned": (colours.pruned, 1, "dash"), "spline": (colours.frame, 1, "solid")}
    for state in STATES:
        colour, width, dash = styles.get(state, (colours.state(state), 1.6, "solid"))
        boxes = [box(p) for p in places if by_id[p.id].state == state]
        _add(figure, colour, width, boxes, dash=dash, fill=colours.card)


def _curves(figure: go.Figure, places, by_id, levels, colours: Theme) -> None:
    for state in STATES:
        for strong in (False, True):
            here = [p for p in places if by_id[p.id].state == state and (levels[p.id] > 0) is strong]
            paths = [_curve(p, by_id[p.id]) for p in here]
            dash, opacity = ("dot", 0.8) if state == "pruned" else ("solid", 1.0 if strong else 0.55)
            _add(figure, colours.state(state), 1.0 if state == "pruned" else 1.8, paths, dash=dash, opacity=opacity)


def _curve(place: EdgePlace, curve: Thumbnail) -> Path:
    return place.x + place.width * 0.90 * (curve.x - 0.5), place.y + place.height * 0.38 * curve.heights


def _rings(figure: go.Figure, places, selected: EdgeId | None, highlight: Collection[EdgeId], colours: Theme) -> None:
    """Draw rings around highlighted edges and the selected one; an edge that is both has two nested rings."""
    marked = [box(p, 1.06 if p.id == selected else 1.16) for p in places if p.id in highlight]
    chosen = [box(p, 1.26 if p.id in highlight else 1.16) for p in places if p.id == selected]
    _add(figure, colours.marked, 2.5, marked, dash="dot")
    _add(figure, colours.selected, 3, chosen)


def _marks(figure: go.Figure, places, by_id, colours: Theme) -> None:
    """Draw badges on the corners of frames, for readers who cannot see the colours."""

    def corner(which: Callable[[Thumbnail], bool], side: int) -> dict:
        here = [p for p in places if which(by_id[p.id])]
        return {"x": [p.x + side * p.width / 2 for p in here], "y": [p.y + p.height / 2 for p in here]}

    quiet = {"hoverinfo": "skip", "showlegend": False, "unselected": {"marker": {"opacity": 1}}}
    for state, sign in (("formula", "<i>f</i>"), ("both", "<i>f</i>+")):
        spots = corner(lambda curve, state=state: curve.state == state, 1)
        if spots["x"]:
            quiet["unselected"] = {"marker": {"opacity": 1}, "textfont": {"color": colours.page}}
            figure.add_scatter(
                **spots, **quiet, mode="markers+text", text=[sign] * len(spots["x"]), textposition="middle center",
                textfont={"size": 12, "color": colours.page},
                marker={"size": 18, "color": colours.state(state), "opacity": 1},
            )  # fmt: skip
    spots = corner(lambda curve: curve.frozen, -1)
    if spots["x"]:
        plate = {"size": 17, "color": colours.card, "line": {"width": 1.4, "color": colours.frozen}, "opacity": 1}
        figure.add_scatter(**spots, **quiet, mode="markers", marker=plate)
        figure.add_scatter(**spots, **quiet, mode="markers", marker=_star(colours))


def _star(colours: Theme) -> dict:
    line = {"width": 1.6, "color": colours.frozen}
    return {"symbol": "asterisk-open", "size": 8, "color": colours.frozen, "line": line, "opacity": 1}


def _steps(figure: go.Figure, layout: Layout, colours: Theme) -> None:
    """Draw a bar, with its name, where all values of a column go through a step."""
    _add(figure, colours.muted, 3, [(np.full(2, s.x), np.array([0.0, 1.0])) for s in layout.steps], opacity=0.6)
    plate = {"bgcolor": colours.page, "bordercolor": colours.muted, "borderwidth": 1, "borderpad": 3}
    turned = {"y": 0.5, "textangle": -90, "showarrow": False, "font": {"size": 11, "color": colours.text}, **plate}
    names = [{"text": words(s.words), "x": s.x, **turned} for s in layout.steps]
    figure.layout.annotations = [*figure.layout.annotations, *names]


def _nodes(figure: go.Figure, layout: Layout, scores: Scores | None, colours: Theme) -> None:
    joins = [bend((s.x, s.y), (s.node_x, s.node_y)) for s in layout.sums]
    _add(figure, colours.muted, 2, joins, shape="spline")
    if layout.sums:
        figure.add_scatter(
            x=[s.x for s in layout.sums], y=[s.y for s in layout.sums], mode="markers",
            marker={"size": 9, "color": colours.card, "line": {"width": 1.8, "color": colours.muted}, "opacity": 1},
            hovertext=[f"{words(s.name)}: a sum, factor of a product" for s in layout.sums], hoverinfo="text",
            unselected={"marker": {"opacity": 1}}, showlegend=False,
        )  # fmt: skip
    for product in (False, True):
        for linked in (False, True):
            here = [n for n in layout.nodes if n.product is product and n.linked is linked]
            if not here:
                continue
            colour = colours.text if linked else colours.pruned
            figure.add_scatter(
                x=[n.x for n in here], y=[n.y for n in here], mode="markers+text" if product else "markers",
                text=["×"] * len(here) if product else None, textposition="middle center",
                textfont={"size": 15, "color": colours.page},
                marker={"size": 18 if product else 11, "color": colour, "opacity": 1},
                hovertext=[node_words(n, scores) for n in here], hoverinfo="text", showlegend=False, cliponaxis=False,
                unselected={"marker": {"opacity": 1}, "textfont": {"color": colours.page}},
            )  # fmt: skip
    _names(figure, layout, colours)


def _names(figure: go.Figure, layout: Layout, colours: Theme) -> None:
    """Write names next to inputs and outputs; above hidden nodes, if there is room."""
    last = max(n.column for n in layout.nodes)
    names = []
    for n in layout.nodes:
        hidden = 0 < n.column < last
        if hidden and sum(m.column == n.column for m in layout.nodes) > 12:
            continue
        where = (
            {"xanchor": "center", "yanchor": "bottom", "yshift": 10 if n.product else 7, "bgcolor": colours.page}
            if hidden
            else {"xanchor": "right", "xshift": -9} if n.column == 0 else {"xanchor": "left", "xshift": 9}
        )  # fmt: skip
        size = 11 if hidden else 14 if len(n.name) <= NAME else 12
        names.append({
            "text": words(n.name, NAME) if hidden else two_lines(n.name), "x": n.x, "y": n.y, "showarrow": False,
            "font": {"size": size, "color": colours.muted if hidden else colours.text}, "borderpad": 1, **where,
        })  # fmt: skip
    figure.layout.annotations = [*figure.layout.annotations, *names]  # all at once: each addition checks all before


def _targets(figure: go.Figure, places, by_id, scores: Scores | None, row: float) -> None:
    """Draw the targets of the pointer: invisible points over every frame."""
    spots = [(p, dx) for p in places for dx in (-0.3, 0.0, 0.3)]
    figure.add_scatter(
        x=[p.x + dx * p.width for p, dx in spots], y=[p.y for p, _ in spots], mode="markers", name="edges",
        marker={"size": max(min(row * 0.7, 44), 10), "opacity": 0, "color": "#888888", "symbol": "square"},
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
        customdata=[list(p.id) for p, _ in spots], hoverinfo="text", showlegend=False,
        hovertext=[edge_words(by_id[p.id], scores) for p, _ in spots],
    )  # fmt: skip


def _legend(figure: go.Figure, places, by_id, colours: Theme) -> None:
    """Draw a legend of the signs in use, unless there are only plain splines."""
    states = {by_id[p.id].state for p in places}
    frozen = any(by_id[p.id].frozen for p in places)
    if states == {"spline"} and not frozen:
        return
    names = {"spline": "spline", "formula": "formula (<i>f</i>)", "both": "both (<i>f</i>+)", "pruned": "pruned"}
    for state in ("spline", "formula", "both", "pruned"):
        if state in states:
            dash = "dash" if state == "pruned" else "solid"
            line = {"color": colours.state(state), "width": 2, "dash": dash}
            figure.add_scatter(x=[None], y=[None], mode="lines", line=line, name=names[state], hoverinfo="skip")
    if frozen:
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=_star(colours), name="frozen", hoverinfo="skip")
    arrange(figure, legend={"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"}, showlegend=True)
    arrange(figure, legend={"itemclick": False, "itemdoubleclick": False})
