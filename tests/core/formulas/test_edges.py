"""Formulas evaluated together are the formulas evaluated one by one, their derivatives and their poles too."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kanviz.core.formulas.edges import BLOCK, groups, with_formulas_on_sums
from kanviz.core.formulas.formula import Formula, primitive
from kanviz.core.layer import Layer
from tests.helpers import close, random_layer

NAMES = ("sin", "x^2", "exp(-x^2) sin(3x)", "tanh", "0", "x", "2", "gaussian")


def symbolic(sources: int = 5, arity: tuple[int, ...] = (1, 2, 1), every: int = 1) -> Layer:
    """A layer whose edges have splines, formulas, both or nothing, in float64."""
    rng = torch.Generator().manual_seed(3)
    layer = random_layer(rng, sources, arity, mixed=True)
    places = [(i, j) for i in range(sources) for j in range(sum(arity)) if (i + 3 * j) % every == 0]
    names = tuple((i, j, NAMES[(i + 2 * j) % len(NAMES)]) for i, j in places)
    affine = 0.5 * torch.randn(len(names), 4, generator=rng, dtype=torch.float64)
    return replace(layer, formulas=names, affine=affine)


def rows(layer: Layer, count: int = 7) -> Tensor:
    return torch.randn(count, layer.sources, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def one_by_one(layer: Layer, x: Tensor) -> Tensor:
    """What the formulas say, edge by edge."""
    extra = torch.zeros(len(x), layer.sources, layer.targets, dtype=x.dtype)
    for (i, j, name), (a, b, c, d) in zip(layer.formulas, layer.affine.tolist(), strict=True):
        extra[:, i, j] = Formula(name, a, b, c, d)(x[:, i])
    return extra


def plain(layer: Layer) -> Layer:
    return replace(layer, formulas=(), affine=layer.affine[:0])


@pytest.mark.parametrize("every", [1, 2, 7])
def test_together_is_one_by_one(every):
    layer = symbolic(every=every)
    x = rows(layer)
    extra = one_by_one(layer, x)
    assert close(layer.activations(x), plain(layer).activations(x) + extra)
    assert close(layer.sums(x), plain(layer).sums(x) + extra.sum(1))


def test_more_formulas_than_a_block_are_none_the_less_all_there():
    layer = symbolic(sources=40, arity=(1,) * 20)
    layer = replace(layer, formulas=tuple((i, j, "sin") for i, j, _ in layer.formulas))
    x = rows(layer)
    assert [len(group.rows) for group in groups(layer.formulas, x.device)] == [BLOCK, BLOCK, BLOCK, 800 - 3 * BLOCK]
    assert close(layer.sums(x), plain(layer).sums(x) + one_by_one(layer, x).sum(1))


def test_no_rows_are_no_trouble():
    layer = symbolic()
    assert layer.sums(rows(layer, 0)).shape == (0, layer.targets)
    assert layer.activations(rows(layer, 0)).shape == (0, layer.sources, layer.targets)


@pytest.mark.parametrize("pole", ["log", "1/x", "exp(exp(exp(x)))"])
def test_a_pole_reaches_its_own_edge_and_target_only(pole):
    layer = symbolic()
    at = layer.formulas.index((2, 1, NAMES[4]))
    affine = layer.affine.clone()
    affine[at] = torch.tensor([0.0, 9.0 if "exp" in pole else 0.0, 1.0, 0.0])  # log 0, 1/0, and too large a number
    broken = replace(layer, formulas=(*layer.formulas[:at], (2, 1, pole), *layer.formulas[at + 1 :]), affine=affine)
    x = rows(layer).requires_grad_()
    edges = broken.activations(x).isfinite()
    assert not edges[:, 2, 1].any()
    assert int((~edges).sum()) == len(x)
    assert broken.sums(x).isfinite().all(0).tolist() == [True, False, True, True]
    (slope,) = torch.autograd.grad(broken.sums(x)[:, [0, 2, 3]].sum(), x)
    (whole,) = torch.autograd.grad(layer.sums(x)[:, [0, 2, 3]].sum(), x)
    assert close(slope[:, [0, 1, 3, 4]], whole[:, [0, 1, 3, 4]])


def test_slopes_and_curvatures_are_right_in_x_and_in_the_constants():
    layer = symbolic(sources=3, arity=(1, 2))
    x, affine = rows(layer, 3).requires_grad_(), layer.affine.clone().requires_grad_()
    for what in (Layer.sums, Layer.activations):
        assert torch.autograd.gradcheck(lambda x, v, what=what: what(replace(layer, affine=v), x), (x, affine))
        assert torch.autograd.gradgradcheck(lambda x, v, what=what: what(replace(layer, affine=v), x), (x, affine))


@pytest.mark.usefixtures("unchecked")  # the shape checks know nothing of a row inside vmap
def test_rows_may_be_mapped_over_and_differentiated_one_by_one():
    layer = symbolic()
    x = rows(layer)

    nothing = torch.zeros(1, layer.targets, dtype=x.dtype)

    def sums(affine: Tensor, row: Tensor) -> Tensor:
        return with_formulas_on_sums(nothing, layer.formulas, affine, row[None])[0]

    found = torch.func.vmap(torch.func.jacrev(sums), (None, 0))(layer.affine, x)
    (whole,) = torch.autograd.functional.jacobian(lambda v: replace(layer, affine=v).sums(x), (layer.affine,))
    assert close(found, whole)


@pytest.mark.parametrize("name", ["exp(-x^2) sin(3x)", "2", "x^3 + 1"])
def test_the_slope_of_a_typed_function_is_the_same_on_a_matrix_and_inside_a_map(name):
    slope, u = primitive(name).slope, torch.randn(4, 3, dtype=torch.float64)
    one = torch.stack([torch.stack([slope(value) for value in row]) for row in u])
    assert torch.equal(slope(u), one)
    assert torch.equal(torch.func.vmap(slope)(u), one)
    numeric = (primitive(name).slope(u + 1e-6) - primitive(name).slope(u - 1e-6)) / 2e-6
    at = u.clone().requires_grad_()
    bent = slope(at).sum()
    curvature = torch.autograd.grad(bent, at)[0] if bent.requires_grad else torch.zeros_like(u)
    assert close(curvature, numeric, 1e-7)


def test_many_formulas_change_at_once():
    layer = symbolic()
    new = layer.with_formulas({(0, 0): Formula("exp"), (1, 2): None, (4, 3): Formula("tanh", 2.0)})
    assert (new.formula(0, 0), new.formula(1, 2), new.formula(4, 3)) == (Formula("exp"), None, Formula("tanh", 2.0))
    same = [place for i, j, _ in layer.formulas if (place := (i, j)) not in ((0, 0), (1, 2), (4, 3))]
    assert [new.formula(*place) for place in same] == [layer.formula(*place) for place in same]
    assert len(new.formulas) == len(layer.formulas) - 1
