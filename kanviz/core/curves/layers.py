"""Turn the curves of units into a layer with an edge from each unit to itself, and such a layer into curves."""

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.families import SPLINE
from kanviz.core.init import MOST_COEFFICIENTS
from kanviz.core.layer import Layer
from kanviz.errors import LayerError, UserError


def to_layer(coef: Float[Tensor, "unit basis"], knots: Float[Tensor, " knot"]) -> Layer:
    """Return a layer of these curves; all edges between different units are pruned.

    Raises UserError where it would have too many coefficients.
    """
    units, count = coef.shape
    if units * units * count > MOST_COEFFICIENTS:
        raise UserError(
            f"A layer of {units:,} units has {units * units * count:,} coefficients, the limit is "
            f"{MOST_COEFFICIENTS:,}. Choose some of the units: to_layer(units=range(100))."
        )
    own = torch.arange(units, device=coef.device)
    edges = torch.eye(units, dtype=torch.bool, device=coef.device)
    table = coef.new_zeros(units, units, count)
    table[own, own] = coef
    return Layer(
        knots=knots.detach().expand(units, -1).clone(), coef=table, base_weight=coef.new_zeros(units, units),
        active=edges, bias=coef.new_zeros(units), offset=coef.new_zeros(units), affine=coef.new_zeros(0, 4),
        frozen=torch.zeros_like(edges), base="zero", outside="linear",
    )  # fmt: skip


def from_layer(layer: Layer) -> tuple[Float[Tensor, "unit basis"], Float[Tensor, " knot"]]:
    """Return the control points and the knots of a layer of single curves; a bias is added to its curve.

    Pruned edges become the constant of their bias. Raises LayerError for any other layer.
    """
    units = layer.sources
    own = torch.arange(units, device=layer.coef.device)
    apart = torch.eye(units, dtype=torch.bool, device=layer.coef.device) if layer.targets == units else None
    why = (
        "its curves are not splines, or something stands before them" if layer.family != SPLINE or layer.step
        else "it has not as many targets as sources" if apart is None
        else "it has nodes that multiply" if set(layer.arity) != {1}
        else "it has formulas" if layer.formulas
        else "it has edges between different units" if bool((layer.active & ~apart).any())
        else "its edges have a base function" if _has_base(layer)
        else "its curves are zero outside the knots" if layer.outside != "linear"
        else "its sources have different knots" if bool((layer.knots != layer.knots[:1]).any())
        else ""
    )  # fmt: skip
    if why:
        raise LayerError(f"This layer cannot be the curves of units: {why}. Use kanviz.KANLayer.from_layer for it.")
    coef = torch.where(layer.active[own, own][:, None], layer.coef[own, own], torch.zeros_like(layer.coef[own, own]))
    bias = layer.bias[:, None]
    return torch.where(bias == 0, coef, coef + bias).detach(), layer.knots[0].detach().clone()


def _has_base(layer: Layer) -> bool:
    return layer.base != "zero" and bool((layer.base_weight[layer.active] != 0).any())
