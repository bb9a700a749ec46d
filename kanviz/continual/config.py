"""Read the settings of a continual-learning run (tables, network, policies) from a JSON file, and check them."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from kanviz.continual.policy import POLICIES, Boxes, Policy, read_boxes
from kanviz.continual.protection import SMOOTH, STEPS
from kanviz.core.engine import BASE_CURVES
from kanviz.core.init import MOST_GRID, MOST_ORDER, init, parse_shape
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.training.config import MAX_STEPS, MAX_WEIGHT, SOLVER_NAMES, TrainConfig
from kanviz.errors import UserError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import counted, listing, shown

LEAST, BELOW_ONE = math.ulp(0.0), math.nextafter(1.0, 0.0)  # the numbers next to 0 and 1
DEEPEST, MOST_SETTINGS, LONGEST_NAME = 8, 100, 10_000
EXAMPLE = '{"shape": [2, 5, 1], "tasks": ["a.csv", "b.csv"], "target": "y"}'
CONFIG = JsonReader(
    f"The settings cannot be read: {{why}}. Write them as in {EXAMPLE}.",
    UserError,
)


@dataclass(frozen=True)
class ContinualConfig:
    """The settings of a continual-learning run.

    tasks: paths of the tables · inputs: names of their input columns, () for all other columns of numbers in the first
    table · test: share of each table's rows that is held out · policies: names of POLICIES, each run from the same
    network · share, strength, boxes: settings of the policies that have them. The other names are those of `init` and
    `TrainConfig`.

    >>> from kanviz.continual.config import ContinualConfig
    >>> from kanviz.core.layer import Variable
    >>> config = ContinualConfig(shape=(2, 5, 1), tasks=("a.csv", "b.csv"), target="y", share=0.25)
    >>> config.network((Variable("u"), Variable("v")), (Variable("y"),))
    KAN([2, 5, 1], 15 edges, float64)
    >>> config.policy("replay").share, config.training.steps
    (0.25, 60)
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
        """Return the policy of this name with these settings. Raises TrainError for other names."""
        boxes = self.boxes if name == "certified" else None
        return Policy(name, boxes, self.share, self.strength)

    def network(self, inputs: tuple[Variable, ...], outputs: tuple[Variable, ...]) -> KAN:
        """Make the network to start from. Raises UserError if the shape's inputs or outputs do not fit the tables."""
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
    """Read the settings from JSON text. Raises UserError, with the reason, for anything that is not valid.

    >>> from kanviz.continual.config import read_config
    >>> read_config('{"shape": [2, 5, 1], "tasks": ["a.csv", "b.csv"], "target": "y", "steps": 20}').steps
    20
    """
    found = CONFIG.parse(text, DEEPEST)
    names = [part.name for part in fields(ContinualConfig)]
    values: dict[str, Any] = {}
    for name, value in found.pairs(MOST_SETTINGS):
        if name not in SETTINGS:
            raise UserError(f"There is no setting {shown(name)!r}; there are {listing(names, len(names))}.")
        read, words = SETTINGS[name]
        try:
            checked = read(value)
        except UserError:
            words = f"The setting {name!r} must be {words}, not {shown(json.dumps(value.value), 60)}."
            raise UserError(words) from None
        values[name] = checked if isinstance(checked, tuple) else value.value  # numbers as they are written: 1 stays 1
    for name in ("shape", "tasks", "target"):
        if name not in values:
            raise UserError(f"The setting {name!r} is missing; write the settings as in {EXAMPLE}.")
    return ContinualConfig(**values)


def _name(found: JsonValue) -> str:
    if not found.text(LONGEST_NAME) or "\0" in found.value:
        found.refuse("is no name")
    return found.value


def _weight(found: JsonValue) -> float:
    return found.number(0, MAX_WEIGHT)


def _policies(found: JsonValue) -> tuple[str, ...]:
    names = found.each(lambda name: name.choice(tuple(POLICIES)), least=1)
    if len(set(names)) < len(names):
        found.refuse("has a policy twice")
    return names


SETTINGS: dict[str, tuple[Callable[[JsonValue], Any], str]] = {
    "shape": (lambda v: v.each(lambda column: column.value), "a list as [2, 5, 1]"),
    "tasks": (lambda v: v.each(_name, least=2), "a list of two tables or more, as [\"a.csv\", \"b.csv\"]"),
    "target": (_name, "the name of a column"),
    "inputs": (lambda v: v.each(_name), "a list of names of columns"),
    "grid": (lambda v: v.whole(1, MOST_GRID), f"a whole number from 1 to {MOST_GRID:,}"),
    "order": (lambda v: v.whole(1, MOST_ORDER), f"a whole number from 1 to {MOST_ORDER}"),
    "base": (lambda v: v.choice(tuple(BASE_CURVES)), f"one of {listing(list(BASE_CURVES), 9)}"),
    "noise": (lambda v: v.number(LEAST), "a number above 0"),
    "policies": (_policies, f"a list of some of {listing(list(POLICIES), 9)}, none twice"),
    "solver": (lambda v: v.choice(SOLVER_NAMES), f"one of {listing(list(SOLVER_NAMES), 9)}"),
    "steps": (lambda v: v.whole(1, MAX_STEPS), f"a whole number from 1 to {MAX_STEPS:,}"),
    "smooth": (lambda v: v.maybe(_weight), "a number that is not negative, or null"),
    "test": (lambda v: v.number(LEAST, BELOW_ONE), "a share above 0 and below 1"),
    "share": (lambda v: v.number(LEAST, BELOW_ONE), "a share above 0 and below 1"),
    "strength": (_weight, "a number that is not negative"),
    "boxes": (lambda v: v.maybe(read_boxes), "for each task a list of [least, greatest], one per input, or null"),
    "seed": (lambda v: v.whole(0, 2**32 - 1), f"a whole number from 0 to {2**32 - 1:,}"),
}  # fmt: skip
