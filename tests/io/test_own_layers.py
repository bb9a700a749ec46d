"""What torch.save and safetensors write of a model of KANLayers opens, and computes the model's own bits."""

import io
import json
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.extra_state import EXTRA
from kanviz.core.kan import KAN
from kanviz.core.module import KANLayer
from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.questions import Answers
from tests.helpers import kans
from tests.io.inside import under

X = torch.linspace(-3, 3, 14).reshape(7, 2)
Weights = dict[str, torch.Tensor]
NAN = float("nan")


def torch_file(state: object) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def opened(state: object) -> KAN:
    return open_model({"model.pt": torch_file(state)})


def model(*layers: KANLayer) -> torch.nn.Sequential:
    return torch.nn.Sequential(*(layers or (KANLayer(2, 3, seed=1, base="zero"), KANLayer(3, 1, outside="zero"))))


def old(state: Weights) -> Weights:
    return {name: part for name, part in state.items() if not name.endswith(EXTRA)}


@given(kans(), st.sampled_from(["", "net.", "module._orig_mod.kan."]), st.booleans())
def test_every_network_of_layers_opens_with_its_own_bits(kan: KAN, prefix: str, safe: bool) -> None:
    layers = [KANLayer.from_layer(layer) for layer in kan.layers]
    state = {prefix + name: part for name, part in model(*layers).state_dict().items()}
    found = open_model({"m.safetensors": safetensors.torch.save(state)} if safe else {"m.pt": torch_file(state)})
    x = torch.linspace(-2, 2, 5, dtype=kan.dtype)[:, None].expand(-1, kan.layers[0].sources)
    assert torch.equal(found.run(x), model(*layers)(x))
    again = [KANLayer.from_layer(layer).state_dict() for layer in found.layers]
    before = [layer.state_dict() for layer in layers]
    assert [list(s) for s in again] == [list(s) for s in before]
    assert all(torch.equal(a[n], b[n]) for a, b in zip(again, before, strict=True) for n in a)


def test_a_model_in_use_gives_the_same_numbers_as_the_network_in_its_file() -> None:
    net = model()
    assert torch.equal(opened(net.state_dict())(X), net(X))
    assert not opened(net.state_dict()).cautions


def test_one_layer_alone_opens() -> None:
    layer = KANLayer(2, 3, seed=4)
    assert torch.equal(opened(layer.state_dict())(X), layer(X))
    assert opened(layer.state_dict()).notes == ()


def test_what_an_earlier_kanviz_wrote_opens_with_a_caution() -> None:
    net = model(KANLayer(2, 3, seed=1), KANLayer(3, 1, seed=2))
    found = opened(old(net.state_dict()))
    assert torch.equal(found(X), net(X))
    base, outside = found.cautions
    assert "base function added to the splines: silu is assumed" in base
    assert "outside the knots (linear: as straight lines): linear is assumed" in outside
    assert any("An earlier kanviz wrote layers 0 and 1" in note for note in found.notes)


def test_what_an_earlier_kanviz_did_not_write_can_be_answered() -> None:
    net = model(
        KANLayer(2, 3, base="gelu", outside="zero", seed=1), KANLayer(3, 1, base="gelu", outside="zero", seed=2)
    )
    found = open_model(
        {"m.pt": torch_file(old(net.state_dict()))}, answers=Answers({"base": "gelu", "outside": "zero"})
    )
    far = torch.linspace(-9, 9, 40).reshape(20, 2)
    assert torch.equal(found(far), net(far))
    assert not found.cautions


