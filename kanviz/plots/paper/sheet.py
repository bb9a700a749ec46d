"""Put a figure onto a page of a given width: the plot keeps its height, what is around it gets the room it needs."""

import io
from itertools import pairwise
from threading import Lock
from typing import Any, Literal

from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from kanviz.errors import UserError
from kanviz.plots.paper import notes
from kanviz.plots.paper.axes import Scale, dressed
from kanviz.plots.paper.known import understood
from kanviz.plots.paper.legend import legend
from kanviz.plots.paper.looks import POINT, Ink
from kanviz.plots.paper.traces import drawn, held

MM = 72 / 25.4  # points
EDGE = 3.0  # points between the page's edge and what is drawn
BETWEEN = 4.0  # points between plot, legend and title
LEAST = 0.3  # share of the page's width that the plot itself must have
ROUNDS = 3  # of measuring: new room changes the ticks, which need other room
DOTS = 400  # per inch, for what is stored as an image: fields of colour
BAR = (8, 12)  # pixels between a plot and its colour bar, and the bar's width
# Nothing of the user's own settings: the same figure gives the same file. Fonts are embedded as TrueType (42).
# Without hinting, letters are as wide when they are measured as when they are printed.
SETTINGS = {
    "pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "kanviz", "font.family": ["DejaVu Sans"],
    "text.hinting": "none",
}  # fmt: skip
Format = Literal["svg", "pdf", "png"]
_ONE = Lock()  # matplotlib's settings are those of the process


def written(figure: Any, format: Format, *, width: float, grey: bool, page: str) -> bytes:
    """Return the file of a plotly figure. width: of the page in mm · page: colour of the page."""
    settings: Any = {
        name: value for name, value in rcParamsDefault.items() if not name.startswith("backend")
    } | SETTINGS
    with _ONE, rc_context(settings):
        sheet = Sheet(figure.to_plotly_json(), width * MM, Ink(grey), page)
        file = io.BytesIO()
        empty = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[format]
        sheet.figure.savefig(file, format=format, dpi=DOTS, facecolor=sheet.ink(page), metadata=empty)
    return file.getvalue()


