"""Fix the constant that a product leaves open: a constant added to one factor adds the other factor to the sum.

(u + k) v = u v + k v. Where a sum of curves of the same inputs is next to the product, k cannot be determined; 0 is the
simplest, and the sum then has no part of the product.
"""

from dataclasses import replace

import torch

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.spline import domain, fit

LOOSE = 1e-14  # stiffness of the spline that replaces a formula: almost none


def without_constant(kan: KAN, edge: EdgeId) -> KAN | None:
    """Return the same network without a constant in the factor whose only edge is this formula.

    None where the sum could not absorb the constant.
    """
    layer = kan.layers[edge.layer]
    factor, partner = edge.target, _partner(layer, edge.target)
    formula = layer.formula(edge.source, factor)
    alone = int(layer.present[:, factor].sum()) == 1
    if partner is None or formula is None or not alone or 1 not in layer.arity or layer.base != "zero":
        return None
    total = layer.arity.index(1)
    places = layer.present[:, partner].nonzero().flatten().tolist()
    if total != 0 or not all(bool(layer.active[i, total]) for i in places):
        return None
    constant = formula.d + float(layer.bias[factor])
    coef, bias = layer.coef.clone(), layer.bias.clone()
    for i in places:
        coef[i, total] += constant * _as_spline(layer, i, partner)
    bias[factor] = 0.0
    bias[total] += constant * layer.bias[partner]
    new = replace(layer, coef=coef, bias=bias).with_formula(edge.source, factor, replace(formula, d=0.0))
    return kan.with_layers({edge.layer: new})


def _partner(layer: Layer, target: int) -> int | None:
    """Return the other factor of a product of two."""
    node = layer.owners[target]
    if layer.arity[node] != 2:
        return None
    first = layer.owners.index(node)
    return first + 1 if target == first else first


def _as_spline(layer: Layer, source: int, target: int) -> torch.Tensor:
    """Return the coefficients of an edge's curve on its grid; a formula's by least squares."""
    formula = layer.formula(source, target)
    if formula is None:
        return layer.coef[source, target]
    knots = layer.knots[source : source + 1]
    low, high = (float(end) for end in domain(knots, layer.order))
    x = torch.linspace(low, high, 8 * layer.grid, dtype=torch.float64)
    values = formula(x)
    if not bool(values.isfinite().all()):
        return torch.full_like(layer.coef[source, target], torch.nan)
    return fit(x[:, None], values[:, None, None], knots, layer.order, stiffness=LOOSE)[0, 0]
