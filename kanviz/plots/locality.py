"""Draw locality: the reach of a change, what new rows share with known rows, and which known predictions changed."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from kanviz.analysis.locality.maps import ReachMap
from kanviz.analysis.locality.observed_change import Lamps
from kanviz.analysis.locality.strips import LOCKS, USES, Strip
from kanviz.plots.charts import DOTS
from kanviz.plots.theme import (
    THEMES,
    Look,
    Theme,
    arrange,
    axis,
    brief,
    canvas,
    empty,
    label,
    lamp_legend,
    words,
    wrapped,
)

MOST = 40  # strips in one figure
STRIP = 24  # pixels
LAMPS = 10_000  # lamps in one figure; with more rows, several share one
WIDE = 4  # lamps across for each lamp down


def reach_map_figure(found: ReachMap, *, theme: Look = "light") -> go.Figure:
    """Draw |change| of an output over two inputs, all in table units, with the table's rows as dots.

    >>> import kanviz, kanviz.plots
    >>> from kanviz.analysis.locality.maps import reach_map
    >>> from kanviz.analysis.locality.planned_change import point_change
    >>> kan = kanviz.init([2, 1], grid=20)
    >>> found = reach_map(point_change(kan, kanviz.EdgeId(0, 0, 0), 3), None, across=0, up=1, points=9)
    >>> figure = kanviz.plots.reach_map_figure(found)
    >>> figure.data[0].type, figure.data[0].z.shape
    ('heatmap', (9, 9))
    """
    colours = THEMES[theme]
    held = ", ".join(f"{v.name} = {value:.3g}" for v, value in found.held[:4])
    more = len(found.held) - 4
    title = wrapped(f"with {held}{f' and {more} more inputs' if more > 0 else ''} at their medians", 60) if held else ""
    figure = canvas(theme, title, 420)
    what = f"|change of {found.output.name}|{f' for each {found.per}' if found.per else ''}"
    figure.add_heatmap(
        x=found.x.numpy(), y=found.y.numpy(), z=found.size.numpy(), zmin=0, hoverongaps=False,
        colorscale=[[0, colours.card], [0.02, colours.line], [0.5, colours.density], [1, colours.formula]],
        colorbar={
            "title": {"text": wrapped(what, 60), "side": "right", "font": {"size": 12, "color": colours.muted}},
            "tickfont": {"size": 12, "color": colours.muted}, "thickness": 12, "outlinewidth": 0, "exponentformat": "e",
        },
        hovertemplate=f"{words(found.across.name)} %{{x:.4g}}<br>{words(found.up.name)} %{{y:.4g}}"
        "<br>changes by %{z:.3g}<extra></extra>",
    )  # fmt: skip
    rows = found.rows.numpy()
    at = np.linspace(0, len(rows) - 1, min(DOTS, len(rows))).astype(int)
    figure.add_scatter(
        x=rows[at, 0], y=rows[at, 1], mode="markers", name="rows", showlegend=False, hoverinfo="skip",
        marker={"size": 3, "color": colours.muted, "opacity": 0.5},
    )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, label(found.across.name, found.across.unit), showgrid=False),
        yaxis=axis(theme, label(found.up.name, found.up.unit), showgrid=False),
    )
    return figure


def strips_figure(found: Sequence[Strip], *, theme: Look = "light") -> go.Figure:
    """Draw control points from left to right, a strip for each coordinate or edge; the line beneath shows the locks.

    >>> import kanviz, kanviz.plots, torch
    >>> from kanviz.analysis.locality.overlap import overlap
    >>> from kanviz.analysis.locality.strips import strips
    >>> kan, x = kanviz.init([2, 1]), torch.linspace(-1, 1, 10, dtype=torch.float64)[:, None].repeat(1, 2)
    >>> figure = kanviz.plots.strips_figure(strips(kan, overlap(kan, old_x=x[:4], new_x=x[6:])))
    >>> sorted({trace.name for trace in figure.data if trace.showlegend})
    ['touched by new rows', 'used by both', 'used by old rows']
    """
    if not found:
        return empty(theme, "Control points", "No edge has a spline.")
    left_out = len(found) - MOST
    title = f"The first {MOST} of {len(found)}" if left_out > 0 else ""
    found = found[:MOST]
    colours = THEMES[theme]
    figure = canvas(theme, title, 90 + STRIP * len(found) + (28 if title else 0))
    looks = (*_uses(colours), *_locks(colours))
    for n in dict.fromkeys(strip.layer for strip in found):
        places = [place for place, strip in enumerate(found) if strip.layer == n]
        _layer(figure, [(place, found[place]) for place in places], looks)
    shown = {int(code) for strip in found for code in strip.use.unique()}
    shown |= {len(USES) + int(c) for strip in found if strip.locked is not None for c in strip.locked.unique() if c}
    for code in sorted(shown):
        name = (*USES, *LOCKS)[code]
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=name, showlegend=True,
            marker={"symbol": "square", "size": 11, "color": looks[code]},
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "control points, first to last", showticklabels=False, showgrid=False, range=[0, 1]),
        yaxis=axis(
            theme, "", range=[len(found), 0], showgrid=False, tickvals=[k + 0.4 for k in range(len(found))],
            ticktext=[brief(strip.label, 22) for strip in found],
        ),
        margin={"t": 64 if title else 36},
    )  # fmt: skip
    return figure


def _uses(colours: Theme) -> tuple[str, ...]:
    return (colours.line, colours.old, colours.new, colours.shared)


def _locks(colours: Theme) -> tuple[str, ...]:
    return ("rgba(0,0,0,0)", colours.muted, colours.locked)


def _layer(figure: go.Figure, found: list[tuple[int, Strip]], looks: tuple[str, ...]) -> None:
    """Draw all strips of one layer in one trace: they have equally many control points."""
    count = len(found[0][1].at)
    edges, rows, hover = [], [], []
    for place, strip in found:
        lines = [
            f"<b>{words(strip.label)}</b><br>control point {k} at {x:.4g}" for k, x in enumerate(strip.at.tolist())
        ]
        use = strip.use.tolist()
        held = [0] * count if strip.locked is None else strip.locked.tolist()
        texts = [
            f"{line}<br>{USES[u]}{f', {LOCKS[h]}' if strip.locked is not None else ''}"
            for line, u, h in zip(lines, use, held, strict=True)
        ]
        edges += [place + 0.08, place + 0.62, place + 0.68, place + 0.86]
        none = [None] * count
        rows += [use, none, none if strip.locked is None else [len(USES) + h for h in held], none]
        hover += [texts, none, texts, none]
    steps = len(looks)
    scale = [[(k + side) / steps, look] for k, look in enumerate(looks) for side in (0, 1)]
    figure.add_heatmap(
        x=np.linspace(0, 1, count + 1), y=edges, z=rows[:-1], zmin=-0.5, zmax=steps - 0.5, colorscale=scale,
        showscale=False, xgap=1 if count <= 120 else 0, hoverongaps=False, hoverinfo="text", text=hover[:-1],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def lamps_figure(found: Lamps, output: int = 0, *, theme: Look = "light") -> go.Figure:
    """Draw a lamp (a cell) for each known row, in the table's order, line by line.

    Unchanged predictions have one colour; the colour of the others grows with the change of the output. With more rows
    than lamps, neighbours share one, which counts as unchanged only where all of them are; a row whose change is NaN or
    infinite leaves a gap.

    >>> import kanviz, kanviz.edit, kanviz.plots, torch
    >>> from kanviz.analysis.locality.observed_change import lamps
    >>> kan, x = kanviz.init([1, 1], grid=20), torch.linspace(-1, 1, 30, dtype=torch.float64)[:, None]
    >>> moved = kanviz.edit.MoveControlPoint(kanviz.EdgeId(0, 0, 0), 0, 9.0).apply(kan)
    >>> figure = kanviz.plots.lamps_figure(lamps(kan, moved, x))
    >>> figure.data[0].type, figure.data[0].z.shape
    ('heatmap', (2, 20))
    """
    colours = THEMES[theme]
    count = len(found.kept)
    each = -(-count // LAMPS)
    lamps = -(-count // each)
    across = min(lamps, max(20, int(np.ceil(np.sqrt(WIDE * lamps)))))
    down = -(-lamps // across)
    room = down * across * each - count
    kept = np.pad(found.kept.numpy(), (0, room), constant_values=True).reshape(down, across, each).all(2)
    size = np.pad(found.change[:, output].abs().numpy(), (0, room)).reshape(down, across, each).max(2)
    largest = found.largest[output] or 1.0
    shade = np.where(kept, -1.0, np.where(np.isfinite(size), 0.4 + 0.6 * np.minimum(size / largest, 1.0), np.nan))
    shade.reshape(-1)[lamps:] = np.nan
    first = 1 + each * np.arange(down * across).reshape(down, across)
    figure = canvas(theme, str(found), 90 + min(260, max(40, 14 * down)))
    figure.add_heatmap(
        z=shade, zmin=-1, zmax=1, showscale=False, hoverongaps=False,
        colorscale=[[0, colours.kept], [0.4, colours.kept], [0.5, colours.line], [1, colours.lost]],
        xgap=1 if down <= 30 else 0, ygap=1 if down <= 30 else 0,
        customdata=np.stack([first, np.minimum(first + each - 1, count), np.where(np.isfinite(size), size, -1.0)], 2),
        hovertemplate=("row %{customdata[0]:,}" if each == 1 else "rows %{customdata[0]:,} to %{customdata[1]:,}")
        + "<br>changed by %{customdata[2]:.3g}<extra></extra>",
    )  # fmt: skip
    lamp_legend(figure, theme)
    arrange(
        figure,
        xaxis=axis(theme, visible=False, range=[-0.5, across - 0.5]),
        yaxis=axis(theme, visible=False, range=[down - 0.5, -0.5]),
        margin={"l": 16, "t": 64, "b": 16},
    )
    return figure
