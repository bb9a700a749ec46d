"""Check that the parts of a layer fit each other, in number of axes, dtype and lengths."""

from collections.abc import Collection
from typing import Any

import torch

from kanviz.core.families import FAMILIES, SPLINE
from kanviz.core.steps import STEPS, nodes_before, normalised

_FLOATS = ("knots", "coef", "base_weight", "bias", "offset", "affine")
RANKS = {
    "knots": 2, "coef": 3, "base_weight": 2, "active": 2, "bias": 1, "offset": 1, "affine": 2, "frozen": 2, "norm": 2,
}  # fmt: skip


def wrong_kinds(layer: Any) -> list[str]:
    """Return the names of parts with a wrong number of axes or a wrong dtype."""
    wrong = [name for name, rank in RANKS.items() if getattr(layer, name).ndim != rank]
    wrong += [name for name in ("active", "frozen") if getattr(layer, name).dtype != torch.bool]
    kinds = {getattr(layer, name).dtype for name in (*_FLOATS, *(["norm"] if layer.norm.numel() else []))}
    if len(kinds) > 1 or not kinds <= {torch.float32, torch.float64}:
        wrong.append("the precision (all float32 or all float64)")
    return wrong


def wrong_shapes(layer: Any, bases: Collection[str]) -> list[str]:
    """Return the names of parts whose lengths do not fit the others, or that refer to something that does not exist."""
    s, t, _ = layer.coef.shape
    addresses = {(i, j) for i, j, _ in layer.formulas}
    family = FAMILIES.get(layer.family)
    splines = layer.family == SPLINE
    takes = nodes_before(layer.step, s)
    fits = {
        "knots": layer.knots.shape[0] == s and (not splines or 1 <= layer.order <= 10),
        "coef": s >= 1 and t >= 1 and (not splines or layer.grid >= 1),
        "family": splines or (family is not None and family.fits(layer.knots.shape[1], layer.coef.shape[2])),
        "step": layer.step in STEPS and takes is not None,
        "norm": layer.norm.shape == (2, takes if normalised(layer.step) else 0),
        "base_weight": layer.base_weight.shape == (s, t),
        "active": layer.active.shape == (s, t),
        "frozen": layer.frozen.shape == (s, t),
        "bias": layer.bias.shape == (t,),
        "arity": sum(layer.arity) == t and min(layer.arity, default=0) >= 1,
        "offset": layer.offset.shape == (layer.nodes,),
        "affine": layer.affine.shape == (len(layer.formulas), 4),
        "formulas": len(addresses) == len(layer.formulas) and all(0 <= i < s and 0 <= j < t for i, j in addresses),
        "base": layer.base in bases,
        "outside": layer.outside in ("zero", "linear"),
    }
    return [name for name, fit in fits.items() if not fit]
