"""A whole network as a torch module: the same numbers, in both precisions, with steps; what it cannot be is refused."""

import pytest
import torch

import kanviz
from kanviz.core.edge import Variable
from kanviz.core.families import SPLINE
from kanviz.core.steps import STEPS, Step
from kanviz.errors import LayerError
from tests.families import network
from tests.helpers import DTYPES, TOLERANCE, random_layer, rows_for


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("step", STEPS)
def test_it_computes_what_the_network_does(step: Step, dtype: torch.dtype):
    kan = network(SPLINE, step, dtype)
    x = rows_for(kan).to(dtype)
    found = kanviz.module(kan)(x)
    assert found.dtype == dtype
    assert torch.allclose(found, kan(x), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_units_products_and_formulas_are_in_it():
    layers = (random_layer(torch.Generator().manual_seed(0), 2, (1, 2), mixed=True),)
    inputs = (Variable("a", "m", 5.0, 2.0), Variable("b", "s", -1.0, 0.5))
    outputs = tuple(Variable(name, "", 3.0, 4.0) for name in "yz")
    kan = kanviz.KAN(layers, inputs, outputs)
    assert torch.allclose(kanviz.module(kan)(rows_for(kan)), kan(rows_for(kan)), atol=1e-12)


def test_training_it_leaves_the_network_alone():
    kan = kanviz.init([2, 3, 1], seed=0)
    before, model = kan.digest, kanviz.module(kan)
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    model(rows_for(kan)).square().sum().backward()
    optimiser.step()
    assert kan.digest == before
    assert not torch.allclose(model(rows_for(kan)), kan(rows_for(kan)))


def test_other_curves_are_refused_with_the_remedy():
    with pytest.raises(LayerError, match=r"Layer 0 has sums of Gaussians.*kanviz.to_splines"):
        kanviz.module(network("gaussian"))
