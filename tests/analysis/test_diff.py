"""What changed is said exactly: which numbers, where, by how much; and *bit-identical* only where it is."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.analysis.diff import EdgeChange, diff, same_bits
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import FixFormula, FreezeEdge, MoveControlPoint, Prune, RefineGrid
from kanviz.errors import EditError
from tests.helpers import kans

EDGE = EdgeId(0, 0, 0)


def only_change(before, after) -> EdgeChange:
    (change,) = diff(before, after).changed
    return change


@given(kans())
def test_a_network_and_its_copy_are_identical(kan):
    found = diff(kan, kan.to(kan.dtype))
    assert found.identical
    assert len(found.edges) == sum(layer.active.numel() for layer in kan.layers)
    assert all(e.identical and e.coefficients == () and e.gap == 0 and math.isnan(e.where[0]) for e in found.edges)
    assert [e.before for e in found.edges] == [kan.edge(e.id).state for e in found.edges]


@given(kans(), st.data())
def test_one_flipped_bit_is_never_called_identical(kan, data):
    n = data.draw(st.integers(0, len(kan.layers) - 1))
    layer = kan.layers[n]
    part = data.draw(st.sampled_from(["coef", "base_weight", "bias", "offset"]))
    values = getattr(layer, part).clone().contiguous()
    bits = values.view(torch.int32 if kan.dtype == torch.float32 else torch.int64).flatten()
    at, bit = data.draw(st.integers(0, len(bits) - 1)), data.draw(st.integers(0, 30))
    bits[at] ^= 1 << bit
    found = diff(kan, kan.with_layer(n, **{part: values}))
    assert not found.identical
    assert len(found.changed) == (part in ("coef", "base_weight"))
    assert len(found.biases) == (part in ("bias", "offset"))


@pytest.mark.parametrize("outside", ["zero", "linear"])
@pytest.mark.parametrize("point", range(8))
def test_a_moved_point_is_reported_with_which_where_and_gap(point, outside):
    kan = init([2, 2, 1], outside=outside)
    height = float(kan.layers[0].coef[0, 0, point]) + 1
    change = only_change(kan, MoveControlPoint(EDGE, point, height).apply(kan))
    knots = kan.layers[0].knots[0]
    assert change.coefficients == (point,)
    assert (change.before, change.after, change.frozen_changed) == ("spline", "spline", False)
    # on a uniform grid of order 3 a basis function reaches 2/3 at most
    low, high = float(knots[point]), float(knots[point + 4])
    if outside == "zero":
        assert change.where == pytest.approx((low, high), abs=1e-12)
        assert change.gap == pytest.approx(2 / 3, abs=1e-4)
    else:  # a point at the border acts on all that lies beyond
        assert change.where[0] == pytest.approx(low if point > 2 else float(knots[0]), abs=1e-12)
        assert change.where[1] == pytest.approx(high if point < 5 else float(knots[-1]), abs=1e-12)


def test_the_sign_of_zero_is_a_change_without_a_gap():
    kan = MoveControlPoint(EDGE, 2, 0.0).apply(init([1, 1]))
    change = only_change(kan, MoveControlPoint(EDGE, 2, -0.0).apply(kan))
    assert (change.coefficients, change.gap) == ((2,), 0.0)
    assert math.isnan(change.where[0])


def test_not_a_number_is_identical_to_itself_and_infinitely_far_from_numbers():
    kan = init([1, 1])
    coef = kan.layers[0].coef.clone()
    coef[0, 0, 3] = torch.nan
    broken = kan.with_layer(0, coef=coef)
    assert diff(broken, broken.with_layer(0, coef=coef.clone())).identical
    for before, after in ((kan, broken), (broken, kan)):
        change = only_change(before, after)
        assert (change.coefficients, change.gap) == ((3,), math.inf)
        assert change.where[0] < change.where[1]


def test_another_grid_has_no_coefficients_to_compare():
    kan = init([2, 1])
    found = diff(kan, RefineGrid(0, 9).apply(kan))
    assert [change.coefficients for change in found.changed] == [None, None]
    assert all(change.gap <= 1e-13 for change in found.changed)
    shifted = kan.with_layer(0, knots=kan.layers[0].knots + 0.1)
    assert all(change.coefficients is None and change.gap > 0.01 for change in diff(kan, shifted).changed)


def test_states_and_marks_are_told_apart():
    kan = init([2, 1])
    pruned = only_change(kan, Prune((EDGE,), (0.0,)).apply(kan))
    assert (pruned.before, pruned.after, pruned.coefficients) == ("spline", "pruned", ())
    assert pruned.gap > 0
    frozen = only_change(kan, FreezeEdge((EDGE,)).apply(kan))
    assert (frozen.frozen_changed, frozen.gap, frozen.coefficients) == (True, 0, ())


@pytest.mark.parametrize("constant", ["a", "b", "c", "d"])
def test_constants_of_formulas_count_to_the_bit(constant):
    kan = FixFormula(EDGE, Formula("sin", 0.0, 0.0, 0.0, 0.0)).apply(init([1, 1]))
    other = FixFormula(EDGE, replace(Formula("sin", 0.0, 0.0, 0.0, 0.0), **{constant: -0.0})).apply(kan)
    assert diff(kan, kan.with_layer(0)).identical
    assert not diff(kan, other).identical


def test_biases_are_named_by_their_node():
    kan = init([2, [1, 1], 1])
    layer = kan.layers[0]
    moved = kan.with_layer(0, bias=layer.bias + torch.tensor([0, 1, 0]), offset=layer.offset + torch.tensor([0, 1]))
    assert diff(kan, moved).biases == ("h1,1a", "h1,1")
    assert not diff(kan, moved).changed
    assert not diff(kan, moved).identical


def test_a_change_too_small_for_float32_is_seen_beside_float32():
    kan = init([1, 1], dtype=torch.float32)
    wide = kan.to(torch.float64)
    assert diff(kan, wide).identical
    coef = wide.layers[0].coef.clone()
    coef[0, 0, 0] += 1e-12
    assert only_change(kan, wide.with_layer(0, coef=coef)).coefficients == (0,)


@pytest.mark.parametrize("other", [[2, 3, 1], [2, [0, 1], 1], [2, 2, 1, 1], [3, 2, 1]])
def test_networks_of_other_shapes_are_refused(other):
    with pytest.raises(EditError, match="different shapes"):
        diff(init([2, 2, 1]), init(other))


def test_same_bits_tells_signs_and_payloads():
    a = torch.tensor([0.0, torch.nan, 1.0])
    assert same_bits(a, torch.tensor([-0.0, torch.nan, 1.0])).tolist() == [False, True, True]
