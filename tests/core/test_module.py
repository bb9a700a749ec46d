"""KANLayer: the same functions as a Layer, at home in torch."""

import io

import pytest
import torch
from hypothesis import given

import kanviz
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.module import KANLayer
from kanviz.errors import UserError
from tests.helpers import DTYPES, close, digest, kans


def wrapped(layer) -> KAN:
    inputs, outputs = (tuple(Variable(f"v{i}") for i in range(n)) for n in (layer.sources, layer.nodes))
    return KAN((layer,), inputs, outputs)


@given(kans())
def test_a_layer_becomes_a_module_and_a_layer_again(kan):
    for layer in kan.layers:
        module = KANLayer.from_layer(layer)
        x = torch.linspace(-2, 2, 5, dtype=kan.dtype)[:, None].expand(-1, layer.sources)
        assert torch.equal(module(x), layer(x))
        assert digest(wrapped(module.to_layer())) == digest(wrapped(layer))


def test_any_leading_axes_are_rows():
    module = KANLayer(2, 3)
    x = torch.linspace(-1, 1, 40).reshape(4, 5, 2)
    assert module(x).shape == (4, 5, 3)
    assert close(module(x)[1], module(x[1]))
    assert module(x[0, 0]).shape == (3,)
    assert module(x[:0]).shape == (0, 5, 3)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("solver", [torch.optim.Adam, torch.optim.SGD, torch.optim.AdamW])
def test_it_learns_with_any_optimiser(solver, dtype):
    x = torch.linspace(-1, 1, 64, dtype=dtype)[:, None]
    y = torch.sin(3 * x)
    model = torch.nn.Sequential(KANLayer(1, 3, dtype=dtype), KANLayer(3, 1, seed=1, dtype=dtype))
    steps = solver(model.parameters(), lr=0.03)

    def loss() -> torch.Tensor:
        return ((model(x) - y) ** 2).mean()

    first = loss().item()
    for _ in range(120):
        steps.zero_grad()
        loss().backward()
        steps.step()
    assert loss().item() < 0.2 * first


def test_what_flattens_parameters_takes_it():
    x = torch.linspace(-1, 1, 64)[:, None]
    model = torch.nn.Sequential(KANLayer(1, 3), KANLayer(3, 1, seed=1))
    steps = torch.optim.LBFGS(model.parameters(), max_iter=40, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        steps.zero_grad()
        value = ((model(x) - torch.sin(3 * x)) ** 2).mean()
        value.backward()
        return value

    first = loss().item()
    steps.step(loss)
    assert loss().item() < 0.01 * first
    flat = torch.nn.utils.parameters_to_vector(model.parameters())
    torch.nn.utils.vector_to_parameters(2 * flat, model.parameters())
    assert torch.equal(torch.nn.utils.parameters_to_vector(model.parameters()), 2 * flat)


def test_its_state_is_tensors_and_loads_into_another():
    one, two = KANLayer(2, 3, seed=1), KANLayer(2, 3, seed=2, low=-4, high=4)
    parts = {"coef", "base_weight", "bias", "offset", "affine", "knots", "active", "frozen"}
    assert set(one.state_dict()) == {*parts, "_extra_state"}
    assert {name for name, _ in (*one.named_parameters(), *one.named_buffers())} == parts
    buffer = io.BytesIO()
    torch.save(one.state_dict(), buffer)
    assert buffer.tell() > 0
    two.load_state_dict(one.state_dict())
    x = torch.linspace(-1, 1, 10).reshape(5, 2)
    assert torch.equal(one(x), two(x))
    with pytest.raises(RuntimeError, match="size mismatch"):
        KANLayer(2, 3, grid=7).load_state_dict(one.state_dict())


def test_its_precision_can_be_changed():
    module = KANLayer(2, 3).double()
    assert module(torch.rand(4, 2, dtype=torch.float64)).dtype == torch.float64
    assert module.to_layer().knots.dtype == torch.float64
    assert KANLayer(1, 1).coef.dtype == torch.get_default_dtype()


def test_the_layer_taken_out_is_left_alone_by_later_training():
    module = KANLayer(1, 1)
    layer = module.to_layer()
    kept = layer.coef.clone()
    with torch.no_grad():
        module.coef.add_(1)
    assert torch.equal(layer.coef, kept)


def test_only_what_counts_is_a_parameter_that_learns():
    names = {name for name, part in KANLayer(2, 2, base="zero").named_parameters() if part.requires_grad}
    assert names == {"coef", "bias"}


def test_it_says_what_it_is():
    assert repr(KANLayer(2, 3, grid=4, order=2)) == "KANLayer(2, 3, grid=4, order=2, base='silu')"
    assert kanviz.KANLayer is KANLayer


@pytest.mark.usefixtures("unchecked")
def test_a_layer_without_sources_is_refused():
    with pytest.raises(UserError, match="at least one node"):
        KANLayer(0, 3)
