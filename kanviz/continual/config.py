"""Which tables to learn in turn, by which network and under which policies: a JSON file, checked when it is read."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from kanviz.continual.policy import POLICIES, Boxes, Policy, as_boxes
from kanviz.continual.protection import SMOOTH, STEPS
from kanviz.core.engine import BASE_CURVES
from kanviz.core.init import MOST_GRID, MOST_ORDER, init, parse_shape
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.train_config import MAX_STEPS, SOLVER_NAMES, TrainConfig
from kanviz.errors import UserError
from kanviz.text import counted, listing, shown

EXAMPLE = '{"shape": [2, 5, 1], "tasks": ["a.csv", "b.csv"], "target": "y"}'


@dataclass(frozen=True)
class ContinualConfig:
    """tasks: tables, by path · inputs: their columns, () for every other number of the first · test: share of the rows
    of each that is held out · policies: names of POLICIES, each run from the same start · share, strength, boxes: of
    the policies that have them. The other names are those of `init` and `TrainConfig`.
    """

    shape: tuple[Any, ...]
    tasks: tuple[str, ...]
    target: str
    inputs: tuple[str, ...] = ()
    grid: int = 30
    order: int = 3
    base: str = "zero"
    noise: float = 0.1
    policies: tuple[str, ...] = tuple(POLICIES)
    solver: str = "auto"
    steps: int = STEPS
    smooth: float | None = SMOOTH
    test: float = 0.2
    share: float = 0.5
    strength: float = 1.0
    boxes: Boxes | None = None
    seed: int = 0

    @property
    def training(self) -> TrainConfig:
        return TrainConfig.for_trained(solver=self.solver, steps=self.steps, smooth=self.smooth)

    def policy(self, name: str) -> Policy:
        boxes = self.boxes if name == "certified" else None
        return Policy(name, boxes, self.share, self.strength)

    def network(self, inputs: tuple[Variable, ...], outputs: tuple[Variable, ...]) -> KAN:
        """The start; raises UserError where the shape has other ends than the tables."""
        columns = parse_shape(self.shape)
        for column, there, kind in ((columns[0], inputs, "input"), (columns[-1], outputs, "output")):
            if sum(column) != len(there):
                raise UserError(
                    f"The shape has {counted(sum(column), kind)}, the tables give {len(there)}: "
                    f"{listing([v.name for v in there], 8)}. Change 'shape', or choose columns with 'inputs'."
                )
        return init(
            self.shape, grid=self.grid, order=self.order, base=self.base, noise=self.noise, seed=self.seed,
            inputs=inputs, outputs=outputs,
        )  # fmt: skip


def read_config(text: str) -> ContinualConfig:
    """The settings in a JSON text; raises UserError, in words, for what does not fit."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(f"This is not JSON; write the settings as in {EXAMPLE}.") from None
    if not isinstance(record, dict):
        raise UserError(f"The settings are one JSON object, as in {EXAMPLE}.")
    names = [part.name for part in fields(ContinualConfig)]
    strangers = [name for name in record if name not in names]
    if strangers:
        raise UserError(f"There is no setting {shown(strangers[0])!r}; there are {listing(names, len(names))}.")
    missing = [name for name in ("shape", "tasks", "target") if name not in record]
    if missing:
        raise UserError(f"The setting {missing[0]!r} is missing; write the settings as in {EXAMPLE}.")
    for name, value in record.items():
        fits, words = CHECKS[name]
        if not fits(value):
            raise UserError(f"The setting {name!r} must be {words}, not {shown(json.dumps(value), 60)}.")
    lists = {name: tuple(record[name]) for name in ("shape", "tasks", "inputs", "policies") if name in record}
    boxes = {"boxes": as_boxes(record["boxes"])} if record.get("boxes") is not None else {}
    return ContinualConfig(**{**record, **lists, **boxes})


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _between(low: float, high: float) -> Callable[[Any], bool]:
    """A number above low and below high."""
    return lambda value: type(value) in (int, float) and low < value < high


def _names(value: Any, least: int = 0) -> bool:
    return type(value) is list and len(value) >= least and all(type(v) is str and v and "\0" not in v for v in value)


def _boxes(value: Any) -> bool:
    try:
        return value is None or bool(as_boxes(value))
    except (TypeError, ValueError):
        return False


def _policies(value: Any) -> bool:
    return _names(value, 1) and set(value) <= set(POLICIES) and len(set(value)) == len(value)


CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "shape": (lambda value: type(value) is list, "a list as [2, 5, 1]"),
    "tasks": (lambda value: _names(value, 2), "a list of two tables or more, as [\"a.csv\", \"b.csv\"]"),
    "target": (lambda value: type(value) is str and bool(value), "the name of a column"),
    "inputs": (_names, "a list of names of columns"),
    "grid": (_whole(1, MOST_GRID), f"a whole number from 1 to {MOST_GRID:,}"),
    "order": (_whole(1, MOST_ORDER), f"a whole number from 1 to {MOST_ORDER}"),
    "base": (lambda value: value in tuple(BASE_CURVES), f"one of {listing(list(BASE_CURVES), 9)}"),
    "noise": (_between(0, math.inf), "a number above 0"),
    "policies": (_policies, f"a list of some of {listing(list(POLICIES), 9)}, none twice"),
    "solver": (lambda value: value in SOLVER_NAMES, f"one of {listing(list(SOLVER_NAMES), 9)}"),
    "steps": (_whole(1, MAX_STEPS), f"a whole number from 1 to {MAX_STEPS:,}"),
    "smooth": (lambda value: value is None or _between(-1e-300, 1e30)(value), "a number that is not negative, or null"),
    "test": (_between(0, 1), "a share above 0 and below 1"),
    "share": (_between(0, 1), "a share above 0 and below 1"),
    "strength": (_between(-1e-300, 1e30), "a number that is not negative"),
    "boxes": (_boxes, "for each task a list of [least, greatest], one per input, or null"),
    "seed": (_whole(0, 2**32 - 1), f"a whole number from 0 to {2**32 - 1:,}"),
}  # fmt: skip
