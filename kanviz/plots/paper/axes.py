"""Place the axes of a figure: ranges, ticks, grids and titles, as plotly would choose them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from kanviz.plots.paper.looks import POINT, Ink, width
from kanviz.plots.paper.words import MINUS, number, plain, style_of

PADDING = 0.05  # room around markers, as a share of the range


@dataclass
class Scale:
    """One axis of the figure: where its values go.

    letter: x or y · spec: plotly's properties · categories: the names along it, in order, where it has names · low,
    high: the values that are drawn on it · padded: whether markers need room at the ends · tight: whether a field of
    colour fills it.
    """

    letter: str
    spec: dict[str, Any]
    categories: list[str] = field(default_factory=list)
    low: float = np.inf
    high: float = -np.inf
    padded: bool = False
    tight: bool = False

    @property
    def named(self) -> bool:
        return bool(self.categories)

    @property
    def log(self) -> bool:
        return self.spec.get("type") == "log"

    def values(self, given: Any, count: int = 0) -> np.ndarray:
        """Return places along the axis as numbers; None, NaN and infinity are gaps. Names get the next whole number."""
        if given is None:
            return np.arange(count, dtype=float)
        known = list(given)
        if self.spec.get("type") == "category" or any(isinstance(value, str) for value in known):
            for value in known:
                if value is not None and str(value) not in self.categories:
                    self.categories.append(str(value))
            return np.array([np.nan if v is None else self.categories.index(str(v)) for v in known], dtype=float)
        found = np.array([np.nan if value is None else value for value in known], dtype=float)
        found[~np.isfinite(found)] = np.nan
        if self.log:
            found[found <= 0] = np.nan
        return found

    def hold(self, values: Any, *, padded: bool = False) -> None:
        """Make the range wide enough for some values."""
        there = np.asarray(values, dtype=float)
        there = there[np.isfinite(there)]
        if len(there):
            self.low, self.high = min(self.low, float(there.min())), max(self.high, float(there.max()))
        self.padded |= padded

    def range(self) -> tuple[float, float]:
        """Return the first and the last value shown."""
        given = self.spec.get("range")
        if given is not None:
            first, last = (float(end) for end in given)
            return (10**first, 10**last) if self.log else (first, last)
        first, last = (self.low, self.high) if self.low <= self.high else (0.0, 1.0)
        if self.named:
            first, last = min(first, 0.0) - 0.5, max(last, len(self.categories) - 1) + 0.5
        elif self.log:
            room = max(PADDING * np.log10(last / first), 0.02)
            first, last = first / 10**room, last * 10**room
        else:
            room = PADDING * (last - first) if self.padded and not self.tight else 0.0
            room = room or (0.0 if last > first else 0.5 * abs(first) or 1.0)
            floor = self.spec.get("rangemode") == "tozero" and first >= 0
            first, last = (0.0 if floor else first - room), last + room
        return (last, first) if self.spec.get("autorange") == "reversed" else (first, last)


def dressed(axes: Axes, across: Scale, up: Scale, ink: Ink, *, labelled: tuple[bool, bool]) -> None:
    """Give a panel its ranges, ticks, grid and titles. labelled: whether it has the labels of x, and of y."""
    axes.patch.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=3 * POINT, which="both")
    for scale, shown in zip((across, up), labelled, strict=True):
        axis = axes.xaxis if scale.letter == "x" else axes.yaxis
        spec = scale.spec
        if scale.log:
            (axes.set_xscale if scale.letter == "x" else axes.set_yscale)("log")
        (axes.set_xlim if scale.letter == "x" else axes.set_ylim)(*scale.range())
        if spec.get("visible") is False:
            axis.set_visible(False)
            continue
        _ticks(axis, scale, ink, shown=shown and spec.get("showticklabels") is not False)
        if spec.get("showgrid") is not False:
            axis.grid(visible=True, color=ink(spec.get("gridcolor", "#DDE4E9")), linewidth=width(1), zorder=0)
        if spec.get("zeroline") and min(scale.range()) <= 0 <= max(scale.range()) and not scale.log:
            line = axes.axvline if scale.letter == "x" else axes.axhline
            line(0, color=ink(spec.get("zerolinecolor", "#C6D0D8")), linewidth=width(spec.get("zerolinewidth", 1)),
                 zorder=0.6)  # fmt: skip
        if shown:
            _title(axis, spec, ink)
    axes.set_axisbelow(True)


def _ticks(axis: Any, scale: Scale, ink: Ink, *, shown: bool) -> None:
    spec = scale.spec
    axis.set_minor_locator(NullLocator())
    font = spec.get("tickfont", {})
    texts = spec.get("ticktext")
    if spec.get("tickvals") is not None:
        places: Sequence[float] = [float(v) for v in spec["tickvals"]]
        words = [number(v) for v in places] if texts is None else [plain(str(v)) for v in texts]
    elif scale.named:
        places, words = list(range(len(scale.categories))), [plain(name) for name in scale.categories]
    else:
        places, words = (), []
    if len(words):
        named = dict(zip(places, words, strict=True))
        axis.set_major_locator(FixedLocator(places))
        axis.set_major_formatter(FuncFormatter(lambda value, _: named.get(value, "") if shown else ""))
    else:
        even = MaxNLocator(spec.get("nticks") or "auto", steps=(1, 2, 5, 10))
        axis.set_major_locator(LogLocator() if scale.log else even)
        share = spec.get("tickformat") == ".0%"

        def label(value: float, _: Any) -> str:
            if not shown:
                return ""
            if share:
                return f"{value:.0%}".replace("-", MINUS)
            where = axis.get_majorticklocs()
            return number(value, 0.0 if scale.log or len(where) < 2 else float(where[1] - where[0]))

        axis.set_major_formatter(FuncFormatter(label))
    for tick in axis.get_major_ticks(max(len(words), 1)):
        tick.label1.set_parse_math(False)
    axis.set_tick_params(
        labelsize=font.get("size", 12) * POINT, labelcolor=ink(font.get("color", "#5B6B78")),
        rotation=-spec.get("tickangle", 0),
    )  # fmt: skip


def _title(axis: Any, spec: dict[str, Any], ink: Ink) -> None:
    title = spec.get("title", {})
    if title.get("text"):
        font = title.get("font", {})
        axis.set_label_text(
            plain(title["text"]), color=ink(font.get("color", "#5B6B78")), fontsize=font.get("size", 13) * POINT,
            linespacing=1.15, **style_of(title["text"]),
        )  # fmt: skip
        axis.labelpad = title.get("standoff", 8) * POINT
