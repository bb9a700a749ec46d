"""Places: no two thumbnails overlap, lines end where they should, and large networks are cut to what matters."""

import itertools

import pytest

from kanviz.analysis.layout import MOST, MOST_NODES, layout
from kanviz.analysis.scores import scores
from kanviz.core.init import init

SHAPES = [[1, 1], [2, 5, 1], [4, 10, 10, 1], [3, [3, 2], [1, 1], 1], [60, 12, 4]]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_two_thumbnails_overlap_and_none_covers_a_node(shape):
    places = layout(init(shape))
    for a, b in itertools.combinations(places.edges, 2):
        apart = abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
        assert apart, (a.id, b.id)
    for edge, node in itertools.product(places.edges, (*places.nodes, *places.sums)):
        assert abs(edge.x - node.x) > edge.width / 2
        assert 0 < edge.y - edge.height / 2 < edge.y + edge.height / 2 < 1


@pytest.mark.parametrize("shape", SHAPES[:4], ids=str)
def test_every_edge_starts_at_its_source_and_ends_at_its_target(shape):
    kan = init(shape)
    places = layout(kan)
    nodes = {(n.column, n.index): (n.x, n.y) for n in places.nodes}
    sums = {(s.layer, s.target): (s.x, s.y) for s in places.sums}
    assert {p.id for p in places.edges} == set(kan.edges(pruned=True))
    for p in places.edges:
        node = (p.id.layer + 1, kan.layers[p.id.layer].node_of(p.id.target))
        assert p.start == nodes[p.id.layer, p.id.source]
        assert p.end == sums.get((p.id.layer, p.id.target), nodes[node])
        left, right = p.x - p.width / 2, p.x + p.width / 2
        assert p.start[0] < p.enter < left + 1e-9 < right < p.leave + 1e-9 < p.end[0]


def test_the_factors_of_a_product_stand_before_their_node():
    places = layout(init([2, [1, 2], 1]))
    products = {(n.x, n.y) for n in places.nodes if n.product}
    assert len(places.sums) == 4
    assert {(s.node_x, s.node_y) for s in places.sums} == products
    assert all(s.x < s.node_x for s in places.sums)


def test_a_large_network_is_cut_to_its_strongest_edges_and_says_how_many_are_gone():
    kan = init([60, 12, 4], seed=1)
    found = scores(kan)
    places = layout(kan, found)
    assert len(places.edges) == MOST
    assert places.edges_left_out == 60 * 12 + 12 * 4 - MOST
    shown = {n.index for n in places.nodes if n.column == 0}
    assert len(shown) == MOST_NODES
    assert places.nodes_left_out == 60 - MOST_NODES
    assert min(found.nodes[0][i] for i in shown) >= max(found.nodes[0][i] for i in range(60) if i not in shown)


def test_a_node_without_edges_is_not_linked():
    kan = init([2, 2, 1])
    active = kan.layers[0].active.clone()
    active[1] = False
    places = layout(kan.with_layer(0, active=active))
    assert {(n.column, n.index) for n in places.nodes if not n.linked} == {(0, 1)}
