"""Build the curves of all primitives at all starts once, and find those most similar to some samples."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic.polish import heights
from kanviz.analysis.symbolic.samples import Curves
from kanviz.analysis.symbolic.shapes import KINDS, Rows, kind_of, starts

CELLS = 96
TOGETHER = 4  # curves in one product; fewer are padded with zeros, so that each has the same bits in any batch


@dataclass(frozen=True)
class Dictionary:
    """A curve for every start, at the cells' middles, of mean 0 and length 1 (float32); and its square.

    valleys: the number of equally long groups of starts of each primitive.
    """

    rows: Rows
    valleys: tuple[int, ...]
    curves: Float[Tensor, "row cell"]
    squares: Float[Tensor, "row cell"]


@lru_cache(maxsize=16)
def dictionary(names: tuple[str, ...]) -> Dictionary:
    """Return all starts of these primitives, sorted by kind."""
    names = tuple(sorted(names, key=lambda name: KINDS.index(kind_of(name))))
    found = [starts(name) for name in names]
    valleys = tuple(len(part) for part in found)
    found = [part.flatten(0, 1) for part in found]
    which = torch.cat([torch.full((len(part),), n) for n, part in enumerate(found)])
    theta, scale = torch.cat(found)[:, :2].contiguous(), torch.cat(found)[:, 2].contiguous()
    rows = Rows(names, which, torch.zeros_like(which), theta, scale)
    alpha, beta, _ = rows.place(theta)
    curves = heights(rows, torch.addcmul(beta[:, None], alpha[:, None], cell_middles()), theta[:, 1])
    curves -= curves.mean(1, keepdim=True)
    length = curves.norm(dim=1, keepdim=True)
    curves = torch.where((length > 1e-12) & length.isfinite(), curves / length, 0.0).float()
    return Dictionary(rows, valleys, curves, curves**2)


def cell_middles() -> Float[Tensor, " cell"]:
    return (torch.arange(CELLS, dtype=torch.float64) + 0.5) * (2 / CELLS) - 1


def cell_means(curves: Curves) -> tuple[Float[Tensor, "curve cell"], Float[Tensor, "curve cell"]]:
    """Return the weight of each cell, and y times weight."""
    cell = ((curves.t + 1) * (CELLS / 2)).long().clamp(0, CELLS - 1)
    none = torch.zeros(len(cell), CELLS, dtype=torch.float64)
    return none.scatter_add(1, cell, curves.w).float(), none.scatter_add(1, cell, curves.w * curves.y).float()


def correlations(curves: Curves, known: Dictionary) -> Float[Tensor, "curve row"]:
    """Return the squared correlation of every dictionary curve with the samples, which are averaged in cells."""
    weight, weighted = cell_means(curves)
    found = []
    for at in range(0, len(weight), TOGETHER):
        count = min(TOGETHER, len(weight) - at)
        sides = torch.zeros(2 * TOGETHER, CELLS)
        sides[:count], sides[TOGETHER : TOGETHER + count] = weight[at : at + count], weighted[at : at + count]
        mean, product = (sides @ known.curves.T).split(TOGETHER)
        spread = sides[:TOGETHER] @ known.squares.T - mean**2
        squared = torch.where(spread > 1e-6, product**2 / spread.clamp(min=1e-6), torch.zeros_like(spread))
        found.append(squared[:count])
    return torch.cat(found)


def best_starts(curves: Curves, names: tuple[str, ...]) -> tuple[Rows, Float[Tensor, " row"]]:
    """Return, for every curve and primitive, the best start of each group and the share of variance it leaves."""
    known = dictionary(names)
    found = correlations(curves, known)
    owner = torch.arange(len(found))
    chosen, curve, left = [], [], []
    for (_, part), valleys in zip(known.rows.parts, known.valleys, strict=True):
        best = found[:, part].unflatten(1, (valleys, -1)).max(2)
        first = torch.arange(part.start, part.stop, (part.stop - part.start) // valleys)
        chosen.append((best.indices + first).flatten())
        curve.append(owner.repeat_interleave(valleys))
        left.append(1 - best.values.flatten())
    rows = known.rows.take(torch.cat(chosen))
    return Rows(rows.names, rows.name, torch.cat(curve), rows.theta, rows.scale), torch.cat(left).double().clamp(min=0)
