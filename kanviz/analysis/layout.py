"""Place a network's nodes, sums and thumbnails on a page without overlaps.

Columns of nodes run from inputs on the left to outputs on the right; y runs from 0 (bottom) to 1 (top). Between two
columns every edge has its own cell: a single stack when they are few, otherwise a table with a row per node of the
longer column. Lines fan out on both sides of the cells and run straight along their rows between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kanviz.analysis.scores import Scores
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.steps import step_words

MOST = 240  # thumbnails; more edges than these are left out, the least important first
MOST_NODES = 20  # nodes of a column; more are left out in the same way
STACK = 16  # edges between two columns that fit in one stack
CELL = 0.52  # width of one column of cells
FAN, NARROW, BROAD = 0.55, 0.40, 0.95  # room for lines next to a stack; next to a table: straight, crossing
FILL_X, FILL_Y = 0.86, 0.78  # share of a cell that the thumbnail fills
STEP, MARK = 0.42, 0.27  # room for a step after a column of nodes, and where in it the mark is
TALLEST = 1.7  # largest height of a thumbnail, relative to the lowest


@dataclass(frozen=True)
class NodePlace:
    """A node. product: its sums are multiplied. linked: an edge that is not pruned enters or leaves it."""

    column: int
    index: int
    x: float
    y: float
    name: str
    product: bool
    linked: bool


@dataclass(frozen=True)
class SumPlace:
    """A sum that is a factor of a product node, and the place of that node."""

    layer: int
    target: int
    x: float
    y: float
    name: str
    node_x: float
    node_y: float


@dataclass(frozen=True)
class StepPlace:
    """A step between the nodes of a column and the edges of `layer`; all their lines cross it at x."""

    layer: int
    x: float
    words: str


@dataclass(frozen=True)
class EdgePlace:
    """An edge: its line and the box of its thumbnail.

    The line goes from `start` to (enter, y), straight through the box to (leave, y), and on to `end`.
    """

    id: EdgeId
    start: tuple[float, float]
    enter: float
    leave: float
    end: tuple[float, float]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """The places of everything. rows: thumbnails above each other in the fullest stack or table.

    edges_left_out, nodes_left_out: how many do not fit on the page; these are the least important.
    """

    nodes: tuple[NodePlace, ...]
    sums: tuple[SumPlace, ...]
    steps: tuple[StepPlace, ...]
    edges: tuple[EdgePlace, ...]
    width: float
    rows: int
    edges_left_out: int
    nodes_left_out: int


def wide(kan: KAN) -> bool:
    """Return whether some layer has more nodes or edges than can be drawn with their curves."""
    return any(layer.sources > MOST_NODES or layer.nodes > MOST_NODES for layer in kan.layers)


def layout(kan: KAN, scores: Scores | None = None, most: int = MOST) -> Layout:
    """Place the nodes and edges of a network; if too many, those with the highest scores (or simply the first)."""
    columns = _shown_nodes(kan, scores)
    owners = [[node for node, arity in enumerate(layer.arity) for _ in range(arity)] for layer in kan.layers]
    chosen = _chosen(kan, owners, scores, columns, most)
    gaps = [_cells(kan.layers[n], edges, columns[n], columns[n + 1]) for n, edges in enumerate(chosen)]
    gaps = [
        (cells, across, (before + STEP * bool(layer.step), after))
        for layer, (cells, across, (before, after)) in zip(kan.layers, gaps, strict=True)
    ]
    at = [0.0]
    for n, (_, across, (before, after)) in enumerate(gaps):
        at.append(at[-1] + before + CELL * across + after + (0.3 if max(kan.layers[n].arity) > 1 else 0.0))
    height = [{node: 1 - (k + 0.5) / len(shown) for k, node in enumerate(shown)} for shown in columns]
    sums = [_sums(kan, n, at[n + 1], height[n + 1]) for n in range(len(kan.layers))]
    depth = [max((row for row, _ in cells.values()), default=0) + 1 for cells, _, _ in gaps]
    rows = max(*depth, *(len(shown) for shown in columns))
    edges = []
    for n, (cells, across, (before, _)) in enumerate(gaps):
        enter = at[n] + before + (1 - FILL_X) / 2 * CELL
        leave = at[n] + before + CELL * across - (1 - FILL_X) / 2 * CELL
        for edge, (row, place) in cells.items():
            factor = sums[n].get(edge.target)
            end = (factor.x, factor.y) if factor else (at[n + 1], height[n + 1][owners[n][edge.target]])
            x, y = at[n] + before + CELL * (place + 0.5), 1 - (row + 0.5) / depth[n]
            tall = FILL_Y * min(1 / depth[n], TALLEST / rows)
            start = (at[n], height[n][edge.source % kan.layers[n].takes])
            edges.append(EdgePlace(edge, start, enter, leave, end, x, y, FILL_X * CELL, tall))
    return Layout(
        nodes=tuple(_nodes(kan, owners, at, height)),
        sums=tuple(place for column in sums for place in column.values()),
        steps=tuple(
            StepPlace(n, at[n] + MARK, step_words(layer.step)) for n, layer in enumerate(kan.layers) if layer.step
        ),
        edges=tuple(edges),
        width=at[-1],
        rows=rows,
        edges_left_out=sum(layer.sources * layer.targets for layer in kan.layers) - len(edges),
        nodes_left_out=sum(kan.shape) - sum(len(shown) for shown in columns),
    )


def _shown_nodes(kan: KAN, scores: Scores | None) -> list[list[int]]:
    """Return, per column, the nodes to draw: all of them where they fit."""
    found = []
    for column, count in enumerate(kan.shape):
        order = list(range(count))
        if scores is not None:
            order.sort(key=lambda node, shares=scores.nodes[column]: -shares[node])
        found.append(sorted(order[:MOST_NODES]))
    return found


def _chosen(
    kan: KAN, owners: Sequence[Sequence[int]], scores: Scores | None, columns: Sequence[Sequence[int]], most: int
) -> list[list[EdgeId]]:
    """Return, per layer, the sorted edges with a thumbnail; small layers are complete before large ones are cut."""
    layers: list[list[EdgeId]] = []
    for n, owner in enumerate(owners):
        targets = [j for j, node in enumerate(owner) if node in columns[n + 1]]
        here = kan.layers[n]
        sources = [i for i in range(here.sources) if i % here.takes in columns[n]]
        layers.append([EdgeId(n, i, j) for i in sources for j in targets])
    room = most
    for done, n in enumerate(sorted(range(len(layers)), key=lambda n: len(layers[n]))):
        share = room // (len(layers) - done)
        if len(layers[n]) > share:
            order = sorted(layers[n], key=lambda edge: (-scores.of(edge) if scores else 0.0, edge))
            layers[n] = sorted(order[:share])
        room -= len(layers[n])
    return layers


def _cells(
    layer: Layer, edges: Sequence[EdgeId], sources: Sequence[int], nodes: Sequence[int]
) -> tuple[dict[EdgeId, tuple[int, int]], int, tuple[float, float]]:
    """Return each edge's (row, place) between two columns, the places per row, and the room for lines on both sides."""
    if len(edges) <= STACK:
        # Sorted by the height midway between their ends, from the top: that gives the flattest lines.
        middle = {
            e: (sources.index(e.source % layer.takes) + 0.5) / len(sources)
            + (nodes.index(layer.owners[e.target]) + 0.5) / len(nodes)
            for e in edges
        }
        order = sorted(edges, key=lambda edge: (middle[edge], edge))
        return {edge: (row, 0) for row, edge in enumerate(order)}, 1, (FAN, FAN)
    starts, goals = sorted({e.source for e in edges}), sorted({e.target for e in edges})
    by_source = len(starts) >= len(goals)
    row = {v: k for k, v in enumerate(starts if by_source else goals)}
    fans = (NARROW, BROAD) if by_source else (BROAD, NARROW)
    cells, taken = {}, dict.fromkeys(row, 0)
    for edge in edges:  # sorted, so that a full row is sorted too; a row with gaps closes up and keeps its size
        own = edge.source if by_source else edge.target
        cells[edge] = row[own], taken[own]
        taken[own] += 1
    return cells, max(taken.values()), fans


