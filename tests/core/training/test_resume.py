"""A training that was stopped, saved and resumed gives the bits of one that was never stopped."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from kanviz.core.layer import EdgeId
from kanviz.core.training.progress import Checkpoint
from kanviz.core.training.solvers import Saved
from kanviz.core.training.train import TrainConfig, train
from kanviz.errors import TrainError
from kanviz.io import load as load_kan
from kanviz.io import save as save_kan
from tests.core.training.test_train import hello, new
from tests.helpers import as_json, digest


def stored(mark: Checkpoint, folder: Path) -> Checkpoint:
    """The checkpoint after a trip through files: safetensors and JSON, nothing else."""
    assert mark.saved is not None
    tensors = load(save({name: value.contiguous() for name, value in mark.saved.tensors.items()}))
    numbers = json.loads(json.dumps(dict(mark.saved.numbers), allow_nan=False))
    networks = []
    for name, kan in (("kan", mark.kan), ("best", mark.best)):
        save_kan(kan, folder / f"{name}.safetensors")
        networks.append(load_kan(folder / f"{name}.safetensors"))
    config = TrainConfig.from_json(as_json(mark.config.to_json()))
    saved = Saved(numbers, tensors)
    return Checkpoint(config, mark.step, networks[0], networks[1], mark.best_step, mark.lowest, saved, mark.table)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    "config",
    [
        TrainConfig("lbfgs", steps=20),
        TrainConfig("lbfgs", steps=20, l1=1e-3, follow=3),
        TrainConfig("adam", steps=20),
        TrainConfig("adam", steps=20, batch=30, seed=3),
        TrainConfig("lm", steps=20),
        TrainConfig("lm", steps=20, smooth=None),
        TrainConfig.for_new(2, steps=20),
        TrainConfig.for_new(2, steps=20, starts=12),
        TrainConfig.for_new(2, steps=40, frozen=(EdgeId(1, 0, 0),)),
    ],
)
def test_ten_steps_a_file_and_ten_more_are_twenty(config, dtype, tmp_path):
    data = hello(100)
    kan = new([2, 3, 1], data, grid=3, dtype=dtype)
    whole = list(train(kan, data, config))
    half = list(islice(train(kan, data, config), 11))
    rest = list(train(kan, data, config, resume=stored(half[-1].state, tmp_path)))
    assert [item.step for item in rest] == [item.step for item in whole[11:]]
    assert [digest(item.kan) for item in rest] == [digest(item.kan) for item in whole[11:]]
    assert digest(rest[-1].best) == digest(whole[-1].best)
    assert [item.test_loss for item in rest] == [item.test_loss for item in whole[11:]]
    assert rest[-1].stopped_because == whole[-1].stopped_because


def test_a_longer_training_goes_on_from_a_shorter_one():
    data = hello(60)
    kan = new([2, 2, 1], data)
    short = list(train(kan, data, TrainConfig("lm", steps=3)))[-1]
    more = list(train(kan, data, TrainConfig("lm", steps=6), resume=short.state))
    assert digest(more[-1].kan) == digest(list(train(kan, data, TrainConfig("lm", steps=6)))[-1].kan)


def test_a_training_that_ended_has_no_next_step():
    data = hello(60)
    last = list(train(new([2, 2, 1], data, grid=3), data, TrainConfig.for_new(2)))[-1]
    assert last.step < last.steps
    with pytest.raises(TrainError, match="came to its own end"):
        next(train(last.kan, data, TrainConfig.for_new(2), resume=last.state))


def test_other_settings_are_refused():
    data = hello(60)
    item = next(train(new([2, 2, 1], data), data, TrainConfig("lm", steps=3)))
    with pytest.raises(TrainError, match="other settings"):
        next(train(item.kan, data, TrainConfig("adam", steps=3), resume=item.state))


def test_settings_saved_before_there_were_grids_and_starts_still_load():
    old = {"solver": "lbfgs", "steps": 3, "loss": None, "rate": None, "batch": None, "l1": 0.0, "entropy": 0.0,
           "smooth": 1e-8, "patience": 0, "follow": 0, "parts": ["coef"], "frozen": [], "seed": 0}  # fmt: skip
    assert TrainConfig.from_json(old) == TrainConfig("lbfgs", steps=3, parts=("coef",))


def test_another_table_is_refused_in_words():
    data = hello(100)
    mark = list(islice(train(new([2, 2, 1], data), data, TrainConfig("lm", steps=9)), 3))[-1].state
    moved = replace(data, y=data.y + 1e-9)
    with pytest.raises(TrainError, match="started on another table"):
        next(train(mark.kan, moved, TrainConfig("lm", steps=9), resume=mark))
