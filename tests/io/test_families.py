"""Networks of other libraries open with the numbers that the libraries compute, alone and inside a larger model."""

from pathlib import Path

import numpy as np
import pytest
import torch

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io.foreign import SeveralNetworks
from tests.io.families import LIBRARIES, Weights, pykan_0_0, pykan_0_0_computes
from tests.io.inside import inside_a_model, under
from tests.io.test_unused_parts import opened

FORMATS = Path(__file__).parents[1] / "checkpoints" / "formats"
EXACT, FLOAT32 = 1e-11, 1e-5
X = 6 * torch.rand(150, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 3


def gap(kan: KAN, x: torch.Tensor, y: torch.Tensor) -> float:
    return float((kan(x.to(kan.dtype)).double() - y).abs().max())


FILES = {
    "flashkan": ("flashkan.pt",),
    "inkan": ("inkan.pt",),
    "mlp_kan_interpo": ("mlp_kan_interpo.pt",),
    "deep_kan": ("deep_kan.pt",),
    "pykan_0_0_5": ("pykan_0_0_5.pth",),
    "pykan_0_1_2": ("pykan_0_1_2_config.yml", "pykan_0_1_2_state"),
    "two_layers": ("two_layers.pth",),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_library_gives_the_librarys_own_outputs(name: str) -> None:
    numbers = np.load(FORMATS / f"{name}.npz")
    kan = kanviz.load(*(FORMATS / file for file in FILES[name]))
    assert gap(kan, torch.from_numpy(numbers["x"]), torch.from_numpy(numbers["y"]).double()) <= FLOAT32


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LIBRARIES)
def test_other_sizes_give_what_the_librarys_formula_gives_inside_and_outside_the_grid(
    name: str, dtype: torch.dtype
) -> None:
    library = LIBRARIES[name]
    state = library.weights(3, 5, 2, dtype=dtype)
    kan = opened(state)
    right = library.outputs(state, X)
    assert kan.shape == (3, 5, 2)
    assert kan.dtype == dtype
    assert gap(kan, X, right) <= (EXACT if dtype == torch.float64 else FLOAT32) * float(right.abs().max())


@pytest.mark.parametrize("own_grids", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_pykan_0_0_opens_also_where_every_edge_has_a_grid_of_its_own(dtype: torch.dtype, *, own_grids: bool) -> None:
    state = pykan_0_0(3, 4, 2, own_grids=own_grids, dtype=dtype)
    kan = opened(state)
    right = pykan_0_0_computes(state, X)
    assert kan.shape == (3, 4, 2)
    assert kan.layers[0].order == 2
    assert gap(kan, X, right) <= (1e-9 if dtype == torch.float64 else FLOAT32) * float(right.abs().max())


MADE = {name: library.weights(3, 5, 2) for name, library in LIBRARIES.items()} | {"pykan 0.0": pykan_0_0(3, 5, 2)}


@pytest.mark.parametrize("name", MADE)
def test_blocks_inside_a_model_are_listed_and_open_by_their_names(name: str, tmp_path: Path) -> None:
    path = inside_a_model(MADE[name], tmp_path)
    first, second = kanviz.blocks(path)
    assert (first.kind, first.shape) == (name, (3, 5, 2))
    assert {first.prefix, second.prefix} == {"enc.kan", "dec.1.ff"}
    for block in (first, second):
        kan = kanviz.load(path, block=block.prefix)
        assert kan.digest == opened(MADE[name]).digest
        assert (block.grid, block.order) == (kan.layers[0].grid, kan.layers[0].order)
    with pytest.raises(SeveralNetworks, match=r"enc\.kan"):
        kanviz.load(path)


@pytest.mark.parametrize("name", MADE)
def test_what_the_file_does_not_say_is_a_caution(name: str) -> None:
    cautions = opened(MADE[name]).cautions
    assert any("assumed" in note for note in cautions) == (name != "mlp-kan")


@pytest.mark.parametrize("name", MADE)
def test_a_tensor_in_a_layer_that_no_reader_uses_refuses_the_file_by_its_name(name: str) -> None:
    first = min(MADE[name])
    extra = f"{first.rpartition('.')[0]}.layer_norm.weight"
    for prefix in ("", "module.", "kan1."):
        with pytest.raises(LoadError, match=rf"{prefix}{extra} is not part of"):
            opened(under(prefix, {**MADE[name], extra: torch.ones(3)}))


@pytest.mark.parametrize("name", ["flashkan", "inkan", "Deep-KAN"])
def test_norms_between_the_layers_refuse_the_file(name: str) -> None:
    with pytest.raises(LoadError, match=r"net\.norms\.0\.weight is not part of"):
        opened(under("net.", {**MADE[name], "norms.0.weight": torch.ones(5)}))


@pytest.mark.parametrize("name", ["flashkan", "mlp-kan", "KANditioned"])
def test_layers_with_a_number_left_out_are_networks_of_their_own(name: str, tmp_path: Path) -> None:
    library = LIBRARIES[name]
    first, second = library.list.format(0), library.list.format(2)
    state = {k.replace(library.list.format(1), second): v for k, v in MADE[name].items()}
    with pytest.raises(SeveralNetworks, match="numbered 0, 2"):
        opened(state)
    torch.save(state, path := tmp_path / "model.pt")
    assert [block.shape for block in kanviz.blocks(path)] == [(3, 5), (5, 2)]
    assert [block.prefix for block in kanviz.blocks(path)] == [first[:-1], second[:-1]]


def test_layers_named_with_a_number_are_joined_with_a_caution_only_where_nothing_else_is_there() -> None:
    state = MADE["pykan's layer"]
    assert any("kan0 and kan1 are taken to follow one another" in note for note in opened(state).cautions)
    for more in ({"norm.weight": torch.ones(5)}, under("other", LIBRARIES["pykan's layer"].weights(5, 2))):
        with pytest.raises(SeveralNetworks, match="several KANs"):
            opened({**state, **more})
    with pytest.raises(SeveralNetworks, match="several KANs"):
        opened({**state, **{k.replace("kan0", "kan1"): v for k, v in LIBRARIES["pykan's layer"].weights(4, 2).items()}})


def test_a_network_is_saved_and_opened_again_to_the_bit(tmp_path: Path) -> None:
    for name, weights in MADE.items():
        kan = opened(weights)
        kanviz.save(kan, path := tmp_path / "own.safetensors")
        assert kanviz.load(path).digest == kan.digest, name


def test_one_of_the_joined_layers_opens_by_its_name(tmp_path: Path) -> None:
    torch.save(MADE["pykan's layer"], path := tmp_path / "model.pt")
    assert [block.prefix for block in kanviz.blocks(path)] == [""]
    assert kanviz.load(path, block="kan1").shape == (5, 2)


def test_a_single_layer_without_a_prefix_opens() -> None:
    for library in LIBRARIES.values():
        state = library.weights(3, 2)
        alone = {name.removeprefix(library.list.format(0)): part for name, part in state.items()}
        assert opened(alone).digest == opened(state).digest


def test_pruned_edges_of_pykan_are_pruned_and_keep_their_numbers() -> None:
    for kan in (opened(MADE["pykan's layer"]), opened(MADE["pykan 0.0"])):
        assert kan.edge((0, 2, 4)).state == "pruned"
        assert bool((kan.edge((0, 2, 4)).coef != 0).any())


def test_grids_of_edges_that_differ_by_rounding_are_one_grid() -> None:
    state = pykan_0_0(3, 4, 2, dtype=torch.float32)
    wanted = opened(state)
    state["act_fun.0.grid"][4] = state["act_fun.0.grid"][4].nextafter(torch.tensor(9.0))
    assert opened(state).layers[0].grid == wanted.layers[0].grid


@pytest.mark.parametrize("shift", [1e-2, 1e-6, 1e-12, 1e-15])
def test_grids_of_edges_that_nearly_coincide_open_to_the_formula(shift: float) -> None:
    state = pykan_0_0(3, 40, 2)
    rows = state["act_fun.0.grid"]
    rows += shift * torch.rand(len(rows), 1, generator=torch.Generator().manual_seed(0)).double()
    rows[0] += 0.1
    right = pykan_0_0_computes(state, X)
    assert gap(opened(state), X, right) <= 1e-6 * float(right.abs().max())


def test_too_many_knots_of_one_input_are_refused() -> None:
    with pytest.raises(LoadError, match="together 481 knots, which is too many"):
        opened(pykan_0_0(1, 60, 1, own_grids=True))


def test_masks_that_are_no_choice_are_noted() -> None:
    assert any("Mask of layer 0 holds 0.5" in note for note in opened(MADE["pykan's layer"]).notes)
    assert any("Mask of layer 0 holds 0.25" in note for note in opened(MADE["pykan 0.0"]).notes)


def test_symbolic_functions_of_pykan_0_0_are_refused_by_their_edges() -> None:
    state = pykan_0_0(3, 4, 2)
    state["symbolic_fun.0.mask"][2, 1] = 1
    with pytest.raises(LoadError, match=r"Edge 0,1,2 has a symbolic function, and pykan 0\.0 does not save which"):
        opened(state)


def _changed(name: str, change: Weights | None = None, drop: str = "") -> Weights:
    return {key: part for key, part in {**MADE[name], **(change or {})}.items() if key != drop}


NAN = float("nan")
STARTS = MADE["flashkan"]["layers.0.grid_starts"]
PLACES = MADE["mlp-kan"]["0.X"]
GRID, OLD_GRID = MADE["pykan's layer"]["kan0.grid"], MADE["pykan 0.0"]["act_fun.0.grid"]
DAMAGE = {
    "a layer without starts": (
        _changed("flashkan", drop="layers.1.grid_starts"),
        r"layers\.1\.spline_weight and layers\.1\.base_weight are of a layer of flashkan that lacks other parts",
    ),
    "a layer without places": (_changed("mlp-kan", drop="1.X"), r"1\.Y is of a layer of mlp-kan that lacks"),
    "a layer of other axes": (_changed("Deep-KAN", {"layers.1.spline_weights": torch.ones(2, 5)}), "other shapes"),
    "NaN among the starts": (_changed("flashkan", {"layers.0.grid_starts": STARTS * NAN}), "NaN or infinity"),
    "starts that descend": (_changed("flashkan", {"layers.0.grid_starts": STARTS.flip(0)}), "do not ascend"),
    "starts without width": (_changed("flashkan", {"layers.0.grid_starts": 0 * STARTS}), "do not ascend"),
    "uneven starts": (_changed("flashkan", {"layers.0.grid_starts": STARTS**3}), "not evenly spaced"),
    "a start too few": (
        _changed("flashkan", {"layers.0.grid_starts": STARTS[1:]}),
        r"has shape \(9\); expected \(10\)",
    ),
    "no base weights": (_changed("flashkan", drop="layers.1.base_weight"), r"layers\.1\.base_weight is missing"),
    "too few functions": (
        _changed("flashkan", {"layers.0.grid_starts": STARTS[:3], "layers.0.spline_weight": torch.ones(5, 3, 3)}),
        "at least 4",
    ),
    "columns that do not divide": (_changed("inkan", {"layers.0.weight": torch.ones(5, 31)}), "do not divide"),
    "a surface": (_changed("inkan", {"layers.0.weight": torch.ones(5, 83)}), "surface of two inputs"),
    "another precision": (_changed("inkan", {"layers.1.grid_starts": torch.arange(9)}), "whole numbers"),
    "scales of another shape": (_changed("Deep-KAN", {"layers.0.spline_scales": torch.ones(3, 5)}), "has shape"),
    "layers that do not meet": (_changed("Deep-KAN", {"layers.1.base_weights": torch.ones(2, 4)}), "has shape"),
    "NaN among the places": (_changed("mlp-kan", {"0.X": PLACES * NAN}), "NaN or infinity"),
    "places that descend": (_changed("mlp-kan", {"0.X": PLACES.flip(0)}), "do not ascend"),
    "one place": (_changed("mlp-kan", {"0.X": PLACES[:1], "0.Y": torch.ones(3, 5, 1)}), "only one place"),
    "another count of places": (_changed("mlp-kan", {"0.X": PLACES[:4]}), "has shape"),
    "an offset of its own": (_changed("KANditioned", {"0.feature_offset": torch.ones(1, 3).long()}), "not as KANdit"),
    "one point": (_changed("KANditioned", {"0.kan_weight": torch.ones(3, 1, 5)}), "one point for each edge"),
    "NaN among knots": (_changed("pykan's layer", {"kan0.grid": GRID * NAN}), "NaN or infinity"),
    "knots that descend": (_changed("pykan's layer", {"kan0.grid": GRID.flip(1)}), "do not ascend"),
    "no scales": (_changed("pykan's layer", drop="kan1.scale_base"), r"kan1\.scale_base is missing"),
    "NaN in an old grid": (_changed("pykan 0.0", {"act_fun.0.grid": OLD_GRID * NAN}), "NaN or infinity"),
    "an old grid without width": (_changed("pykan 0.0", {"act_fun.0.grid": 0 * OLD_GRID}), "coincide"),
    "edges that do not divide": (_changed("pykan 0.0", {"biases.0.weight": torch.ones(1, 4)}), "15 edges"),
    "no biases and no functions": (
        {k: v for k, v in MADE["pykan 0.0"].items() if not k.startswith(("biases", "symbolic"))},
        r"biases\.0\.weight, which says for how many outputs, is missing",
    ),
    "an old layer left out": ({k: v for k, v in MADE["pykan 0.0"].items() if "act_fun.0" not in k}, "numbered 1"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_refused_in_words(case: str) -> None:
    state, words = DAMAGE[case]
    with pytest.raises(LoadError, match=words):
        opened(state)


def test_a_layer_of_pykan_0_0_alone_is_refused_because_its_inputs_are_not_known() -> None:
    alone = {name.removeprefix("act_fun.0."): part for name, part in pykan_0_0(3, 4).items() if "act_fun" in name}
    with pytest.raises(LoadError, match="how many inputs"):
        opened(under("kanl1.", alone))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("jaxkan.msgpack", "jaxKAN, which does not save the grid"),
        ("pykan_0_1_2.pth", "only the config names them"),
    ],
)
def test_what_cannot_be_read_is_refused_for_its_true_reason(file: str, words: str) -> None:
    with pytest.raises(LoadError, match=words):
        kanviz.load(FORMATS / file)


def test_weights_of_jaxkan_are_refused_in_any_container() -> None:
    with pytest.raises(LoadError, match="jaxKAN, which does not save the grid"):
        opened({f"layers.0.{name}": torch.ones(2, 3) for name in ("c_basis", "c_res", "c_spl")})
