"""Draw the outputs of a network against those of its original."""

import numpy as np
import plotly.graph_objects as go

from kanviz.analysis.check_record import Check
from kanviz.plots.charts import DOTS, line_of_equality
from kanviz.plots.theme import THEMES, Look, arrange, axis, canvas, empty, label

HEIGHT = 340


def check_figure(
    found: Check, output: int = 0, *, name: str = "output", unit: str = "", theme: Look = "light"
) -> go.Figure:
    """Draw one output, row by row; on the line both give the same. Rows that differ are marked.

    Of very many rows some are drawn, spaced evenly over those that differ and over those that agree.

    >>> import kanviz, kanviz.plots
    >>> found = kanviz.check(kan := kanviz.init([1, 1]), [[0.0], [0.5]], kan([[0.0], [0.5]]) + 1)
    >>> figure = kanviz.plots.check_figure(found, name="force", unit="kN")
    >>> [trace.name for trace in figure.data], figure.layout.xaxis.title.text
    ([None, 'rows that differ'], 'force of the original (kN)')
    """
    theirs, ours = found.original[:, output].numpy(), found.ours[:, output].numpy()
    there = np.isfinite(theirs) & np.isfinite(ours)
    if not there.any():
        return empty(theme, "Check", "No row has a number on both sides.")
    colours, differing = THEMES[theme], found.differing.numpy()
    figure = canvas(theme, height=HEIGHT)
    ends = line_of_equality(figure, np.concatenate([theirs[there], ours[there]]), theme)
    kinds = (
        ("rows that agree", ~differing, colours.kept, "circle"),
        ("rows that differ", differing, colours.lost, "diamond"),
    )
    for word, which, colour, symbol in kinds:
        rows = np.flatnonzero(there & which)
        at = rows[np.linspace(0, len(rows) - 1, min(DOTS // 2, len(rows))).astype(int)] if len(rows) else rows
        if not len(at):
            continue
        figure.add_scatter(
            x=theirs[at], y=ours[at], mode="markers", name=word, showlegend=True, customdata=(at + 1)[:, None],
            marker={"color": colour, "size": 6, "opacity": 0.6, "symbol": symbol},
            hovertemplate="row %{customdata[0]:,}<br>original %{x:.6g}<br>here %{y:.6g}<extra></extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, label(f"{name} of the original", unit), range=ends),
        yaxis=axis(theme, label(f"{name} here", unit), range=ends),
        margin={"t": 36},
    )
    return figure
