"""All edges of a trained network together: the law behind it, what stays, what is refused, and the time it takes."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy
import torch

from kanviz.analysis.compose import compose
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.training.ending import Ending
from kanviz.core.training.train import TrainConfig, trained
from kanviz.edit.edits import FixFormula, FreezeEdge, Rewrite
from kanviz.errors import UserError
from kanviz.io import load
from kanviz.laws.law import same_law
from kanviz.laws.search.extraction import extract
from kanviz.laws.search.extraction_record import ExtractConfig, Extraction

SAMPLES = Path(__file__).parents[3] / "sample_models"


def ended(kan: KAN, data: Dataset | None, **how) -> Extraction:
    return list(extract(kan, data, ExtractConfig(**how)))[-1]


def learned(shape: list, formula, columns: int, *, seed: int = 0, steps: int = 100, **how) -> tuple[KAN, Dataset]:
    """A network trained on 400 rows of a function of inputs within [-1, 1]."""
    x = np.random.default_rng(seed).uniform(-1, 1, (400, columns))
    data = Dataset.from_arrays(x, formula(*x.T))
    kan = init(shape, seed=seed, inputs=data.inputs, outputs=data.outputs, **how)
    return trained(kan, data, TrainConfig("lm", steps=steps)).kan, data


@pytest.fixture(scope="module")
def unpruned() -> tuple[KAN, Dataset, Extraction]:
    """Fifteen edges trained to an error of 2 %, twelve of them idle or nearly so."""
    kan = load(SAMPLES / "exp_sin_unpruned.safetensors")
    data = Dataset.from_frame(pd.read_csv(SAMPLES / "two_variables.csv"), "f")
    return kan, data, ended(kan, data)


def test_the_law_behind_a_network_that_is_two_percent_off(unpruned):
    _, _, found = unpruned
    x, y = found.best.law.inputs
    assert same_law(found.best.law.expression, sympy.exp(sympy.sin(sympy.pi * x) + y**2), (x, y), [(-1, 1), (-1, 1)])
    assert found.best.test_rmse < 1e-6
    assert found.best.gap == pytest.approx(0.02, rel=0.2), "the gap is the network's own error"


def test_the_front_is_one(unpruned):
    _, _, found = unpruned
    assert [one.complexity for one in found.front] == sorted(one.complexity for one in found.front)
    errors = [one.test_rmse for one in found.front]
    assert errors == sorted(errors, reverse=True)
    assert found.best in found.front
    assert found.edges == 15
    assert found.stopped_because is Ending.ALL_READ


def test_a_reading_is_kept_as_one_step_of_the_history(unpruned):
    kan, data, found = unpruned
    reading = found.best
    after = Rewrite.of(kan, reading.kan, "Formulas").apply(kan)
    x = data.rows("test")[0]
    assert torch.equal(after(x), reading.kan(x))
    whole = compose(after.to(torch.float64), data)
    assert whole.exact
    assert whole.gap.largest < 1e-9


def test_a_frozen_curve_stays_to_the_bit():
    kan, data = learned([2, 1, 1], lambda x, y: np.exp(x**2 + np.sin(3 * y)), 2)
    edge = EdgeId(0, 1, 0)
    kan = FreezeEdge((edge,)).apply(kan)
    found = ended(kan, data)
    for reading in found.front:
        assert torch.equal(reading.kan.edge(edge).coef, kan.edge(edge).coef)
        assert torch.equal(reading.kan.edge(edge).knots, kan.edge(edge).knots)
        assert reading.kan.edge(edge).base_weight == kan.edge(edge).base_weight
    assert found.now.curves == 0
    assert EdgeId(0, 1, 0) in compose(found.now.kan).spline_edges


@pytest.mark.parametrize(("base", "seed"), [("silu", 0), ("zero", 1)])
def test_products_and_base_functions_are_read(base, seed):
    kan, data = learned([2, [0, 1], 1], lambda x, y: x**2 * np.sin(2 * y), 2, base=base, seed=seed)
    law = ended(kan, data).best.law
    assert law is not None
    x, y = law.inputs
    assert same_law(law.expression, x**2 * sympy.sin(2 * y), (x, y), [(-1, 1), (-1, 1)])


def test_a_product_is_read_off_a_network_of_sums():
    """x y = ((x + y)^2 - (x - y)^2) / 4."""
    kan, data = learned([2, 2, 1], lambda x, y: x * y, 2, grid=3)
    law = ended(kan, data).best.law
    assert law is not None
    x, y = law.inputs
    assert same_law(law.expression, x * y, (x, y), [(-1, 1), (-1, 1)])


def test_several_outputs_are_read_together_and_are_no_single_law():
    kan, data = learned([2, 2], lambda x, y: np.stack([np.sin(3 * x) + y**2, np.exp(x) - y**2], 1), 2)
    found = ended(kan, data)
    assert found.best.curves == 0
    assert found.best.law is None
    assert found.best.test_rmse < 1e-9


def test_without_a_table_the_network_itself_is_read():
    kan, _ = learned([2, 1], lambda x, y: np.sin(3 * x) + y**2, 2, steps=60, grid=20)
    found = ended(kan, None)
    assert found.imitates
    assert found.best.curves == 0
    assert found.best.gap < 1e-4 * found.spread
    assert found.front[-1].gap == 0.0, "the network itself is the most faithful reading"


def test_the_first_reading_is_the_network_and_the_best_so_far_is_always_there():
    kan, data = learned([2, 2, 1], lambda x, y: x * y, 2, steps=20)
    stream = extract(kan, data)
    first = next(stream)
    assert first.now.kan.digest == kan.digest
    assert first.now.gap == 0.0
    assert len(first.front) == 1
    second = next(stream)
    assert second.front


def test_it_ends_with_the_time():
    kan, data = learned([2, 2, 1], lambda x, y: np.exp(x * y) + y, 2, steps=20)
    found = ended(kan, data, seconds=0.05)
    assert found.stopped_because is Ending.TIME_UP
    assert found.front


def test_the_precision_is_the_networks_own():
    kan, data = learned([1, 1], lambda x: np.sin(3 * x), 1)
    found = ended(kan.to(torch.float32), data)
    assert all(one.kan.dtype == torch.float32 for one in found.front)
    assert math.isfinite(found.best.test_rmse)


def test_what_cannot_be_read_is_refused_in_words():
    with pytest.raises(UserError, match="Prune it first"):
        next(extract(init([30, 30, 1])))
    whole = FixFormula(EdgeId(0, 0, 0), Formula("sin")).apply(init([1, 1]))
    with pytest.raises(UserError, match="No edge is left"):
        next(extract(whole))
    kan = init([1, 1])
    bad = kan.with_layers({0: replace(kan.layers[0], bias=torch.full_like(kan.layers[0].bias, torch.inf))})
    with pytest.raises(UserError, match="not a number"):
        next(extract(bad))
    with pytest.raises(UserError, match="needs time"):
        ExtractConfig(seconds=0.0)
