"""Export figures as files: a self-contained page, or plotly's own JSON."""

import plotly.graph_objects as go

from kanviz.plots.theme import THEMES, Look

# plotly's default bar can send a chart to its maker's cloud: a stray click must not send data off the machine.
BAR = {
    "displaylogo": False,
    "showSendToCloud": False,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


def to_html(figure: go.Figure, *, theme: Look = "light") -> str:
    """Return a whole page with plotly inside it: it opens without a network connection, in the theme's background.

    >>> import kanviz.plots
    >>> page = kanviz.plots.to_html(kanviz.plots.training_figure([(0, 1.5, None), (1, 0.5, None)]), theme="dark")
    >>> page[:6], "<script" in page, 'src="http' in page
    ('<!doct', True, False)
    """
    page = go.Figure(figure)
    page.update_layout(paper_bgcolor=THEMES[theme].page)
    text = page.to_html(include_plotlyjs=True, full_html=True, div_id="kanviz", config={**BAR, "responsive": True})
    return text.replace("<body>", f'<body style="margin:0;background:{THEMES[theme].page}">', 1)


def to_json(figure: go.Figure) -> str:
    """Return the figure as plotly's JSON, which any plotly opens.

    >>> import json, kanviz.plots
    >>> text = kanviz.plots.to_json(kanviz.plots.training_figure([(0, 1.5, None), (1, 0.5, None)]))
    >>> json.loads(text)["data"][0]["name"]
    'training rows'
    """
    return figure.to_json()  # pyright: ignore[reportReturnType]
