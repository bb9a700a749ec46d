"""Steps between a column of nodes and the edges that leave it."""

from dataclasses import replace

import pytest
import torch

import kanviz
from kanviz.analysis.compose import compose
from kanviz.analysis.scores import scores
from kanviz.core.steps import enter
from kanviz.errors import UserError

NORM = torch.tensor([[0.5, 2.0, 1.0], [0.1, -1.0, 0.0]], dtype=torch.float64)
X = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def network(step: str) -> kanviz.KAN:
    """Return a network with a step before its second layer, of 3 nodes."""
    wide = 6 if step == "raw and norm" else 3
    first, second = kanviz.init([2, 3], seed=1), kanviz.init([wide, 1], seed=2)
    norm = NORM if "norm" in step else NORM[:, :0]
    return kanviz.KAN((first.layers[0], replace(second.layers[0], step=step, norm=norm)), first.inputs, second.outputs)


def test_a_layer_norm_is_torch_s_own():
    module = torch.nn.LayerNorm(3, dtype=torch.float64)
    module.load_state_dict({"weight": NORM[0], "bias": NORM[1]})
    nodes = torch.randn(7, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.equal(enter("norm", NORM, nodes), module(nodes))
    assert torch.equal(enter("raw and norm", NORM, nodes), torch.cat([nodes, module(nodes)], 1))


@pytest.mark.parametrize("step", ["tanh", "norm", "raw and norm"])
def test_a_network_applies_the_step_before_its_layer(step):
    kan = network(step)
    nodes = kan.layers[0](X)
    entered = enter(step, kan.layers[1].norm, nodes)
    plain = replace(kan.layers[1], step="", norm=NORM[:, :0])
    assert torch.equal(kan(X), plain(entered))
    trace = kan.trace(X)
    assert trace.nodes[1] == pytest.approx(entered, rel=1e-12, abs=1e-12)
    assert trace.nodes[2] == pytest.approx(kan(X), rel=1e-12, abs=1e-12)
    assert kan.shape == (2, 3, 1)


@pytest.mark.parametrize("step", ["tanh", "norm", "raw and norm"])
def test_a_formula_contains_the_step(step):
    found = compose(network(step))
    assert found.gap.largest < 1e-9


@pytest.mark.parametrize("step", ["tanh", "norm", "raw and norm"])
def test_scores_of_nodes_add_up(step):
    found = scores(network(step))
    assert [len(part) for part in found.nodes] == [2, 3, 1]
    assert found.layers[1].sum() == pytest.approx(1)
    assert found.nodes[1].sum() == pytest.approx(1)


def test_sources_are_named_by_what_the_step_does():
    assert [network("raw and norm").source_name(1, i) for i in (0, 3)] == ["h1,0", "norm h1,0"]
    assert network("tanh").edge([1, 1, 0]).source == "tanh h1,1"


@pytest.mark.parametrize("step", ["tanh", "raw and norm"])
def test_training_goes_through_a_step(step):
    kan = network(step)
    data = kanviz.Dataset.from_arrays(X, X[:, 0] * X[:, 1], test=0)
    *_, last = kanviz.train(kan, data, kanviz.TrainConfig(steps=20))
    assert last.solver == "lbfgs"
    assert last.train_loss < 0.5 * float(((kan(X)[:, 0] - X[:, 0] * X[:, 1]) ** 2).mean())


def test_what_intervals_cannot_do_is_refused_in_words():
    kan = network("norm")
    for ask in (
        lambda: kanviz.data_lock(kan, X[:3]),
        lambda: kanviz.certified_lock(kan, [(-1, 1), (-1, 1)]),
        lambda: kanviz.certify(kan, kan, box=[(-1, 1), (-1, 1)]),
    ):
        with pytest.raises(UserError, match="LayerNorm before layer 1"):
            ask()


def test_a_norm_of_the_wrong_width_is_refused():
    kan = network("norm")
    with pytest.raises(UserError, match="norm"):
        replace(kan.layers[1], norm=NORM[:, :2])
