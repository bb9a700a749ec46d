"""`kanviz convert`, and what every other command says of a network that it has not converted."""

from pathlib import Path

import pandas as pd
import pytest
import torch

import kanviz
from kanviz.core.families import SPLINE
from kanviz.core.steps import Step
from kanviz.io.native import recipe_of
from tests.cli.conftest import Run
from tests.families import gaussian, network


@pytest.fixture
def model(tmp_path: Path) -> Path:
    kanviz.save(gaussian(), tmp_path / "bells.safetensors")
    return tmp_path / "bells.safetensors"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    x = torch.rand(40, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "y": x[:, 0] * x[:, 1]}).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_a_network_is_converted_and_saved_with_its_step(run: Run, model: Path):
    out_file = model.with_name("splines.safetensors")
    status, out, err = run("convert", model, "-o", out_file, "--gap", "1e-4")
    assert status == 0
    assert "largest gap" in out
    assert "bounded by" in out
    assert "Layer 1: sums of Gaussians were converted" in err
    new = kanviz.load(out_file)
    assert all(layer.family == SPLINE for layer in new.layers)
    x = torch.rand(20, 2, generator=torch.Generator().manual_seed(1))
    assert new(x) == pytest.approx(gaussian()(x), abs=1e-2)
    recipe = recipe_of(out_file.read_bytes())
    assert recipe is not None
    assert [edit["kind"] for edit in recipe["edits"]] == ["to splines"]


def test_rows_or_a_range_say_where_polynomials_are_converted(run: Run, tmp_path: Path, table: Path):
    kanviz.save(network("chebyshev"), tmp_path / "c.safetensors")
    model, to = tmp_path / "c.safetensors", tmp_path / "s.safetensors"
    assert "between -2 and 2" in run("convert", model, "-o", to, "--range", -2, 2)[2]
    assert "in the range of each source's values" in run("convert", model, "-o", to, "--table", table)[2]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--gap", "0"], "a share above 0"),
        (["--gap", "small"], "a share above 0"),
        (["--range", "1", "a"], "a number is needed"),
        (["--gap", "1e-15"], "a share of a curve's spread"),
    ],
)
def test_bad_arguments_are_refused_in_words(run: Run, model: Path, more: list[str], words: str):
    status, out, err = run("convert", model, "-o", model.with_name("s.safetensors"), *more)
    assert (status != 0, out) == (True, "")
    assert words in err


def test_a_network_of_splines_is_refused(run: Run, tmp_path: Path):
    kanviz.save(kanviz.init([2, 1]), tmp_path / "s.safetensors")
    assert "B-splines already" in run("convert", tmp_path / "s.safetensors", "-o", tmp_path / "t.safetensors")[2]


@pytest.mark.parametrize(("family", "step"), [("gaussian", "raw and norm"), ("quotient", ""), ("spline", "tanh")])
def test_every_command_gives_a_result_or_a_sentence(run: Run, tmp_path: Path, table: Path, family: str, step: Step):
    model, other = tmp_path / "m.safetensors", tmp_path / "other.safetensors"
    kanviz.save(network(family, step), model)
    changed = network(family, step)
    kanviz.save(changed.with_layer(1, bias=changed.layers[1].bias + 0.1), other)
    commands = [
        ("show", model), ("show", model, "--json"), ("formula", model), ("plot", model, "-o", tmp_path / "n.html"),
        ("plot", model, "--edge", "1,0,0", "-o", tmp_path / "e.html"),
        ("train", table, "--target", "y", "--start", model, "--steps", 2, "-o", tmp_path / "after.safetensors"),
        ("train", table, "--target", "y", "--start", model, "--steps", 2, "--lock-rows", table, "-o",
         tmp_path / "after.safetensors"),
        ("certify", model, other, "--rows", table, "-o", tmp_path / "c.json"),
        ("certify", model, other, "--box", "x1=0:1,x2=0:1", "-o", tmp_path / "c.json"),
        ("formula", model, "--fit"),
    ]  # fmt: skip
    for command in commands:
        status, out, err = run(*command)
        assert "Traceback" not in out + err
        assert status == 0 or (err.startswith("kanviz: ") and err.count("\n") >= 1), (command, err)
        if status:
            assert "onvert" in err or "directly" in err or "--" in err, (command, err)
