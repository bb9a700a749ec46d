"""`kanviz check` says whether a network computes what its original did; its status is 1 where it does not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import kanviz
from tests.cli.conftest import Run

MODELS = Path(__file__).parents[1] / "checkpoints" / "models"
PYKAN = Path(__file__).parents[1] / "checkpoints" / "pykan"


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Inputs of efficient-kan's fixture with outputs of which one is wrong."""
    with np.load(MODELS / "efficient_kan.npz") as file:
        x, y = file["x"], file["y"].copy()
    y[16] += np.abs(y).max()
    np.savez(tmp_path / "wrong.npz", x=x, y=y)
    return tmp_path / "wrong.npz"


def test_a_network_that_agrees_has_status_0(run: Run):
    status, out, err = run("check", MODELS / "efficient_kan.pt", MODELS / "efficient_kan.npz")
    assert (status, err) == (0, "")
    assert out.startswith("Agrees with the original on 64 rows: largest gap ")


def test_pykans_two_files_are_one_model(run: Run):
    files = [PYKAN / f"hello_pruned{ending}" for ending in ("_config.yml", "_state", ".npz")]
    assert run("check", *files)[0] == 0


def test_a_network_that_differs_has_status_1_and_names_the_worst_row_with_its_inputs(run: Run, wrong: Path):
    status, out, err = run("check", MODELS / "efficient_kan.pt", wrong)
    assert status == 1
    assert out.startswith("Differs from the original: largest gap ")
    assert "on row 17." in out.splitlines()[0]
    first = out.splitlines()[out.splitlines().index(next(line for line in out.splitlines() if line.startswith("row ")))]
    with np.load(wrong) as file:
        assert " ".join(f"{value:.6g}" for value in file["x"][16]) in first
    assert first.startswith("row 17: inputs ")
    assert "caution: The file does not say the base function" in err


def test_the_tolerance_decides(run: Run, wrong: Path):
    assert run("check", MODELS / "efficient_kan.pt", wrong, "--tolerance", 2)[0] == 0
    assert run("check", MODELS / "efficient_kan.pt", MODELS / "efficient_kan.npz", "--tolerance", 0)[0] == 1


def test_json_agrees_with_the_library(run: Run, wrong: Path):
    status, out, _ = run("check", MODELS / "efficient_kan.pt", wrong, "--json")
    record = json.loads(out)
    with np.load(wrong) as file:
        found = kanviz.check(kanviz.load(MODELS / "efficient_kan.pt"), file["x"], file["y"])
    assert (status, record["agrees"], record["differing"]) == (1, False, 1)
    assert record["largest"] == found.largest
    assert record["relative"] == found.relative
    assert record["worst"][0]["row"] == found.worst[0].row + 1 == 17
    assert record["worst"][0]["inputs"] == list(found.worst[0].inputs)


def test_json_has_no_nan(run: Run, tmp_path: Path):
    with np.load(MODELS / "efficient_kan.npz") as file:
        np.savez(tmp_path / "nan.npz", x=file["x"], y=np.full_like(file["y"], np.nan))
    status, out, _ = run("check", MODELS / "efficient_kan.pt", tmp_path / "nan.npz", "--json")
    record = json.loads(out, parse_constant=lambda word: pytest.fail(word))
    assert (status, record["largest"], record["worst"][0]["original"]) == (1, None, [None])


def test_a_block_of_a_model_is_checked_by_its_name(run: Run, tmp_path: Path):
    model = torch.nn.ModuleDict({"first": kanviz.KANLayer(2, 1), "second": kanviz.KANLayer(2, 1, seed=1)})
    torch.save(model.state_dict(), tmp_path / "model.pt")
    x = torch.rand(8, 2, generator=torch.Generator().manual_seed(0))
    np.savez(tmp_path / "first.npz", x=x, y=model["first"](x).detach())
    for block, status in (("first", 0), ("second", 1)):
        assert run("check", tmp_path / "model.pt", tmp_path / "first.npz", "--block", block)[0] == status


def test_a_table_says_what_was_assumed_of_it(run: Run, tmp_path: Path):
    kan = kanviz.init([2, 1], seed=0)
    kanviz.save(kan, tmp_path / "kan.safetensors")
    x = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    np.savetxt(
        tmp_path / "o.csv", np.hstack([x, kan(x)]), delimiter=",", header="a,b,c", comments="", fmt="%.17g"
    )  # fmt: skip
    status, out, err = run("check", tmp_path / "kan.safetensors", tmp_path / "o.csv")
    assert (status, out.splitlines()[0][:32]) == (0, "Agrees with the original on 5 ro")
    assert "note: a and b of the table are taken as x1 and x2." in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("efficient_kan.npz", "--tolerance", "-1"), "a number from 0 on"),
        (("no-such-file.npz",), "No such file"),
        (("gpt_with_kan_ffn.npz",), "no array y"),
        (("efficient_kan.pt",), "zip archive, not a table"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str):
    for file in MODELS.iterdir():
        shutil.copy(file, tmp_path)
    status, out, err = run("check", tmp_path / "efficient_kan.pt", tmp_path / arguments[0], *arguments[1:])
    assert (out, err.count("\n")) == ("", 1)
    assert status
    assert words in err