class _Around(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(2)
        self.kan = torch.nn.Sequential(torch.nn.Linear(2, 2), *model(), torch.nn.Linear(1, 1))
        self.register_buffer("position_ids", torch.arange(9))


def test_the_one_run_inside_a_larger_model_opens_and_what_is_around_it_is_named() -> None:
    net = _Around()
    found = opened(net.state_dict())
    assert torch.equal(found(X), model()(X))
    (caution,) = found.cautions
    assert "norm.weight" in caution
    assert any("position_ids" in note for note in found.notes)
    assert any("with nothing between" in note for note in found.notes)


def test_norms_between_the_layers_are_computed() -> None:
    norms = [torch.nn.LayerNorm(3), torch.nn.BatchNorm1d(1).eval()]
    norms[0].bias.data += torch.arange(3)
    layers, right = model(), X
    for layer, norm in zip(layers, norms, strict=True):
        right = norm(layer(right))
    state = {
        **under("net.layers.", layers.state_dict()),
        **under("net.norms.", torch.nn.ModuleList(norms).state_dict()),
    }
    found = opened(state)
    assert found(X) == pytest.approx(right.detach(), rel=1e-5, abs=1e-5)
    assert any("LayerNorm" in note for note in found.cautions)
    sequence = torch.nn.Sequential(layers[0], norms[0], layers[1], norms[1])
    assert torch.equal(opened(under("a.", sequence.state_dict()))(X), found(X))
    assert torch.equal(sequence(X), right)


def test_a_list_of_other_modules_next_to_the_layers_is_not_dropped() -> None:
    scales = torch.nn.ParameterList([torch.ones(3), torch.ones(1)]).state_dict()
    state = {**under("net.layers.", model().state_dict()), **under("net.norms.", scales)}
    with pytest.raises(LoadError, match=r"net\.norms\.0 .* not part of a KANLayer"):
        opened(state)
    assert torch.equal(open_model({"m.pt": torch_file(state)}, block="net.layers")(X), model()(X))
    backbone = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.LayerNorm(3)).state_dict()
    found = opened({**under("net.kan.", model().state_dict()), **under("net.backbone.", backbone)})
    assert torch.equal(found(X), model()(X))


def test_states_whose_marks_were_converted_to_numbers_open() -> None:
    net = model()
    state = {name: part.to(torch.float64) for name, part in net.state_dict().items()}
    assert opened(state).run(X.double()).float().allclose(net(X), atol=1e-5)


@pytest.mark.parametrize("value", [0.5, 300.0, NAN, -1.0])
def test_an_averaged_description_is_none_and_a_caution_says_so(value: float) -> None:
    net = model(KANLayer(2, 3, seed=1), KANLayer(3, 1, seed=2))
    found = opened({**net.state_dict(), f"1.{EXTRA}": torch.full((70,), value)})
    assert torch.equal(found(X), net(X))
    assert len(found.cautions) == 2
    assert any("An earlier kanviz wrote layer 1, or averaging changed" in note for note in found.notes)


def test_half_precision_is_read_as_float32() -> None:
    net = model().half()
    found = opened(net.state_dict())
    assert found.dtype == torch.float32
    assert any("half precision" in note for note in found.notes)


def described(state: Weights, **changes: Any) -> Weights:
    """Return the state with another description of its first layer."""
    record = {**json.loads(bytes(state[f"0.{EXTRA}"].tolist())), **changes}
    return {**state, f"0.{EXTRA}": torch.tensor(list(json.dumps(record).encode()), dtype=torch.uint8)}


def changed(name: str, value: torch.Tensor) -> Any:
    return lambda state: {**state, name: value}


def renamed(state: Weights) -> Weights:
    return {name.replace("1.", "2.", 1) if name.startswith("1.") else name: part for name, part in state.items()}


