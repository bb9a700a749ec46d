"""Norms that are modules of their own between a network's layers: read exactly, asked, or refused in words."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import native, open_model
from tests.io.families import LIBRARIES, Weights
from tests.io.inside import under
from tests.io.test_odd_weights import EFFICIENT
from tests.io.test_waves import opened
from tests.io.waves import WAVES

X = 4 * torch.rand(40, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64) - 2
CHEBY, FLASH = WAVES["ChebyKAN"], LIBRARIES["flashkan"]


def norm(kind: type[nn.Module], width: int, *, learns: bool = True, seed: int = 0) -> nn.Module:
    """A norm with numbers of its own, in evaluation mode."""
    rng = torch.Generator().manual_seed(seed)
    module = kind(width, dtype=torch.float64, **({} if learns else {"affine": False})).eval()
    state = {
        name: part if not part.is_floating_point() else 0.4 + torch.rand(width, generator=rng, dtype=torch.float64)
        for name, part in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


class Computed(nn.Module):
    """A layer of a library, in its own names, computed by the library's formula."""

    def __init__(self, library, sources: int, targets: int, seed: int):
        super().__init__()
        self.compute = library.compute
        for name, part in library.layer(sources, targets, torch.Generator().manual_seed(seed)).items():
            inside, _, last = name.rpartition(".")
            if inside and not hasattr(self, inside):
                self.add_module(inside, nn.Module())
            self.get_submodule(inside).register_buffer(last, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.compute(dict(self.named_buffers()), x)


def layers(*shape: int, library=CHEBY) -> list[nn.Module]:
    return [Computed(library, a, b, n) for n, (a, b) in enumerate(pairwise(shape))]


def off(kan: KAN, right: Tensor) -> float:
    with torch.no_grad():
        return float((kan(X) - right).abs().max() / right.abs().max())


LN, BN = nn.LayerNorm, nn.BatchNorm1d
ORDERS = {
    "a LayerNorm between": [0, (LN, 4), 1],
    "a BatchNorm between": [0, (BN, 4), 1],
    "both between": [0, (LN, 4), (BN, 4), 1],
    "both in the other order": [0, (BN, 4), (LN, 4), 1],
    "a LayerNorm first": [(LN, 3), 0, 1],
    "a BatchNorm first": [(BN, 3), 0, 1],
    "both first": [(LN, 3), (BN, 3), 0, (LN, 4), 1],
    "a BatchNorm last": [0, (LN, 4), 1, (BN, 2)],
    "a BatchNorm that learns nothing": [0, (BN, 4, False), 1],
}


def sequence(order: list, library=CHEBY) -> nn.Sequential:
    of = layers(3, 4, 2, library=library)
    return nn.Sequential(
        *(of[one] if isinstance(one, int) else norm(one[0], one[1], learns=len(one) == 2) for one in order)
    )


@pytest.mark.parametrize("prefix", ["", "net.kan."])
@pytest.mark.parametrize("library", [CHEBY, FLASH, WAVES["Wav-KAN"]], ids=["ChebyKAN", "flashkan", "Wav-KAN"])
@pytest.mark.parametrize("case", ORDERS)
def test_norms_with_numbers_among_the_layers_are_computed_at_their_places(case: str, library, prefix: str) -> None:
    model = sequence(ORDERS[case], library)
    kan = opened(under(prefix, model.state_dict()))
    assert off(kan, model(X)) <= 1e-11
    assert kan.shape == (3, 4, 2)
    assert any("Norm" in note for note in kan.cautions)
    assert open_model({"n.safetensors": native.to_bytes(kan)}).digest == kan.digest


@pytest.mark.parametrize("kind", [LN, BN])
def test_norms_named_with_the_numbers_of_the_layers_stand_as_the_file_lists_them(kind: type[nn.Module]) -> None:
    first, second, third = layers(3, 3, 3, 2)
    one, two = norm(kind, 3), norm(kind, 3, seed=1)
    after = nn.Sequential(first, one, second, two, third)
    names = {"0": "kan1", "1": "norm1", "2": "kan2", "3": "norm2", "4": "kan3"}
    state = {names[key[0]] + key[1:]: part for key, part in after.state_dict().items()}
    assert off(opened(state), after(X)) <= 1e-11
    before = nn.Sequential(one, first, two, second, third)
    names = {"0": "norm1", "1": "kan1", "2": "norm2", "3": "kan2", "4": "kan3"}
    state = {names[key[0]] + key[1:]: part for key, part in before.state_dict().items()}
    assert off(opened(state), before(X)) <= 1e-11
    assert off(opened(state, norms="after"), after(X)) <= 1e-11


class Lists(nn.Module):
    def __init__(self, of: list[nn.Module], norms: list[nn.Module], *, before: bool):
        super().__init__()
        self.layers, self.norms, self.before = nn.ModuleList(of), nn.ModuleList(norms), before

    def forward(self, x: Tensor) -> Tensor:
        for n, layer in enumerate(self.layers):
            here = self.norms[n] if n < len(self.norms) else nn.Identity()
            x = layer(here(x)) if self.before else here(layer(x))
        return x


@pytest.mark.parametrize("kind", [LN, BN])
@pytest.mark.parametrize("before", [False, True])
def test_norms_in_a_list_of_their_own_stand_where_their_widths_fit(kind: type[nn.Module], *, before: bool) -> None:
    model = Lists(layers(3, 4, 2), [norm(kind, 3), norm(kind, 4)] if before else [norm(kind, 4)], before=before)
    kan = opened(under("m.", model.state_dict()))
    assert off(kan, model(X)) <= 1e-11


@pytest.mark.parametrize("before", [False, True])
def test_where_widths_fit_twice_the_place_of_norms_is_asked(*, before: bool) -> None:
    model = Lists(layers(3, 3, 3), [norm(BN, 3), norm(BN, 3)], before=before)
    state = model.state_dict()
    assert any("norms stand before or after" in note for note in opened(state).cautions)
    assert off(opened(state, norms="before" if before else "after"), model(X)) <= 1e-11


def test_a_block_with_norms_is_listed_with_their_numbers_and_opens(tmp_path: Path) -> None:
    model = sequence(ORDERS["both between"])
    weights = {**under("a.kan.", model.state_dict()), **under("b.kan.", model.state_dict()), "head.weight": X}
    torch.save(weights, path := tmp_path / "m.pt")
    blocks = kanviz.blocks(path)
    assert [block.prefix for block in blocks] == ["a.kan", "b.kan"]
    assert {block.parameters for block in blocks} == {3 * 4 * 7 + 4 * 2 * 7 + 4 * 4}
    assert off(kanviz.load(path, block="b.kan"), model(X)) <= 1e-11


def test_a_norm_of_the_model_around_a_block_is_not_the_blocks() -> None:
    one = sequence([0, 1])
    weights = {**under("ffn.", one.state_dict()), **under("norm1.", norm(LN, 3).state_dict()),
               **under("norm2.", norm(LN, 2).state_dict())}  # fmt: skip
    kan = opened(weights)
    assert off(kan, one(X)) <= 1e-11
    assert any("Ignored norm1.weight" in note for note in kan.cautions)


def _state(order: list, change: Weights | None = None, drop: str = "") -> Weights:
    state = {**sequence(order).state_dict(), **(change or {})}
    return {name: part for name, part in state.items() if name != drop}


def test_a_layer_norm_after_the_last_layer_is_one_more_layer(tmp_path: Path) -> None:
    for order in ([0, 1, (LN, 2)], [0, (BN, 4), 1, (BN, 2), (LN, 2), (BN, 2)]):
        model = sequence(order)
        torch.save({**under("a.", model.state_dict()), "head.weight": X}, path := tmp_path / "m.pt")
        kan = kanviz.load(path, block="a")
        assert off(kan, model(X)) <= 1e-11
        assert [block.shape for block in kanviz.blocks(path)] == [kan.shape] == [(3, 4, 2, 2)]


BETWEEN = ORDERS["a BatchNorm between"]
DAMAGE = {
    "two LayerNorms": (_state([0, (LN, 4), (LN, 4), 1]), "before layer 1, which has a norm"),
    "another width": (_state([0, (LN, 5), 1]), r"1\.weight has shape \(5\)"),
    "another width of a BatchNorm": (_state([0, (BN, 3), 1]), r"1\.weight has shape \(3\)"),
    "a negative variance": (_state(BETWEEN, {"1.running_var": -torch.ones(4)}), "is negative"),
    "only a weight": (_state([0, (LN, 4), 1], drop="1.bias"), "numbered 0, 2"),
    "only a mean": (_state(BETWEEN, drop="1.running_var"), "numbered 0, 2"),
    "an activation between": ({k.replace("1.", "2.", 1): v for k, v in _state([0, 1]).items()}, "numbered 0, 2"),
    "a BatchNorm without statistics": (
        {**FLASH.weights(3, 5, 2), "bn.0.weight": torch.ones(5), "bn.0.bias": torch.ones(5)},
        "running_mean and running_var are missing",
    ),
    "lengths of no layer": (
        {**FLASH.weights(3, 5, 2), "norms.0.weight": torch.ones(4), "norms.0.bias": torch.ones(4)},
        "do not have the lengths of these layers",
    ),
    "inputs times 0": (_state([(BN, 3), 0, 1], {"0.weight": torch.zeros(3)}), "before the first layer has a weight"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_norms_that_cannot_be_read_refuse_the_file_in_words(case: str) -> None:
    state, words = DAMAGE[case]
    with pytest.raises(LoadError, match=words):
        opened(state)


@pytest.mark.parametrize("kind", [LN, BN])
@pytest.mark.parametrize("place", ["in the list", "next to it"])
def test_norms_between_layers_of_efficient_kan_are_computed(kind: type[nn.Module], place: str) -> None:
    between = norm(kind, 3)
    head = {"in the list": "layers.1.", "next to it": "norms.0."}[place]
    second = {"in the list": "layers.2.", "next to it": "layers.1."}[place]
    ends = [
        {k.removeprefix(f"layers.{n}."): v.double() for k, v in EFFICIENT.items() if f"layers.{n}." in k}
        for n in (0, 1)
    ]
    state = {**under("layers.0.", ends[0]), **under(head, between.state_dict()), **under(second, ends[1])}
    x = X[:, :2]
    with torch.no_grad():
        right = opened(ends[1])(between(opened(ends[0])(x)))
    assert opened(under("net.", state))(x) == pytest.approx(right, rel=1e-10, abs=1e-12)
