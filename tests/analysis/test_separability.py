"""Sums, products and symmetries are seen where they are, and nowhere else."""

from dataclasses import replace

import pytest
import torch

from kanviz.analysis.separability import Separability, separability
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.errors import FormulaError


def network(shape, *formulas: tuple[int, int, int, Formula]) -> KAN:
    """A network of formulas alone."""
    kan = init(shape)
    layers = [replace(layer, active=torch.zeros_like(layer.active)) for layer in kan.layers]
    for n, i, j, formula in formulas:
        layers[n] = layers[n].with_formula(i, j, formula)
    return replace(kan, layers=tuple(layers))


def found(kan: KAN, noise: float = 0.0) -> Separability:
    draws = torch.Generator().manual_seed(0)
    x = torch.rand(400, len(kan.inputs), generator=draws, dtype=torch.float64) + 0.5
    y = kan(x)[:, 0]
    y = y + noise * y.std() * torch.randn(len(x), generator=draws, dtype=torch.float64)
    return separability(kan, Dataset.from_arrays(x, y, inputs=[v.name for v in kan.inputs]).matching(kan))


SUM = network([2, 1], (0, 0, 0, Formula("x^2")), (0, 1, 0, Formula("sin", 2.0)))
PRODUCT = network([2, (0, 1)], (0, 0, 0, Formula("x^2")), (0, 1, 1, Formula("exp")))
EVEN = network([2, 1, 1], (0, 0, 0, Formula("x^2")), (0, 1, 0, Formula("x^2")), (1, 0, 0, Formula("sqrt", 1.0, 1.0)))


def test_a_sum_is_a_sum_and_no_product():
    (pair,) = found(SUM).pairs
    assert pair.sum < 1e-12
    assert pair.product > 0.1
    assert any("parts of a sum" in hint for hint in found(SUM).hints())


def test_a_product_is_a_product_and_no_sum():
    (pair,) = found(PRODUCT).pairs
    assert pair.product < 1e-12
    assert pair.sum > 0.05
    assert any("factors of a product" in hint for hint in found(PRODUCT).hints())


def test_inputs_that_can_change_places_are_found():
    (pair,) = found(EVEN).pairs
    assert pair.swap is not None
    assert pair.swap < 1e-12
    (other,) = found(SUM).pairs
    assert other.swap is not None
    assert other.swap > 0.1


def test_a_constant_added_makes_no_product_of_a_sum():
    shifted = network([2, 1], (0, 0, 0, Formula("x", d=100.0)), (0, 1, 0, Formula("x")))
    (pair,) = found(shifted).pairs
    assert pair.product > 0.1


def test_residuals_do_not_depend_on_the_outputs_scale():
    (one,) = found(EVEN).pairs
    (large,) = found(replace(EVEN, outputs=(replace(EVEN.outputs[0], scale=1e6),))).pairs
    assert large.sum == pytest.approx(one.sum)
    assert large.product == pytest.approx(one.product)


def test_what_the_network_misses_is_said_as_a_floor():
    assert found(SUM).sum_floor < 1e-12
    assert found(SUM, noise=0.1).sum_floor == pytest.approx(0.1, rel=0.2)


def test_unlike_units_are_not_exchanged():
    inputs = tuple(replace(v, unit=unit) for v, unit in zip(EVEN.inputs, ("m", "s"), strict=True))
    (pair,) = found(replace(EVEN, inputs=inputs)).pairs
    assert pair.swap is None


def test_too_many_inputs_are_refused_in_words():
    with pytest.raises(FormulaError, match="at most 12 inputs"):
        found(init([13, 1]))
