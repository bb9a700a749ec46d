"""Define the rungs of the ladder, from experiments that forget nothing without a lock to those that need one.

Each rung has switches that make it fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from kanviz.continual.peaks import PLACES, Place
from kanviz.errors import UserError
from kanviz.text import listing, shown

Lock = Literal["none", "rows", "region"]


@dataclass(frozen=True)
class Setting:
    """The settings of one run: the peaks, the network that learns them, and its protection.

    place: a name of `PLACES` · shape, grid, base: of the network · lock: lock the numbers that old rows, or all points
    of old regions, use · solver: Levenberg-Marquardt, or Adam with the next two settings · kept: Adam's state is reused
    for the next task · decay: weight decay in every step · steps: per task · rows, points: number of training rows and
    of test points of each task · locked_rows: number of rows given to the lock, None for all, test points included.
    """

    place: str
    shape: tuple[int, ...]
    grid: int
    base: Literal["zero", "silu"] = "zero"
    lock: Lock = "none"
    solver: Literal["lm", "adam"] = "lm"
    kept: bool = False
    decay: float = 0.0
    steps: int = 20
    rows: int = 100
    points: int = 100
    locked_rows: int | None = None

    @property
    def where(self) -> Place:
        return PLACES[self.place]


@dataclass(frozen=True)
class Switch:
    """A change that may make a rung fail. change: the changed fields of its `Setting`."""

    name: str
    words: str
    change: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Rung:
    """An experiment of the ladder. setting: the settings of the run, with the switches in `failing_with` applied.

    usual: the switches that are used if "make it fail" is chosen without names · several: switches may be combined.

    >>> import kanviz
    >>> rung = kanviz.RUNGS[0]
    >>> rung.title, rung.setting.grid, rung.failing().setting.grid, rung.failing("base").setting.base
    ('Apart, on a line', 60, 5, 'silu')
    >>> rung.failing("lock")
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: Rung 1 has no switch 'lock'; it has coarse and base.
    """

    number: int
    title: str
    text: str
    setting: Setting
    switches: tuple[Switch, ...]
    usual: tuple[str, ...]
    several: bool = False
    failing_with: tuple[str, ...] = ()

    def failing(self, *names: str) -> "Rung":
        """Return the rung with these switches applied, or the usual ones if none are named.

        Raises UserError for unknown switches, and for several where they exclude each other.
        """
        there = {switch.name: switch for switch in self.switches}
        wrong = [name for name in names if name not in there]
        if wrong:
            raise UserError(f"Rung {self.number} has no switch {shown(wrong[0])!r}; it has {listing([*there], 9)}.")
        chosen = tuple(name for name in there if name in (names or self.usual))
        if len(chosen) > 1 and not self.several:
            raise UserError(
                f"The switches of rung {self.number} exclude each other; choose one of {listing([*there], 9)}."
            )
        setting = self.setting
        for name in chosen:
            setting = replace(setting, **there[name].change)
        return replace(self, setting=setting, failing_with=chosen)


RUNGS = (
    Rung(
        1,
        "Apart, on a line",
        "One layer, one curve. Each peak is learned from rows of its own interval, and at least four cells of the grid "
        "are between two intervals. A control point acts on four cells, so the new rows move none that the old rows "
        "use. Only coefficients are trained.",
        Setting("separated", (1, 1), 60),
        (
            Switch("coarse", "A grid of 5 intervals, pykan's default: one control point reaches 80% of the line.",
                   {"grid": 5}),
            Switch("base", "A trained silu added to the spline, most libraries' default: it acts everywhere.",
                   {"base": "silu"}),
        ),
        ("coarse",),
    ),
    Rung(
        2,
        "Side by side",
        "The same, but the intervals touch. The control points at a border belong to both neighbours, so the newer one "
        "moves them. How far that is seen depends on the grid alone.",
        Setting("adjacent", (1, 1), 60),
        (
            Switch("coarser", "A grid of 20 intervals: four cells for each peak, as many as a control point reaches.",
                   {"grid": 20}),
        ),
        ("coarser",),
    ),
    Rung(
        3,
        "The optimiser's traps",
        "Rung 1 learned with Adam, started again for every peak: a number without a gradient does not move. What "
        "other libraries do, each a switch, breaks that.",
        Setting("separated", (1, 1), 60, solver="adam", steps=200),
        (
            Switch("momentum", "The optimiser keeps its state: momentum goes on moving what the last peak moved.",
                   {"kept": True}),
            Switch("decay", "Weight decay 0.01 in every step, as AdamW has it: old peaks shrink.", {"decay": 0.01}),
            Switch("base", "A trained silu added to the spline: it acts everywhere.", {"base": "silu"}),
            Switch("coarse", "A grid of 5 intervals: one control point reaches 80% of the line.", {"grid": 5}),
        ),
        ("base",),
        several=True,
    ),
    Rung(
        4,
        "Two inputs, and depth",
        "With one layer and a target that is a sum over the inputs, two inputs are as good as one, as long as old and "
        "new rows share no coordinate. Depth breaks it: what enters the second layer is a sum, and sums of far rows "
        "fall on the same place.",
        Setting("sums apart", (2, 1), 60),
        (
            Switch("shared", "Peaks at the corners of a square: they share coordinates.",
                   {"place": "sums shared"}),
            Switch("depth", "A second layer, one input: [1, 5, 1].",
                   {"place": "separated", "shape": (1, 5, 1), "grid": 30}),
            Switch("square", "[2, 5, 1] and peaks at the corners of a square (pykan's issue 227).",
                   {"place": "square", "shape": (2, 5, 1), "grid": 30, "rows": 200}),
            Switch("diagonal", "[2, 5, 1] and peaks along the diagonal.",
                   {"place": "diagonal", "shape": (2, 5, 1), "grid": 30, "rows": 200}),
        ),
        ("square",),
    ),
    Rung(
        5,
        "Locked rows",
        "Two layers, two inputs, peaks at the corners of a square, which locality alone forgets. Now every control "
        "point that an old row uses, in both layers, is locked before the next peak is learned. The price is room: "
        "locked points cannot learn, and from some seeds a peak is missed.",
        Setting("square", (2, 5, 1), 30, lock="rows", rows=200),
        (
            Switch("unlocked", "No lock.", {"lock": "none"}),
            Switch("full", "A grid of 5 intervals: the lock holds, and soon nothing is free to learn with.",
                   {"grid": 5}),
        ),
        ("unlocked",),
    ),
    Rung(
        6,
        "A locked region",
        "A lock for rows says nothing of the points between them. The certified lock bounds what any point of a region "
        "can use, in every layer, and holds all of that. It is tested on points that it was never given.",
        Setting("square", (2, 5, 1), 30, lock="region", rows=200, points=1_000),
        (
            Switch("rows", "A lock for 20 rows of each region instead of all of its points.",
                   {"lock": "rows", "locked_rows": 20}),
            Switch("unlocked", "No lock.", {"lock": "none"}),
        ),
        ("rows",),
    ),
)  # fmt: skip


def rung_of(number: int) -> Rung:
    """Return the rung with this number, 1 to 6. Raises UserError for others.

    >>> from kanviz.continual.rungs import rung_of
    >>> rung_of(5).title
    'Locked rows'
    """
    if not 1 <= number <= len(RUNGS):
        raise UserError(f"The ladder has rungs 1 to {len(RUNGS)}; there is no {number}.")
    return RUNGS[number - 1]
