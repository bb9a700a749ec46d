"""A layer computes what its edges compute, and refuses parts that do not fit each other."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given

from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer, Variable
from kanviz.errors import UserError
from tests.helpers import close, kans, random_layer, rows_for


def layer(**parts) -> Layer:
    rng = torch.Generator().manual_seed(1)
    return replace(random_layer(rng, 2, (1, 2), order=3, grid=4), **parts)


def test_product_nodes_multiply_their_sums_and_add_their_offset():
    one = layer(offset=torch.tensor([0.0, 0.25], dtype=torch.float64))
    x = torch.tensor([[0.1, -0.2], [0.3, 0.4]], dtype=torch.float64)
    sums = one.sums(x)
    assert torch.equal(one(x), torch.stack([sums[:, 0], sums[:, 1] * sums[:, 2] + 0.25], 1))
    assert [one.node_of(target) for target in range(3)] == [0, 1, 1]


@given(kans())
def test_a_sum_is_its_bias_plus_what_each_edge_says(kan):
    values = kan.normalise(rows_for(kan, 20))
    for n, one in enumerate(kan.layers):
        sums = one.bias.expand(len(values), -1).clone()
        activations, slopes = one.activations(values), one.activations(values, 1)
        for i in range(one.sources):
            for j in range(one.targets):
                alone = kan.edge(EdgeId(n, i, j))(values[:, i])
                assert close(activations[:, i, j], alone)
                assert close(slopes[:, i, j], kan.edge(EdgeId(n, i, j))(values[:, i], 1))
                sums[:, j] += alone
        assert close(one.sums(values), sums, 1e-11 if kan.dtype == torch.float64 else 1e-4)
        values = one(values).clamp(-3, 3)


@given(kans(dtypes=(torch.float64,)))
def test_an_edge_s_derivative_is_the_slope_of_the_edge(kan):
    for id in kan.edges(pruned=True):
        edge = kan.edge(id)
        low, high = edge.domain
        x = torch.linspace(low, high, 13, dtype=torch.float64)[1:-1] + 1e-3
        x = x[(x[:, None] - edge.knots).abs().min(1).values > 1e-5]  # order 1 has corners at its knots
        slope = (edge(x + 1e-6) - edge(x - 1e-6)) / 2e-6
        assert close(edge(x, 1), slope, 1e-4 if edge.formula is None else 1e-3)


def test_a_pruned_edge_does_not_reach_the_others_even_as_nan():
    broken = layer(active=torch.tensor([[False, True, True], [True, True, True]]))
    for part in ("coef", "base_weight"):
        getattr(broken, part)[0, 0] = torch.nan
    x = torch.zeros(4, 2, dtype=torch.float64, requires_grad=True)
    for value in (broken.sums(x).sum(), broken.activations(x).sum()):
        assert value.isfinite()
        (slope,) = torch.autograd.grad(value, x)
        assert slope.isfinite().all()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"knots": torch.zeros(2, 3, dtype=torch.float64)}, "knots"),
        ({"knots": torch.zeros(2, dtype=torch.float64)}, "knots"),
        ({"coef": torch.zeros(2, 3, dtype=torch.float64)}, "coef"),
        ({"base_weight": torch.zeros(3, 2, dtype=torch.float64)}, "base_weight"),
        ({"active": torch.ones(2, 3, dtype=torch.float64)}, "active"),
        ({"frozen": torch.zeros(2, 2, dtype=torch.bool)}, "frozen"),
        ({"bias": torch.zeros(2, dtype=torch.float64)}, "bias"),
        ({"bias": torch.zeros(3, dtype=torch.float32)}, "precision"),
        ({"offset": torch.zeros(3, dtype=torch.float64)}, "offset"),
        ({"arity": (2, 2)}, "arity"),
        ({"arity": (0, 3)}, "arity"),
        ({"formulas": ((0, 0, "sin"),)}, "affine"),
        ({"formulas": ((0, 3, "sin"),), "affine": torch.ones(1, 4, dtype=torch.float64)}, "formulas"),
        ({"formulas": ((0, 0, "sin"),) * 2, "affine": torch.ones(2, 4, dtype=torch.float64)}, "formulas"),
        ({"base": "cosine"}, "base"),
        ({"outside": "wrap"}, "outside"),
        ({"knots": torch.arange(11, 0, -1, dtype=torch.float64).expand(2, -1)}, "ascending"),
        ({"knots": torch.full((2, 11), torch.nan, dtype=torch.float64)}, "finite"),
        ({"knots": torch.tensor([[*range(10), torch.inf]] * 2, dtype=torch.float64)}, "finite"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(parts, word):
    with pytest.raises(UserError, match=word):
        layer(**parts)


def test_formulas_are_kept_in_one_order():
    rows = torch.arange(8, dtype=torch.float64).reshape(2, 4)
    one = layer(formulas=((1, 0, "sin"), (0, 2, "exp")), affine=rows)
    assert one.formulas == ((0, 2, "exp"), (1, 0, "sin"))
    assert one.formula(1, 0) == Formula("sin", 0.0, 1.0, 2.0, 3.0)
    assert one.with_formula(1, 0, None).with_formula(1, 0, Formula("sin", 0, 1, 2, 3)).affine.equal(one.affine)
    assert one.formula(0, 0) is None


def test_states_are_read_off_the_parts():
    one = layer(
        active=torch.tensor([[True, False, True], [False, True, True]]),
        formulas=((0, 0, "sin"), (0, 1, "sin")),
        affine=torch.ones(2, 4, dtype=torch.float64),
    )
    assert one.states == (("both", "formula", "spline"), ("pruned", "spline", "spline"))
    assert one.present.tolist() == [[True, True, True], [False, True, True]]


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 0.0), (torch.nan, 1.0), (0.0, torch.inf)])
def test_a_scaling_that_cannot_be_undone_is_refused(shift, scale):
    with pytest.raises(UserError, match="scaling of mass"):
        Variable("mass", "kg", shift, scale)


@pytest.mark.parametrize("base", ["silu", "identity", "zero"])
def test_every_base_function_has_its_slope(base):
    edge = layer(base=base)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    kan = KAN((edge,), (Variable("a"), Variable("b")), (Variable("c"), Variable("d")))
    part = replace(kan.edge((0, 1, 1)), base_weight=1.3)
    slope = (part.base_part(x + 1e-6) - part.base_part(x - 1e-6)) / 2e-6
    assert close(part.base_part(x, 1), slope, 1e-8)
