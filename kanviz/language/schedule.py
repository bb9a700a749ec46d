"""Decides how many steps a training takes and how fast it learns in each: by a number of steps, or by seconds."""

from dataclasses import dataclass

from kanviz.errors import UserError

TIMED = 10  # steps after which a training of so many seconds is planned
AGAIN = 8  # it is planned again after each eighth of its steps: a machine may become slower or faster
WARM_UP = 50  # steps, of a training long enough
LOWEST = 0.1  # of the rate, at the last step
MOST_STEPS = 1_000_000
LEAST_SECONDS, MOST_SECONDS = 1e-3, 1e6


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of steps of a training; next: the step after which it is planned again, 0 for never."""

    steps: int
    next: int = 0

    @classmethod
    def of(cls, steps: int | None, seconds: float | None) -> "Plan":
        """Make the first plan, of a number of steps or of seconds. Raises UserError unless one of them is given."""
        if (steps is None) == (seconds is None):
            raise UserError("A training takes either a number of steps or a number of seconds. Give one of them.")
        if steps is not None:
            if type(steps) is not int or not 1 <= steps <= MOST_STEPS:
                raise UserError(f"A training takes 1 to {MOST_STEPS:,} steps, not {steps!r:.20}.")
            return cls(steps)
        if not (isinstance(seconds, int | float) and LEAST_SECONDS <= seconds <= MOST_SECONDS):
            raise UserError(f"A training takes a number of seconds above 0, not {seconds!r:.20}.")
        return cls(MOST_STEPS, TIMED)

    def after(self, step: int, spent: float, seconds: float | None) -> "Plan":
        """Return the plan after a step, with the seconds spent so far: another one where it is due."""
        if seconds is None or step != self.next:
            return self
        steps = min(max(step + 1, round(step * seconds / max(spent, 1e-9))), MOST_STEPS)
        again = step + max((steps - step) // AGAIN, TIMED)
        return Plan(steps, again if again < steps else 0)

    def rate(self, step: int) -> float:
        """Return the share of the learning rate at a step, from 1: a rise over 50 steps, then a line down to 0.1."""
        warm = min(WARM_UP, max(self.steps // 5, 1))
        if step < warm:
            return step / warm
        return 1 - (1 - LOWEST) * (step - warm) / max(self.steps - warm, 1)
