"""Components of our own: small vanilla JavaScript, fed by the records that plotly draws too."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@cache
def renderer(name: str, html: str) -> Callable[..., Any]:
    """The component of that name, registered once: its own script and style behind those that all share."""
    from streamlit.components.v2 import component

    js, css = (
        "".join((HERE / f"{part}.{kind}").read_text(encoding="utf-8") for part in ("shared", name))
        for kind in ("js", "css")
    )
    return component(f"kanviz.{name}", html=html, css=css, js=js)
