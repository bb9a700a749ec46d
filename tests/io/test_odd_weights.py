"""Networks and settings that are odd without being broken: they open, and a note says what is odd."""

import io
from typing import Any

import pytest
import torch
import yaml

from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.containers import open_tensors
from tests.test_corpus import FOLDER

NAN, INF = float("nan"), float("inf")
EFFICIENT = open_tensors((FOLDER / "models/ok_efficient_kan.pt").read_bytes(), "m.pt").tensors
PYKAN = open_tensors((FOLDER / "models/pykan_state_for_yaml_cases").read_bytes(), "m").tensors
SETTINGS = yaml.safe_load((FOLDER / "models/ok_pykan_config.yml").read_bytes())


def saved(tensors: dict[str, torch.Tensor]) -> bytes:
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


def efficient(changes: dict[str, torch.Tensor]) -> KAN:
    return open_model({"m.pt": saved({**EFFICIENT, **changes})})


def pykan(weights: dict[str, torch.Tensor] | None = None, **settings: Any) -> KAN:
    config = {**SETTINGS, **settings}
    return open_model({"m_state": saved({**PYKAN, **(weights or {})}), "m_config.yml": yaml.dump(config).encode()})


def with_value(table: dict[str, torch.Tensor], name: str, at: tuple[int, ...], value: float) -> dict[str, torch.Tensor]:
    changed = table[name].clone()
    changed[at] = value
    return {name: changed}


@pytest.mark.parametrize(
    ("name", "at", "value", "words"),
    [
        ("act_fun.0.coef", (1, 2, 0), NAN, "1 of 36 coefficients in layer 0 is NaN (first on edge 0,1,2)"),
        ("act_fun.1.scale_base", (0, 0), INF, "1 of 3 base weights in layer 1 is infinite (first on edge 1,0,0)"),
        ("node_bias_0", (1,), NAN, "1 of 3 biases in layer 0 is NaN (first on sum 1)"),
        ("act_fun.0.coef", (0, 0, 0), 3e35, "coefficients of layer 0 reach"),
        ("act_fun.0.mask", (0, 0), NAN, "Mask of layer 0 holds nan"),
        ("act_fun.0.mask", (0, 0), -0.5, "Mask of layer 0 holds -0.5"),
    ],
)
def test_numbers_that_are_none_are_counted_and_placed(name: str, at: tuple[int, ...], value: float, words: str) -> None:
    assert any(words in note for note in pykan(with_value(PYKAN, name, at, value)).notes)


def test_knots_that_coincide_are_told_of() -> None:
    grid = EFFICIENT["layers.0.grid"].clone()
    grid[1, 5] = grid[1, 4]
    assert any("knots of layer 0, input 1 coincide" in note for note in efficient({"layers.0.grid": grid}).notes)


def test_a_layer_spelled_twice_is_not_mixed_up() -> None:
    with pytest.raises(LoadError, match="several KANs"):
        efficient({"layers.00.base_weight": torch.full((3, 2), 9.0)})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mine": 1}, "Ignored mine in the config"),
        ({"symbolic.funs_name.7": [["0"]]}, "Ignored symbolic.funs_name.7"),
        ({"grid_range": [1, -1]}, "grid_range in the config is not two ascending numbers"),
        ({"grid_eps": INF}, "grid_eps in the config: not a finite number"),
        ({"symbolic_enabled": "maybe"}, "symbolic_enabled in the config: neither true nor false"),
        ({"ckpt_path": "/etc/cron.d/x"}, "kanviz never writes there"),
        ({"ckpt_path": "../../x"}, "kanviz never writes there"),
        ({"device": "cuda:3"}, "Saved on cuda:3"),
    ],
)
def test_settings_that_change_nothing_are_told_of(settings: dict[str, Any], words: str) -> None:
    kan = pykan(**settings)
    assert any(words in note for note in kan.notes)
    assert kan.digest == pykan().digest


@pytest.mark.parametrize("arity", [0, -2, 10**9, "two", None, 2.5])
def test_an_arity_that_is_none_is_refused_even_without_products(arity: object) -> None:
    with pytest.raises(LoadError, match="mult_arity"):
        pykan(mult_arity=arity)


