"""A network as a value: shapes, names, units, digest, and nothing that changes in place."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer, Variable
from kanviz.errors import UserError
from tests.helpers import close, digest, kans, random_layer, rows_for


@given(kans())
def test_calling_gives_a_row_per_row_and_changes_nothing(kan):
    x = rows_for(kan, 7)
    before, kept = digest(kan), x.clone()
    assert kan(x).shape == (7, len(kan.outputs))
    assert kan(x[:0]).shape == (0, len(kan.outputs))
    assert kan(x).dtype == kan.dtype
    assert digest(kan) == before
    assert torch.equal(x, kept)


@given(kans())
def test_the_trace_is_what_the_call_computes(kan):
    x = rows_for(kan, 7)
    trace = kan.trace(x)
    tolerance = 1e-10 if kan.dtype == torch.float64 else 1e-2
    assert [node.shape[1] for node in trace.nodes] == list(kan.shape)
    assert close(kan.denormalise(trace.nodes[-1]), kan(x), tolerance)
    for layer, into, act, sums, out in zip(
        kan.layers, trace.nodes[:-1], trace.activations, trace.sums, trace.nodes[1:], strict=True
    ):
        assert act.shape == (len(into), layer.sources, layer.targets)
        assert torch.equal(sums, act.sum(1) + layer.bias)
        assert torch.equal(layer.combine(sums), out)


@given(kans(dtypes=(torch.float64,)))
def test_float32_computes_the_same_to_its_precision(kan):
    x = rows_for(kan, 9).float().double()
    for layer, layer32, into in zip(kan.layers, kan.to(torch.float32).layers, kan.trace(x).nodes[:-1], strict=True):
        into = into.float().double()
        wanted = layer(into)
        if wanted.isfinite().all() and float(wanted.abs().max()) < 1e6:
            steep = layer.order == 1 or any(name == "exp" for *_, name in layer.formulas)
            assert close(layer32(into.float()).double(), wanted, 1e-2 if steep else 2e-4)


def test_table_units_are_scaled_on_the_way_in_and_out():
    rng = torch.Generator().manual_seed(0)
    plain = KAN((random_layer(rng, 1, (1,)),), (Variable("x"),), (Variable("y"),))
    scaled = replace(plain, inputs=(Variable("x", "m", 10.0, 2.0),), outputs=(Variable("y", "J", -1.0, 5.0),))
    x = torch.tensor([[9.5], [10.5]], dtype=torch.float64)
    assert torch.equal(scaled.normalise(x), torch.tensor([[-0.25], [0.25]], dtype=torch.float64))
    assert torch.equal(scaled(x), plain((x - 10) / 2) * 5 - 1)


def test_inputs_far_from_zero_keep_their_digits_in_float32():
    kan = replace(init([1, 1], dtype=torch.float32), inputs=(Variable("time", "s", 1e9, 1.0),))
    assert kan.normalise([[1e9 + 0.5]]).tolist() == [[0.5]]


@pytest.mark.parametrize(
    "table", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]]), pd.DataFrame({"x2": [2, 4], "x1": [1, 3]})]
)
def test_anything_like_a_table_of_numbers_can_be_put_in(table):
    kan = init([2, 3, 1])
    assert torch.equal(kan(table), kan(torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("wrong", [[1.0, 2.0], [[1.0]], [[[1.0, 2.0]]], [["a", "b"]], [[1.0, 2.0], [3.0]], None])
def test_a_table_that_does_not_fit_is_refused_in_words(wrong):
    with pytest.raises(UserError, match=r"takes a table of 2 columns \(x1, x2\)|must be numbers"):
        init([2, 1])(wrong)


def test_gradients_reach_the_inputs():
    x = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)
    init([2, [2, 1], 1])(x).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().min() > 0


@given(kans(), st.data())
def test_the_digest_is_stable_and_changes_with_any_bit(kan, data):
    assert digest(kan) == digest(replace(kan, notes=("a note does not count",)))
    n = data.draw(st.integers(0, len(kan.layers) - 1))
    layer = kan.layers[n]
    part = data.draw(
        st.sampled_from([p for p in ("knots", "coef", "base_weight", "bias", "affine") if getattr(layer, p).numel()])
    )
    flat = getattr(layer, part).clone().flatten()
    index = data.draw(st.integers(0, len(flat) - 1)) if part != "knots" else len(flat) - 1
    flat[index] = torch.nextafter(flat[index], flat[index] + 1)
    assert digest(kan.with_layer(n, **{part: flat.reshape(getattr(layer, part).shape)})) != digest(kan)
    for mark in ("active", "frozen"):
        assert digest(kan.with_layer(n, **{mark: ~getattr(layer, mark)})) != digest(kan)
    assert digest(replace(kan, inputs=(replace(kan.inputs[0], name="other"), *kan.inputs[1:]))) != digest(kan)


def test_the_sign_of_zero_and_the_precision_count_in_the_digest():
    kan = init([1, 1])
    zero = kan.with_layer(0, bias=torch.zeros(1, dtype=torch.float64))
    assert digest(zero) != digest(kan.with_layer(0, bias=-torch.zeros(1, dtype=torch.float64)))
    assert digest(kan) != digest(kan.to(torch.float32))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ((1, 0, 0), "no layer 1: this network has layers 0 to 0"),
        ((0, 2, 0), "sources 0 to 1 and targets 0 to 2"),
        ((0, -1, 0), "no edge 0,-1,0"),
        ((0, 1), "three whole numbers"),
        ((0.5, 0, 0), "three whole numbers"),
        ((None, 0, 0), "three whole numbers"),
    ],
)
def test_an_address_that_is_none_is_refused_in_words(wrong, words):
    with pytest.raises(UserError, match=words):
        init([2, [1, 1]]).edge(wrong)


def test_names_of_nodes_and_factors():
    kan = init([2, [1, 2], 1], inputs=[Variable("mass"), Variable("speed")])
    assert [kan.target_name(0, j) for j in range(5)] == ["h1,0", "h1,1a", "h1,1b", "h1,2a", "h1,2b"]
    assert (kan.edge((0, 1, 0)).source, kan.edge((1, 0, 0)).target) == ("speed", "y")
    assert (kan.shape, kan.shape_text) == ((2, 3, 1), "[2, 1+2×, 1]")
    assert repr(kan) == "KAN([2, 1+2×, 1], 13 edges, float64)"
    rng = torch.Generator().manual_seed(0)
    many = KAN((random_layer(rng, 1, (30,)),), (Variable("x"),), (Variable("y"),))
    assert [many.target_name(0, j) for j in (0, 25, 26)] == ["ya", "yz", "y(27)"]


def test_networks_whose_parts_do_not_fit_are_refused():
    kan = init([2, 3, 1])
    no_layers: tuple[Layer, ...] = ()
    for wrong in (
        {"layers": no_layers},
        {"layers": kan.layers[::-1]},
        {"inputs": kan.inputs[:1]},
        {"outputs": kan.outputs * 2},
        {"layers": (kan.layers[0], kan.to(torch.float32).layers[1])},
    ):
        with pytest.raises(UserError):
            replace(kan, **wrong)


def test_values_are_frozen():
    kan = init([1, 1])
    with pytest.raises(AttributeError, match=re.escape("cannot assign to field")):
        kan.layers = kan.layers  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError, match=re.escape("cannot assign to field")):
        kan.layers[0].coef = kan.layers[0].knots  # pyright: ignore[reportAttributeAccessIssue]


def test_edges_are_counted_with_and_without_the_pruned():
    kan = init([2, 2])
    pruned = kan.with_layer(0, active=torch.tensor([[True, False], [True, True]]))
    assert list(pruned.edges()) == [EdgeId(0, 0, 0), EdgeId(0, 1, 0), EdgeId(0, 1, 1)]
    assert len(list(pruned.edges(pruned=True))) == 4
    assert pruned.edge((0, 0, 1)).state == "pruned"
    assert pruned.edge((0, 0, 1))(torch.ones(3)).tolist() == [0, 0, 0]


def test_the_same_seed_gives_the_same_new_network():
    assert init([2, [2, 1], 1], seed=3).digest == init([2, [2, 1], 1], seed=3).digest
    assert init([2, 1], seed=3).digest != init([2, 1], seed=4).digest


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "shape", [[], [2], [2, 0], [[1, 1], 1], [2, [1, 2, 3]], [2, -1], [2, 1.5], [2, True], [2, "3"]]
)
def test_a_shape_that_is_none_is_refused_in_words(shape):
    with pytest.raises(UserError, match=r"shape"):
        init(shape)
