"""What lessons came to, without their models: to be shown, compared and saved as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from kanviz.language.teaching.measure import TeachPoint, forgetting_at
from kanviz.language.teaching.policy import TeachPolicy
from kanviz.language.teaching.teach import TeachProgress


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a lesson came to so far. The fields are those of `TeachProgress`.

    >>> from kanviz.language import TeachPoint
    >>> from kanviz.language.teaching.outcome import Outcome
    >>> found = Outcome("gate", 10, 10, (TeachPoint(0, 0, 0, 1), TeachPoint(10, 1.2, 0.002, 0.94)), 0.5, None)
    >>> found.policy.name, found.now.gain, found.forgetting_at(0.6)
    ('gate', 1.2, 0.001)
    """

    how: str
    step: int
    steps: int
    trajectory: tuple[TeachPoint, ...]
    cpu_seconds: float
    end: TeachPoint | None

    @classmethod
    def of(cls, progress: TeachProgress) -> "Outcome":
        """Take over what a lesson has come to."""
        return cls(
            progress.policy.name, progress.step, progress.steps, progress.trajectory, progress.cpu_seconds, progress.end
        )

    @property
    def policy(self) -> TeachPolicy:
        """The way to teach, with its usual settings."""
        return TeachPolicy(self.how)

    @property
    def now(self) -> TeachPoint:
        """The latest measurement."""
        return self.end or self.trajectory[-1]

    def forgetting_at(self, gain: float) -> float | None:
        """Return the forgetting at a gain, in bits per character; None where that gain is not reached."""
        return forgetting_at(self.trajectory, gain)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Outcome":
        """Read what `to_json` wrote."""
        points = tuple(TeachPoint(**point) for point in record["trajectory"])
        end = record["end"] and TeachPoint(**record["end"])
        return cls(record["how"], record["step"], record["steps"], points, record["cpu_seconds"], end)