@pytest.mark.parametrize("ends", [[-INF, INF], [-1, INF], [NAN, 1.0], [-1e300, 1e300], INF])
def test_a_range_from_which_no_knots_could_be_made_is_refused(ends: object) -> None:
    with pytest.raises(LoadError, match=r"grid_range .* must be finite numbers below 1e\+30"):
        pykan(grid_range=ends)


@pytest.mark.parametrize("name", ["__builtins__", "os.system", "lambda x: x", "eval(x)", "s" * 5000])
def test_code_in_the_place_of_a_function_is_refused_even_where_it_is_switched_off(name: str) -> None:
    names = [[name, "0"], ["0", "0"], ["0", "0"]]
    with pytest.raises(LoadError, match="edge 0,0,0 is not one kanviz can read"):
        pykan(None, **{"symbolic.funs_name.0": names})


@pytest.mark.parametrize("name", ["foo", "breakpoint", "xyzzy", "my function", "x^1.5+noise", "anonymous"])
def test_an_edge_whose_function_nobody_knows_is_its_spline_and_says_so(name: str) -> None:
    names = {"symbolic.funs_name.0": [[name, "0"], ["0", "0"], ["0", "sin"]]}
    switched_on = torch.zeros(3, 2)
    switched_on[0, 0] = switched_on[2, 1] = 1.0
    off = with_value(PYKAN, "act_fun.0.mask", (0, 0), 0.0)
    kan = pykan({"symbolic_fun.0.mask": switched_on, **off}, **names)
    assert kan.edge((0, 0, 0)).state == "spline"
    assert torch.equal(kan.edge((0, 0, 0)).coef, pykan().edge((0, 0, 0)).coef)
    assert kan.edge((0, 1, 2)).state == "both"
    words = "a function given as code" if name == "anonymous" else name
    assert any(f"{words} on edge 0,0,0: not a function kanviz knows" in note for note in kan.cautions)


def test_a_function_nobody_knows_that_is_switched_off_costs_nothing() -> None:
    kan = pykan(None, **{"symbolic.funs_name.0": [["foo", "0"], ["0", "0"], ["0", "0"]]})
    assert kan.digest == pykan().digest
    assert any("foo on edge 0,0,0" in note and "switched off" in note for note in kan.notes)
    assert kan.cautions == pykan().cautions


def test_outputs_that_overflow_though_no_weight_does_are_told_of() -> None:
    steep = efficient({f"layers.{n}.base_weight": EFFICIENT[f"layers.{n}.base_weight"] * 1e25 for n in (0, 1)})
    assert any("an output is not a finite number" in note for note in steep.cautions)
    names = {"symbolic.funs_name.1": [["exp", "0", "0"]]}
    mask, affine = torch.zeros(1, 3), torch.zeros(1, 3, 4)
    mask[0, 0], affine[0, 0] = 1.0, torch.tensor([1e4, 1e3, 1.0, 0.0])
    kan = pykan({"symbolic_fun.1.mask": mask, "symbolic_fun.1.affine": affine}, **names)
    assert any("an output is not a finite number" in note for note in kan.cautions)


def test_functions_that_only_have_constants_are_not_dropped_in_silence() -> None:
    weights = {name: part for name, part in PYKAN.items() if name != "symbolic_fun.0.mask"}
    with pytest.raises(LoadError, match=r"symbolic_fun\.0\.mask is missing"):
        open_model({"m_state": saved(weights), "m_config.yml": yaml.dump(SETTINGS).encode()})


def test_scales_and_biases_that_are_missing_are_told_of() -> None:
    weights = {name: part for name, part in PYKAN.items() if name != "node_scale_1"}
    kan = open_model({"m_state": saved(weights), "m_config.yml": yaml.dump(SETTINGS).encode()})
    assert any("node_scale_1: not among the weights" in note for note in kan.notes)


def test_functions_without_their_mask_are_not_dropped_in_silence() -> None:
    weights = {name: part for name, part in PYKAN.items() if name != "symbolic_fun.0.mask"}
    config = {**SETTINGS, "symbolic.funs_name.0": [["sin", "0"], ["0", "0"], ["0", "0"]]}
    with pytest.raises(LoadError, match=r"symbolic_fun\.0\.mask is missing"):
        open_model({"m_state": saved(weights), "m_config.yml": yaml.dump(config).encode()})
