"""Paths add up to what a network says, each is what brute force finds, and edges and inputs are their sums."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import given, settings

from kanviz.analysis.paths import explain, reference_of
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from tests.figures import small_data, small_kan
from tests.helpers import kans, random_layer, rows_for, table_for


def smooth(seed: int = 0, *arities: tuple[int, ...], sources: int = 2, mixed: bool = False, order: int = 4) -> KAN:
    """Product nodes, table units, and splines that are continued: no jump anywhere."""
    rng = torch.Generator().manual_seed(seed)
    layers, count = [], sources
    for arity in arities or ((1, 2), (2, 1)):
        layers.append(random_layer(rng, count, arity, order=order, outside="linear", mixed=mixed))
        count = len(arity)
    inputs = tuple(Variable(f"x{i}", "m", 0.5 * i, 2.0) for i in range(sources))
    return KAN(tuple(layers), inputs, tuple(Variable(f"y{j}", "s", 3.0, 0.5) for j in range(count)))


def brute_force(kan: KAN, point: torch.Tensor, reference: torch.Tensor, output: int, steps: int = 20_000) -> dict:
    """Every path by itself: edge by edge, product by product, on the midpoints of very many equal steps."""
    at = reference + (torch.arange(steps)[:, None] + 0.5) / steps * (point - reference)
    trace = kan.trace(at)
    found = {}
    for path in product(range(len(kan.inputs)), *(range(layer.targets) for layer in kan.layers)):
        source, *targets = path
        owners = [kan.layers[n].node_of(target) for n, target in enumerate(targets)]
        if owners[-1] != output or not all(
            kan.layers[n].present[i, j] for n, (i, j) in enumerate(zip([source, *owners[:-1]], targets, strict=True))
        ):
            continue
        flow = torch.full((steps,), (float(point[source] - reference[source])) / kan.inputs[source].scale).double()
        i = source
        for n, j in enumerate(targets):
            flow = flow * kan.edge((n, i, j))(trace.nodes[n][:, i], 1)
            for other, owner in enumerate(kan.layers[n].owners):
                if owner == owners[n] and other != j:
                    flow = flow * trace.sums[n][:, other]
            i = owners[n]
        found[path] = float(flow.mean()) * kan.outputs[output].scale
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mixed", [False, True], ids=["whole", "formulas and pruned edges"])
def test_every_path_is_what_brute_force_finds(seed, mixed):
    kan = smooth(seed, mixed=mixed)
    point = rows_for(kan, 1, seed)[0]
    found = explain(kan, point.tolist(), output=seed % 2)
    slow = brute_force(kan, point, found.reference, seed % 2)
    assert found.count == len(slow) == len(found.amounts)
    size = max(map(abs, slow.values()), default=1.0)
    for path, amount in zip(found.paths.tolist(), found.amounts.tolist(), strict=True):
        assert amount == pytest.approx(slow[tuple(path)], abs=1e-5 * size)
    assert abs(found.gap) < 1e-6 * size


@settings(max_examples=12)
@given(kans())
def test_edges_and_inputs_are_the_sums_of_the_paths_through_them_in_both_precisions(kan):
    point = rows_for(kan, 1)[0]
    for output in range(len(kan.outputs)):
        found = explain(kan, point.tolist(), output=output)
        size = 1e-9 * max(1.0, float(found.amounts.abs().sum()))
        edges = [torch.zeros_like(flow) for flow in found.edges]
        inputs = torch.zeros_like(found.inputs)
        for k, amount in enumerate(found.amounts.tolist()):
            inputs[found.paths[k, 0]] += amount
            for edge in found.edges_of(k):
                assert kan.layers[edge.layer].present[edge.source, edge.target]
                edges[edge.layer][edge.source, edge.target] += amount
        assert (inputs - found.inputs).abs().max() < size
        assert all((one - flow).abs().max() < size for one, flow in zip(edges, found.edges, strict=True))
        assert abs(found.rest) < size
        assert found.value == pytest.approx(float(kan(point[None])[0, output]), rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_what_the_paths_add_is_the_change_of_the_output(order, dtype):
    kan = smooth(order, (1, 2), (1, 1, 2), (2,), order=order).to(dtype)
    data = table_for(kan, 30)
    for point in rows_for(kan, 2, 3):
        found = explain(kan, point.tolist(), data)
        change = found.value - found.at_reference
        assert found.at_reference == pytest.approx(float(kan.to(torch.float64)(found.reference[None])[0, 0]))
        assert found.gap == pytest.approx(change - float(found.inputs.sum()), abs=1e-12)
        assert abs(found.gap) < 1e-4 * max(float(found.amounts.abs().sum()), 1e-9)
        if order > 1:
            assert abs(found.gap) < 1e-6 * max(float(found.amounts.abs().sum()), 1e-9)


def test_inputs_are_integrated_gradients_as_autograd_computes_them():
    kan = smooth(3, sources=3)
    point = rows_for(kan, 1, 1)[0]
    found = explain(kan, point.tolist())
    at = found.reference + (torch.arange(4_000)[:, None] + 0.5) / 4_000 * (point - found.reference)
    at.requires_grad_(True)
    (slope,) = torch.autograd.grad(kan(at)[:, 0].sum(), at)
    assert torch.allclose(slope.mean(0) * (point - found.reference), found.inputs, atol=1e-5)


def test_a_sum_of_curves_explains_itself():
    kan = smooth(0, (1,), sources=3)
    point = rows_for(kan, 1, 5)[0]
    found = explain(kan, point.tolist())
    ends = kan.normalise(torch.stack([found.reference, point]))
    for i in range(3):
        here, there = kan.edge((0, i, 0))(ends[:, i]).flip(0).tolist()
        assert float(found.inputs[i]) == pytest.approx(0.5 * (here - there), abs=1e-7)


def test_the_product_of_two_inputs_is_shared_in_halves():
    layer = random_layer(torch.Generator().manual_seed(0), 2, (2,))
    layer = replace(layer, active=layer.active & False, bias=layer.bias * 0, offset=layer.offset * 0)
    layer = layer.with_formulas({(0, 0): Formula("x"), (1, 1): Formula("x")})
    kan = KAN((layer,), (Variable("a"), Variable("b")), (Variable("y"),))
    found = explain(kan, [3.0, 5.0], reference_data(kan, [[1.0, 1.0], [1.0, 1.0]]))
    assert found.value - found.at_reference == pytest.approx(14)
    assert found.inputs.tolist() == pytest.approx([2 * 3, 4 * 2]), "x moves by 2 where y is 3 on average, and so on"
    assert [found.name(k) for k in range(2)] == ["b → yb", "a → ya"]


def reference_data(kan, x):
    data = table_for(kan, len(x))
    return replace(data, x=torch.tensor(x).double(), train=torch.arange(len(x)), test=data.test[:0])


def test_the_reference_is_the_mean_of_the_training_rows_or_the_middle_of_the_grid():
    kan = small_kan()
    data = small_data(kan)
    assert torch.allclose(reference_of(kan, data), data.rows("train")[0].mean(0))
    assert reference_of(kan, None).tolist() == [10.0, 0.0]
    at = reference_of(kan, data).tolist()
    found = explain(kan, at, data)
    assert found.value == found.at_reference
    assert not found.amounts.any()


def test_of_very_many_paths_the_strongest_are_listed_and_the_sums_stay_exact():
    kan = init([6, 8, 8, 1], seed=0)
    point = [0.4] * 6
    whole, some = explain(kan, point), explain(kan, point, listed=100)
    assert whole.count == some.count == 384 == len(whole.amounts)
    assert len(some.amounts) == 100
    assert torch.equal(whole.inputs, some.inputs)
    assert all(torch.equal(one, two) for one, two in zip(whole.edges, some.edges, strict=True))
    assert some.rest == pytest.approx(float(whole.inputs.sum() - some.amounts.sum()))
    assert set(map(tuple, some.paths[:12].tolist())) == set(map(tuple, whole.paths[:12].tolist()))
    assert [some.name(k) for k in range(3)] == [whole.name(k) for k in range(3)]


def test_a_jump_is_missed_and_the_gap_says_so():
    kan = smooth(0, (1,), sources=1)
    layer = replace(kan.layers[0], active=kan.layers[0].active & False).with_formula(0, 0, Formula("sgn"))
    found = explain(replace(kan, layers=(layer,)), [1.5], reference_data(kan, [[-1.0], [-1.0]]))
    assert found.gap == pytest.approx(2 * 0.5)


def test_what_is_no_number_is_said_to_be_none():
    kan = smooth(0, (1,), sources=1)
    found = explain(kan.with_layer(0, coef=kan.layers[0].coef * torch.nan), [1.0])
    assert found.gap != found.gap


@pytest.mark.parametrize(("point", "output", "words"), [
    ([1.0], 0, "each of the 2 inputs"), ([1.0, float("inf")], 0, "finite value"), ([1.0, 2.0], 5, "no output 5"),
])  # fmt: skip
def test_a_point_or_output_that_does_not_fit_is_refused(point, output, words):
    with pytest.raises(UserError, match=words):
        explain(smooth(), point, output=output)
