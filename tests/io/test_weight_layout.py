"""Networks of classes that people wrote themselves, opened with a layout."""

import json
from pathlib import Path

import pytest
import torch

import kanviz
from kanviz.core.spline import basis
from kanviz.errors import LoadError
from kanviz.io.weight_layout import WeightLayout

DRAW = torch.Generator().manual_seed(0)
X = torch.rand(40, 2, generator=DRAW, dtype=torch.float64) * 1.8 - 0.9
SIZES = ((2, 3), (3, 1))


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=DRAW, dtype=torch.float64)


def saved(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    torch.save(tensors, folder / "model.pt")
    return folder / "model.pt"


def test_splines_with_axes_in_another_order_and_the_grid_alone(tmp_path: Path):
    grid = torch.linspace(-1, 1, 6, dtype=torch.float64)
    knots = torch.linspace(-2.2, 2.2, 12, dtype=torch.float64)
    tensors, x = {}, X
    for n, (s, t) in enumerate(SIZES):
        coef, base, bias = normal(t, s, 8), normal(t, s), normal(t)
        tensors |= {f"net.{n}.kan.coeffs": coef, f"net.{n}.kan.knots": grid, f"net.{n}.kan.w": base}
        tensors |= {f"net.{n}.kan.b": bias}
        table = basis(x, knots.expand(s, -1), 3)
        x = torch.einsum("rsm,tsm->rt", table, coef) + torch.nn.functional.silu(x) @ base.T + bias
    layout = {
        "coefficients": {"name": "net.{layer}.kan.coeffs", "axes": ["target", "source", "basis"]},
        "points": {"name": "net.{layer}.kan.knots", "axes": ["knot"]},
        "order": 3,
        "base": "silu",
        "base_weight": {"name": "net.{layer}.kan.w", "axes": ["target", "source"]},
        "bias": {"name": "net.{layer}.kan.b", "axes": ["target"]},
    }
    path = saved(tmp_path, tensors)
    kan = kanviz.load(path, layout=layout)
    assert kan(X) == pytest.approx(x, rel=1e-12, abs=1e-12)
    (tmp_path / "mine.json").write_text(json.dumps(layout))
    assert kanviz.load(path, layout=tmp_path / "mine.json").digest == kan.digest
    assert kanviz.load(path, layout=str(tmp_path / "mine.json")).digest == kan.digest


def test_a_tensor_for_each_edge_with_centres_of_its_own(tmp_path: Path):
    tensors, x = {}, X
    for n, (s, t) in enumerate(SIZES):
        centres, weights = normal(t, s, 4).sort().values, normal(t, s, 4)
        for j in range(t):
            for i in range(s):
                tensors[f"layers.{n}.psi.{j}.{i}.centers"] = centres[j, i]
                tensors[f"layers.{n}.psi.{j}.{i}.weights"] = weights[j, i]
        x = torch.einsum("rtsm,tsm->rt", torch.exp(-(((x[:, None, :, None] - centres) / 0.5) ** 2)), weights)
    layout = {
        "coefficients": {"name": "layers.{layer}.psi.{target}.{source}.weights", "axes": ["basis"]},
        "points": {"name": "layers.{layer}.psi.{target}.{source}.centers", "axes": ["knot"]},
        "function": "gaussian",
        "width": 0.5,
    }
    kan = kanviz.load(saved(tmp_path, tensors), layout=layout)
    assert kan(X) == pytest.approx(x, rel=1e-12, abs=1e-12)


def test_an_axis_that_holds_two(tmp_path: Path):
    centres, flat = torch.linspace(-1, 1, 5, dtype=torch.float64), normal(3, 10)
    tensors = {"grid": centres, "linear": flat}
    layout = {
        "coefficients": {"name": "linear", "axes": ["target", "source basis"]},
        "points": {"name": "grid", "axes": ["knot"]},
        "function": "gaussian",
    }
    kan = kanviz.load(saved(tmp_path, tensors), layout=layout)
    table = torch.exp(-(((X[..., None] - centres) / 0.5) ** 2))
    assert kan(X) == pytest.approx(table.flatten(1) @ flat.T, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("function", ["chebyshev", "power", "fourier"])
def test_functions_without_points_and_a_step(tmp_path: Path, function: str):
    coef = normal(2, 1, 4)
    layout = {
        "coefficients": {"name": "c", "axes": ["source", "target", "basis"]},
        "function": function,
        "step": "tanh",
    }
    kan = kanviz.load(saved(tmp_path, {"c": coef}), layout=layout)
    u = X.tanh()
    k = torch.arange(4)
    table = {
        "chebyshev": torch.cos(k * torch.acos(u)[..., None]),
        "power": u[..., None] ** k,
        "fourier": torch.cat([f((k[:2] + 1) * u[..., None]) for f in (torch.cos, torch.sin)], -1),
    }[function]
    assert kan(X) == pytest.approx(torch.einsum("rsm,stm->rt", table, coef), rel=1e-10, abs=1e-10)


def test_a_mask_of_truth_values_prunes_and_an_ignored_tensor_is_noted(tmp_path: Path):
    mask = torch.tensor([[True, False, True], [False, True, True]])
    tensors = {"c": normal(2, 3, 8), "mask": mask, "temperature": torch.ones(1)}
    layout = {
        "coefficients": {"name": "c", "axes": ["source", "target", "basis"]},
        "points": [-1, 1],
        "mask": {"name": "mask", "axes": ["source", "target"]},
    }
    path = saved(tmp_path, tensors)
    with pytest.raises(LoadError, match="temperature"):
        kanviz.load(path, layout=layout)
    kan = kanviz.load(path, layout={**layout, "ignored": ["temperature"]})
    assert torch.equal(kan.layers[0].active, mask)
    assert any("temperature" in note for note in kan.cautions)


def test_a_layout_is_what_its_json_says():
    text = json.dumps(
        {"coefficients": {"name": "c", "axes": ["target", "source", "basis"]}, "points": [-1, 2], "order": 2}
    )
    layout = WeightLayout.from_json(text)
    assert WeightLayout.from_json(layout.to_json()) == layout
    assert json.loads(layout.to_json()) == json.loads(text)


COEFFICIENTS = {"name": "net.c", "axes": ["source", "target", "basis"]}
SPAN = {"points": [-1, 1]}


def axes(*names: str) -> dict[str, object]:
    return {"coefficients": {"name": "net.c", "axes": list(names)}, **SPAN}


PLAIN = axes("source", "target", "basis")
GRID = {"name": "k", "axes": ["knot"]}
FORGED = {
    "nothing": ({}, "coefficients"),
    "an unknown part": ({**PLAIN, "eval": "1"}, "unknown field"),
    "no points": ({"coefficients": COEFFICIENTS}, "names no points"),
    "points that descend": ({**PLAIN, "points": [1, -1]}, "not below"),
    "an unknown axis": (axes("in", "out", "k"), "each is one of"),
    "an axis twice": (axes("source", "source", "basis"), "twice"),
    "a missing axis": (axes("source", "basis"), "needs source"),
    "an unknown function": ({**PLAIN, "function": "exec"}, "function"),
    "a width of 0": ({**PLAIN, "function": "gaussian", "width": 0}, "positive"),
    "a base without weights": ({**PLAIN, "base": "silu"}, "base_weight"),
    "a tensor that is not there": ({**PLAIN, "coefficients": {**COEFFICIENTS, "name": "d"}}, "called d"),
    "another number of axes": (axes("target", "source basis"), "axes"),
    "an order above the numbers": ({**PLAIN, "order": 9}, "need more"),
    "knots that do not fit": ({**PLAIN, "points": GRID, "order": 3}, "12 knots, or 6"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_layout_that_does_not_fit_is_refused_in_words(tmp_path: Path, case: str):
    layout, words = FORGED[case]
    path = saved(tmp_path, {"net.c": normal(2, 3, 8), "k": torch.arange(5.0)})
    with pytest.raises(LoadError, match=words):
        kanviz.load(path, layout=layout)


@pytest.mark.parametrize("text", ["", "[]", "{", "nul", '{"coefficients": 3}', '{"a":' * 100, "\x00"])
def test_a_damaged_layout_file_is_refused_in_words(tmp_path: Path, text: str):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(LoadError, match="layout cannot be used"):
        kanviz.load(saved(tmp_path, {"c": normal(2, 3, 8)}), layout=tmp_path / "mine.json")


@pytest.mark.parametrize("shape", [(0, 3, 8), (2, 0, 8), (2, 3, 0)])
@pytest.mark.parametrize("function", ["spline", "gaussian", "power"])
def test_tensors_without_numbers_are_refused_in_words(tmp_path: Path, shape: tuple[int, ...], function: str):
    path = saved(tmp_path, {"net.c": torch.zeros(shape), "k": torch.zeros(1)})
    with pytest.raises(LoadError, match="holds no numbers"):
        kanviz.load(path, layout={**PLAIN, "function": function})


@pytest.mark.parametrize("axis", ["source basis", "basis source"])
def test_fewer_knots_than_splines_need_do_not_divide_an_axis(tmp_path: Path, axis: str):
    path = saved(tmp_path, {"net.c": normal(3, 16), "k": torch.linspace(-1, 1, 3)})
    layout = {"coefficients": {"name": "net.c", "axes": ["target", axis]}, "points": GRID}
    with pytest.raises(LoadError, match="how they divide"):
        kanviz.load(path, layout=layout)


@pytest.mark.parametrize("axis", ["target source", "source target"])
def test_an_axis_of_edges_is_divided_by_the_shape_of_the_base_weights(tmp_path: Path, axis: str):
    coef, base = normal(2, 3, 8), normal(2, 3)
    flat = coef if axis == "source target" else coef.transpose(0, 1)
    path = saved(tmp_path, {"net.c": flat.reshape(6, 8).contiguous(), "net.w": base})
    layout = {
        "coefficients": {"name": "net.c", "axes": [axis, "basis"]}, **SPAN, "base": "silu",
        "base_weight": {"name": "net.w", "axes": ["source", "target"]},
    }  # fmt: skip
    assert kanviz.load(path, layout=layout).layers[0].coef.equal(coef)
