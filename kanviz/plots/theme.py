"""Define every colour and every common stroke, by meaning; make names safe for plotly's markup."""

import html
import textwrap
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

from kanviz.text import shown

Look = Literal["light", "dark"]
FONT = "Inter, system-ui, sans-serif"  # as in .streamlit/config.toml and components/shared/dom.js


@dataclass(frozen=True)
class Theme:
    """The colours by meaning. Series are Okabe-Ito, so that colour-blind readers can separate them.

    On page and card, text has a contrast of 4.5, marks of 3; `frame`, `line` and `shade` are decoration.
    """

    page: str
    card: str
    frame: str
    path: str
    text: str
    muted: str
    line: str
    shade: str
    spline: str
    formula: str
    both: str
    pruned: str
    frozen: str
    selected: str
    marked: str
    before: str
    base_part: str
    spline_part: str
    point: str
    train: str
    test: str
    density: str
    old: str
    new: str
    shared: str
    locked: str
    kept: str
    lost: str

    def state(self, name: str) -> str:
        """Return the colour of an edge in that state."""
        return {"spline": self.spline, "formula": self.formula, "both": self.both}.get(name, self.pruned)


THEMES: dict[str, Theme] = {
    "light": Theme(
        page="#FFFFFF", card="#FAFBFC", frame="#C6D0D8", path="#3E5161",
        text="#15202B", muted="#5B6B78", line="#DDE4E9", shade="rgba(91,107,120,0.10)",
        spline="#15202B", formula="#0072B2", both="#007A58", pruned="#82909B", frozen="#2B8CC4", selected="#D55E00",
        marked="#B0487F", before="#7B8994", base_part="#B07A00", spline_part="#0072B2", point="#D55E00",
        train="#0072B2", test="#D55E00", density="#6796B4",
        old="#0072B2", new="#BC7C00", shared="#B0487F", locked="#15202B", kept="#007A58", lost="#D55E00",
    ),
    "dark": Theme(
        page="#0B1015", card="#121A21", frame="#364653", path="#8FA3B3",
        text="#E6EBEF", muted="#93A2AE", line="#2A3742", shade="rgba(147,162,174,0.12)",
        spline="#E6EBEF", formula="#56B4E9", both="#1FBF92", pruned="#6B7A86", frozen="#56B4E9", selected="#E69F00",
        marked="#E08DBB", before="#7D8B96", base_part="#F0C75E", spline_part="#56B4E9", point="#E69F00",
        train="#56B4E9", test="#E69F00", density="#3F6C88",
        old="#56B4E9", new="#F0C75E", shared="#E08DBB", locked="#E6EBEF", kept="#1FBF92", lost="#E69F00",
    ),
}  # fmt: skip


def words(text: str, limit: int = 40) -> str:
    """Return a name from a file in a form that plotly shows literally: no tags, entities or LaTeX, and not too long."""
    visible = shown(str(text))
    return _literal(visible if len(visible) <= limit else f"{visible[: limit - 1]}…")


def brief(text: str, limit: int) -> str:
    """Return a name shortened in the middle: names in a table often differ at their ends."""
    visible = shown(str(text))
    head = limit // 2
    return _literal(visible if len(visible) <= limit else f"{visible[:head]}…{visible[head + 1 - limit :]}")


def wrapped(text: str, width: int, most: int = 2) -> str:
    """Break text into lines of so many letters, shown literally; what does not fit into the last line is cut."""
    visible = shown(str(text), width * most)
    return "<br>".join(map(_literal, textwrap.wrap(visible, width, max_lines=most, placeholder="…")))


def _literal(visible: str) -> str:
    return html.escape(visible, quote=False).replace("$", "&#36;")


def lamp_legend(figure: go.Figure, look: Look) -> None:
    """Add to the legend what the two colours of lamps mean."""
    for name, colour in (("bit-identical", THEMES[look].kept), ("changed", THEMES[look].lost)):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=name, showlegend=True,
            marker={"symbol": "square", "size": 11, "color": colour},
        )  # fmt: skip


def canvas(look: Look, title: str = "", height: int = 420) -> go.Figure:
    """Return an empty figure in our style, without a background, so that it fits on any page."""
    theme = THEMES[look]
    figure = go.Figure()
    arrange(
        figure,
        template="none",
        height=height,
        margin={"l": 64, "r": 16, "t": 44 if title else 16, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": theme.text},
        hoverlabel={
            "bgcolor": theme.card,
            "bordercolor": theme.line,
            "font": {"family": FONT, "size": 13, "color": theme.text},
            "align": "left",
        },
        legend={
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom",
            "font": {"size": 12, "color": theme.muted}, "bgcolor": "rgba(0,0,0,0)",
        },
        dragmode=False,
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": theme.muted, "activecolor": theme.text},
    )  # fmt: skip
    if title:
        arrange(
            figure,
            title={
                "text": title, "x": 0, "xref": "container", "xanchor": "left", "y": 1, "yref": "container",
                "yanchor": "top", "pad": {"l": 8, "t": 10}, "font": {"size": 14, "color": theme.text},
            }
        )  # fmt: skip
    return figure


def arrange(figure: go.Figure, **layout: Any) -> None:
    """Add to a figure's layout. `update_layout` does the same in ten times the time: it validates every property."""
    figure.layout = _merged(figure.layout.to_plotly_json(), layout)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(old[key], new[key]) for key in new if isinstance(old.get(key), dict) and isinstance(new[key], dict)
    }
    return {**old, **new, **both}


def axis(look: Look, title: str = "", **more: object) -> dict[str, object]:
    """Return an axis in our style: light grid, readable numbers."""
    theme = THEMES[look]
    return {
        "title": {"text": title, "font": {"size": 13, "color": theme.muted}, "standoff": 8},
        "color": theme.muted,
        "gridcolor": theme.line,
        "linecolor": theme.line,
        "zeroline": False,
        "zerolinecolor": theme.frame,
        "zerolinewidth": 1.2,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 12, "color": theme.muted},
        "automargin": True,
        "exponentformat": "e",  # 1e-4, never 100μ: the unit is in the title
        **more,
    }


def empty(look: Look, title: str, why: str) -> go.Figure:
    """Return a figure without data, with the reason as text."""
    figure = canvas(look, title, height=260)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text=why, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False,
        font={"size": 14, "color": THEMES[look].muted},
    )  # fmt: skip
    return figure


def label(name: str, unit: str = "") -> str:
    """Return an axis title: the name, and the unit in brackets."""
    return wrapped(f"{name} ({unit})" if unit else name, 40)
