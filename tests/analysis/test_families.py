"""Comparisons and certificates of networks of other families, with their conversions, and with steps."""

from dataclasses import replace

import pytest
import torch

import kanviz
from kanviz.analysis.diff import diff
from kanviz.analysis.extrapolation import beyond
from kanviz.analysis.locality.difference_bound import apart
from kanviz.analysis.locality.supports import EVERYWHERE, where_changed
from kanviz.core.conversion.curves import BELLS
from kanviz.core.layer import EdgeId
from kanviz.edit.conversion import to_splines
from kanviz.errors import UserError
from tests.core.test_families import ROWS
from tests.families import network

ROW = torch.tensor([[0.25, 0.5]], dtype=torch.float64)


@pytest.mark.parametrize("family", ROWS)
def test_a_conversion_is_compared_edge_by_edge(family):
    kan = network(family)
    found = diff(kan, to_splines(kan, 1e-4))
    assert all(edge.coefficients is None for edge in found.changed)
    assert {edge.id for edge in found.changed} == set(kan.edges(pruned=True))
    if family in BELLS:  # others go on as straight lines outside of the range
        assert all(edge.gap < 1e-3 for edge in found.changed)
    assert diff(kan, replace(kan)).identical


def test_a_moved_coefficient_of_another_family_acts_everywhere():
    kan = network("gaussian")
    coef = kan.layers[1].coef.clone()
    coef[2, 0, 1] += 1
    moved = kan.with_layer(1, coef=coef)
    assert [edge.id for edge in diff(kan, moved).changed] == [EdgeId(1, 2, 0)]
    found = where_changed(kan.layers[1], moved.layers[1])
    assert {place: act.span for place, act in found.items()} == {(2, 0): EVERYWHERE}


@pytest.mark.parametrize("pair", ["before", "after", "both"])
@pytest.mark.parametrize("family", ["gaussian", "chebyshev"])
def test_no_certificate_compares_other_families(family, pair):
    kan = network(family)
    new = to_splines(kan)
    before, after = {"before": (kan, new), "after": (new, kan), "both": (kan, kan)}[pair]
    for ask in (
        lambda: kanviz.certify(before, after, rows=ROW),
        lambda: kanviz.certify(before, after, box=[(0, 1), (0, 1)]),
        lambda: apart(before, after, ((0.0, 1.0), (0.0, 1.0))),
    ):
        with pytest.raises(UserError, match="this needs B-splines"):
            ask()


def test_a_step_that_only_one_network_has_is_a_change_and_is_not_certified():
    kan = kanviz.init([2, 3, 1], seed=0)
    with_step = kan.with_layer(1, step="tanh")
    assert {edge.id.layer for edge in diff(kan, with_step).changed} == {1}
    for one, two in ((kan, with_step), (with_step, kan)):
        with pytest.raises(UserError, match="tanh before layer 1"):
            kanviz.certify(one, two, rows=ROW)


@pytest.mark.parametrize(
    ("kan", "words"), [(network("gaussian"), "needs B-splines"), (network("spline", "norm"), "before layer 1")]
)
def test_all_edges_are_read_together_only_in_plain_networks_of_splines(kan, words):
    with pytest.raises(UserError, match=words):
        next(kanviz.extract(kan))


def test_a_point_is_outside_of_grids_only():
    far = [50.0, 0.0]
    assert beyond(network("gaussian"), far) == ()
    assert {one.name for one in beyond(network("spline"), far)} >= {"x1"}
    squashed = network("spline", "tanh")
    assert all(one.column for one in beyond(squashed.with_layer(0, step="tanh"), far))


@pytest.mark.parametrize("step", ["", "tanh", "raw and norm"])
@pytest.mark.parametrize("family", ["gaussian", "chebyshev", "spline"])
def test_other_families_are_checked_against_their_original(family, step):
    kan = network(family, step)
    x = torch.rand(30, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert kanviz.check(kan, x, kan(x)).agrees
    found = kanviz.check(kan, x, 2 * kan(x))
    assert not found.agrees
    assert any("2" in hint for hint in found.hints)
