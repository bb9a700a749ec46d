"""The strongest attack on a lock: every number that it does not hold becomes a large random one."""

from dataclasses import replace

import torch

from kanviz.core.kan import KAN
from kanviz.core.locks import Lock
from kanviz.core.parameters import FreeParameters


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
