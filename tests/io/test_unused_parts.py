"""Every tensor inside a network is used, or its file is refused by that tensor's name; what stands outside is told."""

import io

import pytest
import torch

from kanviz.core.kan import KAN, Caution
from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.native import to_bytes
from tests.io.inside import under
from tests.io.test_odd_weights import EFFICIENT, PYKAN

Weights = dict[str, torch.Tensor]


def opened(weights: Weights) -> KAN:
    file = io.BytesIO()
    torch.save(weights, file)
    return open_model({"m.pt": file.getvalue()})


KEPT = torch.tensor([1.0, 0.0, 1.0])
INSIDE = {
    "a mask of pruned edges": (EFFICIENT, "layers.0.spline_selector"),
    "a scale in a layer": (EFFICIENT, "layers.1.gain"),
    "a part of a part": (EFFICIENT, "layers.0.act.alpha"),
    "norms between the layers": (EFFICIENT, "bns.0.weight"),
    "a scale beside the layers": (EFFICIENT, "temperature"),
    "something that ends like a part": (EFFICIENT, "layers.0.old_grid"),
    "a mask in a layer of pykan": (PYKAN, "act_fun.0.selector"),
    "a mask beside functions": (PYKAN, "symbolic_fun.1.gate"),
    "a norm in pykan": (PYKAN, "norms.0.running_var"),
}


@pytest.mark.parametrize("prefix", ["", "module.", "net.kan."])
@pytest.mark.parametrize("case", INSIDE)
def test_a_tensor_inside_a_network_that_no_reader_uses_refuses_the_file_by_its_name(case: str, prefix: str) -> None:
    weights, name = INSIDE[case]
    assert opened(under(prefix, weights)).shape == (2, 3, 1)
    with pytest.raises(LoadError) as refusal:
        opened(under(prefix, {**weights, name: KEPT}))
    assert f"{prefix}{name} is not part of" in str(refusal.value)


ODD_KINDS = {
    "holds true/false values": torch.tensor([True, False]),
    "holds whole numbers (int64)": torch.arange(3),
    "holds whole numbers (uint8)": torch.zeros(3, dtype=torch.uint8),
    "is complex64": torch.ones(2, dtype=torch.complex64),
    "is sparse": torch.eye(3).to_sparse(),
    "has no data (meta device)": torch.empty(3, device="meta"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("words", ODD_KINDS)
def test_what_is_no_weight_refuses_a_file_in_a_layer_and_is_noted_elsewhere(words: str) -> None:
    with pytest.raises(LoadError) as refusal:
        opened({**EFFICIENT, "layers.1.odd": ODD_KINDS[words]})
    assert "layers.1.odd is not part of efficient-kan" in str(refusal.value)
    assert words in str(refusal.value)
    with pytest.raises(LoadError) as refusal:
        opened({**EFFICIENT, "layers.1.grid": ODD_KINDS[words]})
    assert f"layers.1.grid {words}" in str(refusal.value)
    kan = opened({**under("kan.", EFFICIENT), "pos.position_ids": ODD_KINDS[words]})
    assert kan.digest == opened(EFFICIENT).digest
    assert "Ignored pos.position_ids (not weights of a KAN)." in kan.notes


def test_whole_numbers_between_the_layers_and_the_file_are_named_openly() -> None:
    kan = opened({**EFFICIENT, "order_of_inputs": torch.tensor([1, 0])})
    assert kan.digest == opened(EFFICIENT).digest
    assert any("order_of_inputs (not weights)" in note for note in kan.cautions)


@pytest.mark.parametrize("name", ["layers.0.shift", "layers.1.norm.num_batches_tracked"])
def test_a_whole_number_in_a_layer_is_no_harmless_counter(name: str) -> None:
    with pytest.raises(LoadError, match=f"{name} is not part of efficient-kan"):
        opened({**EFFICIENT, name: torch.tensor(3)})
    assert opened({**EFFICIENT, "steps": torch.tensor(3)}).shape == (2, 3, 1)


def test_what_stands_outside_the_network_is_left_out_and_said_openly() -> None:
    kan = opened({**under("head.", EFFICIENT), "encoder.weight": KEPT, "header": KEPT})
    assert kan.digest == opened(EFFICIENT).digest
    (note,) = (note for note in kan.cautions if "Ignored" in note)
    assert "encoder.weight and header" in note


def test_zeros_change_nothing_and_are_said_openly() -> None:
    kan = opened({**EFFICIENT, "layers.0.foo": torch.zeros(3)})
    assert kan.digest == opened(EFFICIENT).digest
    assert any("Ignored layers.0.foo" in note for note in kan.cautions)


def test_notes_that_change_the_meaning_are_told_apart_and_stay_so_in_a_file() -> None:
    kan = opened(under("module.", EFFICIENT))
    assert [note for note in kan.notes if "silu is assumed" in note] == list(kan.cautions)
    assert any("Removed the prefix" in note for note in kan.notes)
    again = open_model({"own.safetensors": to_bytes(kan)})
    assert again.notes == kan.notes
    assert again.cautions == kan.cautions
    assert all(isinstance(note, Caution) for note in again.cautions)


MASK = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])  # target, source


