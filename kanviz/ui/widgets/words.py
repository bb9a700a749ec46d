"""Turn steps, names and files into text that is safe to show."""

import re
from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.text import escape_markdown, shown

if TYPE_CHECKING:
    from kanviz.core.kan import KAN


def step_words(step: object, kan: "KAN") -> str:
    """Describe a step of the history; edges are named by their nodes."""

    def named(found: re.Match[str]) -> str:
        try:
            edge = kan.edge([int(part) for part in found.groups()])
        except UserError:
            return found.group()
        return f"{edge.source} → {edge.target}"

    return re.sub(r"edge (\d{1,6}),(\d{1,6}),(\d{1,6})", named, str(step))


def file_stem(name: str) -> str:
    """Return the start of a file name, made from a network's name."""
    plain = re.sub(r"\.\w{1,12}$", "", name)
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in plain)[:60].strip("_")
    return stem or "network"


def label(text: str, limit: int = 60) -> str:
    """Shorten untrusted text and escape it for Markdown."""
    return escape_markdown(shown(str(text), limit))
