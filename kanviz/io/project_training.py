"""Stores a training that had not ended, so that it can continue exactly where it was.

It is JSON and blobs: the network of its newest step, the best one, the state of its solver, and its rows.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.training.config import MAX_STEPS, TrainConfig
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.objective import LOSSES
from kanviz.core.training.parameters import PARTS
from kanviz.core.training.progress import Checkpoint, Progress
from kanviz.core.training.solvers import Saved
from kanviz.io.project_reader import PROJECT
from kanviz.io.project_rows import rows_blob, rows_from_bytes
from kanviz.io.project_steps import network_blob, read_network, unchanging
from kanviz.io.safetensors_file import read_safetensors, write_safetensors
from kanviz.json_reader import JsonValue

MOST_MARKS = 2_000  # of the stored curve of errors
MOST_NUMBERS = 1_000  # and names, in the state of a solver
Box = tuple[tuple[float, float], ...]
Stored = Callable[[str, bytes], str]  # stores bytes in a blob, and returns its name
_NETWORKS, _ROWS = ("kan", "best", "centre"), ("data", "known_data")
_HELD = (*PARTS, "offset")  # the parts of a layer that an anchor contains
_BLOBS = (*_NETWORKS, *_ROWS, "tensors")
_NUMBERS = ("train_loss", "test_loss", "train_rmse", "test_rmse", "criterion", "lowest")
_FIELDS = {
    "at", "running", "config", "solver", "batch", "step", "steps", "best_step", "loss", "seconds", "numbers", "bytes",
    "known", "region", "aid", "promise", "strength", *_NUMBERS, *_BLOBS,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Underway:
    """The state of a training that has not ended.

    at: the version that it began with · config: as it was set · last: its newest step · data: the rows it learns ·
    trail: step and errors of the steps so far, nan where there is none · running: it was not paused or stopped · known:
    the name of what must not be forgotten, "" for nothing; those rows are `known_data`, or all rows in the box
    `known_box` · region, aid, promise: as in the run.
    """

    at: int
    config: TrainConfig
    last: Progress
    data: Dataset
    trail: Float[Tensor, "mark column"]
    running: bool = True
    known: str = ""
    known_data: Dataset | None = None
    known_box: Box | None = None
    region: Box | None = None
    aid: str = ""
    promise: str = ""


def training_record(found: Underway, stored: Stored) -> dict[str, Any]:
    """Write the training as JSON, and its blobs with `stored`."""
    last, state = found.last, found.last.state
    saved, anchor = state.saved, state.anchor
    tensors = {f"state.{name}": part for name, part in (saved.tensors if saved else {}).items()}
    if anchor is not None:
        tensors |= {f"anchor.{n}.{part}": v for n, layer in enumerate(anchor.weights) for part, v in layer.items()}
    whole = [name for name, part in tensors.items() if part.dtype == torch.uint8]
    tensors = {name: part.float() if name in whole else part for name, part in tensors.items()}
    tensors["trail"] = _thinned(found.trail)
    content = write_safetensors(tensors, {})
    networks = {"kan": last.kan, "best": last.best, "centre": anchor.centre if anchor else None}
    rows = {"data": found.data, "known_data": found.known_data}
    numbers = {name: getattr(last, name) for name in _NUMBERS if name != "lowest"} | {"lowest": state.lowest}
    return {
        "at": found.at,
        "running": found.running,
        "config": found.config.to_json(),
        "solver": state.config.solver,
        "batch": state.config.batch,
        "step": last.step,
        "steps": last.steps,
        "best_step": last.best_step,
        "loss": last.loss,
        "seconds": last.seconds,
        **{name: v if v is not None and math.isfinite(v) else None for name, v in numbers.items()},
        "numbers": dict(saved.numbers) if saved else None,
        "bytes": whole,
        "known": [found.known, _sides(found.known_box)],
        "region": _sides(found.region),
        "aid": found.aid,
        "promise": found.promise,
        "strength": anchor.strength if anchor else None,
        **{name: stored(*network_blob(kan)) if kan is not None else None for name, kan in networks.items()},
        **{name: stored(*rows_blob(data)) if data is not None else None for name, data in rows.items()},
        "tensors": stored(hashlib.sha256(content).hexdigest(), content),
    }  # fmt: skip


def _thinned(trail: Tensor) -> Tensor:
    if len(trail) <= MOST_MARKS:
        return trail
    return trail[torch.linspace(0, len(trail) - 1, MOST_MARKS).round().long()]


def _sides(box: Box | None) -> list[list[float]] | None:
    return None if box is None else [list(side) for side in box]


def training_blobs(record: JsonValue) -> set[str]:
    """List the names of the blobs of a training; LoadError for an invalid record."""
    record.fields(_FIELDS)
    if any(record[name].value is None for name in ("kan", "best", "data", "tensors")):
        raise PROJECT.refusal("a part of its training is missing")
    return {found for name in _BLOBS if (found := record[name].maybe(JsonValue.digest)) is not None}


def read_training(record: JsonValue, blobs: Mapping[str, bytes], versions: Sequence[KAN]) -> Underway:
    """Read a training from a record that `training_blobs` has checked. versions: the networks of its history."""
    at = record["at"].whole(0, len(versions) - 1)
    start = versions[at]
    read: dict[str, KAN] = {}
    kan, best, centre = (record[name].maybe(lambda v: read_network(v.value, blobs, read)) for name in _NETWORKS)
    assert kan is not None
    assert best is not None
    if any(unchanging(network) != unchanging(start) for network in (kan, best, centre or start)):
        raise PROJECT.refusal("its training is of a network of another shape")
    data, known_data = (record[name].maybe(lambda v: rows_from_bytes(blobs[v.value])) for name in _ROWS)
    assert data is not None
    with PROJECT.explaining("its training does not fit it"):
        config = TrainConfig.from_json(record["config"].value)
        how = replace(config, solver=record["solver"].value, batch=record["batch"].value)
        for rows in (data, known_data):
            if rows is not None:
                rows.matching(start)
        if config.lock is not None:
            config.lock.check(start)
    tensors = _tensors(record, blobs[record["tensors"].value])
    trail = tensors.pop("trail")
    anchor = _anchor(record, centre, tensors)
    numbers = {name: record[name].maybe(JsonValue.number) for name in _NUMBERS}
    steps = record["steps"].whole(0, MAX_STEPS)
    step = record["step"].whole(0, MAX_STEPS)
    best_step = record["best_step"].whole(0, step)
    if step > steps or record["loss"].value not in tuple(LOSSES) or numbers["train_loss"] is None or trail.ndim != 2:
        raise PROJECT.refusal("its training does not agree with itself")
    lowest = numbers.pop("lowest")
    state = Checkpoint(
        how, step, kan, best, best_step, math.inf if lowest is None else lowest, _saved(record["numbers"], tensors),
        data.digest, anchor,
    )  # fmt: skip
    last = Progress(
        step, steps, record["loss"].value, numbers["train_loss"], numbers["test_loss"], numbers["train_rmse"],
        numbers["test_rmse"], record["seconds"].number(), kan, best, best_step, state,
        numbers["criterion"],
    )  # fmt: skip
    name, box = record["known"].items(2, 2)
    return Underway(
        at, config, last, data, trail, record["running"].truth(), name.text(), known_data, _box(box, start),
        _box(record["region"], start), record["aid"].text(), record["promise"].text(),
    )  # fmt: skip


def _tensors(record: JsonValue, content: bytes) -> dict[str, Tensor]:
    found = read_safetensors(content).tensors
    whole = set(record["bytes"].each(JsonValue.text, MOST_NUMBERS))
    if "trail" not in found or not whole <= set(found):
        raise PROJECT.refusal("the saved state of its solver is missing")
    if any(bool(((found[n] < 0) | (found[n] > 255) | (found[n] != found[n].round())).any()) for n in whole):
        raise PROJECT.refusal("the saved state of its solver is damaged")
    return {name: part.to(torch.uint8) if name in whole else part for name, part in found.items()}


def _saved(numbers: JsonValue, tensors: dict[str, Tensor]) -> Saved | None:
    if numbers.value is None:
        return None
    if not all(isinstance(v.value, float | int | str | None) for _, v in numbers.pairs(MOST_NUMBERS)):
        raise PROJECT.refusal("the saved state of its solver is damaged")
    own = {name.removeprefix("state."): part for name, part in tensors.items() if name.startswith("state.")}
    return Saved(numbers.value, own)


def _anchor(record: JsonValue, centre: KAN | None, tensors: dict[str, Tensor]) -> Anchor | None:
    if centre is None:
        return None
    weights: list[dict[str, Tensor]] = [{} for _ in centre.layers]
    for name, part in tensors.items():
        head, _, rest = name.partition(".")
        place, _, which = rest.partition(".")
        if head != "anchor":
            continue
        if not place.isascii() or not place.isdigit() or len(place) > 4 or int(place) >= len(weights):
            raise PROJECT.refusal("the elastic weights of its training are damaged")
        number = getattr(centre.layers[int(place)], which, None) if which in _HELD else None
        if not isinstance(number, Tensor) or number.shape != part.shape:
            raise PROJECT.refusal("the elastic weights of its training are damaged")
        weights[int(place)][which] = part
    strength = record["strength"].number()
    with PROJECT.explaining("the elastic weights of its training are damaged"):
        return Anchor(centre, tuple(weights), strength)


def _box(sides: JsonValue, kan: KAN) -> Box | None:
    if sides.value is None:
        return None
    low_high = (side.numbers(2, 2) for side in sides.items(len(kan.inputs), len(kan.inputs)))
    return tuple((low, high) for low, high in low_high)
