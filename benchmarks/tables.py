"""Writes pieces of a Markdown page: wrapped prose, tables, numbers of three digits."""

import textwrap
from collections.abc import Iterable, Iterator


def prose(text: str) -> Iterator[str]:
    """Wrap a paragraph."""
    yield from textwrap.wrap(" ".join(text.split()), 118, break_long_words=False, break_on_hyphens=False)
    yield ""


def bullets(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"- {line}" for line in lines)
    yield ""


def table(head: list[str], rows: Iterable[Iterable[str]], words: int = 1) -> Iterator[str]:
    """Write a table: text in the first columns, numbers in the others."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * words}{'---:|' * (len(head) - words)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1e}" if 0 < abs(value) < 0.01 else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
