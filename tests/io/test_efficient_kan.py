"""An efficient-kan state_dict opened by kanviz computes what efficient-kan computes."""

import io
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline
from torch.nn.functional import silu

from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.safetensors_file import write_safetensors

Weights = dict[str, torch.Tensor]


def weights(
    *shape: int, grid: int = 5, order: int = 3, scaler: bool = True, dtype: torch.dtype = torch.float64
) -> Weights:
    """A random state_dict as efficient-kan makes it, with uneven knots; axes target, source."""
    rng = torch.Generator().manual_seed(11)
    state = {}
    for n, (sources, targets) in enumerate(pairwise(shape)):
        steps = 0.5 + torch.rand(sources, grid + 2 * order, generator=rng, dtype=torch.float64)
        knots = torch.cat([torch.zeros(sources, 1).double(), steps.cumsum(1)], 1)
        state[f"layers.{n}.grid"] = 2.4 / grid * (knots - knots[:, [order]]) - 1.2
        state[f"layers.{n}.base_weight"] = torch.randn(targets, sources, generator=rng)
        state[f"layers.{n}.spline_weight"] = torch.randn(targets, sources, grid + order, generator=rng)
        if scaler:
            state[f"layers.{n}.spline_scaler"] = torch.randn(targets, sources, generator=rng)
    return {name: part.to(dtype) for name, part in state.items()}


def reference(state: Weights, x: np.ndarray, base: Callable[[torch.Tensor], torch.Tensor] = silu) -> np.ndarray:
    """The forward pass, with every basis function made by scipy from its own knots."""
    for n in range(sum(name.endswith(".grid") for name in state)):
        part = {name: state[f"layers.{n}.{name}"].double().numpy() for name in ("grid", "base_weight", "spline_weight")}
        coef = part["spline_weight"]
        if f"layers.{n}.spline_scaler" in state:
            coef = coef * state[f"layers.{n}.spline_scaler"].double().numpy()[..., None]
        order = part["grid"].shape[1] - coef.shape[2] - 1
        y = base(torch.from_numpy(x)).numpy() @ part["base_weight"].T
        for i, knots in enumerate(part["grid"]):
            pieces = [BSpline.basis_element(knots[m : m + order + 2], extrapolate=False) for m in range(coef.shape[2])]
            y += np.nan_to_num([piece(x[:, i]) for piece in pieces]).T @ coef[:, i].T
        x = y
    return x


def torch_file(state: object) -> bytes:
    room = io.BytesIO()
    torch.save(state, room)
    return room.getvalue()


def open_weights(state: object, name: str = "model.pt"):
    return open_model({name: torch_file(state)})


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        ((2, 3, 1), {}),
        ((2, 3, 1), {"scaler": False}),
        ((4, 1), {"grid": 1, "order": 1}),
        ((2, 3, 3, 2), {"grid": 8, "order": 2}),
        ((1, 2, 1), {"grid": 4, "order": 5}),
        ((2, 3, 1), {"dtype": torch.float32}),
    ],
)
def test_outputs_are_those_of_the_reference(shape: tuple[int, ...], parts: dict):
    state = weights(*shape, **parts)
    kan = open_weights(state)
    x = np.random.default_rng(2).uniform(-3, 3, (200, shape[0]))
    x = x.astype(np.float32) if kan.dtype == torch.float32 else x
    right = reference(state, x.astype(np.float64))
    limit = 1e-5 if kan.dtype == torch.float32 else 1e-12
    assert kan.shape == shape
    assert np.abs(kan(x).double().numpy() - right).max() <= limit * np.abs(right).max()


def test_a_coefficient_is_the_ordinate_of_its_control_point():
    state = weights(2, 3, 1)
    edge = open_weights(state).edge((0, 1, 2))
    scaled = state["layers.0.spline_weight"][2, 1] * state["layers.0.spline_scaler"][2, 1]
    assert torch.equal(edge.coef, scaled)
    assert edge.base_weight == state["layers.0.base_weight"][2, 1].item()


def test_what_the_file_does_not_say_is_noted():
    asked, read = open_weights(weights(2, 3, 1, grid=7, order=2)).notes
    assert "grid 7, order 2" in read
    assert "silu is assumed" in asked


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod.kan.net."])
def test_any_prefix_is_removed_and_noted(prefix: str):
    state = weights(2, 3, 1)
    plain, prefixed = open_weights(state), open_weights({prefix + name: part for name, part in state.items()})
    assert prefixed.digest == plain.digest
    assert any(f"'{prefix}'" in note for note in prefixed.notes)


def test_a_training_checkpoint_a_safetensors_file_and_a_bare_layer_open_too():
    state = weights(2, 3, 1)
    plain = open_weights(state)
    assert open_weights({"epoch": 3, "state_dict": state}).digest == plain.digest
    assert open_model({"model.safetensors": write_safetensors(state, {})}).digest == plain.digest
    single = {name.removeprefix("layers.0."): part for name, part in weights(2, 3).items()}
    assert open_weights(single).digest == open_weights(weights(2, 3)).digest


def test_a_file_without_pattern_is_refused_by_its_first_names():
    with pytest.raises(LoadError, match=r"conv\.weight and conv\.bias.*of no KAN kanviz knows"):
        open_weights({"conv.weight": torch.ones(2, 2), "conv.bias": torch.ones(2)})


def _renamed(state: Weights, old: str, new: str) -> None:
    for name in [name for name in state if old in name]:
        state[name.replace(old, new)] = state.pop(name)


DAMAGE = {
    "one tensor short": (lambda s: s.pop("layers.1.spline_weight"), "spline_weight is missing"),
    "a wrong shape": (lambda s: s.update({"layers.0.spline_weight": torch.ones(3, 2)}), r"has shape \(3, 2\)"),
    "layers that do not meet": (lambda s: s.update(_shifted(weights(2, 4))), "gives 3 values, but layer 1 takes 2"),
    "a layer in between": (lambda s: _renamed(s, ".1.", ".2."), "numbered 0, 2"),
    "a norm inside": (lambda s: s.update({"layers.0.layer_norm.weight": torch.ones(3)}), "variant"),
    "two networks": (lambda s: s.update({f"other.{k}": s[k] for k in list(s)}), "several KANs"),
    "knots all equal": (lambda s: s["layers.0.grid"][1].fill_(0.5), r"all equal \(0.5\)"),
    "too few knots": (lambda s: s.update({"layers.0.grid": torch.zeros(2, 8)}), "splines of order -1"),
}


def _shifted(state: Weights) -> Weights:
    _renamed(state, ".0.", ".1.")
    return state


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_refused_in_words(case: str):
    state = weights(2, 3, 1)
    damage, words = DAMAGE[case]
    damage(state)
    with pytest.raises(LoadError, match=words):
        open_weights(state)


def test_weights_that_are_no_numbers_open_with_a_note():
    state = weights(2, 3, 1)
    state["layers.0.base_weight"][0, 1] = float("nan")
    assert any("1 of 6 base weights in layer 0 is NaN (first on edge 0,1,0)" in n for n in open_weights(state).notes)
