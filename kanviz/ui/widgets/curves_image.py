"""Show a few curves as one small image, side by side."""

import base64
from collections.abc import Sequence

import streamlit as st

from kanviz.ui.widgets.current import theme

STROKES = {"light": ("#15202B", "#0A638A"), "dark": ("#E6EBEF", "#56B4E9")}
WIDTH, HEIGHT = 300, 64


def curves_image(curves: Sequence[Sequence[float]]) -> None:
    """Show curves, each a list of heights from 0 to 1; the first stands out.

    The image's size does not depend on them, so that the page does not move when they come later.
    """
    ink, accent = STROKES[theme()]
    paths = []
    room = WIDTH / max(len(curves), 1)
    for n, curve in enumerate(curves):
        step = (room - 12) / max(len(curve) - 1, 1)
        points = " ".join(f"{room * n + 6 + k * step:.1f},{56 - 48 * y:.1f}" for k, y in enumerate(curve))
        colour = accent if n == 0 else ink
        paths.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.2"/>')
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {size}>{"".join(paths)}</svg>'
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    st.html(f'<img src="{source}" {size} style="width: 100%; height: auto; display: block" alt="">')
