"""Figures as files: a page that needs nothing else, or plotly's own JSON."""

import plotly.graph_objects as go

from kanviz.plots.theme import THEMES, Look

# plotly's own bar offers to send a chart to its maker's cloud: data must not leave the machine by a stray click.
BAR = {
    "displaylogo": False,
    "showSendToCloud": False,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


def to_html(figure: go.Figure, *, theme: Look = "light") -> str:
    """A whole page with plotly inside it: opens without a network connection, in the theme's own background."""
    page = go.Figure(figure)
    page.update_layout(paper_bgcolor=THEMES[theme].page)
    text = page.to_html(include_plotlyjs=True, full_html=True, div_id="kanviz", config={**BAR, "responsive": True})
    return text.replace("<body>", f'<body style="margin:0;background:{THEMES[theme].page}">', 1)


def to_json(figure: go.Figure) -> str:
    """The figure as plotly's JSON, to be opened by any plotly."""
    return figure.to_json()  # pyright: ignore[reportReturnType]