def _sums(kan: KAN, n: int, x: float, height: Mapping[int, float]) -> dict[int, SumPlace]:
    """Place the factors of product nodes, each to the left of its node."""
    layer, found, start = kan.layers[n], {}, 0
    slot = 1 / max(len(height), 1)
    for node, arity in enumerate(layer.arity):
        if arity > 1 and node in height:
            for k in range(arity):
                y = height[node] + slot * (0.5 - (k + 0.5) / arity) * 0.7
                name = kan.target_name(n, start + k)
                found[start + k] = SumPlace(n, start + k, x - 0.3, y, name, x, height[node])
        start += arity
    return found


def _nodes(
    kan: KAN, owners: Sequence[Sequence[int]], at: Sequence[float], height: Sequence[Mapping[int, float]]
) -> list[NodePlace]:
    linked: list[set[int]] = [set() for _ in kan.shape]
    for n, layer in enumerate(kan.layers):
        linked[n] |= {source % layer.takes for source in layer.present.any(1).nonzero().flatten().tolist()}
        linked[n + 1] |= {owners[n][target] for target in layer.present.any(0).nonzero().flatten().tolist()}
    return [
        NodePlace(
            column, node, at[column], y, kan.node_name(column, node),
            column > 0 and kan.layers[column - 1].arity[node] > 1, node in linked[column],
        )
        for column, places in enumerate(height)
        for node, y in places.items()
    ]  # fmt: skip
