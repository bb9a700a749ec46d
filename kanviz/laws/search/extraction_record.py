"""The records of an extraction: its settings, a network read as a formula, and all readings so far."""

from dataclasses import dataclass

from kanviz.core.kan import KAN
from kanviz.core.training.ending import Ending
from kanviz.errors import UserError
from kanviz.laws.law import Law

SAME = 1e-9  # of the spread: smaller errors are rounding


@dataclass(frozen=True)
class ExtractConfig:
    """The settings of an extraction.

    seconds: by the clock, for all of it · primitives: names in PRIMITIVES that edges may have, None for all · prune:
    remove curves that the held-out rows do not need · imitate: fit to the network's values instead of the table.
    Raises UserError for no time.

    >>> import kanviz
    >>> kanviz.ExtractConfig(seconds=5.0, primitives=("x", "x^2", "sin"), imitate=True).prune
    True
    """

    seconds: float = 60.0
    primitives: tuple[str, ...] | None = None
    prune: bool = True
    imitate: bool = False

    def __post_init__(self):
        if not self.seconds > 0:
            raise UserError(f"The extraction needs time; got {self.seconds:g} seconds.")


@dataclass(frozen=True, eq=False)
class Reading:
    """A network with formulas on some or all edges, or the law it was written as.

    kan: in the precision of the given network; of a law, the network of formulas it was polished from · curves: edges
    without a formula · complexity: parts of the written formula, plus one for each control point of a curve ·
    train_rmse, test_rmse: in the outputs' units, over all outputs, on the rows fitted to and on the held-out rows ·
    gap, largest: root mean square and largest difference from the given network, on the held-out rows · law: None while
    it is a network.
    """

    kan: KAN
    curves: int
    complexity: int
    train_rmse: float
    test_rmse: float
    gap: float
    largest: float
    law: Law | None = None


@dataclass(frozen=True, eq=False)
class Extraction:
    """The state of an extraction.

    front: the readings that no other reading beats in both complexity and error, simplest first · start: the given
    network · now: the current reading · edges: how many had a curve at the start · imitates: whether errors are
    differences from the network instead of the table · spread: standard deviation of the fitted values · rows: held-out
    rows.

    >>> import kanviz
    >>> found = next(kanviz.extract(kanviz.init([2, 1])))
    >>> found.edges, found.best.curves, found.error(found.best) < 1e-9
    (2, 2, True)
    """

    front: tuple[Reading, ...]
    start: Reading
    now: Reading
    edges: int
    imitates: bool
    spread: float
    rows: int
    stopped_because: Ending = Ending.RUNNING

    def error(self, one: Reading) -> float:
        """Return the held-out error as a share of the spread, never below rounding."""
        return max(one.test_rmse / self.spread, 1e-3 * SAME)

    @property
    def best(self) -> Reading:
        """The simplest reading without a curve whose error is within 1.1 times the least error of such readings.

        Without such a reading, the most accurate one.
        """
        whole = [one for one in self.front if not one.curves] or list(self.front[-1:])
        least = max(min(one.test_rmse for one in whole), SAME * self.spread)
        return next(one for one in whole if one.test_rmse <= 1.1 * least)
