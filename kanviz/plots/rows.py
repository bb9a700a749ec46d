"""Draw the rows of a table: the target against every input."""

import numpy as np
import plotly.graph_objects as go

from kanviz.core.data.dataset import Dataset
from kanviz.plots.charts import DOTS
from kanviz.plots.theme import THEMES, Look, arrange, axis, canvas, empty, label, words

PANELS, ACROSS = 9, 3  # most panels, and how many stand next to each other
HEIGHT = 190  # pixels of a row of panels
ROOM, UNDER = 0.06, 60  # between panels: share of the width; pixels


def rows_figure(data: Dataset, output: int = 0, *, theme: Look = "light") -> go.Figure:
    """Draw an output of a data set, in table units, against each input; of classes, which class each row has.

    Of many rows some are drawn, spread evenly, and of many inputs the first ones.

    >>> import kanviz, kanviz.plots
    >>> data = kanviz.Dataset.from_arrays([[0.0, 1.0], [1.0, 1.0], [2.0, 3.0]], [1.0, 2.0, 5.0], test=0)
    >>> figure = kanviz.plots.rows_figure(data)
    >>> [trace.x.tolist() for trace in figure.data], figure.layout.xaxis2.title.text
    ([[0.0, 1.0, 2.0], [1.0, 1.0, 3.0]], 'x2')
    """
    if not len(data):
        return empty(theme, "Rows", "The table has no rows.")
    colours = THEMES[theme]
    chosen = np.linspace(0, len(data) - 1, min(DOTS // 2, len(data))).astype(int)
    notes = [f"{len(chosen):,} of {len(data):,} rows"] if len(chosen) < len(data) else []
    notes += [f"the first {PANELS} of {len(data.inputs)} inputs"] if len(data.inputs) > PANELS else []
    count = min(len(data.inputs), PANELS)
    across, down = min(count, ACROSS), -(-count // ACROSS)
    figure = canvas(theme, ", ".join(notes), HEIGHT * down + 90)
    held = np.isin(chosen, data.test.numpy())
    classes = data.task == "classification"
    x, y = data.x.numpy(), data.y.argmax(1).numpy() if classes else data.y[:, output].numpy()
    if classes:
        named = {"tickvals": list(range(len(data.outputs))), "ticktext": [words(v.name, 16) for v in data.outputs]}
    else:
        named = {}
    gap = UNDER / (HEIGHT * down)
    width, tall = (1 - ROOM * (across - 1)) / across, (1 - gap * (down - 1)) / down
    axes: dict[str, object] = {}
    for place in range(count):
        row, column = divmod(place, across)
        name = "" if place == 0 else str(place + 1)
        for word, which, colour, symbol in (
            ("training rows", ~held, colours.train, "circle"),
            ("held-out rows", held, colours.test, "diamond"),
        ):
            at = chosen[which]
            if len(at):
                figure.add_scatter(
                    x=x[at, place], y=y[at], mode="markers", name=word, showlegend=place == 0, legendgroup=word,
                    xaxis=f"x{name}", yaxis=f"y{name}",
                    marker={"color": colour, "size": 5, "opacity": 0.6, "symbol": symbol},
                    hovertemplate="%{x:.4g}, %{y:.4g}<extra></extra>",
                )  # fmt: skip
        left, top = column * (width + ROOM), 1 - row * (tall + gap)
        variable = data.inputs[place]
        title = words(data.target, 24) if classes else label(data.outputs[output].name, data.outputs[output].unit)
        axes[f"xaxis{name}"] = axis(
            theme, label(variable.name, variable.unit), domain=[left, min(left + width, 1.0)], anchor=f"y{name}",
            showgrid=False, nticks=5,
        )  # fmt: skip
        axes[f"yaxis{name}"] = axis(
            theme, "" if column else title, domain=[max(top - tall, 0.0), top], anchor=f"x{name}",
            showticklabels=column == 0, nticks=6, **named,
        )  # fmt: skip
    arrange(figure, **axes, margin={"t": 60 if notes else 36}, showlegend=len(data.test) > 0)
    return figure
