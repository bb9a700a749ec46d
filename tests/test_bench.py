"""The benchmark's own parts: what is compared computes the same, and turns are taken. No test asserts a time."""

import gc
import itertools
from collections.abc import Callable

import pytest
import torch

from benchmarks.problems import PROBLEMS
from benchmarks.report import page
from benchmarks.training import ratios
from kanviz.bench.measure import both_ways, measure, medians
from kanviz.bench.networks import PlainLayer, equal_mlp, gap, matched, mlp
from kanviz.bench.workloads import WORKLOADS, Workload
from kanviz.core.spline import spline


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_plain_layer_is_the_spline_inside_and_outside_the_grid(order: int):
    torch.manual_seed(0)
    layer = PlainLayer(3, 2, grid=6, order=order, dtype=torch.float64)
    layer.base_weight.data.zero_()
    x = (3 * torch.rand(200, 3, dtype=torch.float64) - 1.5).requires_grad_()
    coef = layer.coef.detach().view(2, 3, -1).transpose(0, 1).clone().requires_grad_()
    ours, theirs = spline(x, layer.knots.expand(3, -1), coef).sum(1), layer(x)
    upstream = torch.randn(200, 2, dtype=torch.float64)
    slope, table = torch.autograd.grad(ours, [x, coef], upstream)
    plain_slope, plain_table = torch.autograd.grad(theirs, [x, layer.coef], upstream)
    torch.testing.assert_close(theirs, ours, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(plain_slope, slope, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(plain_table.view(2, 3, -1).transpose(0, 1), table, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
@pytest.mark.parametrize("name", ["a1", "a3", "a4", "b1"])
def test_what_is_compared_computes_the_same(name: str, dtype: torch.dtype, most: float):
    work = WORKLOADS[name]
    plain, ours = matched(work, dtype)
    assert gap(plain, ours, work.inputs(dtype)) < most


@pytest.mark.parametrize("work", WORKLOADS.values(), ids=lambda work: work.name)
def test_the_mlp_has_as_many_parameters(work: Workload):
    shape = equal_mlp(work)
    count = sum((a + 1) * b for a, b in itertools.pairwise(shape))
    assert shape[0] == work.shape[0]
    assert shape[-1] == work.shape[-1]
    assert abs(count - work.parameters) < 0.05 * work.parameters


def test_contenders_take_turns_and_the_warm_up_is_not_counted():
    turns: list[str] = []
    ticks = iter(range(0, 10**12, 10**7))  # a clock on which every call takes 10 ms
    runs: dict[str, Callable[[], object]] = {name: lambda name=name: turns.append(name) for name in "ABC"}
    found = measure(runs, repeat=20, clock=lambda: next(ticks))
    warm, counted = turns[:6], turns[6:]
    rounds = {"".join(counted[n : n + 3]) for n in range(0, 60, 3)}
    assert warm == [*"AABBCC"]
    assert len(counted) == 60
    assert {"".join(sorted(one)) for one in rounds} == {"ABC"}
    assert len(rounds) > 1  # nobody is always after the same neighbour
    assert found == {name: [10.0] * 20 for name in "ABC"}


def test_a_slow_contender_sits_out_after_three_samples():
    ticks = iter(range(0, 10**15, 10**10))
    found = measure({"slow": lambda: None}, repeat=9, budget=20, clock=lambda: next(ticks))
    assert len(found["slow"]) == 3


@pytest.mark.parametrize("collecting", [True, False])
def test_measuring_leaves_the_collection_of_garbage_as_it_was(collecting):
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        measure({"A": lambda: None}, repeat=1)
        assert gc.isenabled() == collecting
    finally:
        (gc.enable if before else gc.disable)()


def test_the_median_counts():
    assert medians({"A": [1.0, 9.0, 2.0]}) == {"A": 2.0}


def test_backward_reaches_every_parameter_and_the_input():
    work = WORKLOADS["a1"]
    network, x = mlp(work.shape, torch.float32), work.inputs(torch.float32)
    gradients = both_ways(network, x)()
    assert isinstance(gradients, tuple)
    assert [g.shape for g in gradients] == [x.shape, *(p.shape for p in network.parameters())]


LAYER = {"workload": "a1", "dtype": "float32", "threads": 1, "device": "cpu", "computes": "cubic B-spline", "mib": 1.0}
LAYERS = {
    "machine": {
        "cpu": "A CPU",
        "cores": 2,
        "cuda": None,
        "torch": "2",
        "numpy": "2",
        "python": "3",
        "date": "2026-01-02T",
    },
    "workloads": {"a1": "a1 [2,5,1] N=1000 G=5"},
    "peers": {"pykan": "not installed", "inkan": "0.5"},
    "not_timed": {"fkan": "no layer"},
    "exactness": {"inkan": {"value": 1e-9, "input_gradient": 0.5, "parameter_gradient": 1e-9, "float32": 1e-6}},
    "gaps": [{"workload": "a1", "dtype": "float32", "gaps": {"automatic": 1e-6}}],
    "rows": [
        LAYER | {"contender": name, "kind": kind, "direction": "both", "ms": ms, "ratio": 12 / ms}
        for name, kind, ms in (("plain recursion", "plain", 12.0), ("kanviz", "kanviz", 4.0), ("inkan", "peer", 2.0))
    ]
    + [{**LAYER, "contender": "kanviz (native)", "note": "not built."}],
}


def test_the_page_says_the_ratios_and_where_kanviz_is_slower():
    text = page([LAYERS])
    assert "| **kanviz** | cubic B-spline | 3 |" in text
    assert "- a1: inkan 2\n" in text
    assert "| inkan | 1e-09 | 5e-01 | 1e-09 | 1e-06 |" in text
    assert "- pykan: not installed where this was measured" in text
    assert "- kanviz (native), a1: not built" in text


def test_training_ratios_count_only_where_both_got_there():
    rows = [
        {"kanviz": {"seconds_to": {"0.01": ours}}, "pykan": {"seconds_to": {"0.01": theirs}}}
        for ours, theirs in ((1.0, 10.0), (2.0, 80.0), (1.0, None), (None, 3.0))
    ]
    found = ratios(rows, ("0.01",))["0.01"]
    assert found["geometric_mean"] == pytest.approx(20)
    assert (found["problems"], found["kanviz_alone"], found["pykan_alone"]) == (2, 1, 1)


def test_targets_have_a_spread_of_one_and_a_seed():
    for problem in PROBLEMS.values():
        x, y, truth = problem.rows(2000, seed=1, noise=0.1)
        assert x.shape == (2000, problem.shape[0])
        assert truth.std() == pytest.approx(1, rel=0.2)
        assert (y - truth).std() == pytest.approx(0.1, rel=0.1)
        assert (problem.rows(2000, seed=1, noise=0.1)[1] == y).all()