class Sheet:
    """A figure on its page. Lengths are points from the lower left corner."""

    def __init__(self, given: dict[str, Any], wide: float, ink: Ink, page: str):
        spec = understood(given)
        self.traces: list[dict[str, Any]] = spec["data"]
        self.layout: dict[str, Any] = spec["layout"]
        self.wide, self.ink, self.page = wide, ink, page
        margin = {"t": 100, "b": 80} | self.layout.get("margin", {})
        self.tall = max((self.layout.get("height", 450) - margin["t"] - margin["b"]) * POINT, 40.0)
        self.font = {"size": 12, "color": "#15202B"} | self.layout.get("font", {})
        self.figure = Figure(figsize=(wide / 72, 1), dpi=72)
        self.canvas = FigureCanvasAgg(self.figure)
        self.scales: dict[str, Scale] = {}
        self.panels: dict[tuple[str, str], Axes] = {}
        self._read()
        self._draw()
        self._settle()

    def _scale(self, name: str) -> Scale:
        if name not in self.scales:
            spec = self.layout.get(f"{name[0]}axis{name[1:]}", {})
            self.scales[name] = Scale(name[0], spec)
        return self.scales[name]

    def _read(self) -> None:
        """Find the panels and what their axes must hold."""
        self.pairs = [(one.get("xaxis", "x"), one.get("yaxis", "y")) for one in self.traces] or [("x", "y")]
        for trace, (x, y) in zip(self.traces, self.pairs, strict=False):
            trace["page"] = self.page
            held(trace, self._scale(x), self._scale(y))
        for x, y in dict.fromkeys(self.pairs):
            for name in (x, y):
                self._scale(name)
            self.panels[x, y] = self.figure.add_axes((0, 0, 1, 1), zorder=4, frameon=False)
        self.paper = self.figure.add_axes((0, 0, 1, 1), zorder=0)
        self.paper.set_axis_off()

    def _draw(self) -> None:
        groups: dict[tuple[str, str], list[int]] = {}
        for n, (trace, pair) in enumerate(zip(self.traces, self.pairs, strict=False)):
            if trace.get("type") == "bar":
                groups.setdefault(pair, []).append(n)
        fields = []
        for n, (trace, pair) in enumerate(zip(self.traces, self.pairs, strict=False)):
            if trace.get("type") == "bar":
                trace["among"] = len(groups[pair]), groups[pair].index(n), self.layout.get("bargap", 0.2)
            x, y = (self._scale(name) for name in pair)
            fields.append(drawn(trace, self.panels[pair], x, y, self.ink, n / (len(self.traces) + 1) / 10))
        for (x, y), axes in self.panels.items():
            across, up = self._scale(x), self._scale(y)
            labelled = (across.spec.get("anchor", "y") == y, up.spec.get("anchor", "x") == x)
            dressed(axes, across, up, self.ink, labelled=labelled)
        bars = [field for field in fields if field]
        if len(bars) > 1:
            raise UserError("This figure has several colour bars, which cannot be drawn for paper. Write it as .html.")
        self.bar = self.figure.add_axes((0, 0, 1, 1), zorder=4) if bars else None
        if self.bar is not None:
            notes.colour_bar(bars[0], self.figure, self.bar, self.font, self.ink)
        for one in self.layout.get("shapes", ()):
            notes.shape(one, self.figure, self._at(one), self.paper, self.ink)
        self.notes = [
            notes.note(self._in_data(one), self.figure, self._at(one), self.font, self.ink)
            for one in self.layout.get("annotations", ())
        ]
        head = self.layout.get("title", {})
        limit = self.wide - 2 * EDGE
        self.title = None
        if head.get("text"):
            self.title = notes.title(head["text"], self.figure, {**self.font, **head.get("font", {})}, self.ink, limit)
        self.legend = legend(self.traces, self.figure, self.layout, self.ink, limit)

    def _at(self, one: dict[str, Any]) -> Any:
        return notes.transform_of(one.get("xref", "x"), one.get("yref", "y"), self.panels, self.paper)

    def _in_data(self, one: dict[str, Any]) -> dict[str, Any]:
        """Return a note whose place counts in the axes' own numbers: plotly counts in decades on a logarithmic axis."""
        found = dict(one)
        for letter in "xy":
            ref = one.get(f"{letter}ref", letter)
            if ref in self.scales and self.scales[ref].log:
                found[letter] = 10.0 ** one[letter]
        return found

    # --- room -----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Measure what stands around the plot, and give it room."""
        left, right = 30.0, 10.0
        for _ in range(ROUNDS):
            self._place(left, right, 200.0, 200.0)
            self._extent()  # puts the ticks into their places, which are measured next
            self._break_titles()
            plot, whole = self._plot(left, right, 200.0), self._extent()
            left, right = (max(v, 0.0) + EDGE for v in (plot.x0 - whole.x0, whole.x1 - plot.x1))
            if self.wide - left - right < LEAST * self.wide:
                least = (left + right) / (1 - LEAST) / MM
                raise UserError(
                    f"The names of this figure leave no room for its plot on {self.wide / MM:.0f} mm; "
                    f"it needs about {least:.0f} mm."
                )
        self._place(left, right, 200.0, 200.0)
        plot, whole = self._plot(left, right, 200.0), self._extent()
        below, above = (max(v, 0.0) for v in (plot.y0 - whole.y0, whole.y1 - plot.y1))
        under = self.layout.get("legend", {}).get("y", 1.0) == 0
        renderer = self.canvas.get_renderer()
        key = self.legend.get_window_extent(renderer).height + BETWEEN if self.legend else 0.0
        head = self.title.get_window_extent(renderer).height + BETWEEN if self.title else 0.0
        below += EDGE + (key if under else 0.0)
        above += EDGE + head + (0.0 if under else key)
        total = self._place(left, right, below, above)
        if self.title:
            self.title.xy = self.title.xyann = (EDGE, total - EDGE)
        if self.legend:
            at = EDGE if under else total - EDGE - head - key + BETWEEN
            first = EDGE if self.layout.get("legend", {}).get("xanchor") != "center" else (
                (self.wide - self.legend.get_window_extent(renderer).width) / 2)  # fmt: skip
            self.legend.set_bbox_to_anchor((first / self.wide, at / total), transform=self.figure.transFigure)

    def _plot(self, left: float, right: float, below: float) -> Bbox:
        return Bbox.from_extents(left, below, self.wide - right, below + self.tall)

    def _place(self, left: float, right: float, below: float, above: float) -> float:
        """Put all axes onto the page; return the page's height."""
        total = below + self.tall + above
        self.figure.set_size_inches(self.wide / 72, total / 72)
        plot = self._plot(left, right, below)

        def share(x0: float, x1: float, y0: float, y1: float) -> tuple[float, float, float, float]:
            return (
                (plot.x0 + x0 * plot.width) / self.wide, (plot.y0 + y0 * plot.height) / total,
                (x1 - x0) * plot.width / self.wide, (y1 - y0) * plot.height / total,
            )  # fmt: skip

        for (x, y), axes in self.panels.items():
            across, up = (self.scales[name].spec.get("domain", (0, 1)) for name in (x, y))
            axes.set_position(share(*across, *up))
        self.paper.set_position(share(0, 1, 0, 1))
        if self.bar is not None:
            start, thick = (BAR[0] * POINT / plot.width, BAR[1] * POINT / plot.width)
            self.bar.set_position(share(1 + start, 1 + start + thick, 0, 1))
        return total

    def _extent(self) -> Bbox:
        """Return the box around everything but title and legend."""
        renderer = self.canvas.get_renderer()
        boxes = [axes.get_tightbbox(renderer) for axes in (*self.panels.values(), *([self.bar] if self.bar else []))]
        boxes += [note.get_window_extent(renderer) for note in self.notes]
        return Bbox.union([box for box in boxes if box is not None])

    def _break_titles(self) -> None:
        """Break titles of axes that are longer than their axis, and turn labels that would touch."""
        renderer = self.canvas.get_renderer()
        for (x, _), axes in self.panels.items():
            room = axes.get_window_extent(renderer)
            for axis, length in ((axes.xaxis, room.width), (axes.yaxis, room.height)):
                notes.broken(axis.label, length, renderer, upright=axis is axes.yaxis)
            labels = [text.get_window_extent(renderer) for text in axes.get_xticklabels() if text.get_text()]
            labels.sort(key=lambda box: box.x0)
            touching = any(a.x1 > b.x0 for a, b in pairwise(labels))
            if touching and "tickangle" not in self.scales[x].spec:
                axes.xaxis.set_tick_params(rotation=90)
        if self.bar is not None:
            length = self.bar.get_window_extent(renderer).height
            notes.broken(self.bar.yaxis.label, length, renderer, upright=True)
