"""Components of our own: small vanilla JavaScript, fed by the records that plotly draws too.

A folder each: `payload.py` makes what is sent and reads what comes back (`protocol.py` names every message), `view.js`
is where its JavaScript begins, a `.css` its look; `shared/` is what all use.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from kanviz.ui.components.bundle import bundle

HERE = Path(__file__).parent


@cache
def renderer(name: str, html: str) -> Callable[..., Any]:
    """Register the component of that name, once: the modules of its folder as one script, and its style."""
    from streamlit.components.v2 import component

    css = "".join((HERE / part / f"{part}.css").read_text(encoding="utf-8") for part in ("shared", name))
    return component(f"kanviz.{name}", html=html, css=css, js=bundle(HERE / name / "view.js"))
