"""`kanviz export`: code on stdout or in a file, checked when asked, refusals in words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import kanviz
from kanviz.writers import runs
from kanviz.writers.targets import TARGETS
from tests.cli.conftest import Run

GRAVITY = Path(__file__).parents[2] / "sample_models" / "gravity.safetensors"


def test_code_is_printed_and_computes_what_the_network_does(run: Run):
    status, out, err = run("export", GRAVITY, "--to", "numpy")
    assert (status, err) == (0, "")
    kan = kanviz.load(GRAVITY)
    x = np.array([[2.0, 3.0, 1.0], [1.0, 4.5, 0.9]])
    assert runs.run_numpy(out, x) == pytest.approx(kan(x).numpy(), rel=1e-12)


def test_a_file_is_written_and_checked_on_the_tables_rows(run: Run, tmp_path: Path):
    to = tmp_path / "gravity.onnx"
    status, out, err = run(
        "export", GRAVITY, "--to", "onnx", "-o", to, "--check", "--table", GRAVITY.with_suffix(".csv")
    )
    assert (status, out) == (0, "")
    assert "run by onnxruntime in float32, agrees with the network on 2,000 rows" in err
    assert [one.name for one in onnx.load(to).graph.input] == ["x"]


def test_a_difference_is_the_status(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    wrong = replace(TARGETS["c"], run=lambda code, x: runs.run_c(code, x) * (1 + 1e-9))
    monkeypatch.setitem(TARGETS, "c", wrong)
    status, _, err = run("export", GRAVITY, "--to", "c", "-o", tmp_path / "gravity.c", "--check")
    assert status == 1
    assert "differs from the network on 1,000 rows" in err


def test_what_cannot_be_run_is_said_and_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(runs.shutil, "which", lambda name: None)
    status, _, err = run("export", GRAVITY, "--to", "js", "-o", tmp_path / "gravity.mjs", "--check")
    assert status == 0
    assert "Not checked. There is no node here" in err


def test_all_targets_are_listed(run: Run):
    status, out, _ = run("export", GRAVITY, "--to", "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(TARGETS)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--to", "cobol"], "choose one of numpy, torch, c, js, onnx, sympy"),
        (["--to", "onnx"], "ONNX is no text; name a file"),
    ],
)
def test_refusals(run: Run, more: list[str], words: str):
    status, _, err = run("export", GRAVITY, *more)
    assert status
    assert words in err
