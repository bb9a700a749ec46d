"""Run the short benchmark: a few workloads, one training, one record; `kanviz bench` prints it."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch

from kanviz.bench.measure import both_ways, machine, measure, medians
from kanviz.bench.networks import equal_mlp, kanviz_network, mlp, paths, plain_network
from kanviz.bench.workloads import WORKLOADS
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.training.train import TrainConfig, train

PLAIN, AUTOMATIC = "plain recursion", "kanviz"
SHORT = ("a1", "a4", "b1", "b2")


@dataclass(frozen=True)
class Row:
    """One contender on one workload: milliseconds of CPU time, forward and backward; ratio to the plain recursion."""

    workload: str
    contender: str
    ms: float
    ratio: float


def layer_rows(names: tuple[str, ...] = SHORT, repeat: int = 9, dtype: torch.dtype = torch.float32) -> list[Row]:
    """Time the plain recursion, kanviz with its own choice and on each available path, and an MLP of equal size."""
    here = [path for path, word in paths().items() if word == "works"]
    rows = []
    for work in (WORKLOADS[name] for name in names):
        x = work.inputs(dtype)
        networks = {PLAIN: plain_network(work, dtype), AUTOMATIC: kanviz_network(work, dtype)}
        networks |= {f"kanviz ({path})": kanviz_network(work, dtype, path) for path in here}
        networks["MLP (equal parameters)"] = mlp(equal_mlp(work), dtype)
        found = medians(measure({name: both_ways(net, x) for name, net in networks.items()}, repeat=repeat))
        rows += [Row(str(work), name, ms, found[PLAIN] / ms) for name, ms in found.items()]
    return rows


def solver_time(goal: float = 1e-2, seeds: int = 3, seconds: float = 5.0) -> dict[str, Any]:
    """Time the training of x y to a training RMSE of `goal`, in CPU milliseconds; None where it is not reached.

    The network is [2,5,1], on 1000 rows of spread 1.
    """
    taken: list[float | None] = []
    for seed in range(seeds):
        x = 2 * torch.rand(1000, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1
        y = x.prod(1, keepdim=True)
        data = Dataset.from_arrays(x.numpy(), (y / y.std()).numpy(), test=0)
        kan = init([2, 5, 1], grid=3, seed=seed, inputs=data.inputs, outputs=data.outputs)
        start, reached = time.thread_time_ns(), None
        for progress in train(kan, data, TrainConfig.for_new(2, seed=seed)):
            spent = (time.thread_time_ns() - start) / 1e6
            if (progress.train_rmse or 1) <= goal:
                reached = spent
            if reached or spent > 1e3 * seconds:
                break
        taken.append(reached)
    return {"problem": "x y, [2,5,1], 1000 rows", "goal": goal, "cpu_ms": taken}


def short_bench() -> dict[str, Any]:
    """Run all that `kanviz bench` prints, as one record; about a quarter of a minute on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = [asdict(row) for row in layer_rows()]
        return {"machine": machine(), "threads": 1, "paths": paths(), "layers": rows, "solver": solver_time()}
    finally:
        torch.set_num_threads(threads)


def short_text(record: dict[str, Any]) -> Iterator[str]:
    """Generate the lines of the record for a terminal."""
    here = record["machine"]
    yield f"{here['cpu']}, {here['cores']} cores; torch {here['torch']}, numpy {here['numpy']}, Python {here['python']}"
    for path, word in record["paths"].items():
        yield f"path {path}: {word}"
    yield "Forward and backward, float32, one thread: CPU ms, and how many times faster than the plain recursion."
    last = ""
    for row in record["layers"]:
        if row["workload"] != last:
            last = row["workload"]
            yield last
        yield f"  {row['contender']:24}{row['ms']:10.3f}{row['ratio']:8.2f}"
    solver = record["solver"]
    words = ", ".join("not reached" if ms is None else f"{ms:.0f}" for ms in solver["cpu_ms"])
    yield f"Training to RMSE {solver['goal']:g} ({solver['problem']}), CPU ms for three seeds: {words}"
