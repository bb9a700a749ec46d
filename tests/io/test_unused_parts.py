"""Every tensor inside a network is used, or its file is refused by that tensor's name; what stands outside is told."""

import io

import pytest
import torch

from kanviz.core.kan import KAN, Caution
from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.native import to_bytes
from tests.io.test_odd_weights import EFFICIENT, PYKAN

Weights = dict[str, torch.Tensor]


def opened(weights: Weights) -> KAN:
    file = io.BytesIO()
    torch.save(weights, file)
    return open_model({"m.pt": file.getvalue()})


def under(prefix: str, weights: Weights) -> Weights:
    return {prefix + name: part for name, part in weights.items()}


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
