"""A pykan checkpoint opened by kanviz computes what pykan computes, edge by edge; what cannot be read is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.core.kan import KAN
from kanviz.errors import LoadError, UserError
from kanviz.io import load, open_model
from kanviz.io.containers import open_tensors
from tests.helpers import not_none
from tests.io.pykan_reference import Checkpoint, forward, random_checkpoint

SHELF = Path(__file__).parents[1] / "checkpoints" / "pykan"
SAVED = sorted(path.stem for path in SHELF.glob("*.npz"))
# with scales on nodes and sums, which kanviz folds into the edges; and one whose config pykan itself cannot read back
SCALED, UNREADABLE = ("mixed_arity_affine", "product_output"), ("pruned_input",)
PLAIN = [name for name in SAVED if name not in SCALED + UNREADABLE]


def close(found: torch.Tensor, right: np.ndarray, limit: float = 1e-9) -> bool:
    """Whether the difference is within `limit` of the largest right value."""
    assert found.shape == right.shape
    assert np.isfinite(right).all()
    return float(np.abs(found.double().numpy() - right).max()) <= limit * max(float(np.abs(right).max()), 1e-300)


# --- networks that pykan itself saved, with the numbers pykan itself computed ----------------------------------------


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_network_computes_what_pykan_computed(name: str):
    kan, right = load(SHELF / name), np.load(SHELF / f"{name}.npz")
    limit = 1e-5 if name == "float32" else 1e-9
    assert close(kan(right["x"]), right["y"], limit)
    assert close(kan(right["x_out"]), right["y_out"], limit)


@pytest.mark.parametrize("name", PLAIN)
def test_every_edge_and_sum_is_pykans(name: str):
    kan, right = load(SHELF / name), np.load(SHELF / f"{name}.npz")
    limit = 1e-5 if name == "float32" else 1e-9
    trace = kan.trace(right["x"])
    for n, layer in enumerate(kan.layers):
        assert close(trace.nodes[n], right[f"node_in_{n}"], limit)
        spread = trace.nodes[n][:, None, :].expand(-1, layer.targets, -1)
        assert close(spread, right[f"preacts_{n}"], limit)
        assert close(trace.activations[n].permute(0, 2, 1), right[f"postacts_{n}"], limit)
        assert close(trace.sums[n], right[f"subnode_{n}"], limit)
        for id in (id for id in kan.edges(pruned=True) if id.layer == n):
            alone = kan.edge(id)(trace.nodes[n][:, id.source])
            assert torch.allclose(alone, trace.activations[n][:, id.source, id.target], rtol=limit, atol=limit)


@pytest.mark.parametrize("name", [*PLAIN, *SCALED])
def test_the_reference_agrees_with_pykan(name: str):
    right = np.load(SHELF / f"{name}.npz")
    state = open_tensors((SHELF / f"{name}_state").read_bytes(), name).tensors
    config = yaml.safe_load((SHELF / f"{name}_config.yml").read_text())
    y, runs = forward({key: part.numpy() for key, part in state.items()}, config, right["x_out"])
    assert close(torch.from_numpy(y), right["y_out"], 1e-5 if name == "float32" else 1e-9)
    assert len(runs) == len(config["width"]) - 1


# --- networks that pykan could have saved, with the numbers of the reference -----------------------------------------

SYMBOLIC = ("sin", "x^2", "x^0.5", "exp", "0", "1/x^0.5", "x^1.5", "log", "1/x^2", "abs", "arctan", "gaussian", "sgn")
VARIANTS = {
    "product of three": {"width": [2, [2, 1], 1], "mult_arity": 3},
    "products of two and three": {"width": [2, [2, 2], [1, 1], 1], "mult_arity": [[], [2, 3], [4], []]},
    "only products": {"width": [3, [0, 2], [0, 1]], "mult_arity": 2, "affine": True},
    "products at the output": {"width": [2, 3, [1, 2]], "mult_arity": [[], [], [1, 4]], "affine": True},
    "node and sum scales": {"width": [2, [3, 2], [2, 1], 2], "mult_arity": 3, "affine": True},
    "grid and order of each layer": {"width": [2, 3, 2, 1], "grid": [3, 7, 5], "order": [2, 3, 1]},
    "one grid in a list": {"width": [[2, 0], [3, 0], [1, 0]], "grid": [6, 6]},
    "masks between": {"width": [3, 4, 1], "masks": (0.0, 0.5, 1.0, -1.5), "affine": True},
    "order 1": {"width": [2, 3, 1], "order": 1},
    "order 2": {"width": [2, 3, 1], "order": 2, "grid": 8},
    "order 4": {"width": [2, 3, 1], "order": 4},
    "order 5": {"width": [2, 3, 1], "order": 5, "grid": 1},
    "functions beside splines": {"width": [2, [3, 2], 2], "symbolic": SYMBOLIC, "affine": True},
    "functions half masked": {"width": [3, 4, 2, 1], "symbolic": SYMBOLIC, "masks": (0.0, 0.5, 1.0)},
    "five layers": {"width": [2, 3, 3, 3, 3, 1]},
    "identity as base": {"width": [2, [2, 1], 1], "base": "identity", "affine": True},
    "no base": {"width": [2, 3, 1], "base": "zero"},
    "single precision": {"width": [2, [3, 1], 1], "dtype": np.float32, "affine": True, "symbolic": SYMBOLIC},
}  # fmt: skip


def same(made: Checkpoint, kan: KAN, limit: float) -> None:
    """Everything between inputs and outputs agrees with the reference, inside, outside and on the knots."""
    rng = np.random.default_rng(5)
    grid = made.state["act_fun.0.grid"]
    x = np.concatenate([rng.uniform(-1, 1, (40, len(grid))), rng.uniform(-4, 4, (40, len(grid))), grid.T])
    x = x.astype(grid.dtype)
    y, runs = forward(made.state, made.config, x)
    trace = kan.trace(x)
    assert close(kan(x), y, limit)
    for n, run in enumerate(runs):
        assert close(trace.nodes[n], run.nodes_in, limit)
        assert close(trace.activations[n].permute(0, 2, 1), run.edges * run.factors[:, None], limit)


@pytest.mark.parametrize("name", VARIANTS)
def test_whatever_pykan_can_hold_is_read_exactly(name: str):
    made = random_checkpoint(np.random.default_rng(7), **VARIANTS[name])
    same(made, open_model(made.files()), 1e-5 if name == "single precision" else 1e-9)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), data=st.data())
def test_any_network_is_read_exactly(seed: int, data: st.DataObject):
    depth = data.draw(st.integers(1, 3))
    shape = [(data.draw(st.integers(1, 3)), data.draw(st.lists(st.integers(1, 4), max_size=2))) for _ in range(depth)]
    made = random_checkpoint(
        np.random.default_rng(seed),
        width=[2, *([sums, len(arities)] for sums, arities in shape)],
        mult_arity=[[], *(arities for _, arities in shape)],
        grid=[data.draw(st.integers(1, 9)) for _ in range(depth)],
        order=[data.draw(st.integers(1, 5)) for _ in range(depth)],
        base=data.draw(st.sampled_from(["silu", "identity", "zero"])),
        affine=data.draw(st.booleans()),
        masks=(0.0, 1.0, 0.25),
        symbolic=data.draw(st.sampled_from([(), ("sin", "arctan", "gaussian", "0")])),
    )
    same(made, open_model(made.files()), 1e-9)


# --- what is repaired is said ----------------------------------------------------------------------------------------


def made(**parts) -> Checkpoint:
    return random_checkpoint(np.random.default_rng(3), **{"width": [2, 3, 1], **parts})


def test_a_pruned_edge_keeps_its_coefficients():
    checkpoint = made(affine=True)
    checkpoint.state["act_fun.0.mask"][1, 2] = 0
    kan = open_model(checkpoint.files())
    edge = kan.edge((0, 1, 2))
    assert edge.state == "pruned"
    assert edge.coef.abs().min() > 0
    assert edge.base_weight != 0


def test_a_coefficient_is_the_ordinate_of_its_control_point():
    checkpoint = made(affine=True, masks=(0.5,), base="zero")
    checkpoint.state["act_fun.0.coef"][1, 2] = 3.0  # a constant spline on the grid
    factor = (
        0.5 * checkpoint.state["act_fun.0.scale_sp"][1, 2]
        * checkpoint.state["subnode_scale_0"][2] * checkpoint.state["node_scale_0"][2]
    )  # fmt: skip
    edge = open_model(checkpoint.files()).edge((0, 1, 2))
    assert torch.allclose(edge.coef, torch.tensor(3.0 * factor).double(), rtol=1e-12)
    assert edge(torch.tensor([0.1])).item() == pytest.approx(3.0 * factor, rel=1e-12)


def test_masks_between_0_and_1_are_noted():
    assert any("Mask of layer 0 holds 0.5" in note for note in open_model(made(masks=(0.5, 1.0)).files()).notes)


def test_functions_that_pykans_autosave_switched_off_count():
    checkpoint = made(symbolic=("sin",))
    on = open_model(checkpoint.files())
    checkpoint.config["symbolic_enabled"] = False
    off = open_model(checkpoint.files())
    assert off.digest == on.digest
    assert any("symbolic functions off" in note for note in off.notes)


def test_an_old_grid_in_the_config_is_noted_and_the_weights_decide():
    checkpoint = made(grid=7)
    checkpoint.config["grid"] = 3
    kan = open_model(checkpoint.files())
    assert kan.layers[0].grid == 7
    assert any("7 instead of 3" in note for note in kan.notes)


def test_a_typed_function_is_read_by_our_own_parser_and_noted():
    checkpoint = made(symbolic=("sin",))
    checkpoint.config["symbolic.funs_name.0"][0][0] = "x*exp(-x^2)"
    kan = open_model(checkpoint.files())
    a, b, c, d = checkpoint.state["symbolic_fun.0.affine"][0, 0]
    u = a * 0.7 + b
    right = c * u * np.exp(-(u**2)) + d
    assert not_none(kan.edge((0, 0, 0)).formula)(torch.tensor(0.7).double()).item() == pytest.approx(right, rel=1e-12)
    assert any("x*exp(-x^2)" in note for note in kan.notes)


def test_pykans_names_become_ours_without_a_note():
    kan = open_model(made(symbolic=("x^0.5", "1/x^0.5")).files())
    assert {name for layer in kan.layers for _, _, name in layer.formulas} == {"sqrt", "1/sqrt(x)"}
    assert kan.notes == ()


def test_only_products_have_an_offset():
    kan = open_model(made(width=[2, [1, 1], 1], affine=True).files())
    assert kan.layers[0].offset[0] == 0
    assert kan.layers[0].offset[1] != 0


def test_knots_out_of_order_by_rounding_are_put_in_order():
    checkpoint = made()
    checkpoint.state["act_fun.0.grid"][1] = 0.7 - 1e-16 * np.arange(11)
    checkpoint.state["act_fun.0.grid"][1, 0] = 0.7 + 1e-15
    kan = open_model(checkpoint.files())
    assert (kan.layers[0].knots.diff(dim=1) >= 0).all()
    assert any("nearly no width" in note for note in kan.notes)


def test_weights_alone_open_when_they_leave_nothing_to_guess():
    files = made().files()
    whole, alone = open_model(files), open_model({"model_state": files["model_state"]})
    assert alone.digest == whole.digest
    assert any("No _config.yml" in note for note in alone.notes)


def test_an_unknown_base_function_matters_only_where_it_has_weight():
    checkpoint = made()
    checkpoint.config["base_fun_name"] = "own"
    with pytest.raises(LoadError, match="which base function its config means by own"):
        open_model(checkpoint.files())
    for n in (0, 1):
        checkpoint.state[f"act_fun.{n}.scale_base"][:] = 0
    assert open_model(checkpoint.files()).layers[0].base == "zero"


def test_the_cached_data_is_left_aside():
    files = made().files()
    kan = open_model({**files, "model_cache_data": b"whatever"})
    assert any("model_cache_data" in note for note in kan.notes)


# --- what cannot be read is refused, in words ------------------------------------------------------------------------


def _set(where: str, key: str, value: object):
    return lambda made: getattr(made, where).__setitem__(key, value)


def _name(name: str):
    return lambda made: made.config["symbolic.funs_name.0"][0].__setitem__(0, name)


REFUSED = {
    "code as a function": (_name("__import__('os').system('x')"), "not one kanviz can read"),
    "a part of a layer that is not there": (_set("state", "node_bias_2", np.ones(1)), "node_bias_2 belongs to a layer"),
    "no width": (lambda made: made.config.pop("width"), "'width' is missing"),
    "a width in words": (_set("config", "width", [2, "three", 1]), "positive whole numbers"),
    "a width of another network": (_set("config", "width", [2, 4, 1]), "saved together"),
    "products without arity": (_set("config", "mult_arity", None), "mult_arity"),
    "products of another arity": (_set("config", "mult_arity", 3), "saved together"),
    "another order": (_set("config", "k", 4), "order 4"),
    "too fine a grid": (_set("config", "grid", 10**9), "1,000,000,000 is out of range"),
    "a lost tensor": (lambda made: made.state.pop("act_fun.1.scale_sp"), "act_fun.1.scale_sp is missing"),
    "a tensor of the wrong shape": (_set("state", "act_fun.0.mask", np.ones((3, 3))), r"has shape \(3, 3\)"),
    "NaN in the knots": (_set("state", "act_fun.0.grid", np.full((2, 11), np.nan)), "knots of layer 0"),
    "knots that run back": (_set("state", "act_fun.0.grid", np.linspace([1, 1], [-1, -1], 11).T.copy()), "ascend"),
    "weights of pykan 0.0": (_set("state", "act_fun.0.coef", np.ones((10, 7))), "network of pykan 0.0"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(case: str):
    damage, words = REFUSED[case]
    checkpoint = made(width=[2, [3, 1], 1], symbolic=("sin",))
    damage(checkpoint)
    with pytest.raises(LoadError, match=words):
        open_model(checkpoint.files())


@pytest.mark.parametrize(
    ("parts", "words"), [({"width": [2, [3, 1], 1]}, "product nodes"), ({"symbolic": ("sin",)}, "symbolic functions")]
)
def test_weights_alone_are_refused_where_one_would_have_to_guess(parts: dict, words: str):
    with pytest.raises(LoadError, match=f"{words}.*Also upload the _config.yml"):
        open_model({"model_state": made(**parts).files()["model_state"]})


ODD = [None, 0, -1, 7, 10**30, 1.5, float("nan"), "", "x", [], [1], [[]], [[2, 0], [5, 0]], {}, {"a": 1}, True]


@settings(max_examples=150)
@given(data=st.data())
def test_no_damage_ends_in_anything_but_a_network_or_a_refusal(data: st.DataObject):
    checkpoint = made(width=[2, [2, 1], 1], symbolic=("sin",))
    if data.draw(st.booleans()):
        checkpoint.config[data.draw(st.sampled_from(sorted(checkpoint.config)))] = data.draw(st.sampled_from(ODD))
    else:
        name = data.draw(st.sampled_from(sorted(checkpoint.state)))
        shape = data.draw(st.lists(st.integers(0, 4), max_size=4))
        checkpoint.state[name] = np.full(shape, data.draw(st.sampled_from([0.0, 1.0, np.nan, np.inf, 1e300])))
    kan, words = None, ""
    try:
        kan = open_model(checkpoint.files())
    except UserError as refusal:
        words = str(refusal)
    if kan is None:
        assert 12 <= len(words) <= 400
    else:
        assert kan(np.zeros((1, len(kan.inputs)))).shape == (1, len(kan.outputs))
