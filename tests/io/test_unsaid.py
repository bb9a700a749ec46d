"""Files of other libraries that leave something open compute what the original did, once it is assumed or answered."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.function_words import likely_base, likely_formula
from kanviz.io.pykan_functions import SPLINE
from kanviz.io.questions import Answers
from tests.io.test_efficient_kan import weights
from tests.io.test_families import MADE
from tests.io.test_odd_weights import PYKAN, SETTINGS, saved, with_value

SHELF = Path(__file__).parents[1] / "checkpoints" / "unsaid"


def truth(name: str) -> dict[str, Any]:
    return json.loads((SHELF / f"{name}_truth.json").read_text())


def off_by(kan: KAN, x: list[Any], y: list[Any]) -> float:
    """Return the largest difference of outputs, in units of the largest output."""
    right = np.array(y)
    found = kan.run(torch.tensor(x, dtype=kan.dtype)).numpy().reshape(right.shape)
    return float(np.abs(found - right).max() / np.abs(right).max())


def own(name: str, **answers: Any) -> KAN:
    return kanviz.load(SHELF / f"{name}_config.yml", SHELF / f"{name}_state", **answers)


def test_a_function_of_the_user_s_own_is_what_its_name_reads_like_with_a_caution() -> None:
    kan, right = own("xsinx"), truth("xsinx")
    assert off_by(kan, right["x"], right["y"]) < 1e-6
    (caution,) = kan.cautions
    assert "its function xsinx is: x*sin(x) is assumed" in caution
    assert 'functions={"xsinx": ...}' in caution


def test_a_function_that_is_answered_needs_no_caution() -> None:
    kan, right = own("xsinx", functions={"xsinx": "x*sin(x)"}), truth("xsinx")
    assert off_by(kan, right["x"], right["y"]) < 1e-6
    assert not kan.cautions


def test_another_answer_is_another_network() -> None:
    names = {name: own("xsinx", functions={"xsinx": name}).edge((0, 0, 0)).formula for name in ("cos", "exp")}
    assert [formula.primitive for formula in names.values() if formula] == ["cos", "exp"]
    assert own("xsinx", functions={"xsinx": SPLINE}).edge((0, 0, 0)).state == "spline"


@pytest.mark.parametrize("answer", ["nonsense", "y + 1", "import os", "x" * 5000, ""])
def test_what_is_no_function_is_refused_with_the_possible_ones(answer: str) -> None:
    with pytest.raises(LoadError, match=r"does not say what its function xsinx is.*or a formula of x"):
        own("xsinx", functions={"xsinx": answer})


def test_a_base_function_given_as_code_is_asked() -> None:
    with pytest.raises(LoadError, match=r"means by __main__\.<lambda>\. It is one of silu.*base="):
        own("rbf_base")
    kan, right = own("rbf_base", base="gaussian"), truth("rbf_base")
    assert off_by(kan, right["x"], right["y"]) < 1e-6


@pytest.mark.parametrize("name", ["model_state_and_numpy_scalar", "same_with_a_python_float"])
def test_weights_in_a_wrapper_with_other_things_open(name: str) -> None:
    kan, right = kanviz.load(SHELF / f"{name}.pth"), truth("wrapper")
    assert off_by(kan, right["x"], right["y"]) < 1e-5
    assert any("ignored epoch, delta and config" in note for note in kan.notes)


def test_of_several_kans_each_opens_by_its_name() -> None:
    right = truth("several")["ek_two_attrs.pt"]
    path = SHELF / "ek_two_attrs.pt"
    with pytest.raises(LoadError, match=r'several KANs \(kan1 and kan2\).*block="kan1"'):
        kanviz.load(path)
    assert off_by(kanviz.load(path, block="kan1"), right["x"], right["kan1"]) < 1e-5
    assert off_by(kanviz.load(path, block="kan2", base="silu"), right["kan1"], right["kan2 of kan1"]) < 1e-5
    assert [block.prefix for block in kanviz.blocks(SHELF / "ek_autoencoder.pt")] == ["encoder", "decoder"]


# --- what names read like ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("sinx", "sin"), ("Sin", "sin"), ("my_sine", "sin"), ("mysin", "sin"), ("f_sin", "sin"), ("sinus", "sin"),
        ("xsinx", "x*sin(x)"), ("x_cos", "x*cos(x)"), ("sinxcosx", "sin(x)*cos(x)"), ("expsin", "exp(sin(x))"),
        ("xexpx", "x*exp(x)"), ("x2", "x^2"), ("sinx2", "sin(x^2)"), ("squared", "x^2"), ("inverse", "1/x"),
        ("rbf", "gaussian"), ("ln", "log"), ("arcsinh", "asinh(x)"), ("tanhx", "tanh"), ("silu", "silu(x)"),
    ],
)  # fmt: skip
def test_a_name_reads_like_the_functions_it_is_put_together_from(name: str, formula: str) -> None:
    assert likely_formula(name) == formula


@pytest.mark.parametrize("name", ["", "foo", "f", "my_function", "x1", "2x", "absurd", "x15", "sin_noise", "z" * 10**6])
def test_a_name_with_anything_else_in_it_reads_like_none(name: str) -> None:
    assert likely_formula(name) is None


@pytest.mark.parametrize(
    ("path", "base"),
    [("mine.GELU", "gelu"), ("__main__.my_gaussian", "gaussian"), ("kan.leaky_relu", "leaky_relu"),
     ("torch.nn.modules.activation.LeakyReLU", None), ("__main__.<lambda>", None), ("__main__.f", None), ("", None)],
)  # fmt: skip
def test_a_path_means_the_base_function_of_its_last_name(path: str, base: str | None) -> None:
    assert likely_base(path) == base


# --- pykan's settings ---------------------------------------------------------------------------------------------


def pykan(names: list[list[str]] | None = None, base: str = "silu", **answers: Any) -> tuple[KAN, Answers]:
    """Open a pykan network with the function names of layer 0 (target, source), the first two of them switched on."""
    on = torch.zeros(3, 2)
    on[0, 0] = on[1, 0] = 1.0
    weights = {
        **PYKAN,
        **({"symbolic_fun.0.mask": on, **with_value(PYKAN, "act_fun.0.mask", (0, 0), 0)} if names else {}),
    }
    config = {**SETTINGS, "base_fun_name": base, **({"symbolic.funs_name.0": names} if names else {})}
    files = {"m_state": saved(weights), "m_config.yml": yaml.dump(config).encode()}
    given = Answers(answers)
    return open_model(files, answers=given), given


def test_functions_given_as_code_are_asked_one_by_one() -> None:
    names = [["anonymous", "0"], ["anonymous", "0"], ["0", "0"]]
    kan, asked = pykan(names, functions={"0,0,1": "sin"})
    assert [(one.question.name, one.answer, one.given) for one in asked.asked] == [
        ("functions.0,0,0", SPLINE, False), ("functions.0,0,1", "sin", True),
    ]  # fmt: skip
    formula = kan.edge((0, 0, 1)).formula
    assert formula is not None
    assert formula.primitive == "sin"


def test_a_name_on_several_edges_is_asked_once() -> None:
    kan, asked = pykan([["foo", "0"], ["foo", "0"], ["0", "0"]], functions={"foo": "cos"})
    assert [one.question.name for one in asked.asked] == ["functions.foo"]
    assert [edge.formula.primitive for edge in (kan.edge((0, 0, 0)), kan.edge((0, 0, 1))) if edge.formula] == [
        "cos"
    ] * 2


def test_a_name_that_kanviz_has_and_pykan_has_not_is_asked_too() -> None:
    _, asked = pykan([["erf", "0"], ["sin", "0"], ["0", "0"]])
    assert [(one.question.name, one.answer) for one in asked.asked] == [("functions.erf", "erf")]


@pytest.mark.parametrize("base", ["gelu", "tanh", "relu"])
def test_a_base_function_that_the_config_names_is_not_asked(base: str) -> None:
    kan, asked = pykan(base=base)
    assert kan.layers[0].base == base
    assert not asked.asked


# --- other libraries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["flashkan", "inkan", "Deep-KAN", "pykan's layer", "pykan 0.0", "efficient-kan"])
def test_the_base_function_of_every_library_of_splines_can_be_answered(name: str) -> None:
    state = {**MADE, "efficient-kan": weights(3, 5, 2)}[name]
    assumed, answered = (open_model({"m.pt": saved(state)}, answers=Answers({"base": one})) for one in (None, "gelu"))
    assert {layer.base for layer in assumed.layers} == {"silu"}
    assert {layer.base for layer in answered.layers} == {"gelu"}
    assert [note for note in assumed.cautions if "base function" in note]
    assert not [note for note in answered.cautions if "base function" in note]


def test_the_grid_of_deep_kan_is_where_the_answer_puts_it() -> None:
    kan = open_model({"m.pt": saved(MADE["Deep-KAN"])}, answers=Answers({"grid_range": "-2,3"}))
    layer = kan.layers[0]
    assert (float(layer.knots[0, layer.order]), float(layer.knots[0, -1 - layer.order])) == pytest.approx((-2, 3))


@pytest.mark.parametrize("width", [0, -1, "wide"])
def test_a_width_that_is_none_is_refused(width: float | str) -> None:
    with pytest.raises(LoadError, match="width"):
        open_model({"m.pt": saved(MADE["KANditioned"])}, answers=Answers({"width": width}))


def test_the_points_of_kanditioned_are_spread_over_the_answered_width() -> None:
    kan = open_model({"m.pt": saved(MADE["KANditioned"])}, answers=Answers({"width": 6}))
    layer = kan.layers[0]
    assert (float(layer.knots[0, 1]), float(layer.knots[0, -2])) == pytest.approx((-3, 3))
