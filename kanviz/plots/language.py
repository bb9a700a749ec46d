"""Draw language models: what blocks come to against the clock."""

import plotly.graph_objects as go

from kanviz.language.race import Lane, Race
from kanviz.plots.theme import THEMES, Look, Theme, arrange, axis, canvas, empty, words

MOST_BITS = 5.0  # shown; a blind guess needs 6.58, and every training leaves that in its first steps
ROW = 44  # pixels of a block


def race_figure(race: Race, *, theme: Look = "light") -> go.Figure:
    """Draw bits per character as blocks learn: thin on what they learn from, thick on the held-out part.

    >>> import kanviz.plots
    >>> from kanviz.language.race import Lane, Race
    >>> lane = Lane("gelu", 0, 0.01, 114_816, 40, 40, 2.0, ((1.0, 3.5), (2.0, 3.1)), ((2.0, 40, 3.2),), ended=True)
    >>> figure = kanviz.plots.race_figure(Race("documentation", "0" * 64, 2.0, None, "To be", 1, (lane,)))
    >>> [(trace.name, list(trace.y)) for trace in figure.data]
    [('gelu', [3.5, 3.1]), ('gelu', [3.2])]
    """
    if not any(lane.learned for lane in race.lanes):
        return empty(theme, "Bits per character", "No step has been taken yet.")
    figure = canvas(theme, height=380)
    for lane in race.lanes:
        colour, dash, symbol = _look(lane.kind, THEMES[theme])
        seed = f"{lane.kind}, seed {lane.seed}"
        figure.add_scatter(
            x=[x for x, _ in lane.learned], y=[y for _, y in lane.learned], mode="lines", name=lane.kind,
            legendgroup=lane.kind, showlegend=False, opacity=0.45, line={"color": colour, "width": 1},
            hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=[x for x, _, _ in lane.held_out] or [None], y=[y for _, _, y in lane.held_out] or [None],
            mode="lines+markers", name=lane.kind, legendgroup=lane.kind, showlegend=lane is _first(race, lane.kind),
            line={"color": colour, "width": 2.5, "dash": dash}, marker={"color": colour, "size": 8, "symbol": symbol},
            customdata=[step for _, step, _ in lane.held_out],
            hovertemplate=f"{seed}<br>%{{x:.3g}} s, step %{{customdata:,}}<br>%{{y:.4g}} bits<extra></extra>",
        )  # fmt: skip
    seen = [y for lane in race.lanes for _, y in lane.learned] + [
        y for lane in race.measured for _, _, y in lane.held_out
    ]
    low = min(seen)
    arrange(
        figure,
        xaxis=axis(theme, "seconds of training", rangemode="tozero", showgrid=False),
        yaxis=axis(theme, "bits per character", range=[low - 0.1, max(min(max(seen), MOST_BITS), low + 0.2)]),
        margin={"t": 40},
        showlegend=True,
    )
    return figure


def race_ends_figure(race: Race, *, theme: Look = "light") -> go.Figure:
    """Draw what each training came to, a row for each block, best on top; a line marks the mean of its seeds.

    >>> import kanviz.plots
    >>> from kanviz.language.race import Lane, Race
    >>> lanes = (Lane(kind, 0, 0.01, 114_816, held_out=((2.0, 40, bits),), ended=True)
    ...          for kind, bits in (("gelu", 3.2), ("curves", 3.1)))
    >>> figure = kanviz.plots.race_ends_figure(Race("documentation", "0" * 64, 2.0, None, "To be", 2, tuple(lanes)))
    >>> list(figure.layout.yaxis.ticktext)
    ['curves', 'gelu']
    """
    blocks = sorted(race.comparison.blocks, key=lambda block: block.mean)
    if not blocks:
        return empty(theme, "Bits per character", "Nothing was measured yet.")
    colours = THEMES[theme]
    figure = canvas(theme, height=84 + ROW * len(blocks))
    for row, block in enumerate(blocks):
        colour, _, symbol = _look(block.kind, colours)
        figure.add_scatter(
            x=[block.mean, block.mean], y=[row - 0.3, row + 0.3], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": colour, "width": 2.5},
        )  # fmt: skip
        figure.add_scatter(
            x=[run.bits for run in block.runs], y=[row] * len(block.runs), mode="markers", showlegend=False,
            marker={"color": colour, "size": 11, "symbol": symbol, "opacity": 0.75},
            hovertext=[f"{words(block.kind)}, seed {run.seed}<br>{run.bits:.4f} bits" for run in block.runs],
            hoverinfo="text",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "bits per character at the end"),
        yaxis=axis(
            theme, tickvals=list(range(len(blocks))), ticktext=[block.kind for block in blocks],
            range=[len(blocks) - 0.5, -0.5], showgrid=False,
        ),
    )  # fmt: skip
    return figure


def _first(race: Race, kind: str) -> Lane:
    return next(lane for lane in race.lanes if lane.kind == kind)


def _look(kind: str, colours: Theme) -> tuple[str, str, str]:
    """Return colour, dash and symbol of a kind of block."""
    return {
        "curves": (colours.formula, "solid", "circle"),
        "gelu": (colours.lost, "dash", "diamond"),
        "swiglu": (colours.both, "dot", "square"),
        "gr-kan": (colours.shared, "dashdot", "triangle-up"),
        "kan": (colours.base_part, "longdash", "x"),
    }.get(kind, (colours.muted, "solid", "circle"))
