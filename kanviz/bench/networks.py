"""Build the networks that are timed: the plain recursion, kanviz's layers on each path, and MLPs.

The plain layer is what most KAN layers in torch do: all basis functions by the full Cox-de Boor recursion under
autograd, then one matrix product. It is the reference: every ratio is its time divided by the other's.
"""

import inspect
import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kanviz.bench.workloads import ORDER, WORKLOADS, Workload
from kanviz.core.module import KANLayer
from kanviz.core.spline import uniform_knots
from kanviz.errors import UserError

PATHS = ("native", "dense", "local")


class PlainLayer(nn.Module):
    """The reference: all basis functions by the full recursion under autograd, one matrix product, plus silu.

    Source: de Boor, A Practical Guide to Splines, ch. IX. Zero outside the knots.
    """

    knots: Tensor

    def __init__(self, sources: int, targets: int, grid: int, order: int = ORDER, dtype: torch.dtype | None = None):
        super().__init__()
        dtype = dtype or torch.get_default_dtype()
        self.order = order
        self.register_buffer("knots", uniform_knots(-1, 1, grid, order, 1, dtype)[0])
        self.coef = nn.Parameter(0.1 * torch.randn(targets, sources * (grid + order), dtype=dtype))
        self.base_weight = nn.Parameter(torch.randn(targets, sources, dtype=dtype) / sources**0.5)
        self.bias = nn.Parameter(torch.zeros(targets, dtype=dtype))

    def basis(self, x: Tensor) -> Tensor:
        """Return every basis function at x, (rows, source, basis), computed level by level."""
        x, t = x[..., None], self.knots
        values = ((x >= t[:-1]) & (x < t[1:])).to(x.dtype)
        for p in range(1, self.order + 1):
            rising = (x - t[: -p - 1]) / (t[p:-1] - t[: -p - 1])
            falling = (t[p + 1 :] - x) / (t[p + 1 :] - t[1:-p])
            values = rising * values[..., :-1] + falling * values[..., 1:]
        return values

    def forward(self, x: Tensor) -> Tensor:
        flat = functional.linear(self.basis(x).flatten(1), self.coef, self.bias)
        return flat + functional.linear(functional.silu(x), self.base_weight)


def plain_network(work: Workload, dtype: torch.dtype) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*(PlainLayer(a, b, work.grid, dtype=dtype) for a, b in work.pairs))


def kanviz_network(work: Workload, dtype: torch.dtype, path: str | None = None) -> nn.Sequential:
    """Build kanviz's layers on one path, None for its own choice; zero outside the grid, like the plain layer.

    Raises UserError for a path that is not available.
    """
    how: dict[str, Any] = {"grid": work.grid, "order": ORDER, "dtype": dtype, "outside": "zero"}
    if path:
        if "path" not in inspect.signature(KANLayer).parameters:
            raise UserError("kanviz has one path in this version.")
        how["path"] = path
    try:
        return nn.Sequential(*(KANLayer(a, b, **how) for a, b in work.pairs))
    except (TypeError, ValueError, RuntimeError, ImportError) as why:
        raise UserError(f"kanviz has no path {path!r} here: {why}") from why


def matched(work: Workload, dtype: torch.dtype, path: str | None = None) -> tuple[nn.Sequential, nn.Sequential]:
    """Build a plain network and kanviz's with the same numbers, so that they are the same function."""
    plain, ours = plain_network(work, dtype), kanviz_network(work, dtype, path)
    with torch.no_grad():
        for one, other in zip(plain, ours, strict=True):
            assert isinstance(one, PlainLayer)
            assert isinstance(other, KANLayer)
            other.coef.copy_(one.coef.view(*one.base_weight.shape, -1).transpose(0, 1))
            other.base_weight.copy_(one.base_weight.T)
            other.bias.copy_(one.bias)
    return plain, ours


def mlp(shape: tuple[int, ...], dtype: torch.dtype) -> nn.Sequential:
    """Build linear layers with silu between them."""
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for a, b in itertools.pairwise(shape):
        parts += [nn.Linear(a, b, dtype=dtype), nn.SiLU()]
    return nn.Sequential(*parts[:-1])


def equal_mlp(work: Workload) -> tuple[int, ...]:
    """Return the shape of the MLP with as many parameters; hidden columns are scaled equally, one is added if none."""
    hidden = work.shape[1:-1] or (1,)

    def shape(factor: int) -> tuple[int, ...]:
        wide = (max(1, round(h * factor / min(hidden))) for h in hidden)
        return (work.shape[0], *wide, work.shape[-1])

    def count(factor: int) -> int:
        columns = shape(factor)
        return sum((a + 1) * b for a, b in itertools.pairwise(columns))

    low, high = 1, 1
    while count(high) < work.parameters:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) < work.parameters else (low, middle)
    return shape(min(low, high, key=lambda factor: abs(count(factor) - work.parameters)))


def _learned(network: nn.Sequential) -> list[Tensor]:
    """Return coefficients, base weights and biases, layer by layer."""
    parts = []
    for layer in network:
        assert isinstance(layer, PlainLayer | KANLayer)
        parts += [layer.coef, layer.base_weight, layer.bias]
    return parts


def gap(plain: nn.Sequential, ours: nn.Sequential, x: Tensor) -> float:
    """Return the largest difference of outputs and gradients of a matched pair, as a share of the largest value."""
    found = []
    for network in (plain, ours):
        y = network(x)
        slope, *slopes = torch.autograd.grad(y.square().sum(), [x, *_learned(network)])
        if network is plain:  # in kanviz's axes
            tables = zip(slopes[::3], slopes[1::3], strict=True)
            slopes[::3] = [g.view(*weight.shape, -1).transpose(0, 1) for g, weight in tables]
            slopes[1::3] = [g.T for g in slopes[1::3]]
        found.append([y.detach(), slope, *slopes])
    pairs = zip(*found, strict=True)
    return max(float((a - b).abs().max() / a.abs().max().clamp(min=1e-30)) for a, b in pairs)


def paths() -> dict[str, str]:
    """Return which paths of the layer are available here; for the others, the reason."""
    found = {}
    for path in PATHS:
        try:
            network = kanviz_network(WORKLOADS["a1"], torch.float64, path)
            network(WORKLOADS["a1"].inputs(torch.float64))
            found[path] = "works"
        except (UserError, RuntimeError, ImportError) as why:
            found[path] = str(why)
    return found
