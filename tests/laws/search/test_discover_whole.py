"""Discovery from end to end, with its own engine: small laws are found, by whatever way it is asked."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy

import kanviz
from kanviz.cli import main
from kanviz.laws.search.discover import DiscoverConfig, discoveries

WIDTH, HEIGHT = sympy.symbols("width height", real=True)


def frame(law: Callable[[np.ndarray, np.ndarray], np.ndarray], noise: float = 0.0, rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    width, height = rng.uniform(1, 3, (2, rows))
    y = law(width, height)
    y = y + noise * y.std() * rng.standard_normal(rows)
    return pd.DataFrame({"width (m)": width, "height (m)": height, "area (m^2)": y})


def test_a_law_is_found_exactly_with_its_units():
    found = kanviz.discover(frame(lambda w, h: w * h / 2), "area", seconds=1200, jobs=1)
    assert found.best.expression == WIDTH * HEIGHT / 2
    assert found.exact
    assert found.best.exact_constants
    assert found.best.latex == r"\frac{\text{height} \, \text{width}}{2}"
    assert not [note for note in found.best.notes if "units" in note]


def test_a_law_whose_units_cannot_be_right_says_so():
    found = kanviz.discover(frame(lambda w, h: w + h**2), "area", seconds=1200, jobs=1)
    assert found.best.expression == WIDTH + HEIGHT**2
    assert any("units do not agree" in note for note in found.best.notes)


def test_equal_seeds_give_equal_fronts():
    data = kanviz.Dataset.from_frame(frame(lambda w, h: np.exp(w - h)), "area (m^2)")
    one, two = ([*discoveries(data, DiscoverConfig(seconds=1200, jobs=1))][-1] for _ in range(2))
    assert [entry.text for entry in one.front] == [entry.text for entry in two.front]
    assert [entry.test_rmse for entry in one.front] == [entry.test_rmse for entry in two.front]


def test_with_noise_the_knee_is_the_law_and_its_constant_is_within_its_error():
    rows = frame(lambda w, h: 2.345 * w / h, noise=0.01, rows=100)
    found = kanviz.discover(rows, "area", seconds=1200, seeds=1, jobs=1)
    value = found.best.expression / (WIDTH / HEIGHT)
    assert value.is_number, found.best.text
    (constant,) = [c for c in found.best.law.constants if not c.exact]
    assert constant.error is not None
    assert abs(constant.value - 2.345) < 4 * constant.error


def test_a_forbidden_function_is_not_used():
    hints = kanviz.Hints(forbid=("exp",))
    found = kanviz.discover(frame(lambda w, h: np.exp(w - h)), "area", seconds=3, jobs=1, seeds=1, hints=hints)
    assert not any(entry.expression.has(sympy.exp) for entry in found.front)


@pytest.mark.parametrize("shape", [(), ("--shape", "[2,[0,1],1]")])
def test_the_command_prints_the_law_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: tuple[str, ...]):
    path = tmp_path / "areas.csv"
    frame(lambda w, h: w * h / 2).to_csv(path, index=False)
    assert main(["discover", str(path), "--target", "area", "--json", "--seconds", "1200", "--jobs", "1", *shape]) == 0
    out, err = capsys.readouterr()
    front = json.loads(out)["front"]
    assert err == ""
    assert front[-1]["expression"] == "height*width/2"
    assert front[-1]["exact_constants"]
    assert front[-1]["test_rmse"] < 1e-12
