"""A state_dict of KANLayers holds everything about them: base, outside, product nodes and formulas, too."""

import copy
import io
import json

import pytest
import torch
from hypothesis import given

from kanviz.core.extra_state import EXTRA
from kanviz.core.formulas.formula import Formula
from kanviz.core.layer import Layer
from kanviz.core.module import KANLayer
from tests.helpers import kans

X = torch.linspace(-3, 3, 14).reshape(7, 2)


def model(*layers: KANLayer) -> torch.nn.Sequential:
    return torch.nn.Sequential(*(layers or (KANLayer(2, 3, seed=1), KANLayer(3, 1, seed=2))))


def other() -> torch.nn.Sequential:
    """Return a model of the same sizes, whose layers are of another kind."""
    return model(KANLayer(2, 3, seed=3, base="zero", outside="zero"), KANLayer(3, 1, seed=4, base="identity"))


def first(model: torch.nn.Sequential) -> KANLayer:
    (layer, *_) = model
    assert isinstance(layer, KANLayer)
    return layer


def with_formula(place: tuple[int, int] = (0, 0), name: str = "sin") -> Layer:
    return KANLayer(2, 3, seed=5).to_layer().with_formula(*place, Formula(name, 1.0, 0.5, 2.0, 0.0))


@given(kans(deepest=2))
def test_a_layer_made_anew_from_a_state_computes_the_same_bits(kan) -> None:
    for layer in kan.layers:
        one = KANLayer.from_layer(layer)
        two = KANLayer.from_layer(layer)
        two._rest = {**two._rest, "base": "zero", "outside": "linear", "formulas": ()}
        two.load_state_dict(one.state_dict())
        x = torch.linspace(-2, 2, 5, dtype=kan.dtype)[:, None].expand(-1, layer.sources)
        assert torch.equal(one(x), two(x))


@pytest.mark.parametrize("assign", [False, True])
def test_a_state_brings_its_base_and_its_continuation_along(assign: bool) -> None:
    one, two = other(), model()
    two.load_state_dict(one.state_dict(), assign=assign)
    assert torch.equal(one(X), two(X))
    assert [p.requires_grad for p in two.parameters()] == [p.requires_grad for p in one.parameters()]


def test_a_state_of_an_earlier_kanviz_loads_and_the_layers_stay_of_their_kind() -> None:
    one, two = model(), other()
    old = {name: part for name, part in one.state_dict().items() if not name.endswith(EXTRA)}
    two.load_state_dict(old, strict=True)
    assert first(two).to_layer().base == "zero"
    assert torch.equal(two.state_dict()["0.coef"], one.state_dict()["0.coef"])


def test_a_state_is_loaded_onto_the_meta_device_and_from_it() -> None:
    one = other()
    with torch.device("meta"):
        two = model()
    assert two.state_dict()[f"0.{EXTRA}"].device.type == "cpu"
    empty = {name: part.to("meta") for name, part in one.state_dict().items()}
    three = model()
    three.load_state_dict(empty, assign=True)
    assert first(three).to_layer().base == "silu"
    two.load_state_dict(one.state_dict(), assign=True)
    assert torch.equal(one(X), two(X))


def test_copies_and_whole_models_keep_the_kind() -> None:
    one = other()
    file = io.BytesIO()
    torch.save(one, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)  # noqa: TID251  our own bytes, as users load their whole models
    for again in (copy.deepcopy(one), loaded):
        assert torch.equal(again(X), one(X))
        assert again.state_dict().keys() == one.state_dict().keys()


def test_a_state_may_stand_for_the_parameters_of_a_call() -> None:
    one, two = model(), model(KANLayer(2, 3, seed=7), KANLayer(3, 1, seed=8))
    assert torch.equal(torch.func.functional_call(two, one.state_dict(), (X,)), one(X))
    assert not hasattr(two[0], EXTRA)


def test_wrappers_of_torch_save_and_load_it() -> None:
    one = other()
    parallel, averaged = torch.nn.DataParallel(one), torch.optim.swa_utils.AveragedModel(one)
    compiled = torch.compile(one, backend="eager")
    assert f"module.0.{EXTRA}" in parallel.state_dict()
    assert f"_orig_mod.0.{EXTRA}" in compiled.state_dict()  # pyright: ignore[reportFunctionMemberAccess]
    torch.nn.DataParallel(model()).load_state_dict(parallel.state_dict())
    torch.optim.swa_utils.AveragedModel(model()).load_state_dict(averaged.state_dict())
    assert torch.equal(averaged(X), one(X))


