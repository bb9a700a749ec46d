"""Offer quotients of polynomials as a `torch.nn.Module`: the activation of GR-KAN, learned for groups of units."""

import torch
from torch import Tensor, nn

from kanviz.core.engine.bases import BASE_CURVES
from kanviz.core.engine.native import quotients as native
from kanviz.core.torch_modes import forward_mode, has_numbers, is_autocast, is_transforming, recorded
from kanviz.errors import LayerError, UserError

ABOVE, BELOW = 6, 4  # coefficients: x^0 .. x^5 over 1 + |those of x^1 .. x^4|


class Rational(nn.Module):
    """A torch module with one learned quotient P(x) / (1 + |Q(x)|) for every `share` neighbouring units.

    x: (..., units) gives (..., units). `above` (group, 6) are the coefficients of P from the constant up, `below`
    (group, 4) those of Q from x up. All begin near GELU. Raises UserError where `share` does not divide the units.
    Sources: Molina et al., Pade activation units, 2020; Yang and Wang, Kolmogorov-Arnold Transformer, 2024,
    arXiv 2409.10594.

    >>> import torch
    >>> from kanviz.core.curves.rational import Rational
    >>> quotient = Rational(8)
    >>> quotient(torch.zeros(3, 8)).shape, quotient.above.shape, quotient.below.shape
    (torch.Size([3, 8]), torch.Size([2, 6]), torch.Size([2, 4]))
    >>> quotient.forward(torch.zeros(3, 9))
    Traceback (most recent call last):
        ...
    kanviz.errors.LayerError: The quotients take 8 values a row, and x has shape (3, 9).
    """

    def __init__(self, units: int, share: int = 4, dtype: torch.dtype | None = None):
        super().__init__()
        if units < 1 or share < 1 or units % share:
            raise UserError(f"{units} units cannot share quotients by {share}. Choose a number that `share` divides.")
        self.units, self.share = units, share
        with torch.device("cpu"):
            above, below = near_gelu()
        where = {"dtype": dtype or torch.get_default_dtype(), "device": torch.get_default_device()}
        self.above = nn.Parameter(above.to(**where).repeat(units // share, 1))
        self.below = nn.Parameter(below.to(**where).repeat(units // share, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Compute each unit's quotient at x, in x's shape. Raises LayerError where x does not fit."""
        if x.ndim == 0 or x.shape[-1] != self.units:
            raise LayerError(f"The quotients take {self.units} values a row, and x has shape {tuple(x.shape)}.")
        coef = torch.cat([self.above, self.below], 1).T[:, :, None].expand(-1, -1, self.share).flatten(1)
        rows = x.reshape(-1, self.units)
        computes = not (recorded() or is_transforming() or forward_mode() or is_autocast())
        if computes and has_numbers(rows) and has_numbers(coef) and native.takes(rows, coef):
            return _Quotients.apply(rows, coef).view(x.shape)  # pyright: ignore[reportAttributeAccessIssue]
        return quotients(rows, coef).view(x.shape)

    def extra_repr(self) -> str:
        return f"{self.units}, share={self.share}"


def quotients(x: Tensor, coef: Tensor) -> Tensor:
    """Compute each unit's quotient at x (rows, unit) by torch's operations; coef (10, unit)."""
    above, below = coef[:ABOVE].unbind(0), coef[ABOVE:].unbind(0)
    top, under = above[-1], below[-1]
    for c in above[-2::-1]:
        top = torch.addcmul(c, top, x)
    for c in below[-2::-1]:
        under = torch.addcmul(c, under, x)
    return top / (1 + (under * x).abs())


class _Quotients(torch.autograd.Function):
    """The kernel as a function for autograd; gradients of gradients are left to torch's operations."""

    @staticmethod
    def forward(ctx, x: Tensor, coef: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.save_for_backward(x, coef)
        return native.forward(x, coef)

    @staticmethod
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        x, coef = ctx.saved_tensors
        of_x, of_coef = ctx.needs_input_grad
        if not torch.is_grad_enabled() and native.takes(x, coef) and native.takes(grad, coef):
            return native.backward(grad, x, coef, of_x=of_x, of_coef=of_coef)
        with torch.enable_grad():
            inputs = [one if one.requires_grad else one.detach().requires_grad_(True) for one in (x, coef)]
            found = torch.autograd.grad(quotients(*inputs), inputs, grad, create_graph=True)
        return tuple(one if want else None for one, want in zip(found, (of_x, of_coef), strict=True))


def near_gelu() -> tuple[Tensor, Tensor]:
    """Compute the coefficients of a quotient that is GELU on [-6, 6] to 0.0044, in float64.

    GELU is x / 2 plus an even function. That is fitted as N(x^2) / D(x^2), by least squares with the weights of the
    last round's D (Sanathanan and Koerner 1963); D has positive coefficients, so the bars of |Q| change nothing.
    """
    x = torch.linspace(-6, 6, 401, dtype=torch.float64)
    y, square = BASE_CURVES["gelu"].value(x) - x / 2, x * x
    under = torch.ones_like(x)
    n2, n4, d2, d4 = torch.zeros(4, dtype=torch.float64)
    for _ in range(20):
        table = torch.stack([square, square**2, -y * square, -y * square**2], 1) / under[:, None]
        n2, n4, d2, d4 = torch.linalg.solve(table.T @ table, table.T @ (y / under))
        under = 1 + d2 * square + d4 * square**2
    zero, half = torch.zeros_like(d2), torch.full_like(d2, 0.5)
    return torch.stack([zero, half, n2, d2 / 2, n4, d4 / 2]), torch.stack([zero, d2, zero, d4])
