"""`kanviz language teach`, `certify` and `verify` by their arguments."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kanviz.cli import language_teach
from kanviz.io.language_file import load, to_bytes
from kanviz.language import SavedModel, model
from kanviz.language.teaching.model import TaughtModel
from kanviz.language.teaching.policy import POLICIES, TeachPolicy
from kanviz.language.teaching.teach import teach
from tests.cli.conftest import Run
from tests.language.taught import CODE
from tests.language.tiny import TEXT, tiny, trained


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and two texts: the one that it learned from, and another."""
    monkeypatch.chdir(tmp_path)
    Path("old.txt").write_text(TEXT.train + TEXT.held_out)
    Path("new.txt").write_text(CODE.train + CODE.held_out)
    Path("model.safetensors").write_bytes(to_bytes(SavedModel.of(trained(10, "curves"), TEXT)))
    return tmp_path


TEACH = ("language", "teach", "model.safetensors", "--keep", "old.txt", "--text", "new.txt", "--units", 3)


@pytest.mark.usefixtures("files")
def test_teach_prints_what_the_library_measures(run: Run):
    status, out, _ = run(*TEACH, "--steps", 4, "--seed", 2, "--json")
    found = json.loads(out)
    *_, last = teach(load("model.safetensors").model, CODE, keep=TEXT, how=TeachPolicy(units=3), steps=4, seed=2)
    assert status == 0
    assert (found["gain"], found["forgetting"], found["identical"]) == pytest.approx(
        (last.now.gain, last.now.forgetting, last.now.identical), abs=1e-9
    )
    assert [point["step"] for point in found["trajectory"]] == [0, 2, 3, 4]
    assert found["cpu_seconds"] > 0
    assert found["gate"]["heights"][0] == 0
    assert len(found["gate"]["knots"]) == 25


@pytest.mark.usefixtures("files")
def test_teach_saves_a_model_whose_certificate_holds(run: Run):
    assert run(*TEACH, "--steps", 3, "-o", "taught.safetensors")[0] == 0
    assert isinstance(load("taught.safetensors").model, TaughtModel)
    pair = ("model.safetensors", "taught.safetensors")
    status, out, err = run("language", "certify", *pair, "--text", "old.txt", "-o", "kept.json")
    assert (status, err) == (0, "")
    assert "cannot have changed" in out
    assert "The certificate holds." in run("language", "verify", "kept.json", *pair)[1]
    status, out, err = run("language", "verify", "kept.json", "model.safetensors", "model.safetensors")
    assert (status, err) == (1, "The certificate does not hold.\n")
    assert "another model after the lesson" in out


@pytest.mark.usefixtures("files")
def test_compare_teaches_in_every_way_and_ends_with_a_verdict(run: Run):
    lines = run(*TEACH, "--steps", 2, "--compare")[1].splitlines()
    assert [line.split()[0] for line in lines[2 : 2 + len(POLICIES)]] == list(POLICIES)
    assert "No way of teaching reached a gain of 1.2" in lines[2 + len(POLICIES)]


@pytest.mark.usefixtures("files")
def test_ctrl_c_keeps_what_was_taught(run: Run, monkeypatch: pytest.MonkeyPatch):
    def stop(done: int, *_: Any) -> None:
        if done == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(language_teach, "bar", stop)
    status, out, err = run(*TEACH, "--steps", 9, "-o", "taught.safetensors", "--json")
    assert status == 130
    assert (json.loads(out)["steps"], "Stopped at step" in err) == (1, True)
    assert load("taught.safetensors").steps == 11


@pytest.mark.usefixtures("files")
def test_without_a_model_one_is_trained_first(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model, "LanguageModel", lambda kind, seed: tiny(kind, seed=seed))
    how = ("--text", "new.txt", "--keep", "old.txt", "--seconds", 0.05, "--steps", 2, "--block", "gelu")
    status, out, err = run("language", "teach", *how)
    assert status == 0
    assert "one is trained on old.txt" in err
    assert "new.txt after old.txt" in out


@pytest.mark.usefixtures("files")
def test_texts_that_do_not_separate_are_named_with_a_remedy(run: Run):
    err = run("language", "teach", "model.safetensors", "--keep", "old.txt", "--text", "old.txt", "--steps", 1)[2]
    assert "do not separate" in err
    assert 'how="replay"' in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("teach", "model.safetensors", "--text", "new.txt"), "Name that text with --keep"),
        (("teach", "absent.safetensors"), "no such file"),
        ((*TEACH[1:], "--how", "magic"), "invalid choice"),
        ((*TEACH[1:], "--how", "gate", "--compare"), "not allowed with"),
        ((*TEACH[1:], "--compare", "-o", "x.safetensors"), "save one of them"),
        ((*TEACH[1:], "--seconds", 2), "trained first"),
        ((*TEACH[1:], "-o", "x.pt"), "Name the file x.safetensors"),
        (("certify", "model.safetensors", "model.safetensors", "-o", "x.txt"), "written as .json"),
        (("verify", "old.txt", "model.safetensors", "model.safetensors"), "certificate cannot be read"),
    ],
)
@pytest.mark.usefixtures("files")
def test_what_is_not_possible_is_refused_in_words(run: Run, arguments: tuple[Any, ...], words: str):
    status, out, err = run("language", *arguments)
    assert (status != 0, out) == (True, "")
    assert re.search(words, err), err
    assert err.count("\n") == 1
