"""Write the names and hover texts of the network's picture."""

from kanviz.analysis.scores import Scores
from kanviz.analysis.thumbnails import Thumbnail
from kanviz.plots.theme import words, wrapped
from kanviz.text import shown

NAME = 10  # letters of a line of a node's name: at most two lines, to leave room for the curves
WHOLE = 13  # letters of a name that fits on one line


def node_words(node, scores: Scores | None) -> str:
    kind = "product" if node.product else "input" if node.column == 0 else "sum"
    carried = ""
    if scores is not None:
        carried = f"<br>carries {_percent(float(scores.nodes[node.column][node.index]))} of the outputs' variance"
    return f"<b>{wrapped(node.name, 44, 3)}</b> · {kind}{carried}"


def name_width(name: str) -> float:
    """Return the width in pixels of a name next to its node."""
    count = len(name)
    return 7.5 * count if count <= NAME else 6.8 * (count if count <= WHOLE else NAME)


def two_lines(name: str) -> str:
    """Break a long name into two lines, between words if possible; the full name is in the node's hover text."""
    visible = shown(name)
    if len(visible) <= WHOLE:
        return words(visible)
    parts = [k + 1 for k in range(NAME) if visible[k] in " _-." and len(visible) - k - 1 <= NAME]
    head = parts[-1] if parts else NAME
    tail = visible[head:] if len(visible) - head <= NAME else f"…{visible[1 - NAME :]}"
    return f"{words(visible[:head])}<br>{words(tail)}"


def edge_words(curve: Thumbnail, scores: Scores | None) -> str:
    state = f"{curve.state}{' · frozen' if curve.frozen else ''}"
    lines = [f"<b>{wrapped(f'{curve.source} → {curve.target}', 44, 4)}</b>", state]
    if curve.formula_text:
        lines.append(wrapped(curve.formula_text, 60, 3))
    if scores is not None and curve.state != "pruned":
        lines.append(f"carries {_percent(scores.of(curve.id))} of the outputs' variance")
    return "<br>".join(lines)


def _percent(share: float) -> str:
    if share == 0:
        return "nothing"
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
