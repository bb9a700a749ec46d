"""Times forward and backward of kanviz's layers, compared with the plain recursion, other KAN layers, and MLPs.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.layers --json layers.json
    python -m benchmarks.layers --only b1,b2 --dtype float32,float64 --threads 1,2 --no-peers

Inputs are uniform on the grid [-1, 1] and require a gradient, as inside a larger network. All contenders take turns in
one process; warm-up times are dropped, and the median counts. One thread: CPU time of the thread; two: wall and process
CPU time; a GPU: CUDA events. `ratio` is the plain recursion's time divided by the contender's: above 1 is faster.
Asserts no times.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks import jax_peer
from benchmarks.contenders import FAILURES, Setting, entered
from benchmarks.exactness import exactness
from benchmarks.memory import peak_mib
from benchmarks.peers import NOT_TIMED, PEERS
from kanviz.bench.measure import Clock, both_ways, forward_only, machine, measure, medians
from kanviz.bench.networks import PATHS, gap, matched, paths, plain_network
from kanviz.bench.short import PLAIN
from kanviz.bench.workloads import WORKLOADS
from kanviz.writing import write

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def timed(setting: Setting, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a row for every contender and direction, and a row with a `note` for each that does not take part."""
    taking, out = entered(setting, options)
    x = setting.work.inputs(setting.dtype, setting.device)
    rows: list[dict[str, Any]] = []
    for direction, made in (("both", both_ways), ("forward", forward_only)):
        runs = {one.name: made(network, x) for one, network in taking.items()}
        found = _measured(runs, setting, options)
        for one, network in taking.items():
            row = setting.record | {"direction": direction, "contender": one.name, "kind": one.kind}
            row |= {"computes": one.computes, "parameters": sum(p.numel() for p in network.parameters())}
            row |= found[one.name]
            if direction == "both":
                row["mib"] = _peak(runs[one.name], setting)
            rows.append(row)
    for row in rows:
        base = next(r for r in rows if r["direction"] == row["direction"] and r["contender"] == PLAIN)
        yield row | {"ratio": base["ms"] / row["ms"]}
    for name, why in out.items():
        yield setting.record | {"contender": name, "note": why}


def _measured(runs: dict[str, Callable[[], object]], setting: Setting, options: argparse.Namespace) -> dict[str, dict]:
    """Time the runs. ms: for the ratios · low, high: the quickest and slowest sample · cpu_ms: of all threads."""
    clock = _clock(setting)
    samples = measure(runs, repeat=options.repeat, clock=clock, budget=options.budget)
    middle = medians(samples)
    found = {
        name: {"ms": middle[name], "low": min(one), "high": max(one), "rounds": len(one)}
        for name, one in samples.items()
    }
    if setting.threads > 1 and setting.device == "cpu":
        cpu = medians(measure(runs, repeat=options.repeat, clock=time.process_time_ns, budget=options.budget))
        found = {name: one | {"cpu_ms": cpu[name]} for name, one in found.items()}
    return found


def _clock(setting: Setting) -> Clock:
    if setting.device == "cuda":
        first = torch.cuda.Event(enable_timing=True)
        first.record()

        def cuda_clock() -> int:
            now = torch.cuda.Event(enable_timing=True)
            now.record()
            now.synchronize()
            return int(1e6 * first.elapsed_time(now))

        return cuda_clock
    return time.thread_time_ns if setting.threads == 1 else time.perf_counter_ns


def _peak(run: Callable[[], object], setting: Setting) -> float | None:
    if setting.device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    return peak_mib(run) if setting.threads == 1 else None


