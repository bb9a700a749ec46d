"""Draw the inside of a language model: its units by strength, what it expects next, and what a change does."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from kanviz.language.block import EdgePruning
from kanviz.language.changes import Change, NextSymbols, Pruning
from kanviz.language.inside import Unit
from kanviz.language.symbols import SYMBOLS, shown_symbol
from kanviz.plots.theme import THEMES, Look, arrange, axis, canvas, empty, words

MOST_UNITS = 60  # bars


def units_figure(
    units: Sequence[Unit],
    chosen: int | None = None,
    *,
    theme: Look = "light",
    noun: str = "unit",
    name: Callable[[int], str] | None = None,
) -> go.Figure:
    """Draw the strongest units as bars in the order given; a bar carries [number] and can be clicked.

    noun: what they are, in the singular · name: what the one of a number is called, by default noun and number.

    >>> import kanviz.plots
    >>> from kanviz.language.inside import Unit
    >>> figure = kanviz.plots.units_figure([Unit(7, 0.5, 0.1), Unit(2, 0.25, 0.0)], chosen=7)
    >>> [list(row) for row in figure.data[0].customdata], list(figure.data[0].y)
    ([[7], [2]], [50.0, 25.0])
    """
    if not units:
        return empty(theme, f"{noun.capitalize()}s", f"There are no {noun}s.")
    colours, some = THEMES[theme], units[:MOST_UNITS]
    title = (
        f"the {len(some)} strongest of {len(units)} {noun}s" if len(units) > len(some) else f"all {len(units)} {noun}s"
    )
    called = name or (lambda number: f"{noun} {number}")
    figure = canvas(theme, height=200)
    figure.add_bar(
        x=list(range(len(some))), y=[100 * unit.share for unit in some], customdata=[[unit.number] for unit in some],
        marker={"color": [colours.selected if unit.number == chosen else colours.density for unit in some]},
        hovertext=[
            f"{words(called(unit.number))}<br>{unit.share:.2%} of the block's output<br>{unit.outside:.0%} of inputs "
            "outside"
            for unit in some
        ],
        hoverinfo="text", showlegend=False,
    )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, title, showticklabels=False, showgrid=False),
        yaxis=axis(theme, "share (%)", rangemode="tozero"),
        bargap=0.15,
    )
    return figure


def next_symbols_figure(found: NextSymbols, *, theme: Look = "light") -> go.Figure:
    """Draw the probabilities of the next character, before (pale) and after a change.

    >>> import kanviz.plots
    >>> from kanviz.language.changes import NextSymbols
    >>> figure = kanviz.plots.next_symbols_figure(NextSymbols((" ", "e"), (0.5, 0.25), (0.75, 0.125)))
    >>> [list(trace.y) for trace in figure.data], list(figure.data[0].x)
    ([[50.0, 25.0], [75.0, 12.5]], ['␣', 'e'])
    """
    colours = THEMES[theme]
    figure = canvas(theme, height=260)
    names = [words(shown_symbol(SYMBOLS.index(symbol))) for symbol in found.symbols]
    for name, values, colour in (
        ("before", found.before, colours.before),
        ("now", found.after, colours.formula),
    ):
        figure.add_bar(
            x=names, y=[100 * value for value in values], name=name, marker={"color": colour},
            hovertemplate=f"%{{x}} {name}: %{{y:.3g}} %<extra></extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "next character", type="category", showgrid=False),
        yaxis=axis(theme, "probability (%)", rangemode="tozero"),
        margin={"t": 36},
        showlegend=True,
    )
    return figure


def predictions_figure(found: Change, *, theme: Look = "light") -> go.Figure:
    """Draw a lamp for each prediction, a row for each passage: whether it kept its bits.

    >>> import kanviz.plots, torch
    >>> from kanviz.language.changes import Change
    >>> figure = kanviz.plots.predictions_figure(Change(2.0, 2.1, torch.tensor([[True, False]])))
    >>> [list(row) for row in figure.data[0].z]
    [[1, 0]]
    """
    colours, (passages, places) = THEMES[theme], found.same.shape
    figure = canvas(theme, height=110 + 4 * passages)
    figure.add_heatmap(
        z=found.same.int().tolist(), zmin=0, zmax=1, showscale=False, xgap=1, ygap=1,
        colorscale=[[0, colours.lost], [1, colours.kept]],
        hovertemplate="passage %{y}, place %{x}: %{z}<extra></extra>",
    )  # fmt: skip
    for name, colour in (("same bits", colours.kept), ("changed", colours.lost)):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=name, hoverinfo="skip",
            marker={"symbol": "square", "size": 11, "color": colour},
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, f"place in a passage of {places} characters", showgrid=False, showticklabels=False),
        yaxis=axis(theme, "passages", showgrid=False, showticklabels=False),
        margin={"t": 36},
        showlegend=True,
    )
    return figure


def pruning_figure(found: Pruning | EdgePruning, *, theme: Look = "light") -> go.Figure:
    """Draw the bits without a share of the units: the weakest ones, and random ones as dots with each seed.

    Of a block with recorded rows, it draws the errors of the outputs without a share of the edges.

    >>> import kanviz.plots
    >>> from kanviz.language.changes import Pruning
    >>> figure = kanviz.plots.pruning_figure(Pruning((0.0, 0.5), (2.0, 2.1), ((2.0, 2.0), (2.3, 2.5))))
    >>> [(trace.name, list(trace.y)) for trace in figure.data]
    [('the weakest', [2.0, 2.1]), ('at random', [2.0, 2.0, 2.3, 2.5])]
    """
    colours = THEMES[theme]
    edges = isinstance(found, EdgePruning)
    noun, unit, title = ("edges", "", "error, share of spread") if edges else ("units", " bits", "bits per character")
    figure = canvas(theme, height=280)
    figure.add_scatter(
        x=[100 * share for share in found.shares], y=list(found.weakest), mode="lines+markers", name="the weakest",
        line={"color": colours.formula, "width": 2.5}, marker={"color": colours.formula, "size": 8},
        hovertemplate=f"without %{{x:.0f}} %: %{{y:.4g}}{unit}<extra></extra>",
    )  # fmt: skip
    pairs = [(100 * share, bits) for share, some in zip(found.shares, found.random, strict=True) for bits in some]
    figure.add_scatter(
        x=[x for x, _ in pairs], y=[y for _, y in pairs], mode="markers", name="at random",
        marker={"color": colours.lost, "size": 9, "symbol": "diamond-open"},
        hovertemplate=f"without %{{x:.0f}} %: %{{y:.4g}}{unit}<extra></extra>",
    )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, f"{noun} removed (%)", showgrid=False),
        yaxis=axis(theme, title, rangemode="tozero" if edges else "normal"),
        margin={"t": 36},
        showlegend=True,
    )
    return figure
