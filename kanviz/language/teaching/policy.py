"""Define the ways to teach a language model a new text, as values."""

import math
from dataclasses import dataclass

from kanviz.errors import TrainError
from kanviz.text import shown

POLICIES = {
    "plain": "all numbers of the model learn, as in ordinary training",
    "replay": "all numbers learn, and passages of the old text are mixed in",
    "ewc": "numbers that the old text needs are held near where they were",
    "ewc+replay": "both: numbers are held, and passages of the old text are mixed in",
    "units": "new units learn, everything else is frozen",
    "gate": "the old model is frozen; new units learn, switched off where a text looks like the old one",
    "lock": "control points of the curves learn, but those that the old text uses most are locked",
    "random-lock": "the same with control points locked at random, as a control",
}
ADDS = ("units", "gate")
LOCKS = ("lock", "random-lock")
CELLS = 24  # of a gate's axis
REACH = 0.97  # share of the old text's predictions whose whole window lies below where a gate begins to open
RATE, LOCK_RATE, UNIT_RATE = 2e-3, 1e-2, 2e-2  # of all numbers, of control points alone, of new units
_FEW = 64  # units, of which more learn with a lower rate


@dataclass(frozen=True, slots=True)
class TeachPolicy:
    """A way to teach, of POLICIES, with its settings.

    rate: the highest learning rate, None for the policy's own · share (replay): of old passages, above 0 and below 1 ·
    strength (EWC): with 1 the old text counts as much as the new one, to second order and number by number · units,
    kind (units, gate): how many each block gets, "curves" or "gelu", None for the model's own kind · cells, reach
    (gate): as in `gate_between` · locked (locks): share of the control points. Raises TrainError for others.

    >>> from kanviz.language.teaching.policy import TeachPolicy
    >>> policy = TeachPolicy("gate", units=64)
    >>> str(policy), policy.highest_rate, TeachPolicy.of("replay").share
    ('the old model is frozen; new units learn, switched off where a text looks like the old one', 0.02, 0.25)
    >>> TeachPolicy("nothing")
    Traceback (most recent call last):
        ...
    kanviz.errors.TrainError: There is no way 'nothing' to teach; choose among plain, replay, ewc, ewc+replay, units, \
gate, lock, random-lock.
    """

    name: str = "gate"
    rate: float | None = None
    share: float = 0.25
    strength: float = 60.0
    units: int = 32
    kind: str | None = None
    cells: int = CELLS
    reach: float = REACH
    locked: float = 0.5

    def __post_init__(self) -> None:
        if self.name not in POLICIES:
            raise TrainError(f"There is no way {shown(str(self.name))!r} to teach; choose among {', '.join(POLICIES)}.")
        fits = {
            "rate": self.rate is None or 0 < self.rate <= 1,
            "share": 0 < self.share < 1,
            "strength": 0 <= self.strength < math.inf,
            "locked": 0 < self.locked < 1,
        }
        wrong = [name for name, fit in fits.items() if not fit]
        if wrong:
            raise TrainError(f"These settings of a way to teach make no sense: check {', '.join(wrong)}.")

    @classmethod
    def of(cls, how: "str | TeachPolicy") -> "TeachPolicy":
        """Return the policy of this name with its usual settings, or the policy itself."""
        return how if isinstance(how, cls) else cls(how)  # pyright: ignore[reportArgumentType]

    @property
    def highest_rate(self) -> float:
        """The learning rate after the first steps."""
        if self.rate is not None:
            return self.rate
        if self.name in ADDS:
            return UNIT_RATE / max(1.0, self.units / _FEW) ** 0.5
        return LOCK_RATE if self.name in LOCKS else RATE

    @property
    def replays(self) -> bool:
        """Whether passages of the old text are mixed in."""
        return "replay" in self.name

    @property
    def anchors(self) -> bool:
        """Whether numbers are held near where they were (EWC)."""
        return "ewc" in self.name

    def __str__(self) -> str:
        return POLICIES[self.name]
