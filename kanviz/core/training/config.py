"""Define the training settings: a frozen record that is checked when it is made, and converts to and from JSON."""

from dataclasses import dataclass, fields
from typing import Any, Literal

from kanviz.core.layer import EdgeId
from kanviz.core.locks.lock import Lock
from kanviz.core.training.parameters import PARTS
from kanviz.errors import TrainError
from kanviz.json_reader import JsonReader, JsonValue

Solver = Literal["auto", "lm", "lbfgs", "adam"]
SOLVER_NAMES = ("auto", "lm", "lbfgs", "adam")
MAX_STARTS, MAX_FINEST = 100, 1_000
LOSS_NAMES = {"mse": "mean squared error", "mae": "mean absolute error", "cross_entropy": "cross-entropy"}
MAX_STEPS = 1_000_000
MAX_WEIGHT = 1e30
SETTINGS = JsonReader("These are not training settings: {why}. Export them again.", TrainError)


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a training: solver, numbers that may change, penalties.

    loss: None takes mse for regression, cross_entropy for classification; regression losses are in the network's own
    output units (the target's standard deviation for a network made from a table). rate: None takes 1 for L-BFGS, 0.01
    for Adam. batch: rows per Adam step, None for all. l1, entropy: weight of the edges' mean absolute activation and of
    the entropy of its distribution over a layer (Liu et al. 2024, KAN, section 2.5.1). smooth: weight of the squared
    second differences of neighbouring coefficients (Eilers & Marx 1996); None lets the data choose it
    (Levenberg-Marquardt, by generalised cross-validation on the training rows, Craven & Wahba 1979; 1e-8 for the other
    solvers). patience: steps without a better held-out loss before stopping, 0 for never. follow: how many times hidden
    grids are moved onto their activations, in the first half of the steps; this refits curves, so `parts` must contain
    coef.
    parts: the kinds of numbers that training changes. frozen: edges it does not change, besides those frozen in the
    network. lock: numbers it does not change; under a lock no grid moves, so follow and finest do nothing.

    solver: "auto" takes Levenberg-Marquardt ("lm") for small networks and tables, L-BFGS for larger ones and for l1,
    entropy and mae, Adam in batches for the largest; `Progress.solver` is the one that runs. finest (lm): grids are
    refined, twice the intervals each time, up to this number, while the criterion falls; 0 does not change the grids.
    starts (lm): 0 continues from a trained network; 1 is for a new network, and may place the input grids by the normal
    scores of heavy-tailed inputs; more also tries so many random starts and takes the best. Raises TrainError for
    settings that make no sense.

    >>> import kanviz
    >>> config = kanviz.TrainConfig(solver="adam", steps=200, rate=0.02, batch=64)
    >>> kanviz.TrainConfig.from_json(config.to_json()) == config
    True
    >>> kanviz.TrainConfig(steps=0)
    Traceback (most recent call last):
        ...
    kanviz.errors.TrainError: The training settings do not make sense: check steps.
    """

    solver: Solver = "lbfgs"
    steps: int = 100
    loss: str | None = None
    rate: float | None = None
    batch: int | None = None
    l1: float = 0.0
    entropy: float = 0.0
    smooth: float | None = 1e-8
    patience: int = 0
    follow: int = 0
    parts: tuple[str, ...] = PARTS
    frozen: tuple[EdgeId, ...] = ()
    seed: int = 0
    finest: int = 0
    starts: int = 0
    lock: Lock | None = None

    def __post_init__(self):
        fits = {
            "solver": self.solver in SOLVER_NAMES,
            "steps": _whole(self.steps, 1, MAX_STEPS),
            "loss": self.loss is None or self.loss in tuple(LOSS_NAMES),
            "rate": self.rate is None or (_positive(self.rate) and self.rate > 0),
            "batch": self.batch is None or _whole(self.batch, 1),
            "l1": _positive(self.l1),
            "entropy": _positive(self.entropy),
            "smooth": self.smooth is None or _positive(self.smooth),
            "patience": _whole(self.patience),
            "parts": bool(self.parts) and all(part in PARTS for part in self.parts),
            "follow": _whole(self.follow, 0, MAX_STEPS) and (self.follow == 0 or "coef" in self.parts),
            "frozen": all(len(edge) == 3 and all(map(_whole, edge)) for edge in self.frozen),
            "seed": _whole(self.seed),
            "finest": _whole(self.finest, 0, MAX_FINEST),
            "starts": _whole(self.starts, 0, MAX_STARTS),
            "lock": self.lock is None or isinstance(self.lock, Lock),
        }
        wrong = [name for name, fit in fits.items() if not fit]
        if wrong:
            raise TrainError(f"The training settings do not make sense: check {', '.join(wrong)}.")

    @staticmethod
    def for_new(layers: int, **other: Any) -> "TrainConfig":
        """Return settings for a new network: grids from coarse to fine, smoothing chosen by the data.

        layers: number of layers; with more than two there are local minima, so several starts are tried.

        >>> import kanviz
        >>> config = kanviz.TrainConfig.for_new(layers=3, steps=50)
        >>> config.steps, config.starts, config.finest
        (50, 3, 12)
        """
        starts = 1 if layers <= 2 else 3
        return TrainConfig(**{"solver": "auto", "steps": 300, "smooth": None, "finest": 12, "starts": starts} | other)

    @staticmethod
    def for_trained(**other: Any) -> "TrainConfig":
        """Return settings for a trained network that was edited, or whose table changed: no grid moves.

        >>> import kanviz
        >>> kanviz.TrainConfig.for_trained(seed=7).steps
        50
        """
        return TrainConfig(**{"solver": "auto", "steps": 50, "smooth": None} | other)

    @property
    def by_criterion(self) -> bool:
        """Whether a criterion on the training rows chooses smoothing or grids, and with them the best network."""
        return self.solver == "lm" and (self.smooth is None or self.finest > 0)

    def to_json(self) -> dict[str, Any]:
        """Convert the settings to plain JSON."""
        record = {part.name: getattr(self, part.name) for part in fields(self)}
        lock = None if self.lock is None else self.lock.to_json()
        return record | {"frozen": [list(e) for e in self.frozen], "parts": list(self.parts), "lock": lock}

    @staticmethod
    def from_json(record: Any) -> "TrainConfig":
        """Read the settings that `to_json` wrote. Raises TrainError for anything else."""
        found = SETTINGS.value(record).fields((), [part.name for part in fields(TrainConfig)])
        edges = found.get("frozen", []).each(lambda edge: EdgeId(*edge.each(JsonValue.whole, 3, 3)))
        parts = found.get("parts", list(PARTS)).each(JsonValue.text)
        with SETTINGS.explaining("its lock cannot be read"):
            lock = found.get("lock").maybe(lambda value: Lock.from_json(value.value))
        return TrainConfig(**{**found.value, "frozen": edges, "parts": parts, "lock": lock})


def _whole(value: Any, low: int = 0, high: int = 2**63 - 1) -> bool:
    return type(value) is int and low <= value <= high


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_WEIGHT
