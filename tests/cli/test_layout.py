"""`kanviz layout` proposes which tensor is what, and its file opens the weights with --layout."""

import json
from pathlib import Path

import pytest
import torch

import kanviz
from kanviz.io.layout_proposals import layouts_of
from tests.cli.conftest import Run
from tests.io.test_unknown_class import blocks


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.save(blocks(2, 3, 1), path := tmp_path / "mine.pt")
    return path


def test_a_proposal_written_as_json_opens_the_weights(run: Run, model: Path, tmp_path: Path):
    status, out, err = run("layout", model, "-o", tmp_path / "mine.json")
    assert (status, out) == (0, "")
    assert err.startswith("1*. B-splines of order 3, blocks.{layer}.kan.coeffs (target, source, basis)")
    status, out, _ = run("show", model, "--layout", tmp_path / "mine.json")
    assert status == 0
    assert out.startswith("[2, 3, 1], 9 edges")


def test_a_proposal_is_printed_and_others_can_be_chosen(run: Run, tmp_path: Path):
    torch.save({"w": torch.ones(2, 2, 8)}, path := tmp_path / "square.pt")
    found = layouts_of(path)
    assert len(found) > 1
    for n in (1, 2):
        status, out, err = run("layout", path, "--proposal", n)
        assert status == 0
        assert out == found[n - 1].to_json()
        assert f"\n{n}*. " in f"\n{err}"
    status, out, err = run("layout", path, "--proposal", 99)
    assert status != 0
    assert f"only {len(found)} proposals" in err


def test_a_module_of_a_larger_model_gets_a_layout_of_its_own(run: Run, tmp_path: Path):
    state = {f"{key}.{name}": part for key in ("encoder", "head") for name, part in blocks(2, 3).items()}
    torch.save(state, path := tmp_path / "model.pt")
    _, out, _ = run("layout", path, "--block", "head")
    assert json.loads(out)["coefficients"]["name"] == "blocks.0.kan.coeffs"
    (tmp_path / "mine.json").write_text(out)
    assert kanviz.load(path, block="head", layout=tmp_path / "mine.json").shape == (2, 3)


@pytest.mark.parametrize("command", ["show", "formula"])
def test_commands_that_refuse_an_unknown_class_name_the_way_on(run: Run, model: Path, command: str):
    status, _, err = run(command, model)
    assert status != 0
    assert "of no KAN kanviz knows" in err
    assert "kanviz layout FILE -o mine.json" in err
    assert "--layout mine.json" in err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["missing.pt"], "cannot be opened"),
        (["hf:name"], "hf:"),
        (["mlp.pt"], "looks like the coefficients"),
        (["mlp.pt", "-o", "mine.txt"], "written as .json"),
        (["mlp.pt", "--block", "no"], "has no block no"),
        (["mlp.pt", "--proposal", "0"], "whole number from 1"),
    ],
)
def test_what_gives_no_layout_is_refused_in_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
):
    monkeypatch.chdir(tmp_path)
    torch.save({"fc.weight": torch.ones(3, 2)}, "mlp.pt")
    status, out, err = run("layout", *arguments)
    assert status != 0
    assert out == ""
    assert why in err
