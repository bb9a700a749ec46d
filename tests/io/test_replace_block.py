"""A block written back into a copy of its model computes what was edited, and no other byte of the file changes."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import kanviz
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.module import KANLayer
from kanviz.errors import LoadError, UserError
from kanviz.io.containers import open_contents
from tests.io.inside import under
from tests.io.test_blocks import GPT, MIXED, MODELS, Weights, save
from tests.io.test_efficient_kan import weights
from tests.io.test_odd_weights import EFFICIENT

X = torch.linspace(-2, 2, 14).reshape(7, 2)


def changed(kan: KAN, seed: int = 0, share: float = 0.3) -> KAN:
    """Return the network with some of its numbers changed and some edges pruned."""
    rng = torch.Generator().manual_seed(seed)

    def some(values: torch.Tensor) -> torch.Tensor:
        new = torch.randn(values.shape, generator=rng, dtype=torch.float64).to(values.dtype)
        return torch.where(torch.rand(values.shape, generator=rng) < share, new, values)

    new = {
        n: replace(
            layer,
            coef=some(layer.coef),
            base_weight=some(layer.base_weight),
            active=layer.active & (torch.rand(layer.active.shape, generator=rng) > share / 2),
        )
        for n, layer in enumerate(kan.layers)
    }
    return kan.with_layers(new)


def bits(path: Path) -> dict[str, bytes]:
    """Return the bytes of every tensor in a file."""
    return {name: part.read().numpy().tobytes() for name, part in open_contents(path.read_bytes(), "m").parts.items()}


def loaded(path: Path) -> Weights:
    """Read a file as its own library does."""
    if path.suffix == ".safetensors":
        return safetensors.torch.load_file(path)
    return torch.load(io.BytesIO(path.read_bytes()), weights_only=True)["model"]  # noqa: TID251  a file of this test


def test_a_model_computes_with_the_edited_block(tmp_path: Path) -> None:
    edited = changed(kanviz.load(GPT, block="blocks.1.ffn"))
    kanviz.replace(GPT, "blocks.1.ffn", edited, tmp_path / "new.pt")
    model = torch.nn.Sequential(KANLayer(8, 16, grid=4), KANLayer(16, 8, grid=4))
    head = "blocks.1.ffn."
    weights = {n.removeprefix(head): part for n, part in loaded(tmp_path / "new.pt").items() if n.startswith(head)}
    model.load_state_dict(weights)
    x = torch.from_numpy(np.load(MODELS / "gpt_with_kan_ffn.npz")["x"])
    assert torch.equal(model(x), edited(x))
    assert kanviz.load(tmp_path / "new.pt", block="blocks.1.ffn").digest == edited.digest


@settings(max_examples=40, deadline=None)
@given(
    block=st.sampled_from(["enc.0.kan", "enc.1", "enc.1.0", "last"]),
    safe=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16]),
    share=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    seed=st.integers(0, 999),
)
def test_every_other_byte_stays(
    tmp_path_factory: pytest.TempPathFactory, block: str, safe: bool, dtype: torch.dtype, share: float, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("replace")
    kind = "safetensors" if safe else "pt"
    weights = {name: part.to(dtype) if part.is_floating_point() else part for name, part in MIXED.items()}
    before, after = save(folder / f"a.{kind}", weights, safe=safe), folder / f"b.{kind}"
    edited = changed(kanviz.load(before, block=block), seed, share)
    kanviz.replace(before, block, edited, after)
    old, new = bits(before), bits(after)
    assert list(new) == list(old)
    assert {n for n in old if new[n] != old[n] and not n.startswith(f"{block}.")} == set()
    assert after.stat().st_size == before.stat().st_size
    kanviz.load(after, block=block)
    rounded = replace(edited, layers=tuple(_rounded(layer, dtype) for layer in edited.layers))
    x = torch.linspace(-1, 1, 5, dtype=edited.dtype)[:, None].expand(-1, edited.layers[0].sources)
    found = kanviz.load(after, block=block)
    if block != "enc.0.kan":
        assert found.digest == rounded.digest
    gap = {torch.float16: 0.05, torch.bfloat16: 0.5}.get(dtype, 1e-5)
    assert torch.allclose(found(x), edited(x), rtol=gap, atol=gap)
    assert {n: part.dtype for n, part in loaded(after).items()} == {n: part.dtype for n, part in weights.items()}
    if share == 0.0:
        assert after.read_bytes() == before.read_bytes()


def _rounded(layer: Any, dtype: torch.dtype) -> Any:
    parts = ("knots", "coef", "base_weight", "bias", "offset", "affine")
    return replace(layer, **{name: getattr(layer, name).to(dtype).to(layer.coef.dtype) for name in parts})


def test_the_bytes_between_the_tensors_stay_too(tmp_path: Path) -> None:
    kan = kanviz.load(GPT, block="blocks.0.ffn")
    coef = kan.layers[1].coef.clone()
    coef[3, 2, 1] += 1.0
    kanviz.replace(GPT, "blocks.0.ffn", kan.with_layer(1, coef=coef), tmp_path / "new.pt")
    old, new = (np.frombuffer(path.read_bytes(), "u1") for path in (GPT, tmp_path / "new.pt"))
    assert len(old) == len(new)
    assert 1 <= (old != new).sum() <= 4 + 2 * 4  # a number, and the checksum of its part in two places


def test_a_file_may_be_replaced_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "m.pt"
    file.write_bytes(GPT.read_bytes())
    edited = changed(kanviz.load(file, block="blocks.0.ffn"))
    kanviz.replace(file, "blocks.0.ffn", edited, file)
    assert kanviz.load(file, block="blocks.0.ffn").digest == edited.digest


def test_weights_that_lie_across_in_memory_are_written_where_they_are(tmp_path: Path) -> None:
    layer = KANLayer(3, 4)
    state = {**layer.state_dict(), "coef": layer.coef.detach().transpose(1, 2).contiguous().transpose(1, 2)}
    file = save(tmp_path / "m.pt", under("kan.", state), safe=False)
    edited = changed(kanviz.load(file, block="kan"), share=0.8)
    kanviz.replace(file, "kan", edited, tmp_path / "new.pt")
    assert kanviz.load(tmp_path / "new.pt", block="kan").digest == edited.digest
    assert loaded(tmp_path / "new.pt")["kan.coef"].stride() == state["coef"].stride()


def test_a_formula_of_the_same_length_finds_room(tmp_path: Path) -> None:
    layer = KANLayer(2, 1).to_layer().with_formula(0, 0, Formula("tanh", 1.0, 0.0, 1.0, 0.0))
    file = save(tmp_path / "m.pt", under("kan.", KANLayer.from_layer(layer).state_dict()), safe=False)
    kan = kanviz.load(file, block="kan")
    shorter = kan.with_layers({0: kan.layers[0].with_formula(0, 0, Formula("sin", 2.0, 0.0, 1.0, 0.0))})
    kanviz.replace(file, "kan", shorter, tmp_path / "new.pt")
    assert kanviz.load(tmp_path / "new.pt", block="kan").digest == shorter.digest
    longer = kan.with_layers({0: kan.layers[0].with_formula(0, 0, Formula("1/cosh(x)^2", 2.0, 0.0, 1.0, 0.0))})
    with pytest.raises(UserError, match="no room"):
        kanviz.replace(file, "kan", longer, tmp_path / "never.pt")


def scaled(kan: KAN) -> KAN:
    return replace(kan, inputs=(Variable("a", "", 1.0, 2.0), *kan.inputs[1:]))


def biased(kan: KAN) -> KAN:
    return kan.with_layer(0, bias=kan.layers[0].bias + 1)


REFUSED = {
    "another grid": ("enc.1", lambda kan: kanviz.init([2, 4, 3], grid=9), "differ in intervals"),
    "another order": ("enc.1", lambda kan: kanviz.init([2, 4, 3], grid=5, order=2), "differ in order"),
    "other nodes": ("enc.1", lambda kan: kanviz.init([2, 5, 3]), "differ in sums"),
    "another depth": ("enc.1", lambda kan: kanviz.init([2, 3]), "has 1 layers, the block has 2"),
    "scaled variables": ("enc.1", scaled, "scales a"),
    "a formula": (
        "last",
        lambda kan: kan.with_layers({0: kan.layers[0].with_formula(0, 0, Formula("sin"))}),
        "differ in formulas",
    ),
    "a bias for efficient-kan": ("enc.0.kan", biased, "efficient-kan has none"),
    "a network of pykan": ("head", lambda kan: kan, "is of pykan"),
    "no such block": ("enc.7", lambda kan: kan, "no block enc.7"),
    "no KAN": ("enc.0.norm", lambda kan: kan, "no KAN that kanviz knows"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_block_cannot_hold_is_refused_and_nothing_is_written(case: str, tmp_path: Path) -> None:
    block, change, words = REFUSED[case]
    file = save(tmp_path / "m.pt", MIXED, safe=False)
    kan = change(kanviz.load(file, block=block if block in ("enc.1", "enc.0.kan", "last", "head") else "last"))
    with pytest.raises(UserError, match=words):
        kanviz.replace(file, block, kan, tmp_path / "new.pt")
    assert not (tmp_path / "new.pt").exists()


def test_numbers_too_large_for_the_files_precision_are_refused(tmp_path: Path) -> None:
    file = save(tmp_path / "m.pt", under("a.", KANLayer(2, 3).half().state_dict()), safe=False)
    kan = kanviz.load(file, block="a")
    with pytest.raises(UserError, match="coef is too large for float16"):
        kanviz.replace(file, "a", kan.with_layer(0, coef=kan.layers[0].coef * 1e8), tmp_path / "new.pt")


def test_weights_that_another_part_of_the_model_shares_are_not_changed(tmp_path: Path) -> None:
    state = KANLayer(2, 3).state_dict()
    file = save(tmp_path / "m.pt", {**under("a.", state), **under("b.", state)}, safe=False)
    kan = kanviz.load(file, block="a")
    kanviz.replace(file, "a", kan, tmp_path / "same.pt")
    with pytest.raises(UserError, match=r"shares its memory"):
        kanviz.replace(file, "a", changed(kan), tmp_path / "new.pt")


def test_kanviz_own_file_is_saved_and_not_replaced(tmp_path: Path) -> None:
    kan = kanviz.init([2, 1])
    kanviz.save(kan, tmp_path / "own.safetensors")
    with pytest.raises(UserError, match=r"kanviz\.save"):
        kanviz.replace(tmp_path / "own.safetensors", "", kan, tmp_path / "new.safetensors")
    with pytest.raises(LoadError, match="no such file"):
        kanviz.replace(tmp_path / "nowhere.pt", "a", kan, tmp_path / "new.pt")


def test_a_network_with_an_answered_base_function_goes_back(tmp_path: Path) -> None:
    state = {f"kan.{name}": part for name, part in weights(3, 2).items()}
    torch.save(state, path := tmp_path / "m.pt")
    kan = kanviz.load(path, block="kan", base="gelu")
    kanviz.replace(path, "kan", kan.with_layer(0, base_weight=2 * kan.layers[0].base_weight), path)
    again = kanviz.load(path, block="kan", base="gelu")
    assert torch.equal(again.layers[0].base_weight, 2 * kan.layers[0].base_weight)
    assert torch.equal(again.layers[0].coef, kan.layers[0].coef)


SHARED = {name: part[:1].contiguous() if name.endswith("grid") else part for name, part in EFFICIENT.items()}
MASK = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def test_a_variant_with_a_mask_and_one_grid_gets_its_edited_block_back(tmp_path: Path) -> None:
    path = save(tmp_path / "m.pt", under("kan.", {**SHARED, "layers.0.spline_selector": MASK}), safe=False)
    kan = kanviz.load(path, block="kan")
    kanviz.replace(path, "kan", kan, out := tmp_path / "same.pt")
    assert out.read_bytes() == path.read_bytes()
    layer = kan.layers[0]
    active = ~layer.active
    edited = kan.with_layer(0, active=active, coef=2 * layer.coef)
    kanviz.replace(path, "kan", edited, out)
    assert torch.equal(loaded(out)["kan.layers.0.spline_selector"], active.T.float())
    assert torch.allclose(kanviz.load(out, block="kan")(X), edited(X), atol=1e-6)
    moved = kan.with_layer(0, knots=layer.knots + torch.tensor([[0.0], [0.1]]))
    with pytest.raises(UserError, match="one grid for all of them"):
        kanviz.replace(path, "kan", moved, out)


@pytest.mark.parametrize("library", ["KANLayer", "efficient-kan"])
@pytest.mark.parametrize("norm", [torch.nn.LayerNorm(3), torch.nn.BatchNorm1d(3)])
def test_layers_around_a_layer_norm_are_written_back_and_those_around_a_batch_norm_are_refused(
    norm: torch.nn.Module, library: str, tmp_path: Path
) -> None:
    layers = torch.nn.Sequential(KANLayer(2, 3), KANLayer(3, 1)).state_dict()
    layers = layers if library == "KANLayer" else {n.removeprefix("layers."): part for n, part in EFFICIENT.items()}
    state = {n.replace("1.", "2.", 1) if n.startswith("1.") else n: part for n, part in layers.items()}
    weights = {**under("kan.", state), **under("kan.1.", norm.state_dict()), "head.weight": torch.ones(1)}
    path = save(tmp_path / "m.pt", weights, safe=False)
    assert [(block.prefix, block.shape) for block in kanviz.blocks(path)] == [("kan", (2, 3, 1))]
    edited = changed(kanviz.load(path, block="kan"))
    if isinstance(norm, torch.nn.BatchNorm1d):
        with pytest.raises(UserError, match="has a BatchNorm"):
            kanviz.replace(path, "kan", edited, tmp_path / "new.pt")
        return
    kanviz.replace(path, "kan", edited, tmp_path / "new.pt")
    assert kanviz.load(tmp_path / "new.pt", block="kan")(X) == pytest.approx(edited(X), abs=1e-6)
    moved = edited.with_layer(1, norm=edited.layers[1].norm + 1)
    with pytest.raises(UserError, match="another norm"):
        kanviz.replace(path, "kan", moved, tmp_path / "new.pt")


def test_layers_whose_numbers_begin_later_are_written_back(tmp_path: Path) -> None:
    later = {name.replace("layers.1.", "2.").replace("layers.0.", "1."): part for name, part in EFFICIENT.items()}
    kan = kanviz.load(path := save(tmp_path / "m.pt", later, safe=False))
    kanviz.replace(path, "", edited := changed(kan), path)
    assert torch.allclose(kanviz.load(path)(X), edited(X), atol=1e-6)
