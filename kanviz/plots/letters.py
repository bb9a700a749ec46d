"""Draw Letters: how it learns, what it expects next, and which functions and predictions kept their bits."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.language.letters.change import LettersChange
from kanviz.language.letters.network import PLACES, place_name
from kanviz.language.letters.reading import NextCharacter
from kanviz.language.letters.training import LettersProgress
from kanviz.language.symbols import GROUPS, SYMBOLS, shown_symbol
from kanviz.plots.theme import THEMES, Look, arrange, axis, canvas, empty, lamp_legend, words
from kanviz.text import percent

MOST_LAMPS = 576  # of predictions: as many as there are functions' values of a next character
NAMED = 10  # characters of a group whose name has room
BARS = 16  # next characters


def letters_training_figure(trail: Sequence[LettersProgress], *, theme: Look = "light") -> go.Figure:
    """Draw bits per character as Letters learns: thin on what it learns from, thick on the held-out part.

    >>> import kanviz.plots
    >>> from kanviz.language import Corpus, LettersConfig, train_letters
    >>> trail = list(train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60)))
    >>> figure = kanviz.plots.letters_training_figure(trail)
    >>> list(figure.data[0].x)
    [20, 40, 60]
    """
    if not trail:
        return empty(theme, "Bits per character", "No step has been taken yet.")
    colours = THEMES[theme]
    figure = canvas(theme, height=260)
    steps = [item.step for item in trail]
    for name, bits, width in (
        ("what it learns from", [item.train_bits for item in trail], 1),
        ("held out", [item.bits for item in trail], 2.5),
    ):  # fmt: skip
        figure.add_scatter(
            x=steps, y=bits, mode="lines", name=name, line={"color": colours.formula, "width": width},
            hovertemplate=f"{name}<br>step %{{x:,}}<br>%{{y:.4g}} bits<extra></extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "steps", range=[0, trail[-1].steps], showgrid=False),
        yaxis=axis(theme, "bits per character"),
        margin={"t": 40},
        showlegend=True,
    )
    return figure


def next_character_figure(
    now: NextCharacter, before: NextCharacter | None = None, *, theme: Look = "light"
) -> go.Figure:
    """Draw the likeliest next characters as bars. before: what was expected before a change, as marks.

    >>> import kanviz.plots
    >>> from kanviz.language import Corpus, LettersConfig, next_character, train_letters
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> kanviz.plots.next_character_figure(next_character(last.kan, "the c")).data[0].x[0]
    'a'
    """
    colours = THEMES[theme]
    order = now.probabilities.argsort(descending=True, stable=True)[:BARS].tolist()
    names = [words(shown_symbol(n)) for n in order]
    figure = canvas(theme, height=260)
    chances = now.probabilities[order].tolist()
    figure.add_bar(
        x=names, y=chances, name="now", marker={"color": colours.formula},
        text=[f"{p:.0%}" if p >= 0.005 else "" for p in chances], textposition="outside", cliponaxis=False,
        hovertemplate="%{x}: %{y:.2%}<extra></extra>",
    )  # fmt: skip
    if before is not None:
        figure.add_scatter(
            x=names, y=before.probabilities[order].tolist(), mode="markers", name="before the changes",
            marker={"symbol": "line-ew-open", "size": 18, "line": {"width": 3}, "color": colours.lost},
            hovertemplate="%{x}: %{y:.2%} before<extra></extra>",
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "next character", type="category", tickangle=0, showgrid=False),
        yaxis=axis(theme, "probability", tickformat=".0%", rangemode="tozero"),
        margin={"t": 40},
        showlegend=before is not None,
    )
    return figure


def function_lamps_figure(change: LettersChange, *, theme: Look = "light") -> go.Figure:
    """Draw a lamp for each place and character: whether all functions of that place kept their bits there.

    >>> import kanviz.plots
    >>> from kanviz.language import Corpus, LettersConfig, letters_change, train_letters
    >>> corpus = Corpus.from_text("the cat sat on the mat. " * 50)
    >>> *_, last = train_letters(corpus, LettersConfig(steps=60))
    >>> found = letters_change(last.kan, last.kan, corpus.held_out)
    >>> kanviz.plots.function_lamps_figure(found).data[0].z.sum()
    np.float64(576.0)
    """
    figure = canvas(theme, f"Functions: {percent(change.functions_kept)} % of the values are bit-identical", 212)
    names = [words(shown_symbol(n)) for n in range(len(SYMBOLS))]
    text = [[f"{name}, {place_name(place)}" for name in names] for place in range(PLACES)]
    lamps(figure, theme, change.functions.double().numpy(), text)
    wide = [group for group in GROUPS if group.end - group.start >= NAMED]
    arrange(
        figure,
        xaxis=axis(
            theme, tickvals=[(group.start + group.end - 1) / 2 for group in wide],
            ticktext=[group.name for group in wide], showgrid=False, tickangle=0,
        ),
        yaxis=axis(
            theme, tickvals=list(range(PLACES)), ticktext=[place_name(place) for place in range(PLACES)],
            range=[PLACES - 0.5, -0.5], showgrid=False,
        ),
    )  # fmt: skip
    return figure


def prediction_lamps_figure(kept: Bool[Tensor, "predictions"], *, theme: Look = "light") -> go.Figure:
    """Draw a lamp for each held-out prediction, in the order of the text; of many, 576 spread evenly.

    >>> import kanviz.plots, torch
    >>> figure = kanviz.plots.prediction_lamps_figure(torch.tensor([True, False, True]))
    >>> figure.layout.title.text, figure.data[0].z.shape
    ('Predictions: 66.7 % are bit-identical', (1, 3))
    """
    count = len(kept)
    some = torch.linspace(0, count - 1, min(count, MOST_LAMPS)).round().long()
    across = min(len(some), len(SYMBOLS))
    down = -(-len(some) // across)
    shade = np.full(down * across, np.nan)
    shade[: len(some)] = kept[some].double().numpy()
    text = [f"character {int(n) + 1:,}" for n in some] + [""] * (down * across - len(some))
    share = float(kept.double().mean())
    figure = canvas(theme, f"Predictions: {percent(share)} % are bit-identical", 92 + 17 * down)
    lamps(figure, theme, shade.reshape(down, across), np.array(text).reshape(down, across).tolist())
    arrange(
        figure,
        xaxis=axis(theme, visible=False, range=[-0.5, across - 0.5]),
        yaxis=axis(theme, visible=False, range=[down - 0.5, -0.5]),
        margin={"b": 16},
    )
    return figure


def lamps(figure: go.Figure, look: Look, shade: Float[np.ndarray, "down across"], text: list[list[str]]) -> None:
    """Add a heatmap of lamps: 1 kept its bits, 0 changed, NaN is no lamp; and their legend."""
    colours = THEMES[look]
    figure.add_heatmap(
        z=shade, zmin=0, zmax=1, showscale=False, hoverongaps=False, xgap=1, ygap=1, text=text,
        colorscale=[[0, colours.lost], [0.5, colours.lost], [0.5, colours.kept], [1, colours.kept]],
        customdata=np.where(shade == 1, "bit-identical", "changed"),
        hovertemplate="%{text}: %{customdata}<extra></extra>",
    )  # fmt: skip
    lamp_legend(figure, look)
    arrange(figure, margin={"t": 64})
