"""A training under way, stored with its project: it goes on bit for bit, and a damaged one is refused in words."""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.locks import data_lock
from kanviz.core.training.forgetting import anchor
from kanviz.core.training.train import Progress, TrainConfig, train
from kanviz.edit.history import History
from kanviz.errors import LoadError
from kanviz.io.project import Packed, Project, packed, unpacked
from kanviz.io.project_file import project_from_bytes, project_to_bytes
from kanviz.io.project_training import Underway
from tests.helpers import digest
from tests.io.damage import answer
from tests.io.test_project import VALUES

HALF = 8
BOX = ((-0.5, 0.5), (0.0, 1.0))


@pytest.fixture(autouse=True, scope="module")
def _unchecked() -> Iterator[None]:
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def table() -> Dataset:
    x = torch.rand(80, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    return Dataset.from_arrays(x, torch.sin(3 * x[:, 0]) + x[:, 1] ** 2)


def network(data: Dataset, dtype: torch.dtype = torch.float64) -> KAN:
    return init([2, 3, 1], grid=3, inputs=data.inputs, outputs=data.outputs, seed=1, dtype=dtype)


def stored(kan: KAN, underway: Underway) -> Underway:
    """The training after a trip through a project's file."""
    project = Project(History.start(kan), "n", EdgeId(0, 0, 0), training=underway)
    found = project_from_bytes(project_to_bytes(project)).training
    assert found is not None
    return found


def trail(items: list[Progress]) -> torch.Tensor:
    return torch.tensor([[item.step, item.train_loss, torch.nan] for item in items], dtype=torch.float64)


def goes_on(kan: KAN, data: Dataset, config: TrainConfig, **more) -> None:
    """The rest of a training that was stored after half of its steps is the rest of one that was not."""
    whole = list(train(kan, data, config, **more))
    half = list(islice(train(kan, data, config, **more), HALF + 1))
    found = stored(kan, Underway(0, config, half[-1], data, trail(half)))
    assert (found.at, found.config, found.running) == (0, config, True)
    assert found.data.digest == data.digest
    last = found.last
    assert (last.step, last.train_loss, last.best_step) == (HALF, half[-1].train_loss, half[-1].best_step)
    rest = list(train(kan, found.data, found.config, resume=last.state))
    assert [digest(item.kan) for item in rest] == [digest(item.kan) for item in whole[HALF + 1 :]]
    assert digest(rest[-1].best) == digest(whole[-1].best)
    assert rest[-1].stopped_because == whole[-1].stopped_because


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    "config",
    [
        TrainConfig("lbfgs", steps=16),
        TrainConfig("lbfgs", steps=16, l1=1e-3, follow=3),
        TrainConfig("adam", steps=16),
        TrainConfig("adam", steps=16, batch=30, seed=3),
        TrainConfig("auto", steps=16, smooth=None),
        TrainConfig.for_new(2, steps=16, starts=10),
    ],
)
def test_a_training_goes_on_bit_for_bit(config, dtype):
    data = table()
    goes_on(network(data, dtype), data, config)


def test_so_does_one_under_a_lock_and_one_held_by_an_anchor():
    data = table()
    kan = network(data)
    goes_on(kan, data, TrainConfig("lbfgs", steps=16, lock=data_lock(kan, data.x[:3], "three rows")))
    goes_on(kan, data, TrainConfig("lm", steps=16), anchor=anchor(kan, data.x[:20], 0.5))


def test_what_a_retraining_must_not_forget_is_stored_too():
    data, kan = table(), network(table())
    items = list(islice(train(kan, data, TrainConfig("lm", steps=9)), 4))
    base: dict[str, Any] = {
        "known": "old.csv", "region": BOX, "aid": "replay", "promise": "Lock the rows", "running": False,
    }  # fmt: skip
    either: tuple[dict[str, Any], ...] = ({"known_data": data.chosen(range(20))}, {"known_box": BOX})
    for more in either:
        found = stored(kan, Underway(0, TrainConfig("lm", steps=9), items[-1], data, trail(items), **base, **more))
        assert {name: getattr(found, name) for name in base} == base
        assert found.known_box == more.get("known_box")
        assert (found.known_data is None) == ("known_data" not in more)
        assert found.trail.nan_to_num(nan=-1).tolist() == trail(items).nan_to_num(nan=-1).tolist()


def test_of_a_long_curve_of_errors_enough_is_stored():
    data, kan = table(), network(table())
    items = list(islice(train(kan, data, TrainConfig("lm", steps=9)), 4))
    marks = torch.arange(30_000, dtype=torch.float64).reshape(-1, 3)
    found = stored(kan, Underway(0, TrainConfig("lm", steps=9), items[-1], data, marks)).trail
    assert len(found) == 2_000
    assert found[0].equal(marks[0])
    assert found[-1].equal(marks[-1])


def a_project() -> Packed:
    data, kan = table(), network(table())
    config = TrainConfig("adam", steps=9, batch=20)
    items = list(islice(train(kan, data, config, anchor=anchor(kan, data.x[:20])), 4))
    underway = Underway(0, config, items[-1], data, trail(items), known="old", known_box=BOX)
    return packed(Project(History.start(kan), "n", EdgeId(0, 0, 0), training=underway))


GOOD = a_project()
NAME = json.loads(GOOD.manifest)["training"]
RECORD = json.loads(GOOD.blobs[NAME])


def changed(**more) -> Packed:
    """The project with these fields of its training changed, and every checksum right."""
    text = json.dumps(RECORD | more).encode()
    name = hashlib.sha256(text).hexdigest()
    blobs = {name: text, **{other: content for other, content in GOOD.blobs.items() if other != NAME}}
    manifest = json.loads(GOOD.manifest)
    manifest["training"], manifest["blobs"] = name, list(blobs)
    return Packed(json.dumps(manifest), blobs)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"more": 1}, "unknown field"),
        ({"kan": None}, "part of its training is missing"),
        ({"at": 1}, "whole number"),
        ({"step": 10}, "does not agree"),
        ({"solver": "luck"}, "does not fit"),
        ({"config": []}, "does not fit"),
        ({"bytes": ["nothing"]}, "is missing"),
        ({"bytes": ["state.exp_avg"]}, "damaged"),
        ({"loss": "pain"}, "does not agree"),
        ({"train_loss": None}, "does not agree"),
        ({"known": ["old", [[0, 1]]]}, "a list of"),
        ({"numbers": {"a": []}}, "damaged"),
        ({"best": "f" * 64}, "belongs to nothing"),
    ],
)
def test_a_forged_training_is_refused_with_its_reason(more, words):
    with pytest.raises(LoadError, match=words):
        unpacked(changed(**more))


@given(st.sampled_from(sorted(RECORD)), VALUES)
@settings(deadline=None, max_examples=150)
def test_any_value_in_a_training_is_refused_in_words_or_read(field, value):
    answer(unpacked, changed(**{field: value}))
