"""A step that holds the numbers of whole layers: nothing but those, and what is not used stays aside."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.analysis.diff import same_bits
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.layer import EdgeId, Layer
from kanviz.edit.edits import FixFormula, Prune, RefineGrid, ReleaseFormula, Restore, Rewrite, edit_from_json
from kanviz.edit.rewrite import with_old_curves
from kanviz.errors import EditError
from tests.helpers import DTYPES, as_json, digest, kans, rows_for


@given(kans(), st.data())
def test_it_makes_the_second_network_from_the_first(before, data):
    after = RefineGrid(0, before.layers[0].grid + 2).apply(before)
    if edges := list(before.edges()):
        after = FixFormula(data.draw(st.sampled_from(edges)), Formula("tanh", 2.0)).apply(after)
    after = after.with_layers({n: _shaken(layer) for n, layer in enumerate(after.layers)})
    edit = Rewrite.of(before, after, "All at once")
    assert edit_from_json(as_json(edit.to_json())) == edit
    found, x = edit.apply(before), rows_for(before)
    assert bool(same_bits(found(x), after(x)).all())


def _shaken(layer: Layer) -> Layer:
    """Other numbers on the edges that count."""
    coef = torch.where(layer.active[..., None], 1.5 * layer.coef + 0.25, layer.coef)
    return replace(layer, coef=coef, bias=layer.bias - 0.5, affine=1.25 * layer.affine)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_curve_that_became_a_formula_can_be_had_back(dtype):
    kan, edge = init([2, 3, 1], seed=0, dtype=dtype), EdgeId(0, 1, 2)
    whole = FixFormula(edge, Formula("sin", 2.0)).apply(kan)
    layer = whole.layers[0]
    coef = layer.coef.clone()
    coef[1, 2] = 0.0
    bare = whole.with_layer(0, coef=coef)
    after = Rewrite.of(kan, bare, "Formulas").apply(kan)
    back = ReleaseFormula(edge).apply(after)
    assert torch.equal(back.layers[0].coef, kan.layers[0].coef)
    assert digest(back) == digest(kan)


def test_a_curve_aside_keeps_its_shape_on_a_moved_grid():
    kan, edge = init([2, 3, 1], seed=0, dtype=torch.float64), EdgeId(1, 1, 0)
    wide = kan.with_layer(1, knots=kan.layers[1].knots * 1.5)
    finer = RefineGrid(1, 40).apply(wide)
    pruned = Prune((edge,), (0.0,)).apply(finer)
    other = kan.with_layer(1, coef=kan.layers[1].coef * 0)
    layer = with_old_curves(other.layers[1], pruned.layers[1])
    assert torch.equal(layer.knots[0], pruned.layers[1].knots[0])
    back = Restore((edge,), (True,), (None,), (0.0,)).apply(
        pruned.with_layers({1: with_old_curves(kan.layers[1], pruned.layers[1])})
    )
    x = torch.linspace(-0.9, 0.9, 50, dtype=torch.float64)
    gap = (back.edge(edge)(x) - kan.edge(edge)(x)).abs().max()
    assert gap < 2e-3 * kan.edge(edge)(x).abs().max()


@given(st.integers(2, 9))
def test_a_network_of_another_shape_is_refused_in_words(width):
    a, b = init([2, width, 1], seed=0), init([2, width, 1], seed=1)
    edit = Rewrite.of(a, b, "All at once")
    with pytest.raises(EditError, match="another shape"):
        edit.apply(init([2, width + 1, 1]))
    with pytest.raises(EditError, match=r"another shape|no layer"):
        edit.apply(init([width, 1]))


def test_numbers_beyond_the_precision_are_refused():
    kan = init([1, 1], dtype=torch.float64)
    edit = Rewrite.of(kan, kan.with_layer(0, bias=torch.full((1,), 1e300, dtype=torch.float64)), "Far off")
    with pytest.raises(EditError):
        edit.apply(kan.to(torch.float32))
