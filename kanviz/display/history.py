"""Show and draw the versions of a network."""

from collections.abc import Sequence
from typing import Any

from kanviz.analysis.curves import edge_curve
from kanviz.analysis.diff import same_edges
from kanviz.core.edge import EdgeId
from kanviz.core.kan import KAN
from kanviz.display import kan as networks
from kanviz.display import markup
from kanviz.display.rows import fitting
from kanviz.edit.history import History
from kanviz.text import counted

MOST = 12  # versions in the list: the last ones


def html(history: History) -> str:
    """Return the list of versions, the present one bold, and the present network in a line."""
    first = max(min(history.at - MOST // 2, len(history.versions) - MOST), 0)
    rows = []
    for at, version in list(enumerate(history.versions))[first : first + MOST]:
        name = markup.literal(version, 120)
        rows.append(f"<li>{f'<b>{name}</b> (present)' if at == history.at else name}</li>")
    present = markup.literal(repr(history.present), 200)
    return markup.page(
        markup.line(markup.bold("History"), counted(len(history.versions), "version"), present),
        f'<ol start="{first}" style="margin:0">{"".join(rows)}</ol>',
        markup.line(f"versions {first} to {first + MOST - 1} of {len(history.versions):,}")
        if len(history.versions) > MOST
        else "",
    )


def plot(history: History, data: Any = None, *, edge: Sequence[int] | None = None, theme: Any = "light") -> Any:
    """Return the figure of the present network with changed edges marked, or of one edge before and after."""
    from kanviz.plots import compare_figure, network_figure

    before, after = history.versions[0].kan, history.present
    rows = fitting(data, after)
    if edge is not None:
        place = after.check(edge)
        return compare_figure(edge_curve(before, before.check(edge), rows), edge_curve(after, place, rows), theme=theme)
    return network_figure(*networks.drawn(after, rows), theme=theme, highlight=_changed(before, after))


def _changed(before: KAN, after: KAN) -> list[EdgeId]:
    """Return the edges that changed; none where all did, as in a training, or where the shapes differ."""
    if [(v.sources, v.arity) for v in before.layers] != [(v.sources, v.arity) for v in after.layers]:
        return []
    if before.dtype != after.dtype:
        return []
    same = [same_edges(old, new) for old, new in zip(before.layers, after.layers, strict=True)]
    found = [EdgeId(n, i, j) for n, layer in enumerate(same) for i, j in (~layer).nonzero().tolist()]
    return found if any(bool(layer.any()) for layer in same) else []