def timed_jax(setting: Setting, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Time jax and the plain recursion as a separate group, by the CPU time of the whole process."""
    record = setting.record | {"clock": "process CPU"}
    try:
        jax_runs = jax_peer.jax_runs(setting.work)
    except FAILURES as why:
        yield record | {"contender": jax_peer.NAME, "note": f"{type(why).__name__}: {str(why)[:160]}"}
        return
    x = setting.work.inputs(setting.dtype)
    network = plain_network(setting.work, setting.dtype)
    for direction, made, run in zip(("both", "forward"), (both_ways, forward_only), jax_runs, strict=True):
        runs = {PLAIN: made(network, x), jax_peer.NAME: run}
        found = medians(measure(runs, repeat=options.repeat, clock=time.process_time_ns, budget=options.budget))
        for name, ms in found.items():
            row = record | {"direction": direction, "contender": name, "kind": "plain" if name == PLAIN else "peer"}
            yield row | {"computes": jax_peer.COMPUTES, "ms": ms, "ratio": found[PLAIN] / ms}


def checked(setting: Setting) -> dict[str, float]:
    """Compare each path of kanviz with the plain recursion for equal numbers: differences of outputs and gradients."""
    found = {}
    for path in (None, *(path for path, word in paths().items() if word == "works")):
        plain, ours = matched(setting.work, setting.dtype, path)
        rows = setting.work.inputs(setting.dtype)[:256].detach().requires_grad_()
        found[path or "automatic"] = gap(plain, ours, rows)
        if found[path or "automatic"] > (1e-10 if setting.dtype == torch.float64 else 1e-3):
            raise SystemExit(f"{setting}: kanviz ({path or 'automatic'}) is not the same function: {found}")
    return found


def main() -> None:
    options = arguments()
    warnings.filterwarnings("ignore")
    record: dict[str, Any] = {"machine": machine(), "paths": paths(), "not_timed": NOT_TIMED, "rows": [], "gaps": []}
    record["note"] = options.note
    record["workloads"] = {name: str(WORKLOADS[name]) for name in options.only}
    record["peers"] = {peer.pip: peer.version or "not installed" for peer in PEERS}
    if not options.no_peers:
        exact = [peer for peer in PEERS if peer.exact and peer.version]
        record["exactness"] = {peer.name: exactness(peer) for peer in exact}
    print(json.dumps(record["machine"]), file=sys.stderr)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for setting in (
        Setting(WORKLOADS[name], dtype, threads, device)
        for device in devices
        for threads in (options.threads if device == "cpu" else [1])
        for dtype in options.dtype
        for name in options.only
    ):
        torch.set_num_threads(setting.threads)
        if not options.no_peers:
            torch.compiler.reset()  # otherwise compiled peers fall back to eager after eight shapes
        record["gaps"].append(setting.record | {"gaps": checked(setting)})
        rows = list(timed(setting, options))
        if not options.no_peers and setting.device == "cpu" and setting.threads == 1 and setting.dtype == torch.float32:
            rows += timed_jax(setting, options)
        record["rows"] += rows
        print(f"\n{setting}")
        for row in rows:
            said = row.get("note") or _numbers(row)
            if row.get("direction") != "forward":
                print(f"  {row['contender']:38}{said}", flush=True)
        if options.json:
            write(options.json, json.dumps(record, indent=1) + "\n")


def _numbers(row: dict[str, Any]) -> str:
    memory = "" if row.get("mib") is None else f"{row['mib']:9.1f} MiB"
    return f"{row['ms']:10.3f} ms{row['ratio']:8.2f}x{memory}  {row.get('clock', '')}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time KAN layers beside the plain recursion.")
    parser.add_argument("--only", type=_some(WORKLOADS), default=list(WORKLOADS), metavar="b1,b2")
    parser.add_argument("--paths", type=_some(("auto", *PATHS)), default=["auto", *PATHS], metavar="auto,native,...")
    parser.add_argument("--dtype", type=_some(DTYPES), default=["float32"])
    parser.add_argument("--threads", type=_some(("1", "2")), default=["1"])
    parser.add_argument("--repeat", type=int, default=9, help="rounds (9)")
    parser.add_argument("--budget", type=float, default=15, help="seconds of one contender in one group (15)")
    parser.add_argument("--longest", type=float, default=6, help="leave out who needs more seconds for one call (6)")
    parser.add_argument("--gigabytes", type=float, default=4, help="leave out who would hold more (4)")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--note", default="", help="said on the page, as: on a busy machine")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    options.paths = [None if path == "auto" else path for path in options.paths]
    options.dtype = [DTYPES[name] for name in options.dtype]
    options.threads = [int(count) for count in options.threads]
    return options


def _some(names: Any) -> Callable[[str], list[str]]:
    """Return a reader of comma-separated names that exist."""

    def read(text: str) -> list[str]:
        found = text.split(",")
        if not set(found) <= set(names):
            raise argparse.ArgumentTypeError(f"choose from {', '.join(names)}")
        return found

    return read


if __name__ == "__main__":
    main()
