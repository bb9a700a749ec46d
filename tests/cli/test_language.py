"""`kanviz language` by its arguments: what it trains, writes, measures and compares, and how it refuses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kanviz.cli import language_train
from kanviz.core.curves.feed_forward import KINDS
from kanviz.io.language_file import to_bytes
from kanviz.language import Contest, SavedModel, comparison, model, sample
from kanviz.text import BLOCK_KINDS
from tests.cli.conftest import Run
from tests.language.tiny import TEXT, tiny, trained


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(TEXT.train + TEXT.held_out)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(to_bytes(SavedModel.of(trained(4), TEXT)))
    return path


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of the usual kinds, but small."""
    monkeypatch.setattr(model, "LanguageModel", lambda kind, seed: tiny(kind, seed=seed))
    monkeypatch.setattr(comparison, "Contest", lambda *given, **named: Contest(*given, **named, sizes=tiny().sizes))


def test_the_kinds_of_blocks_are_those_of_the_library():
    assert set(BLOCK_KINDS) == set(KINDS)


def test_train_saves_a_model_and_says_what_came_of_it(run: Run, text: Path, tmp_path: Path):
    path = tmp_path / "new.safetensors"
    status, out, err = run("language", "train", "--text", text, "--block", "gelu", "--steps", 5, "-o", path)
    assert (status, err) == (0, "")
    assert out.startswith(f"{path}: gelu, ")
    assert "5 steps" in out
    assert "bits per character of held-out text" in out
    assert path.is_file()


def test_the_same_steps_and_seed_give_the_same_file(run: Run, text: Path, tmp_path: Path):
    files = [tmp_path / name for name in ("a.safetensors", "b.safetensors")]
    records = [
        json.loads(run("language", "train", "--text", text, "--steps", 3, "--seed", 7, "--json", "-o", file)[1])
        for file in files
    ]
    assert records[0]["held_out_bits"] == records[1]["held_out_bits"]
    assert records[0]["seed"] == 7


def test_a_stopped_training_is_saved_and_goes_on_to_the_same_end(
    run: Run, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole, part = tmp_path / "whole.safetensors", tmp_path / "part.safetensors"
    train = ("language", "train", "--text", text, "--steps", 6, "--json")
    expected = json.loads(run(*train, "-o", whole)[1])

    def stop(done: int, *_: Any) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(language_train, "bar", stop)
        status, out, err = run(*train, "-o", part)
    assert status == 130
    assert json.loads(out)["steps"] == 3
    assert "--resume" in err
    again = json.loads(run("language", "train", "--text", text, "--resume", part, "--json", "-o", part)[1])
    assert again["held_out_bits"] == expected["held_out_bits"]


def test_resume_refuses_a_finished_model_and_other_settings(run: Run, text: Path, saved: Path, tmp_path: Path):
    train = ("language", "train", "--text", text, "--resume", saved, "-o", tmp_path / "new.safetensors")
    assert "holds no training that was stopped" in run(*train)[2]
    assert "leave out the others" in run(*train, "--steps", 5)[2]


def test_sample_writes_what_the_library_writes(run: Run, saved: Path):
    out = run("language", "sample", saved, "--prompt", "The ", "--characters", 20, "--seed", 3)[1]
    assert out == "The " + sample(trained(4).model, "The ", 20, seed=3) + "\n"
    record = json.loads(run("language", "sample", saved, "--characters", 5, "--json")[1])
    assert (len(record["text"]), record["seed"]) == (5, 0)


def test_bits_measure_the_held_out_part_of_the_text_it_learned_from(run: Run, saved: Path, text: Path):
    record = json.loads(run("language", "bits", saved, "--text", text, "--json")[1])
    assert record["part"] == "held-out part"
    assert record["bits"] == pytest.approx(trained(4).held_out_bits, abs=1e-6)


def test_bits_measure_all_of_another_text(run: Run, saved: Path, tmp_path: Path):
    other = tmp_path / "other.txt"
    other.write_text("Other words than those that it learned. " * 40)
    assert "whole (1,600 characters): another text" in run("language", "bits", saved, "--text", other)[1]


def test_bits_of_drawn_passages_have_a_standard_error(run: Run, saved: Path, text: Path):
    record = json.loads(run("language", "bits", saved, "--text", text, "--passages", 20, "--seed", 1, "--json")[1])
    assert abs(record["bits"] - 5) < 2
    assert 0 < record["standard_error"] < 0.5


def test_bits_need_the_name_of_a_text_of_ones_own(run: Run, saved: Path):
    status, _, err = run("language", "bits", saved)
    assert status == 1
    assert "Name it, or another, with --text" in err


def test_compare_prints_a_table_and_a_verdict_and_writes_the_runs(run: Run, text: Path, tmp_path: Path):
    path = tmp_path / "runs.json"
    how = ("--blocks", "gelu", "curves", "--steps", 3, "--seeds", 2, "--rate", "gelu=0.02", "-o", path)
    out = run("language", "compare", "--text", text, *how)[1].splitlines()
    assert "words.txt, 3 steps each" in out[0]
    assert {line.split()[0] for line in out[2:4]} == {"gelu", "curves"}
    assert "run at least 3" in out[4]
    assert json.loads(path.read_text())["blocks"][0]["rate"] == 0.02


def test_compare_as_json_is_what_is_written(run: Run, text: Path, tmp_path: Path):
    path = tmp_path / "runs.json"
    out = run(
        "language", "compare", "--text", text, "--blocks", "gelu", "--steps", 2, "--seeds", 1, "--json", "-o", path
    )[1]
    assert json.loads(out) == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "--text", "absent.txt", "-o", "x.safetensors"), "absent.txt cannot be read"),
        (("train", "--steps", 3, "-o", "x.pt"), "Name the file x.safetensors"),
        (("train", "--steps", 3, "--seconds", 3, "-o", "x.safetensors"), "not allowed with"),
        (("train", "--rate", 2, "-o", "x.safetensors"), "share above 0"),
        (("compare", "--rate", "mlp=0.1", "--steps", 1), "no block 'mlp'"),
        (("compare", "--rate", "0.1", "--steps", 1), "name=value"),
        (("sample", "absent.safetensors"), "cannot be opened: no such file"),
        ((), "required"),
    ],
)
def test_what_is_not_possible_is_refused_in_words(
    run: Run, arguments: tuple[Any, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("language", *arguments)
    assert status != 0
    assert out == ""
    assert re.search(words, err), err
    assert err.count("\n") == 1
