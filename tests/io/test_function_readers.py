"""What single readers of bells, quotients, SKAN and small networks ask, assume and refuse."""

import re

import pytest
import torch

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.questions import Answers
from tests.io.function_networks import (
    LIBRARIES,
    SKAN_FUNCTIONS,
    Weights,
    fast_computes,
    faster_computes,
    net_computes,
    normal,
    rational,
    skan_computes,
)
from tests.io.inside import under
from tests.io.test_function_families import EXACT, FORMATS, MADE, X, gap
from tests.io.test_odd_weights import saved
from tests.io.test_unused_parts import opened

NAN = float("nan")


def answered(state: Weights, **answers: str | float) -> KAN:
    return open_model({"m.pt": saved(state)}, answers=Answers(answers))


def without(name: str, *parts: str, **change: torch.Tensor) -> Weights:
    """Return the made network without some tensors and with others in their place; "__" stands for a dot."""
    state = {key: part for key, part in MADE[name].items() if key not in parts}
    return {**state, **{key.replace("__", "."): part for key, part in change.items()}}


def outputs(state: Weights, compute, names: tuple[str, ...] = ("layers.0.", "layers.1.")) -> torch.Tensor:
    x = X
    for head in names:
        x = compute({name.removeprefix(head): part for name, part in state.items() if name.startswith(head)}, x)
    return x


# --- bells ------------------------------------------------------------------------------------------------------


def test_the_width_of_bells_is_asked_and_usually_the_step_of_the_grid() -> None:
    state = MADE["fast-kan"]
    plain = opened(state)
    assert plain.layers[0].knots[0, -1] == pytest.approx(4 / 5)
    assert answered(state, width=0.8).digest == plain.digest
    wide = answered(state, width="1.25", base="identity")
    assert wide.layers[1].knots[0, -1] == 1.25
    assert wide.layers[1].base == "identity"
    assert not wide.cautions


def test_layers_with_other_grids_are_asked_for_widths_of_their_own() -> None:
    state = without("fast-kan", **{"layers__1__rbf__grid": torch.linspace(-1, 1, 6).double()})
    kan = opened(state)
    assert [float(layer.knots[0, -1]) for layer in kan.layers] == pytest.approx([0.8, 0.4])
    assert gap(kan, X, outputs(state, fast_computes)) <= EXACT
    assert (
        float(open_model({"m.pt": saved(state)}, answers=Answers({"width": {"1": "0.5"}})).layers[1].knots[0, -1])
        == 0.5
    )


def test_a_raw_edge_of_fast_kan_has_only_its_base_and_a_normalised_one_only_its_bells() -> None:
    layer = opened(MADE["fast-kan"]).layers[0]
    assert layer.step == "raw and norm"
    assert not bool(layer.coef[:3].any())
    assert not bool(layer.base_weight[3:].any())
    assert bool(layer.active.all())


def test_centres_that_do_not_ascend_open_with_a_caution_and_the_same_function() -> None:
    backwards = {**MADE["fast-kan"]}
    for n in (0, 1):
        backwards[f"layers.{n}.rbf.grid"] = backwards[f"layers.{n}.rbf.grid"].flip(0)
        weight = backwards[f"layers.{n}.spline_linear.weight"]
        backwards[f"layers.{n}.spline_linear.weight"] = weight.unflatten(1, (-1, 6)).flip(2).flatten(1)
    kan = opened(backwards)
    assert gap(kan, X, outputs(MADE["fast-kan"], fast_computes)) <= EXACT
    assert any("do not ascend in even steps" in note for note in kan.cautions)


def test_a_file_without_base_weights_may_be_an_early_faster_kan() -> None:
    state = MADE["fast-kan without base"]
    kan = answered(state, function="1-tanh^2")
    assert kan.layers[0].family == "sech2"
    assert kan.layers[0].knots[0, -1] == 0.33
    same = answered(state, function="1-tanh^2", width=1)
    assert gap(same, X, outputs(state, faster_computes)) <= EXACT


def test_layer_norms_without_bias_are_read() -> None:
    state = {name: part for name, part in MADE["FasterKAN"].items() if not name.endswith("layernorm.bias")}
    filled = {**state, **{f"layers.{n}.layernorm.bias": torch.zeros(width).double() for n, width in ((0, 3), (1, 6))}}
    assert opened(state).digest == opened(filled).digest


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("fast_kan", {"width": 0.5, "base": "identity"}),
        ("deepokan", {"width": 0.4}),
        ("kat_grkan", {"denominator": "1+|b1 x|+|b2 x^2|+.."}),
        ("skan", {"function": "lsoftplus"}),
        ("mlp_kan_fcn", {"frequency": 2}),
    ],
)
def test_load_takes_the_answers(name: str, answers: dict[str, object]) -> None:
    path = FORMATS / f"{name}.pt"
    assert kanviz.load(path, **answers).digest != kanviz.load(path).digest  # pyright: ignore[reportArgumentType]