@pytest.mark.parametrize("prefix", ["", "kan1.", "blocks.3.mlp.kan."])
@pytest.mark.parametrize("name", ["spline_selector", "mask"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.int64])
def test_a_mask_of_edges_that_says_so_prunes_them_with_a_caution(name: str, prefix: str, dtype: torch.dtype) -> None:
    kan = opened(under(prefix, {**EFFICIENT, f"layers.0.{name}": MASK.to(dtype)}))
    whole = opened(EFFICIENT)
    assert torch.equal(kan.layers[0].active, MASK.T != 0)
    assert torch.equal(kan.layers[0].coef, whole.layers[0].coef)
    right = whole.with_layer(0, active=MASK.T != 0)
    x = torch.linspace(-1, 1, 20).reshape(10, 2)
    assert torch.equal(kan(x), right(x))
    assert any(f"{prefix}layers.0.{name} is read as a mask" in note and "2 of 6" in note for note in kan.cautions)


@pytest.mark.parametrize("values", [MASK.T, 0.5 * MASK, MASK[:, 0]])
def test_a_mask_of_another_shape_or_with_other_numbers_refuses_the_file(values: torch.Tensor) -> None:
    with pytest.raises(LoadError, match=r"layers\.0\.mask is not part of efficient-kan"):
        opened({**EFFICIENT, "layers.0.mask": values})
    with pytest.raises(LoadError, match=r"layers\.0\.gate is not part of efficient-kan"):
        opened({**EFFICIENT, "layers.0.gate": MASK})


PLACES = ["kan1.layer_norm.weight", "net.0.kan.act.alpha", "encoder.kan_a.quantiser.scale", "a.b.c.norm.running_var"]


@pytest.mark.parametrize("name", PLACES)
def test_a_norm_or_quantiser_in_a_layer_of_any_name_refuses_the_file(name: str) -> None:
    prefix = name.rsplit(".", 2)[0] + "."
    layer = {key.removeprefix("layers.0."): part for key, part in EFFICIENT.items() if key.startswith("layers.0.")}
    assert opened(under(prefix, layer)).shape == (2, 3)
    with pytest.raises(LoadError, match=f"{name} is not part of efficient-kan"):
        opened({**under(prefix, layer), name: KEPT})


@pytest.mark.parametrize("row", [slice(0, 1), 0])
def test_one_grid_for_all_inputs_is_the_grid_of_each(row: slice | int) -> None:
    grids = {name: part[:1].expand_as(part) for name, part in EFFICIENT.items() if name.endswith("grid")}
    shared = {name: part[row].contiguous() for name, part in grids.items()}
    assert opened({**EFFICIENT, **shared}).digest == opened({**EFFICIENT, **grids}).digest


def test_a_grid_that_the_model_continues_itself_is_refused() -> None:
    with pytest.raises(LoadError, match=r"has 5 knots, fewer than the 8 coefficients"):
        opened({**EFFICIENT, "layers.0.grid": torch.linspace(-1, 1, 5)[None]})
