"""Show one edge."""

import torch

from kanviz.core.edge import Edge
from kanviz.display import markup

POINTS = 81


def html(edge: Edge) -> str:
    """Return what an edge is, with its curve over its grid."""
    low, high = edge.domain
    x = torch.linspace(low, high, POINTS, dtype=edge.coef.dtype)
    with torch.no_grad():
        y = edge(x)
    spline = f"order {edge.order}, {len(edge.coef)} control points" if edge.active and edge.order else ""
    name = f"{markup.literal(edge.source)} → {markup.literal(edge.target)}"
    return markup.page(
        markup.line(markup.bold(name), str(edge.id), edge.state, "frozen" if edge.frozen else "", spline),
        markup.line(markup.code(markup.literal(edge.formula, 300)) if edge.formula else ""),
        markup.curve(
            x.double().numpy(), y.double().numpy(), f"the curve of {edge.id}",
            colour=markup.FORMULA if edge.formula else "currentColor",
        ) if edge.state != "pruned" else "",
    )  # fmt: skip
