"""A wide network is looked at within a budget of memory: what is drawn costs, not what is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kanviz.analysis import scores as scoring
from kanviz.analysis.layout import layout
from kanviz.analysis.rows import typical_inputs
from kanviz.analysis.scores import scores
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.edit.proposals import prune

ROOT = Path(__file__).parents[2]
BUDGET = 350_000_000  # bytes beyond what the process has once everything is imported
LOOK = """
import resource, sys, torch
from pathlib import Path
from kanviz.analysis.curves import edge_curve
from kanviz.analysis.layout import layout
from kanviz.analysis.scores import scores
from kanviz.analysis.symbolic import suggest_edge
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.init import init
from kanviz.edit.proposals import effect, prune
from kanviz.io import native
from kanviz.io.opened import opened
from kanviz.ui.components.network import STRONGEST, network_payload
from kanviz.ui.widgets.panels import EdgeNames
from kanviz.ui.state.session import Session

torch.set_num_threads(1)
suggest_edge(init([1, 1]), (0, 0, 0))
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]),) * 2)
shape, grid = eval(sys.argv[2]), int(sys.argv[3])
data = native.to_bytes(init(shape, grid=grid, dtype=torch.float32))
session = Session()
session.open(opened({"wide.safetensors": data}).kan, "wide")
kan = session.present
edge = session.edge
ranking = scores(kan)
places = layout(kan, ranking, STRONGEST)
payload = network_payload(places, all_curves(kan, edges=[p.id for p in places.edges]), ranking)
names = EdgeNames(kan)
last = kan.edge_list()[len(names) - 1]
assert len(names[last]) and ranking.ranked[0].score >= ranking.ranked[len(names) - 1].score
edge_curve(kan, last)
effect(kan, prune(kan, [edge]))
session.apply(prune(kan, [edge, last]))
assert sum(len(m["scores"]) for m in payload["matrix"]) * 3 // 4 >= len(names)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the memory of a process")
@pytest.mark.parametrize(("shape", "grid"), [("[4, 2000, 1]", 100), ("[700, 700]", 1)])
def test_opening_drawing_and_pruning_stay_within_a_budget_of_memory(shape: str, grid: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOOK, str(BUDGET), shape, str(grid)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]


def wide_one():
    kan = init([6, 5, 2], grid=4, seed=4)
    kan = kan.with_layers({0: kan.layers[0].with_formulas({(i, i): Formula("sin", 2.0, 0.1 * i) for i in range(5)})})
    active = kan.layers[0].active.clone()
    active[2, 1] = active[3, 3] = False
    return kan.with_layer(0, active=active)


def test_scores_are_the_same_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scores(wide_one())
    monkeypatch.setattr(scoring, "PART", 1)
    parts = scores(wide_one())
    for one, two in zip((*whole.layers, *whole.nodes), (*parts.layers, *parts.nodes), strict=True):
        assert torch.allclose(torch.from_numpy(one), torch.from_numpy(two), rtol=1e-9, atol=1e-12)


def test_curves_of_some_edges_are_those_of_all() -> None:
    kan = wide_one()
    some = [EdgeId(0, 2, 1), EdgeId(0, 0, 0), EdgeId(0, 3, 3), EdgeId(1, 4, 1), EdgeId(0, 5, 2)]
    every, few = all_curves(kan), all_curves(kan, edges=some)
    assert [t.id for t in few] == sorted(some)
    for edge in some:
        assert few.of(edge).state == every.of(edge).state
        assert float(abs(few.of(edge).size - every.of(edge).size)) < 1e-12


def test_what_pruning_keeps_is_the_mean_of_each_edge() -> None:
    kan = wide_one()
    edges = [EdgeId(0, 0, 0), EdgeId(0, 5, 4), EdgeId(0, 1, 1)]
    found = prune(kan, edges)
    level = kan.layers[0].activations(kan.normalise(typical_inputs(kan, None))).mean(0)
    right = [float(level[edge.source, edge.target]) for edge in sorted(edges)]
    assert list(found.means) == pytest.approx(right, rel=1e-12)


def test_the_list_of_edges_is_a_sequence_without_an_object_for_each() -> None:
    kan = wide_one()
    listed, plain = kan.edge_list(), list(kan.edges())
    assert list(listed) == plain
    assert [listed.index(edge) for edge in plain] == list(range(len(plain)))
    assert (listed[0], listed[-1], listed[3:5]) == (plain[0], plain[-1], tuple(plain[3:5]))
    assert EdgeId(0, 3, 3) in listed  # a formula is there
    assert EdgeId(0, 2, 1) not in listed
    assert EdgeId(9, 0, 0) not in listed
    with pytest.raises(ValueError, match="not in the list"):
        listed.index(EdgeId(0, 2, 1))


def test_a_layer_is_the_sum_of_its_parts() -> None:
    kan = wide_one()
    layer, x = kan.layers[0], torch.rand(7, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for most in (1, 4, 6):
        total = sum((part.activations(x[:, here]).sum(1) for here, part in layer.parts(most)), torch.zeros(7, 5))
        assert torch.allclose(total + layer.bias, layer.sums(x), rtol=1e-12)


def test_drawn_edges_of_a_wide_network_are_those_that_have_curves() -> None:
    kan = init([30, 30], grid=2)
    ranking = scores(kan)
    places = layout(kan, ranking, 12)
    assert len(all_curves(kan, edges=[place.id for place in places.edges])) == len(places.edges) == 12
