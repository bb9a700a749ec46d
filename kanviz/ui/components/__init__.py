"""Browser components in plain JavaScript, which show the same records as the plotly figures.

Each has a folder: `payload.py` makes what is sent and checks what comes back (`protocol.py` names every message),
`view.js` is the entry of its JavaScript, a `.css` its style; `shared/` is used by all.
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