def test_the_same_formulas_on_other_edges_are_taken_over() -> None:
    one, two = KANLayer.from_layer(with_formula((1, 2), "cos")), KANLayer.from_layer(with_formula())
    two.load_state_dict(one.state_dict())
    assert two.to_layer().formulas == ((1, 2, "cos"),)
    assert torch.equal(one(X), two(X))


GOOD = {"format": 1, "base": "silu", "outside": "linear", "arity": [1, 1, 1], "formulas": []}
FORGED = {
    "a base nobody knows": {**GOOD, "base": "os.system"},
    "a newer format": {**GOOD, "format": 3},
    "no format": {name: value for name, value in GOOD.items() if name != "format"},
    "an unknown field": {**GOOD, "code": "print(1)"},
    "other nodes": {**GOOD, "arity": [1, 2]},
    "other sums": {**GOOD, "arity": [1, 1]},
    "a huge arity": {**GOOD, "arity": [10**18]},
    "a formula that the layer has not": {**GOOD, "formulas": [[0, 0, "sin"]]},
    "a formula of code": {**GOOD, "formulas": [[0, 0, "__import__('os')"]]},
    "a formula on no edge": {**GOOD, "formulas": [[5, 0, "sin"]]},
    "no record": [1, 2],
}


@pytest.mark.parametrize("case", FORGED)
def test_a_description_that_does_not_fit_is_refused_and_changes_nothing(case: str) -> None:
    layer = KANLayer(2, 3)
    text = torch.tensor(list(json.dumps(FORGED[case]).encode()), dtype=torch.uint8)
    with pytest.raises(RuntimeError, match=rf"{EXTRA}: .*(description of a layer|nodes and|kanviz can read)"):
        layer.load_state_dict({**layer.state_dict(), EXTRA: text})
    assert layer.to_layer().arity == (1, 1, 1)
    assert layer.to_layer().base == "silu"


@pytest.mark.parametrize("value", ["text", torch.tensor([123, 34, 255], dtype=torch.uint8), torch.zeros(2, 2)])
def test_a_description_that_is_no_text_is_refused(value: object) -> None:
    layer = KANLayer(2, 3)
    with pytest.raises(RuntimeError, match="description of a layer"):
        layer.load_state_dict({**layer.state_dict(), EXTRA: value})


AVERAGES = {
    "a sum over a count": lambda a, b: (a + b) / 2,
    "a weighted sum": lambda a, b: 0.9 * a.double() + 0.1 * b.double(),
    "a mean of floats": lambda a, b: torch.stack([a.float(), b.float()]).mean(0),
}


@pytest.mark.parametrize("case", AVERAGES)
def test_states_that_were_averaged_by_hand_load_as_they_did(case: str) -> None:
    one, two, mean = model(), model(KANLayer(2, 3, seed=7), KANLayer(3, 1, seed=8)), model()
    a, b = one.state_dict(), two.state_dict()
    mean.load_state_dict({name: AVERAGES[case](a[name], b[name]) for name in a})
    assert first(mean).to_layer().base == "silu"
    assert torch.equal(first(mean).coef, AVERAGES[case](first(one).coef, first(two).coef).float())


def test_a_moving_average_in_place_leaves_the_description_alone() -> None:
    one, average = other(), other()
    for a, b in zip(average.state_dict().values(), one.state_dict().values(), strict=True):
        a.copy_(0.99 * a + 0.01 * b)
    assert torch.equal(average.state_dict()[f"0.{EXTRA}"], one.state_dict()[f"0.{EXTRA}"])
    assert average(X).shape == (7, 1)


def test_a_layer_of_other_sizes_is_refused_in_torchs_own_words() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        KANLayer(2, 4).load_state_dict(KANLayer(2, 3).state_dict())


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without torch.distributed")
def test_distributed_checkpoints_carry_it() -> None:
    from torch.distributed.checkpoint.state_dict import get_model_state_dict, set_model_state_dict

    one, two = other(), model()
    set_model_state_dict(two, get_model_state_dict(one))
    assert torch.equal(one(X), two(X))
