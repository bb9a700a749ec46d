"""`kanviz train --start`, `certify` and `verify`: a network goes on learning, and what it kept is proven."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import kanviz
from kanviz.core.layer import Variable
from kanviz.io.native import recipe_of
from tests.cli.conftest import Run
from tests.helpers import not_none

TRAIN = ["train", "{new}", "--target", "f", "--start", "{before}"]
BOX = "x=-0.8:-0.2,y=-0.8:-0.2"


def peak(path: Path, centre: float, gap: bool = False) -> Path:
    """A hundred rows of a bump on a square around its centre."""
    x, y = centre + 0.3 * np.random.default_rng(0).uniform(-1, 1, (2, 100))
    frame = pd.DataFrame({"x": x, "y": y, "f": np.exp(-30 * ((x - centre) ** 2 + (y - centre) ** 2))})
    if gap:
        frame.loc[3, "x"] = np.nan
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return peak(tmp_path / "old.csv", -0.5)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return peak(tmp_path / "new.csv", 0.5)


@pytest.fixture
def before(tmp_path: Path, old: Path) -> Path:
    """[2, 4, 1] that learned the old rows, on a grid that has room for the new ones."""
    kan = kanviz.init([2, 4, 1], grid=20, inputs=[Variable("x"), Variable("y")], outputs=[Variable("f")])
    data = kanviz.Dataset.from_frame(pd.read_csv(old), "f").matching(kan)
    for item in kanviz.train(kan, data, kanviz.TrainConfig("lm", steps=5)):
        kan = item.best
    path = tmp_path / "before.safetensors"
    kanviz.save(kan, path)
    return path


@pytest.mark.parametrize(("of", "lock"), [("rows", "--lock-rows"), ("box", "--lock-box")])
def test_new_rows_are_learned_under_a_lock_and_the_certificate_holds(
    run: Run, tmp_path: Path, before, old, new, of, lock
):
    what = old if of == "rows" else BOX
    after, proof = tmp_path / "after.safetensors", tmp_path / "proof.json"
    status, out, err = run(
        "train", new, "--target", "f", "--start", before, lock, what, "--steps", 15, "--json", "-o", after
    )
    record = json.loads(out)
    assert status == 0
    assert "layer 0: " in err
    assert "% of 184 control points locked, " in err
    assert [layer["points"] for layer in record["lock"]] == [184, 92]
    assert all(0 < layer["share"] < 1 for layer in record["lock"])
    kan, start = kanviz.load(after), kanviz.load(before)
    x, y = (torch.tensor(pd.read_csv(new)[columns].to_numpy()) for columns in (["x", "y"], ["f"]))
    assert float((kan(x) - y).square().mean()) < float((start(x) - y).square().mean()), "it learned something"
    assert not_none(recipe_of(after.read_bytes()))["edits"][0]["config"]["lock"] is not None
    status, out, err = run("certify", before, after, f"--{of}", what, "-o", proof)
    assert (status, err) == (0, "")
    assert ("100 of 100 rows have" if of == "rows" else "Every point with x from -0.8 to -0.2") in out
    status, out, err = run("verify", proof, before, after)
    assert (status, err) == (0, "")
    assert out.startswith("The certificate holds.\n")
    assert "bit-identical" in out


def test_a_changed_network_or_certificate_does_not_hold(run: Run, tmp_path: Path, before, old, new):
    after, other, proof = (tmp_path / name for name in ("after.safetensors", "other.safetensors", "proof.json"))
    run("train", new, "--target", "f", "--start", before, "--lock-rows", old, "--steps", 3, "-o", after)
    kan = kanviz.load(after)
    coef = kan.layers[0].coef.clone()
    coef[0, 0, 0] = torch.nextafter(coef[0, 0, 0], coef.new_tensor(9.0))
    kanviz.save(kan.with_layer(0, coef=coef), other)
    run("certify", before, after, "--rows", old, "-o", proof)
    status, out, err = run("verify", proof, before, other)
    assert (status, err) == (1, "The certificate does not hold.\n")
    assert out.startswith("It was written for another network after the change")
    record = json.loads(proof.read_text())
    record["claim"]["kept"] -= 1
    proof.write_text(json.dumps(record))
    status, out, _ = run("verify", proof, before, after)
    assert status == 1
    assert "Its claim.kept is given as 99, but is computed as 100." in out


def test_a_full_disk_leaves_the_old_certificate_whole(run: Run, tmp_path: Path, before, old, full_disk):
    proof = tmp_path / "proof.json"
    proof.write_text("what was there")
    with full_disk(100):
        status, _, err = run("certify", before, before, "--rows", old, "-o", proof)
    assert (status, proof.read_text()) == (1, "what was there")
    assert "proof.json cannot be written: file too large" in err


def test_without_a_lock_a_bound_is_proven(run: Run, tmp_path: Path, before, new):
    after, proof = tmp_path / "after.safetensors", tmp_path / "proof.json"
    run("train", new, "--target", "f", "--start", before, "--steps", 2, "-o", after)
    status, out, _ = run("certify", before, after, "--box", BOX, "-o", proof)
    assert status == 0
    assert "Proven for every point of the region: the change of f is at most " in out
    assert run("verify", proof, before, after)[0] == 0


def test_replay_and_ewc_are_told_apart_from_a_lock(run: Run, tmp_path: Path, before, old, new):
    after = tmp_path / "after.safetensors"
    found = {}
    for aid in ([], ["--replay", old], ["--ewc", old, "--ewc-strength", 100]):
        status, out, err = run(
            "train", new, "--target", "f", "--start", before, *aid, "--json", "--steps", 10, "-o", after
        )
        assert status == 0
        found[str(aid[:1])] = json.loads(out), err
    assert found["[]"][0]["old_rows"] == {}
    replayed, err = found["['--replay']"]
    assert replayed["rows"]["train"] == 160
    assert "note: 80 of 160 training rows are old ones." in err
    anchored, err = found["['--ewc']"]
    assert anchored["old_rows"]["ewc"]["largest_change"][0] < 0.1
    assert "Old rows of --ewc: " in err
    assert recipe_of(after.read_bytes()) is None, "an anchor is not in a recipe"


def test_all_aids_work_together(run: Run, tmp_path: Path, before, old, new):
    status, out, err = run(
        "train", new, "--target", "f", "--start", before, "--lock-rows", old, "--lock-box", BOX, "--replay", old,
        "--ewc", old, "--steps", 3, "--json", "-o", tmp_path / "after.safetensors",
    )  # fmt: skip
    assert status == 0, err
    assert {name: v["bit_identical"] for name, v in json.loads(out)["old_rows"].items()} == {
        "lock_rows": 100, "ewc": 100, "replay": 100,
    }  # fmt: skip


def test_rows_with_gaps_are_left_out_and_columns_chosen_by_name(run: Run, tmp_path: Path, before):
    table = peak(tmp_path / "gaps.csv", -0.5, gap=True)
    status, out, err = run("certify", before, before, "--rows", table, "-o", tmp_path / "proof.json")
    assert status == 0
    assert "99 of 99 rows" in out
    assert "1 of 100 rows" in err
    pd.read_csv(table).rename(columns={"x": "a", "y": "b"}).to_csv(table, index=False)
    arguments = ("certify", before, before, "--rows", table, "-o", tmp_path / "proof.json")
    assert run(*arguments)[0] == 1
    assert run(*arguments, "--inputs", "a", "b")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ([*TRAIN[:4], "--lock-rows", "{old}", "-o", "{k}"], 2, "name the network with --start"),
        ([*TRAIN, "--grid", "9", "-o", "{k}"], 2, "--grid shapes"),
        ([*TRAIN, "--ewc-strength", "2", "-o", "{k}"], 2, "--ewc;"),
        ([*TRAIN, "--lock-box", "x=1", "-o", "{k}"], 2, "x=-1:0"),
        ([*TRAIN, "--lock-box", "x=0:1,x=0:1", "-o", "{k}"], 2, "once"),
        ([*TRAIN, "--lock-box", "x=0:1", "-o", "{k}"], 1, "nothing of y"),
        ([*TRAIN, "--lock-box", "x=0:1,z=0:1", "-o", "{k}"], 1, "'z'"),
        (["certify", "{before}", "{before}", "-o", "{k}"], 2, "--rows --box"),
        (["certify", "{before}", "{before}", "--box", "x=0:1,y=0:1", "-o", "k.txt"], 2, "written as .json"),
        (["certify", "{before}", "{before}", "--box", "x=1:0,y=0:1", "-o", "k.json"], 1, "the least first"),
        (["verify", "{before}", "{before}", "{before}"], 1, "The certificate cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(run: Run, tmp_path: Path, before, old, new, arguments, status, says):
    names = {"old": old, "new": new, "before": before, "k": tmp_path / "k.safetensors"}
    found, out, err = run(*(argument.format(**names) for argument in arguments))
    assert (found, out) == (status, "")
    assert says in err
    assert err.count("\n") == 1