# --- quotients --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "form"),
    [("1+|b1|x+|b2|x^2+..", "cpu"), ("1+|b1 x|+|b2 x^2|+..", "kernel"), ("1+|b1 x+b2 x^2+..|", "safe")],
)
def test_the_denominator_of_gr_kan_is_asked(answer: str, form: str) -> None:
    state, x = MADE["KAT"], X
    kan = answered(state, denominator=answer)
    for n in (1, 2):
        r = rational(x, state[f"act{n}.weight_numerator"], state[f"act{n}.weight_denominator"], form)
        x = r @ state[f"fc{n}.weight"].T + state[f"fc{n}.bias"]
    assert gap(kan, X, x) <= EXACT


def test_pairs_in_a_sequential_are_read() -> None:
    names = {"act1": "0", "fc1": "1", "act2": "2", "fc2": "3"}
    state = {f"{names[name.partition('.')[0]]}.{name.partition('.')[2]}": part for name, part in MADE["KAT"].items()}
    assert opened(state).digest == opened(MADE["KAT"]).digest
    with pytest.raises(LoadError, match="numbered 0, 1, 3, 4"):
        opened({re.sub("^[23]", lambda n: str(int(n[0]) + 1), name): part for name, part in state.items()})


def test_a_single_pair_without_numbers_is_a_network() -> None:
    state = {name.replace("1.", "."): part for name, part in MADE["KAT"].items() if "1." in name}
    assert opened(under("mlp.", state)).shape == (3, 6)


def test_a_denominator_with_a_zero_in_range_is_a_caution_and_has_a_pole() -> None:
    below = torch.zeros(3, 4).double()
    below[1, 0] = -0.5
    kan = opened(without("KAT", act1__weight_denominator=below))
    (note,) = [note for note in kan.cautions if "pole" in note and "layer 0" in note]
    assert "source 1 have a pole, where their denominator is 0: at -2." in note
    edge = kan.edge((0, 1, 0))
    assert float(edge(torch.tensor([-2.000001]).double()).abs()) > 1e4
    assert not any("layer 0" in note for note in answered(MADE["KAT"], denominator="1+|b1 x+b2 x^2+..|").cautions)


# --- SKAN -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", SKAN_FUNCTIONS)
def test_each_function_of_skan_is_a_formula_also_where_its_number_is_zero(function: str) -> None:
    state = {name: part.clone() for name, part in MADE["SKAN"].items()}
    state["layers.0.weight"][1, :2] = 0.0
    state["layers.1.weight"][0, -1] = 0.0
    kan = answered(state, function=function)
    assert {layer.state(0, 0) for layer in kan.layers} == {"formula"}
    assert gap(kan, X, outputs(state, skan_computes(function))) <= EXACT
    assert kanviz.KAN.edge(kan, (0, 0, 0))(X[:, 0], 1).isfinite().all()


def test_skan_without_biases_waits_for_its_function() -> None:
    rng = torch.Generator().manual_seed(1)
    state = {"layers.0.weight": normal(rng, 4, 3), "layers.1.weight": normal(rng, 2, 4)}
    with pytest.raises(LoadError, match=r"those of plain linear maps.*function=\.\.\."):
        opened(state)
    kan = answered(state, function="lsin")
    assert gap(kan, X, outputs(state, skan_computes("lsin", bias=False))) <= EXACT


def test_linear_maps_in_a_model_are_no_skan(tmp_path) -> None:
    state = {"layers.0.weight": torch.ones(4, 3), "layers.1.weight": torch.ones(2, 4), "norm.weight": torch.ones(2)}
    torch.save(state, path := tmp_path / "m.pt")
    assert kanviz.blocks(path) == []
    with pytest.raises(LoadError, match="no KAN kanviz knows"):
        kanviz.load(path)


# --- small networks ---------------------------------------------------------------------------------------------


def test_the_earlier_sines_of_mlp_kan_are_an_answer() -> None:
    kan = answered(MADE["mlp-kan"], frequency=2)
    assert gap(kan, X, outputs(MADE["mlp-kan"], lambda part, x: net_computes(part, x, 2.0), ("0.", "1."))) <= EXACT


def test_an_edge_of_mlp_kan_uses_the_units_of_its_own_target() -> None:
    layer = opened(MADE["mlp-kan"]).layers[0]
    own = torch.eye(6)[:, :, None].expand(6, 6, 4).flatten(1).bool()
    assert bool((layer.coef[:, own] != 0).all())
    assert not bool(layer.coef[:, ~own].any())


