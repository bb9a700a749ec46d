"""Components of our own: small vanilla JavaScript, fed by the records that plotly draws too."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@cache
def renderer(name: str, html: str, *scripts: str) -> Callable[..., Any]:
    """The component of that name, registered once: its own script and style behind those that all share.

    scripts: further scripts that it needs, by name.
    """
    from streamlit.components.v2 import component

    def read(kind: str, *parts: str) -> str:
        return "".join((HERE / f"{part}.{kind}").read_text(encoding="utf-8") for part in parts)

    js = read("js", "shared", *scripts, name)
    return component(f"kanviz.{name}", html=html, css=read("css", "shared", name), js=js)
