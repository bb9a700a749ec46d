"""Puts all splines of an input on the same knots, exactly, where a library gives every edge knots of its own."""

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.spline import basis, greville, spline
from kanviz.errors import LoadError

_SAME, _ROUNDING = 1e-6, 5e-7  # of the width of a grid; of its largest knot, in float32
_ONE = 1e-13  # of the width of all grids
MOST, MOST_NUMBERS = 400, 20_000_000  # knots of one input; coefficients of a layer on shared knots


def on_shared_knots(
    n: int, knots: Float[Tensor, "source target knot"], coef: Float[Tensor, "source target basis"]
) -> tuple[Float[Tensor, "source shared_knot"], Float[Tensor, "source target shared_basis"]]:
    """Return knots for each input of layer n, and the coefficients on them of the same curves, in float64.

    The knots of an input are those of all its edges, so every curve is a spline on them; its coefficients follow from
    its values at their Greville abscissae. Raises LoadError for too many knots.
    Source: de Boor, A Practical Guide to Splines, ch. XIII (interpolation at the Greville abscissae).
    """
    knots, coef = knots.double(), coef.double()
    width, largest = knots[..., -1] - knots[..., 0], knots.abs().amax(2)
    same = (_SAME * width + _ROUNDING * largest).amax(1)
    apart = (knots - knots[:, :1]).abs().amax((1, 2)) > same
    if not bool(apart.any()):
        return knots[:, 0], coef
    rows = [_joined(own) if differs else own[0] for own, differs in zip(knots, apart, strict=True)]
    most = max(map(len, rows))
    if most > MOST or most * coef[..., 0].numel() > MOST_NUMBERS:
        raise LoadError(
            f"The edges of an input of layer {n} have grids of their own, together {most} knots, which is too many "
            f"(limits: {MOST} knots an input, {MOST_NUMBERS:,} coefficients). Update the grid from samples in that "
            "library, which gives all of them the same, and save again."
        )
    shared = torch.stack([_lengthened(row, most) for row in rows])
    found = [_coefficients(n, *one) for one in zip(shared, knots, coef, strict=True)]
    return shared, torch.stack(found)


def _coefficients(
    n: int,
    shared: Float[Tensor, " shared_knot"],
    knots: Float[Tensor, "target knot"],
    coef: Float[Tensor, "target basis"],
) -> Float[Tensor, "target shared_basis"]:
    """Compute the coefficients of all edges of one input on its shared knots. Raises LoadError where there are none."""
    order = knots.shape[1] - coef.shape[1] - 1
    (x,) = greville(shared[None], order)
    values = spline(x[:, None].expand(-1, len(coef)), knots, coef[:, None])[..., 0]  # place, target
    found, failed = torch.linalg.solve_ex(basis(x[:, None], shared[None], order)[:, 0], values)
    if bool(failed):
        raise LoadError(f"The edges of an input of layer {n} have grids of their own with knots that nearly coincide.")
    return found.T


def _joined(own: Float[Tensor, "target knot"]) -> Float[Tensor, " shared_knot"]:
    """Return the knots of all edges in ascending order, those as one that differ by rounding in float64."""
    found = own.unique()
    first = torch.ones(1, dtype=torch.bool)
    return found[torch.cat([first, found.diff() > _ONE * (found[-1] - found[0])])]


def _lengthened(row: Tensor, count: int) -> Tensor:
    """Add knots above the last one, where no curve is; with them every input has equally many."""
    step = (row[-1] - row[0]) / (len(row) - 1)
    return torch.cat([row, row[-1] + step * torch.arange(1, count - len(row) + 1, dtype=row.dtype)])
