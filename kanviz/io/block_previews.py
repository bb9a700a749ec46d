"""Shows the KANs inside a model's file by their strongest curves, a few blocks at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kanviz.analysis.thumbnails import all_curves
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.errors import LoadError
from kanviz.io import open_model

CURVES = 5  # of a block
MOST_EDGES = 100_000  # of a block whose curves are shown: scoring these takes a second


@dataclass(frozen=True)
class Preview:
    """The strongest curves of a block, each a list of heights from 0 to 1; why: the reason where there is none."""

    curves: tuple[tuple[float, ...], ...] = ()
    why: str = ""


def previews(files: Mapping[str, bytes], names: Sequence[str]) -> dict[str, Preview]:
    """Return the preview of each of these blocks in a model's files (contents by name)."""
    return {name: _preview(files, name) for name in names}


def _preview(files: Mapping[str, bytes], name: str) -> Preview:
    try:
        kan = open_model(files, name)
    except LoadError as refusal:
        return Preview(why=str(refusal))
    count = sum(layer.active.numel() for layer in kan.layers)
    if count > MOST_EDGES:
        return Preview(why=f"It has {count:,} edges; their curves are shown once it is open.")
    strongest = _strongest(kan)
    drawn = {one.id: one.heights for one in all_curves(kan, edges=strongest, points=40)}
    heights = [(drawn[edge][np.isfinite(drawn[edge])] + 1) / 2 for edge in strongest]
    return Preview(tuple(tuple(curve.clip(0, 1).round(2).tolist()) for curve in heights))


def _strongest(kan: KAN) -> list[EdgeId]:
    """Return the edges with the widest range over their grids; their scores would take a hundred times as long."""
    sized: list[tuple[float, EdgeId]] = []
    for n, layer in enumerate(all_curves(kan, points=8).layers):
        size = np.where(kan.layers[n].present.numpy().ravel(), np.nan_to_num(layer.size), -1)
        widest, places = np.argsort(-size, kind="stable")[:CURVES], list(layer.places)
        sized += [(float(size[at]), EdgeId(n, *places[at])) for at in widest.tolist() if size[at] >= 0]
    return [edge for _, edge in sorted(sized, key=lambda one: -one[0])[:CURVES]]