def test_small_networks_without_sines_ask_nothing() -> None:
    state = {name: part[..., :1] if name.endswith("W1") else part for name, part in MADE["mlp-kan"].items()}
    kan = opened(state)
    assert not kan.cautions
    assert gap(kan, X, outputs(state, net_computes, ("0.", "1."))) <= EXACT


# --- damage -----------------------------------------------------------------------------------------------------

GRID = MADE["fast-kan"]["layers.0.rbf.grid"]
DAMAGE = {
    "NaN among the centres": (without("fast-kan", layers__0__rbf__grid=GRID * NAN), "holds NaN or infinity"),
    "centres in one place": (
        without("fast-kan", layers__1__rbf__grid=0 * GRID),
        r"the width of the Gaussians in layer 1, whose centres are all in one place.*width",
    ),
    "centres that do not divide": (without("fast-kan", layers__0__rbf__grid=GRID[:4]), "which 4 centres do not divide"),
    "no centres in one layer": (without("fast-kan", "layers.1.rbf.grid"), r"layers\.1\.spline_linear\.weight.* lack"),
    "no weights in one layer": (
        without("FasterKAN", "layers.0.spline_linear.weight"),
        r"layers\.0\.rbf\.grid.* lack",
    ),
    "a norm of another width": (
        without("fast-kan", layers__0__layernorm__weight=torch.ones(4)),
        r"layernorm\.weight has shape \(4\); expected \(3\)",
    ),
    "half a norm": (without("fast-kan", "layers.0.layernorm.weight"), r"layernorm\.weight is missing"),
    "half a base": (without("fast-kan", "layers.0.base_linear.weight"), r"base_linear\.weight is missing"),
    "a base of another shape": (
        without("DeepOKAN", layers__0__base_linear__weight=torch.ones(3, 6)),
        r"has shape \(3, 6\); expected \(6, 3\)",
    ),
    "infinite centres": (without("DeepOKAN", layers__0__grid=torch.full((7,), torch.inf)), "holds NaN or infinity"),
    "rows that do not divide": (
        without("DeepOKAN", layers__0__grid=torch.linspace(-1, 1, 5)),
        "which 5 centres do not divide",
    ),
    "groups that do not divide": (
        without("KAT", act1__weight_denominator=torch.ones(4, 4)),
        r"fc1\.weight takes 3 values, which the 4 groups of act1\.weight_denominator do not divide",
    ),
    "two numerators for three groups": (
        without("KAT", act1__weight_numerator=torch.ones(2, 6)),
        r"has 2 rows and act1\.weight_denominator 3",
    ),
    "NaN in a denominator": (
        without("KAT", act2__weight_denominator=torch.full((3, 4), NAN)),
        r"act2\.weight_denominator holds NaN",
    ),
    "no denominator": (
        without("KAT", "act2.weight_denominator"),
        r"act2\.weight_numerator has no numerator or denomin",
    ),
    "no denominator in a list": (without("ikan", "layers.1.act.weight_denominator"), r"layers\.1\.act\.weight_numer"),
    "a function at the end": (without("KAT", "fc2.weight", "fc2.bias"), "act2 is a rational function without a linear"),
    "a map at the beginning": (
        without("KAT", "act1.weight_numerator", "act1.weight_denominator"),
        "fc1 is a linear map without a rational function",
    ),
    "no units": (without("mlp-kan", "1.B1"), r"1\.W1, 1\.W2 and 1\.B2 are of a layer.* lack"),
    "an even number of features": (without("mlp-kan", **{"0__W1": torch.ones(3, 6, 4, 4)}), "4 features for each edge"),
    "a frequency of another kind": (
        without("mlp-kan", **{"0__B2": torch.ones(3, 6, 2)}),
        r"0\.B2 has shape \(3, 6, 2\); expected \(3, 6, 1\)",
    ),
    "units of another source": (
        without("kan-lm-study's edges", layers__0__b1=torch.ones(2, 5)),
        r"b1 has shape \(2, 5\); expected \(3, 5\)",
    ),
    "no weights of numbers": (without("SKAN", layers__0__weight=torch.ones(6, 4).long()), "holds whole numbers"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_refused_in_words(case: str) -> None:
    state, words = DAMAGE[case]
    with pytest.raises(LoadError, match=words):
        opened(state)


def test_edges_that_would_take_too_much_memory_are_refused() -> None:
    wide = LIBRARIES["mlp-kan"].weights(40, 600, dtype=torch.float32)
    with pytest.raises(LoadError, match=r"The 600 small networks of each input would take .*refused"):
        opened(wide)


@pytest.mark.parametrize("answers", [{"width": 0}, {"width": -1.0}, {"denominator": "q"}, {"base": "x"}])
def test_answers_that_mean_nothing_are_refused(answers: dict[str, str | float]) -> None:
    with pytest.raises(LoadError, match=next(iter(answers))):
        answered(MADE["KAT" if "denominator" in answers else "fast-kan"], **answers)
