"""Draw lessons of language models: gain against forgetting, and texts coloured by what each character costs."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.language.symbols import encode, shown_symbol
from kanviz.language.teaching.outcome import Outcome
from kanviz.plots.letters import lamps
from kanviz.plots.theme import THEMES, Look, Theme, arrange, axis, canvas, empty

ACROSS = 48  # characters of a line
DEAREST = 10.0  # bits from which the colour stays the same
SYMBOL_ROW, LAMP_ROW = 22, 14  # pixels
LEAST = 0.2  # bits of forgetting that the plane shows at least, so that next to nothing looks like it


def teach_plane_figure(outcomes: Sequence[Outcome], gain: float | None = None, *, theme: Look = "light") -> go.Figure:
    """Draw the way of each lesson through the plane of gain and forgetting. gain: where a line marks equal gain.

    >>> import kanviz.plots
    >>> from kanviz.language import TeachPoint
    >>> from kanviz.language.teaching.outcome import Outcome
    >>> trajectory = (TeachPoint(0, 0, 0, 1), TeachPoint(10, 1.2, 0.002, 0.94))
    >>> figure = kanviz.plots.teach_plane_figure([Outcome("gate", 10, 10, trajectory, 0.5, None)], 1.0)
    >>> list(figure.data[0].x)
    [0.0, 1.2]
    """
    if not outcomes:
        return empty(theme, "Gain and forgetting", "No lesson has started yet.")
    figure, colours = canvas(theme, height=380), THEMES[theme]
    for one in outcomes:
        colour, dash, symbol = _look(one.how, colours)
        figure.add_scatter(
            x=[float(point.gain) for point in one.trajectory], y=[float(point.forgetting) for point in one.trajectory],
            mode="lines+markers", name=one.how, line={"color": colour, "width": 2.5, "dash": dash},
            marker={"color": colour, "size": 7, "symbol": symbol},
            customdata=[[point.step, 100 * point.identical] for point in one.trajectory],
            hovertemplate=f"{one.how}, step %{{customdata[0]:,}}<br>gain %{{x:.3f}}, forgetting %{{y:.4f}} bits<br>"
            "%{customdata[1]:.1f} % of the old predictions bit-identical<extra></extra>",
        )  # fmt: skip
    costs = [point.forgetting for one in outcomes for point in one.trajectory]
    low, high = min(0.0, *costs), max(LEAST, *costs)
    room = 0.04 * (high - low)
    if gain is not None:
        figure.add_scatter(
            x=[gain, gain], y=[low, high], mode="lines", name="equal gain", hoverinfo="skip",
            line={"color": colours.muted, "width": 1.2, "dash": "dot"},
        )  # fmt: skip
    arrange(
        figure,
        xaxis=axis(theme, "gain (bits per character)"),
        yaxis=axis(theme, "forgetting (bits per character)", range=[low - room, high + room]),
        margin={"t": 40},
        showlegend=True,
    )
    return figure


def text_bits_figure(
    text: str, bits: Float[Tensor, "character"], title: str = "", *, theme: Look = "light"
) -> go.Figure:
    """Draw a text with each character on a colour by what it costs: pale is cheap, strong is dear.

    >>> import kanviz.plots, torch
    >>> figure = kanviz.plots.text_bits_figure("To be", torch.tensor([6.6, 3.0, 0.5, 4.0, 1.0]))
    >>> figure.data[0].z.shape, figure.data[0].text[0][:2].tolist()
    ((1, 48), ['T', 'o'])
    """
    if not text:
        return empty(theme, title, "There is no text.")
    colours = THEMES[theme]
    down = math.ceil(len(text) / ACROSS)
    room = down * ACROSS - len(text)
    costs = np.pad(bits.double().numpy(), (0, room), constant_values=np.nan).reshape(down, ACROSS)
    shown = [_literal(shown_symbol(int(n))) for n in encode(text)] + [""] * room
    figure = canvas(theme, title, 62 + SYMBOL_ROW * down)
    figure.add_heatmap(
        z=costs, zmin=0, zmax=DEAREST, showscale=False, hoverongaps=False, opacity=0.55,
        text=np.array(shown, dtype=object).reshape(down, ACROSS), texttemplate="%{text}",
        textfont={"size": 13, "color": colours.text}, colorscale=[[0, colours.page], [1, colours.lost]],
        hovertemplate="%{text}: %{z:.2f} bits<extra></extra>",
    )  # fmt: skip
    _bare(figure, theme, down)
    return figure


def text_lamps_figure(kept: Bool[Tensor, "character"], *, theme: Look = "light") -> go.Figure:
    """Draw a lamp for each character of a text, in lines as `text_bits_figure`: are its bits the same?

    >>> import kanviz.plots, torch
    >>> kanviz.plots.text_lamps_figure(torch.tensor([True, False])).layout.title.text
    'Lamps: 1 of 2 predictions are bit-identical'
    """
    down = max(1, math.ceil(len(kept) / ACROSS))
    shade = np.full(down * ACROSS, np.nan)
    shade[: len(kept)] = kept.double().numpy()
    title = f"Lamps: {int(kept.sum()):,} of {len(kept):,} predictions are bit-identical"
    figure = canvas(theme, title, 84 + LAMP_ROW * down)
    text = [[f"character {row * ACROSS + n + 1:,}" for n in range(ACROSS)] for row in range(down)]
    lamps(figure, theme, shade.reshape(down, ACROSS), text)
    _bare(figure, theme, down)
    return figure


def _bare(figure: go.Figure, look: Look, down: int) -> None:
    arrange(
        figure,
        xaxis=axis(look, visible=False, range=[-0.5, ACROSS - 0.5]),
        yaxis=axis(look, visible=False, range=[down - 0.5, -0.5]),
        margin={"l": 8, "r": 8, "b": 8},
    )


def _literal(character: str) -> str:
    return {"<": "&lt;", "&": "&amp;", "$": "&#36;"}.get(character, character)


def _look(how: str, colours: Theme) -> tuple[str, str, str]:
    """Return colour, dash and symbol of a way to teach."""
    return {
        "gate": (colours.kept, "solid", "circle"),
        "plain": (colours.lost, "dash", "x"),
        "replay": (colours.formula, "dot", "square"),
        "ewc": (colours.shared, "dashdot", "triangle-up"),
        "ewc+replay": (colours.base_part, "longdash", "diamond"),
        "units": (colours.before, "solid", "star"),
    }.get(how, (colours.muted, "dot", "cross"))
