"""Layouts that are proposed from names and shapes."""

from dataclasses import replace
from pathlib import Path

import torch

import kanviz
from kanviz.io.layout_candidates import candidates
from kanviz.io.weight_layout import Place


def ascending(*shape: int) -> torch.Tensor:
    return torch.linspace(-1, 1, shape[-1]).expand(shape).clone()


def test_coefficients_knots_base_and_bias_are_found_by_their_shapes(tmp_path: Path):
    tensors = {}
    for n, (s, t) in enumerate(((2, 3), (3, 1))):
        tensors |= {f"blocks.{n}.kan.coeffs": torch.ones(t, s, 8), f"blocks.{n}.kan.knots": ascending(12)}
        tensors |= {f"blocks.{n}.kan.w": torch.ones(t, s), f"blocks.{n}.kan.bias": torch.ones(t)}
    first = candidates(tensors)[0]
    assert first.coefficients == Place("blocks.{layer}.kan.coeffs", ("target", "source", "basis"))
    assert (first.function, first.order) == ("spline", 3)
    assert first.points == Place("blocks.{layer}.kan.knots", ("knot",))
    assert first.base_weight == Place("blocks.{layer}.kan.w", ("target", "source"))
    assert first.bias == Place("blocks.{layer}.kan.bias", ("target",))
    torch.save(tensors, tmp_path / "model.pt")
    (tmp_path / "mine.json").write_text(first.to_json())
    assert kanviz.load(tmp_path / "model.pt", layout=tmp_path / "mine.json").shape == (2, 3, 1)


def test_axes_in_another_order_are_found_by_layers_that_meet():
    tensors = {
        "a1.c": torch.ones(7, 4, 5),
        "a2.c": torch.ones(7, 5, 2),
        "a1.grid": ascending(7),
        "a2.grid": ascending(7),
    }
    first = candidates(tensors)[0]
    assert first.coefficients == Place("a{layer}.c", ("basis", "source", "target"))
    assert first.function == "gaussian"


def test_a_tensor_for_each_edge_is_found():
    tensors = {}
    for j in range(3):
        for i in range(2):
            tensors |= {f"psi.{j}.{i}.centers": ascending(4), f"psi.{j}.{i}.weights": torch.ones(4)}
    first = candidates(tensors)[0]
    assert first.coefficients == Place("psi.{target}.{source}.weights", ("basis",))
    assert first.points == Place("psi.{target}.{source}.centers", ("knot",))
    assert first.function == "gaussian"


def test_without_points_splines_on_a_range_or_what_the_name_says_is_proposed():
    assert candidates({"w": torch.ones(3, 2, 8)})[0].points == (-1.0, 1.0)
    assert candidates({"cheby": torch.ones(3, 2, 5)})[0].function == "chebyshev"


def test_weights_of_other_models_give_no_proposal():
    assert candidates({"fc.weight": torch.ones(3, 2), "fc.bias": torch.ones(3), "step": torch.ones(())}) == []


def test_every_proposal_can_be_written_and_read():
    for layout in candidates({"w": torch.ones(3, 2, 8), "g": ascending(2, 12), "h": ascending(8)}):
        assert replace(layout) == type(layout).from_json(layout.to_json())


def test_one_grid_for_all_layers_is_found():
    tensors = {"net.0.c": torch.ones(2, 3, 8), "net.1.c": torch.ones(3, 1, 8), "grid": ascending(12)}
    first = candidates(tensors)[0]
    assert first.points == Place("grid", ("knot",))
    assert first.coefficients == Place("net.{layer}.c", ("source", "target", "basis"))


def test_an_axis_that_holds_sources_and_functions_is_found():
    tensors = {}
    for n, (s, t) in enumerate(((2, 3), (3, 1))):
        tensors |= {f"l.{n}.linear": torch.ones(t, s * 6), f"l.{n}.centers": ascending(6), f"l.{n}.b": torch.ones(t, s)}
    first = candidates(tensors)[0]
    assert first.coefficients == Place("l.{layer}.linear", ("target", "source basis"))
    assert (first.function, first.points) == ("gaussian", Place("l.{layer}.centers", ("knot",)))
    assert first.base_weight == Place("l.{layer}.b", ("target", "source"))


def test_a_matrix_that_is_multiplied_from_the_left_is_found():
    tensors = {"a0.w": torch.ones(2 * 8, 5), "a1.w": torch.ones(5 * 8, 1), "grid": ascending(12)}
    first = candidates(tensors)[0]
    assert first.coefficients == Place("a{layer}.w", ("source basis", "target"))
    assert (first.function, first.order) == ("spline", 3)


def test_weights_next_to_ascending_biases_are_no_coefficients():
    assert candidates({"fc.weight": torch.ones(4, 16), "fc.bias": ascending(4)}) == []
