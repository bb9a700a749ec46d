"""Files that an earlier kanviz wrote open as what they were: digests, outputs and every field as recorded here."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import kanviz
from kanviz.analysis.locality.claims import Certificate
from kanviz.continual.config import read_config
from kanviz.continual.retention import Retention
from kanviz.core.layer import EdgeId, Variable
from kanviz.core.locks import Lock, data_lock
from kanviz.core.training.config import TrainConfig
from kanviz.edit.edits import EDITS
from kanviz.edit.history import replay
from kanviz.io.certificates import certificate_text, read_certificate
from kanviz.io.native import recipe_of
from kanviz.io.project import Packed, unpacked
from kanviz.laws.law import Law
from kanviz.ui.components.memory import read_work

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = (
    "d86beaecd9b1b584", "945340a4956421c3", "eb52b5f7e93678b7", "0f1ed80dd9cf3a4c", "e7528d3096f467a5",
    "0f1ed80dd9cf3a4c", "4d65d889226a651b", "d91994b6e605cba6", "bb4f6c99d83f8124", "cc35d72ab30dd348",
    "6013fe84f02ab7cf", "2112a309f39728f0", "6c201db20e46893e", "8b3ca2246292549d", "c596dd74e5701aea",
)  # fmt: skip
LATER = ("add splines", "to splines")  # edits that 0.1.0 did not have
START = "d86beaecd9b1b5845306eda4baa67d68a7c0fbf932888aad2812f7439e7bd1dc"
END = "6c201db20e46893ef071a1cac5b7d7c3f0dfdad0207950286e14e1a5a40b30ae"
ROWS = "5518a879e72db04a4fce379bf8db2034e85342a4d81da758d485e4529a4f2bd6"
POINTS = torch.tensor([[0.25, -0.5], [0.75, 0.125]], dtype=torch.float64)


def record(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text())


@pytest.mark.parametrize(
    ("name", "digest", "outputs"),
    [
        ("start.safetensors", START, [-0.4486375011718211, -0.31861881194868846]),
        ("network.safetensors", END, [-0.24631257035574194, -0.3688160709245908]),
    ],
)
def test_a_saved_network_is_the_same_function(name, digest, outputs):
    kan = kanviz.load(GOLDEN / name)
    assert kan.digest == digest
    assert kan.inputs[0] == Variable("Länge", "m")
    assert kan.outputs == (Variable("v", "m/s", 0.5, 2.0),)
    assert kan(POINTS)[:, 0].tolist() == pytest.approx(outputs, rel=1e-12)


def test_rows_saved_with_a_network_are_the_same_rows():
    assert kanviz.load_rows(GOLDEN / "network.safetensors").digest == ROWS


def test_a_recipe_leads_to_the_same_network_and_holds_every_edit_that_needs_no_table():
    recipe = record("recipe.json")
    assert {edit["kind"] for edit in recipe["edits"]} == set(EDITS) - {"retrain", *LATER}
    assert recipe_of((GOLDEN / "network.safetensors").read_bytes()) == recipe
    history = replay(kanviz.load(GOLDEN / "start.safetensors"), recipe)
    assert history.present.digest == END
    assert history.recipe() == recipe


@pytest.mark.parametrize("name", ["work.kanviz", "without_rows.kanviz"])
def test_a_project_is_the_same_work(name):
    project = kanviz.load_project(GOLDEN / name)
    versions = project.history.versions
    assert tuple(v.kan.digest[:16] for v in versions) == VERSIONS
    assert {n: v.name for n, v in enumerate(versions) if v.name} == {1: "moved by hand", 4: "a sine", 13: "trained"}
    assert (project.history.at, project.edge, project.name) == (13, EdgeId(0, 1, 1), "worked on ü")
    assert (project.view, project.new) == ({"tab": "Edge"}, False)
    assert project.rows is not None
    assert (project.rows.name, project.rows.digest, project.rows.count) == ("table.csv", ROWS, 24)
    assert project.rows.columns == ("Länge", "t", "v")
    assert (project.data.digest if project.data is not None else None) == (ROWS if name == "work.kanviz" else None)
    assert project.origin is not None
    assert [edit["kind"] for edit in project.origin["edits"]] == ["freeze"]


def test_a_training_that_was_stopped_is_where_it_stood():
    training = kanviz.load_project(GOLDEN / "work.kanviz").training
    assert training is not None
    last = training.last
    assert training.config == TrainConfig("adam", steps=9, batch=8)
    assert (training.at, training.running, training.known, training.aid) == (13, False, "old.csv", "ewc")
    assert (training.region, training.known_box, training.promise) == (((-0.5, 0.5), (0.0, 1.0)), None, "Anchor")
    assert training.known_data is not None
    assert (training.data.digest, training.known_data.digest[:16]) == (ROWS, "3c9d509b0085fd9a")
    assert (last.step, last.steps, last.train_loss, last.kan.digest[:16]) == (
        3,
        9,
        0.19517969788487757,
        "6a342cb563d17e05",
    )
    assert training.trail[:, 0].tolist() == [0, 1, 2, 3]
    assert training.trail[-1, 1] == last.train_loss
    assert last.state.saved is not None
    assert last.state.anchor is not None


def test_work_that_a_browser_gives_back_is_the_same_work():
    name, manifest, blobs = read_work(record("browser.json"))
    project = unpacked(Packed(manifest, blobs))
    assert (name, project.name) == ("w1", "small")
    assert tuple(v.kan.digest[:16] for v in project.history.versions) == VERSIONS[:2]


@pytest.mark.parametrize("name", ["rows_certificate.json", "region_certificate.json"])
def test_a_certificate_says_the_same(name):
    data = (GOLDEN / name).read_bytes()
    certificate = read_certificate(data)
    assert certificate.sealed() == certificate
    assert certificate == Certificate.from_json(record(name))
    assert certificate_text(certificate).encode() == data
    assert (certificate.before[:16], certificate.after[:16]) == VERSIONS[:2]


def test_a_lock_holds_the_same_numbers():
    kan, rows = kanviz.load(GOLDEN / "network.safetensors"), kanviz.load_rows(GOLDEN / "network.safetensors")
    lock = Lock.from_json(record("lock.json"))
    assert lock == data_lock(kan, rows.x[:2])
    assert lock.to_json() == record("lock.json")


def test_settings_of_learning_in_turn_are_read_as_they_were():
    config = read_config((GOLDEN / "continual.json").read_text())
    assert (config.shape, config.tasks, config.target) == ((2, [3, 1], 1), ("a.csv", "b.csv"), "y")
    assert (config.inputs, config.policies) == (("x1", "x2"), ("none", "certified"))
    assert (config.steps, config.smooth, config.share, config.seed) == (20, None, 0.25, 3)
    assert config.boxes == (((0, 1), (0, 1)), ((1, 2.5), (0, 1)))


def test_what_came_of_learning_in_turn_says_the_same():
    assert Retention.from_json(record("in_turn.json")).to_json() == record("in_turn.json")


def test_a_law_is_the_same_function():
    law = Law.from_json(record("law.json"))
    assert law.to_json() == record("law.json")
    at = torch.tensor([[0.25, 1.5]], dtype=torch.float64)
    assert float(law(at)[0]) == pytest.approx(3.1233731773904783, rel=1e-12)