DAMAGE = {
    "something between the layers": (renamed, "numbered 0, 2.*block=.0"),
    "layers that do not meet": (lambda s: {**s, **under("2.", KANLayer(4, 2).state_dict())}, "do not follow"),
    "two networks": (lambda s: {**s, **{f"b.{n}": part for n, part in s.items()}}, "several KANs"),
    "a gate in a layer": (changed("1.gate", torch.ones(1)), r"1\.gate is not part of a KANLayer"),
    "a mask in a layer": (changed("0.mask", torch.ones(2, 3).bool()), r"0\.mask is not part of a KANLayer"),
    "a scale of the whole": (changed("scale", torch.ones(1)), "scale is not part of a KANLayer"),
    "knots that descend": (
        changed("0.knots", model().state_dict()["0.knots"].flip(1)),
        "knots of layer 0, input 0 do not ascend",
    ),
    "knots that are NaN": (changed("0.knots", torch.full((2, 12), NAN)), "NaN or infinity"),
    "knots of one input": (changed("0.knots", torch.zeros(1, 12)), r"0\.knots has shape \(1, 12\)"),
    "a flat list of knots": (changed("0.knots", torch.zeros(12)), r"0\.knots has shape \(12,\)"),
    "a layer without knots": (
        lambda s: {n: part for n, part in s.items() if n != "1.knots"},
        "1.coef, 1.base_weight and 1.affine are of a layer of KANLayer",
    ),
    "coefficients of two axes": (changed("0.coef", torch.zeros(2, 3)), r"0\.coef has shape \(2, 3\)"),
    "no targets": (changed("0.coef", torch.zeros(2, 0, 8)), "no edges"),
    "too few coefficients": (changed("0.coef", torch.zeros(2, 3, 1)), "splines of order 10"),
    "weights of whole numbers": (changed("0.coef", torch.ones(2, 3, 8).long()), r"0\.coef holds whole numbers"),
    "too few marks": (changed("0.active", torch.ones(2, 2).bool()), r"0\.active has shape \(2, 2\)"),
    "marks that are none": (changed("0.active", torch.full((2, 3), 2)), "not only true and false"),
    "too few biases": (changed("0.bias", torch.zeros(2)), r"0\.bias has shape \(2\)"),
    "a formula without a name": (changed("0.affine", torch.ones(1, 4)), r"0\.affine has shape \(1, 4\)"),
    "missing marks": (lambda s: {n: part for n, part in s.items() if n != "0.frozen"}, r"0\.frozen is missing"),
    "missing biases": (lambda s: {n: part for n, part in s.items() if n != "1.bias"}, r"1\.bias is missing"),
    "old, with a formula": (lambda s: old({**s, "0.affine": torch.ones(1, 4)}), "product nodes or formulas"),
    "old, with a product": (lambda s: old({**s, "0.offset": torch.ones(2)}), "product nodes or formulas"),
    "an unknown base": (lambda s: described(s, base="exec"), "base is exec; expected silu"),
    "a huge arity": (lambda s: described(s, arity=[10**19]), "no whole number"),
    "too many sums": (lambda s: described(s, arity=[1000] * 3), "its nodes have 3,000 sums, the layer has 3"),
    "other nodes": (lambda s: described(s, arity=[1, 2]), r"0\.offset has shape \(3\); expected \(2\)"),
    "a formula of code": (lambda s: described(s, formulas=[[0, 0, "__import__('os')"]]), "not one kanviz can read"),
    "a formula on no edge": (lambda s: described(s, formulas=[[9, 0, "sin"]]), "no whole number from 0 to 1"),
    "a formula twice": (lambda s: described(s, formulas=[[0, 0, "sin"]] * 2), "two formulas"),
    "a newer format": (lambda s: described(s, format=7), "newer kanviz"),
    "no JSON": (changed(f"0.{EXTRA}", torch.zeros(9, dtype=torch.uint8)), "not JSON"),
    "nested": (changed(f"0.{EXTRA}", torch.full((99_999,), 91, dtype=torch.uint8)), "nested too deep"),
    "no list at all": (changed(f"0.{EXTRA}", torch.zeros(2, 2, dtype=torch.uint8)), "not a list of bytes"),
    "averaged, with a formula": (
        lambda s: {**s, f"0.{EXTRA}": s[f"0.{EXTRA}"] / 3, "0.affine": torch.ones(1, 4)},
        "product nodes or formulas",
    ),
    "a description of 20 MB": (changed(f"0.{EXTRA}", torch.full((20_000_000,), 32, dtype=torch.uint8)), "the limit"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_refused_in_words(case: str) -> None:
    damage, words = DAMAGE[case]
    with pytest.raises(LoadError, match=words) as refusal:
        opened(damage(model().state_dict()))
    assert len(str(refusal.value)) <= 400


@pytest.mark.parametrize("value", [NAN, float("inf")])
def test_weights_that_are_no_numbers_open_with_a_note(value: float) -> None:
    state = model().state_dict()
    state["0.coef"][1, 2, 0] = value
    assert any("1 of 48 coefficients in layer 0" in note for note in opened(state).cautions)
