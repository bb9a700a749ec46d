"""Define policies against forgetting while tasks are learned one after another."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from kanviz.continual.protection import ElasticWeights, LockRegion, LockRows, NoProtection, Protection, Replay
from kanviz.errors import TrainError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import shown

POLICIES = {
    "none": "nothing is done against forgetting",
    "lock": "what the rows of earlier tasks use is locked",
    "certified": "what the regions of earlier tasks can use is locked",
    "replay": "rows of earlier tasks are mixed in",
    "ewc": "numbers that earlier tasks need are held near where they were",
}
POLICY = JsonReader("This is not a policy that kanviz wrote: {why}. Save it again.", TrainError)
Boxes = tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True)
class Policy:
    """A policy of POLICIES with its settings.

    boxes (certified): the region of each task, (least, greatest) per input in table units; None takes the bounding box
    of the task's rows. share (replay): share of old rows among the training rows, above 0 and below 1. strength (ewc):
    with 1 every earlier task's loss counts as much as the new one's, to second order. Raises TrainError for others.

    >>> from kanviz.continual.policy import Policy
    >>> policy = Policy("replay", share=0.25)
    >>> str(policy), policy.locks, policy.protection(seed=1)
    ('rows of earlier tasks are mixed in', False, Replay(share=0.25, seed=1))
    >>> Policy.from_json(policy.to_json()) == policy
    True
    >>> Policy("nothing")
    Traceback (most recent call last):
        ...
    kanviz.errors.TrainError: There is no policy 'nothing'; choose among none, lock, certified, replay, ewc.
    """

    name: str = "none"
    boxes: Boxes | None = None
    share: float = 0.5
    strength: float = 1.0

    def __post_init__(self):
        if self.name not in POLICIES:
            raise TrainError(f"There is no policy {shown(str(self.name))!r}; choose among {', '.join(POLICIES)}.")
        if not (_number(self.share) and 0 < self.share < 1):
            raise TrainError("The share of old rows (replay) must be a number above 0 and below 1.")
        if not (_number(self.strength) and 0 <= self.strength < math.inf):
            raise TrainError("The strength (ewc) must be 0 or a positive number.")

    @property
    def locks(self) -> bool:
        """Whether earlier predictions stay bit-identical under this policy."""
        return self.name in ("lock", "certified")

    def protection(self, seed: int = 0) -> Protection:
        """Return the protection that is applied between two tasks. seed: for the sampling of old rows."""
        return _PROTECTIONS[self.name](self, seed)

    def __str__(self) -> str:
        return POLICIES[self.name]

    def to_json(self) -> dict[str, Any]:
        """Convert the policy to plain JSON."""
        return asdict(self)

    @staticmethod
    def from_json(record: Any) -> "Policy":
        """Read a policy that `to_json` wrote. Raises TrainError for anything else."""
        found = POLICY.value(record).fields((), [part.name for part in fields(Policy)])
        found.get("name", "none").text()
        for part in ("share", "strength"):
            found.get(part, 0.5).number()
        return Policy(**{**found.value, "boxes": found.get("boxes").maybe(read_boxes)})


def read_boxes(found: JsonValue) -> Boxes:
    """Read a region for each task: (least, greatest) per input."""
    return found.each(lambda box: box.each(_side))


def _side(found: JsonValue) -> tuple[float, float]:
    found.numbers(2, 2)
    low, high = found.value  # as they are written: 1 stays 1
    return low, high


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PROTECTIONS: dict[str, Callable[[Policy, int], Protection]] = {
    "none": lambda policy, seed: NoProtection(),
    "lock": lambda policy, seed: LockRows(),
    "certified": lambda policy, seed: LockRegion(),
    "replay": lambda policy, seed: Replay(policy.share, seed),
    "ewc": lambda policy, seed: ElasticWeights(policy.strength),
}
