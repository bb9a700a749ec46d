"""Steps, names and files in words, safe to be shown."""

import re
from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.text import escape_markdown, shown

if TYPE_CHECKING:
    from kanviz.core.kan import KAN


def step_words(step: object, kan: "KAN") -> str:
    """A step of the history in words, edges by the names of their nodes."""

    def named(found: re.Match[str]) -> str:
        try:
            edge = kan.edge([int(part) for part in found.groups()])
        except UserError:
            return found.group()
        return f"{edge.source} → {edge.target}"

    return re.sub(r"edge (\d{1,6}),(\d{1,6}),(\d{1,6})", named, str(step))


def file_stem(name: str) -> str:
    """A network's name as the beginning of a file's."""
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in name.rsplit(".", 1)[0])[:60].strip("_")
    return stem or "network"


def label(text: str, limit: int = 60) -> str:
    """Anybody's text, cut and escaped for Markdown."""
    return escape_markdown(shown(str(text), limit))
