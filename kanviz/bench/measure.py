"""Time code reliably on a shared machine.

Contenders take turns in one process, in a new order each round, and the median counts.
"""

import gc
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Clock = Callable[[], int]  # nanoseconds


def both_ways(network: nn.Module, x: Tensor) -> Callable[[], object]:
    """Return a call of forward and backward, with the gradients of every parameter and of the input."""
    learned = [p for p in network.parameters() if p.requires_grad]
    upstream = torch.randn(network(x).shape, generator=torch.Generator().manual_seed(1)).to(x.device, x.dtype)
    return lambda: torch.autograd.grad(network(x), [x, *learned], upstream, allow_unused=True)


def forward_only(network: nn.Module, x: Tensor) -> Callable[[], object]:
    return torch.no_grad()(lambda: network(x))


def measure(
    contenders: dict[str, Callable[[], object]],
    *,
    repeat: int = 9,
    clock: Clock = time.thread_time_ns,
    budget: float = 30.0,
    least: float = 2e-3,
) -> dict[str, list[float]]:
    """Return milliseconds a call of each contender, one sample a round, after a warm-up that is not counted.

    The order is random in each round (seed 0), so that no contender always finds the cache as the same other one left
    it. least: seconds of a sample; quicker calls are repeated within it. budget: seconds after which a contender is
    skipped, once it has three samples.
    """
    calls: dict[str, int] = {}
    for name, run in contenders.items():
        run()
        start = clock()
        run()
        calls[name] = max(1, round(least * 1e9 / max(clock() - start, 1)))
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    spent = dict.fromkeys(contenders, 0.0)
    draw = random.Random(0)
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeat):
            order = draw.sample(list(contenders), len(contenders))
            for name in order:
                run = contenders[name]
                if spent[name] > budget and len(samples[name]) >= 3:
                    continue
                start = clock()
                for _ in range(calls[name]):
                    run()
                taken = (clock() - start) / 1e9
                samples[name].append(1e3 * taken / calls[name])
                spent[name] += taken
    finally:
        if collecting:
            gc.enable()
    return samples


def medians(samples: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(found) for name, found in samples.items()}


def machine() -> dict[str, Any]:
    """Return the machine and the versions of the measurement, and its date."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "date": datetime.now().astimezone().isoformat(timespec="minutes"),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
