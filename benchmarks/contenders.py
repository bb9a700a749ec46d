"""Lists the timed networks: kanviz on each path, the plain recursion, MLPs, peers; and why one is left out."""

import argparse
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from benchmarks.peers import PEERS
from kanviz.bench.measure import both_ways
from kanviz.bench.networks import equal_mlp, kanviz_network, mlp, plain_network
from kanviz.bench.short import AUTOMATIC, PLAIN
from kanviz.bench.workloads import Workload
from kanviz.errors import UserError

FAILURES = (RuntimeError, TypeError, ValueError, ImportError, AttributeError, IndexError, MemoryError, AssertionError)
MLPS = {"MLP (equal width)": lambda w: w.shape, "MLP (equal parameters)": equal_mlp}


@dataclass(frozen=True)
class Setting:
    """The device, precision and threads of one group of contenders."""

    work: Workload
    dtype: torch.dtype
    threads: int
    device: str

    @property
    def record(self) -> dict[str, Any]:
        dtype = str(self.dtype).removeprefix("torch.")
        return {"workload": self.work.name, "dtype": dtype, "threads": self.threads, "device": self.device}

    def __str__(self) -> str:
        return f"{self.work}, {self.record['dtype']}, {self.device}, {self.threads} thread{'s' * (self.threads > 1)}"


@dataclass(frozen=True)
class Contender:
    name: str
    kind: str  # plain, kanviz, peer, mlp
    computes: str
    build: Callable[[Workload, torch.dtype, str], nn.Module]


def contenders(options: argparse.Namespace) -> Iterator[Contender]:
    """List all contenders that could run here; building one shows whether it does."""
    spline = "cubic B-spline, base silu"
    yield Contender(PLAIN, "plain", spline, lambda w, dtype, where: plain_network(w, dtype).to(where))
    for path in options.paths:
        name = f"kanviz ({path})" if path else AUTOMATIC
        build = functools.partial(_ours, path=path)
        yield Contender(name, "kanviz", spline, build)
    for name, shape in MLPS.items():
        build = functools.partial(_mlp, shape=shape)
        yield Contender(name, "mlp", "no curves", build)
    for peer in () if options.no_peers else PEERS:
        if peer.version:
            yield Contender(peer.name, "peer", peer.computes, peer.build)


def _ours(work: Workload, dtype: torch.dtype, where: str, path: str | None) -> nn.Module:
    return kanviz_network(work, dtype, path).to(where)


def _mlp(work: Workload, dtype: torch.dtype, where: str, shape: Callable[[Workload], tuple[int, ...]]) -> nn.Module:
    return mlp(shape(work), dtype).to(where)


def entered(setting: Setting, options: argparse.Namespace) -> tuple[dict[Contender, nn.Module], dict[str, str]]:
    """Build the contenders; also return those that cannot take part, with the reason."""
    sizes = {peer.name: peer.gigabytes(setting.work, setting.dtype) for peer in PEERS}
    taking, out = {}, {}
    x = setting.work.inputs(setting.dtype, setting.device)
    for one in contenders(options):
        if sizes.get(one.name, 0) > options.gigabytes:
            out[one.name] = f"would hold about {sizes[one.name]:.0f} GB"
            continue
        try:
            network = one.build(setting.work, setting.dtype, setting.device)
            run = both_ways(network, x)
            run()
            start, own = time.process_time(), time.thread_time()
            run()
            taken, own = time.process_time() - start, time.thread_time() - own
        except UserError as why:
            out[one.name] = str(why)
            continue
        except FAILURES as why:
            out[one.name] = f"{type(why).__name__}: {(str(why).splitlines() or [''])[0][:160]}"
            continue
        if taken > options.longest:
            out[one.name] = f"one call takes {taken:.0f} s"
        elif setting.threads == 1 and taken > 1.5 * own + 5e-3:
            out[one.name] = "computes on threads of its own"
        else:
            taking[one] = network
    return taking, out
