"""Tests whether peers that claim B-splines have them, with right gradients; `layers.py` adds the table to its JSON.

    python -m benchmarks.exactness

Value: a layer's curve must be in the span of scipy's basis functions and silu, whatever its numbers are. The error is
the residual of a least squares fit, as a share of the largest value. Gradients (input, and every parameter) are
compared with central differences of the layer's own forward, in float64. Last: the error of float32 at G = 100.
"""

import warnings

import numpy as np
import torch
from scipy.interpolate import BSpline
from torch import nn

from benchmarks.peers import PEERS, Peer
from kanviz.bench.workloads import ORDER, Workload

GRID, FINE = 5, 100


def exactness(peer: Peer) -> dict[str, float | str]:
    """Measure value, input_gradient, parameter_gradient, float32: errors as shares; `note` if the peer does not run."""
    try:
        network = _awake(peer, GRID, torch.float64)
        found: dict[str, float | str] = {"value": _value_error(network)}
        found |= _gradient_errors(network)
        found["float32"] = _float32_error(peer)
        return found
    except (RuntimeError, TypeError, ValueError, ImportError, AttributeError, IndexError) as why:
        return {"note": f"{type(why).__name__}: {str(why).splitlines()[0][:120]}"}


def _awake(peer: Peer, grid: int, dtype: torch.dtype) -> nn.Module:
    """Build a layer with two sources, one target and random parameters; parameters without gradient are unchanged."""
    network = peer.build(Workload("exact", (2, 1), 0, grid), dtype)
    rng = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in network.parameters():
            if p.requires_grad:
                p.copy_(torch.randn(p.shape, generator=rng, dtype=torch.float64).to(dtype))
    return network


def _value_error(network: nn.Module) -> float:
    """Compute the part of phi(x, 0.3) that silu(x), a constant and the basis functions cannot fit."""
    x = np.linspace(-1, 1, 801)[1:-1]
    rows = torch.tensor(np.column_stack([x, np.full_like(x, 0.3)]))
    y = network(rows).detach().numpy()[:, 0]
    knots = -1 + 2 / GRID * np.arange(-ORDER, GRID + ORDER + 1)
    table = BSpline.design_matrix(x, knots, ORDER).toarray()
    table = np.column_stack([table, x / (1 + np.exp(-x)), np.ones_like(x)])
    left = y - table @ np.linalg.lstsq(table, y, rcond=None)[0]
    return float(np.abs(left).max() / np.abs(y).max())


def _gradient_errors(network: nn.Module) -> dict[str, float]:
    rng = torch.Generator().manual_seed(4)
    x = (1.8 * torch.rand(40, 2, generator=rng, dtype=torch.float64) - 0.9).requires_grad_()
    learned = [p for p in network.parameters() if p.requires_grad]
    weights = torch.randn(40, 1, generator=rng, dtype=torch.float64)
    found = torch.autograd.grad((weights * network(x)).sum(), [x, *learned], allow_unused=True)

    def differences(place: torch.Tensor, step: float = 1e-6) -> torch.Tensor:
        flat, out = place.data.view(-1), torch.zeros(place.numel(), dtype=torch.float64)
        for n in range(len(flat)):
            kept, sides = float(flat[n]), []
            for side in (step, -step):
                flat[n] = kept + side
                with torch.no_grad():
                    sides.append(float((weights * network(x)).sum()))
            flat[n] = kept
            out[n] = (sides[0] - sides[1]) / (2 * step)
        return out.view(place.shape)

    def error(gradient: torch.Tensor | None, place: torch.Tensor) -> float:
        truth = differences(place)
        given = torch.zeros_like(truth) if gradient is None else gradient
        return float((given - truth).abs().max() / truth.abs().max().clamp(min=1e-6))

    return {
        "input_gradient": error(found[0], x),
        "parameter_gradient": max(error(g, p) for g, p in zip(found[1:], learned, strict=True)),
    }


def _float32_error(peer: Peer) -> float:
    """Compute the largest difference between float32 and float64 on a fine grid, as a share of the largest value."""
    exact = _awake(peer, FINE, torch.float64)
    x = 2 * torch.rand(2000, 2, generator=torch.Generator().manual_seed(6), dtype=torch.float64) - 1
    truth = exact(x).detach()
    return float((exact.float()(x.float()).double().detach() - truth).abs().max() / truth.abs().max())


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    print(f"{'peer':38}{'value':>10}{'d input':>10}{'d param':>10}{'float32':>10}")
    for peer in PEERS:
        if not peer.exact or not peer.version:
            continue
        found = exactness(peer)
        numbers = "".join(f"{v:10.1e}" if isinstance(v, float) else f"  {v}" for v in found.values())
        print(f"{peer.name:38}{numbers}", flush=True)


if __name__ == "__main__":
    main()
