"""Attacks on a lock: every number that it does not hold becomes a large random one, and points are sought for it."""

from dataclasses import replace

import torch

from kanviz.core.kan import KAN
from kanviz.core.locks import Lock
from kanviz.core.training.parameters import FreeParameters


def attacked(kan: KAN, lock: Lock, size: float = 1e3, seed: int = 0) -> KAN:
    """The network with everything random that is free under the lock, frozen edges thawed."""
    thawed = kan.with_layers({n: replace(v, frozen=torch.zeros_like(v.frozen)) for n, v in enumerate(kan.layers)})
    free = FreeParameters.of(thawed, lock=lock)
    rng = torch.Generator().manual_seed(seed)
    new = free.put(size * torch.randn(free.count, generator=rng, dtype=torch.float64).to(kan.dtype))
    return new.with_layers({n: replace(new.layers[n], frozen=v.frozen) for n, v in enumerate(kan.layers)})


def same_bits(one: torch.Tensor, two: torch.Tensor) -> bool:
    """Equal to the bit, also where there is no number."""
    whole = torch.int32 if one.dtype == torch.float32 else torch.int64
    return one.contiguous().view(whole).equal(two.contiguous().view(whole))


def points(kan: KAN, box: list, count: int, seed: int = 0) -> torch.Tensor:
    """Random points of a box, among them its corners and borders, and points on knots and a bit beside them."""
    rng = torch.Generator().manual_seed(seed)
    low, high = torch.tensor(box, dtype=torch.float64).T
    x = low + (high - low) * torch.rand(count, len(box), generator=rng, dtype=torch.float64)
    draw = torch.rand(x.shape, generator=rng)
    x = torch.where(draw < 0.05, low, torch.where(draw > 0.95, high, x))
    knots = kan.layers[0].knots.double()
    which = torch.randint(knots.shape[1], x.shape, generator=rng)
    on = knots.T.gather(0, which)
    beside = on * (1 + 1e-7 * torch.randn(x.shape, generator=rng, dtype=torch.float64))
    scale, shift = (torch.tensor([getattr(v, part) for v in kan.inputs]).double() for part in ("scale", "shift"))
    on = torch.where(torch.rand(x.shape, generator=rng) < 0.5, on, beside) * scale + shift
    return torch.where((draw > 0.4) & (draw < 0.6) & (on >= low) & (on <= high), on, x)


def climbed(kan: KAN, x: torch.Tensor, box: list, steps: int = 40) -> torch.Tensor:
    """The points driven to the ends of what the hidden nodes reach within the box, where a lock would be too small.

    Half of the points go up and half down, each along the slope of one node.
    """
    low, high = torch.tensor(box, dtype=torch.float64).T
    nodes = sum(layer.nodes for layer in kan.layers[:-1])
    want = torch.eye(nodes, dtype=kan.dtype)[torch.arange(len(x)) % nodes] * (torch.arange(len(x))[:, None] % 2 * 2 - 1)
    for step in range(steps):
        x = x.detach().requires_grad_(True)
        hidden = torch.cat(kan.trace(x).nodes[1:-1], 1)
        (slope,) = torch.autograd.grad((hidden * want).sum(), x)
        x = (x + 0.1 * 0.9**step * (high - low) * slope.sign()).clamp(low, high)
    return x.detach()
