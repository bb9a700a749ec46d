"""Networks of bells, quotients and formulas open with the numbers of their libraries, alone and inside a model."""

from pathlib import Path

import numpy as np
import pytest
import torch

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import native, open_model
from kanviz.io.foreign import SeveralNetworks
from tests.io.function_networks import LIBRARIES
from tests.io.inside import inside_a_model, under
from tests.io.test_unused_parts import opened

FORMATS = Path(__file__).parents[1] / "checkpoints" / "formats"
FILES = ("fast_kan", "fast_kan_noln", "faster_kan", "deepokan", "kat_grkan", "skan", "mlp_kan_fcn")
EXACT, FLOAT32 = 1e-11, 1e-5
SHAPE = (3, 6, 2)  # the groups of GR-KAN are 3
X = 4 * torch.rand(150, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 2
MADE = {name: library.weights(*SHAPE) for name, library in LIBRARIES.items()}


def gap(kan: KAN, x: torch.Tensor, y: torch.Tensor) -> float:
    """Return the largest difference, as a share of the largest output."""
    return float((kan(x.to(kan.dtype)).double() - y).abs().max() / y.abs().max())


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_library_gives_the_librarys_own_outputs(name: str) -> None:
    numbers = np.load(FORMATS / f"{name}.npz")
    kan = kanviz.load(FORMATS / f"{name}.pt")
    assert gap(kan, torch.from_numpy(numbers["x"]), torch.from_numpy(numbers["y"]).double()) <= FLOAT32


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LIBRARIES)
def test_other_sizes_give_what_the_librarys_formula_gives(name: str, dtype: torch.dtype) -> None:
    state = LIBRARIES[name].weights(*SHAPE, dtype=dtype)
    kan = opened(state)
    assert kan.shape == SHAPE
    assert kan.dtype == dtype
    assert gap(kan, X, LIBRARIES[name].outputs(state, X)) <= (EXACT if dtype == torch.float64 else FLOAT32)


@pytest.mark.parametrize("name", LIBRARIES)
def test_it_is_saved_and_opened_again_bit_by_bit(name: str) -> None:
    kan = opened(MADE[name])
    again = open_model({"network.safetensors": native.to_bytes(kan)})
    assert again.digest == kan.digest
    assert torch.equal(again(X), kan(X))


@pytest.mark.parametrize("name", LIBRARIES)
def test_blocks_inside_a_model_are_listed_and_open_by_their_names(name: str, tmp_path: Path) -> None:
    path = inside_a_model(MADE[name], tmp_path)
    first, second = kanviz.blocks(path)
    assert (first.kind, first.shape, first.order) == (LIBRARIES[name].kind, SHAPE, 0)
    assert {first.prefix, second.prefix} == {"enc.kan", "dec.1.ff"}
    for block in (first, second):
        assert kanviz.load(path, block=block.prefix).digest == opened(MADE[name]).digest
    with pytest.raises(SeveralNetworks, match=r"enc\.kan"):
        kanviz.load(path)


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_the_file_does_not_say_is_a_caution(name: str) -> None:
    assert any("is assumed" in note for note in opened(MADE[name]).cautions)


@pytest.mark.parametrize("name", [name for name in LIBRARIES if name != "SKAN"])
def test_a_tensor_in_a_layer_that_no_reader_uses_refuses_the_file_by_its_name(name: str) -> None:
    extra = f"{min(MADE[name]).rpartition('.')[0]}.gain"
    for prefix in ("", "module.", "net.kan."):
        with pytest.raises(LoadError, match=rf"{prefix}{extra} is not part of"):
            opened(under(prefix, {**MADE[name], extra: torch.ones(3)}))


@pytest.mark.parametrize("name", [name for name, library in LIBRARIES.items() if library.name == "layers.{}.{}"])
def test_norms_between_the_layers_refuse_the_file(name: str) -> None:
    with pytest.raises(LoadError, match=r"net\.norms\.0\.weight is not part of|no KAN kanviz knows"):
        opened(under("net.", {**MADE[name], "norms.0.weight": torch.ones(6)}))


@pytest.mark.parametrize("name", ["fast-kan", "FasterKAN", "DeepOKAN", "ikan", "mlp-kan"])
def test_layers_with_a_number_left_out_are_networks_of_their_own(name: str, tmp_path: Path) -> None:
    state = {("layers.2" + key[8:]) if key.startswith("layers.1") else key: part for key, part in MADE[name].items()}
    state = {f"2{key[1:]}" if key.startswith("1.") else key: part for key, part in state.items()}
    with pytest.raises(SeveralNetworks, match=r"numbered 0, 2|several KANs"):
        opened(state)
    torch.save(state, path := tmp_path / "model.pt")
    assert [block.shape for block in kanviz.blocks(path)] == [(3, 6), (6, 2)]
    assert kanviz.load(path, block=kanviz.blocks(path)[1].prefix).shape == (6, 2)


@pytest.mark.parametrize("name", [name for name in LIBRARIES if name != "SKAN"])
def test_layers_that_do_not_meet_are_refused(name: str) -> None:
    library = LIBRARIES[name]
    second = {library.named(library.first + 1, part) for part in library.layer(3, 3, torch.Generator())}
    wider = {key: part for key, part in library.weights(3, 9, 2).items() if key in second}
    with pytest.raises(SeveralNetworks, match=r"several KANs|gives 6 values, but layer 1 takes 9"):
        opened({**MADE[name], **wider})
