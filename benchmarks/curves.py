"""Times curves of units compared with torch's GELU, and blocks of a transformer with the MLP of as many parameters.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.curves
    KANVIZ_INSTRUCTIONS=none python -m benchmarks.curves --json curves.json   # torch's own operations

One thread, its CPU time. All contenders take turns in one process, in a new order each round; a ratio is the median
of the ratios within a round, with the lowest and the highest quarter. Errors are the largest ones against float64, as
shares of the largest value. Asserts no times.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Iterator
from typing import Any, get_args

import torch
from torch import Tensor, nn

import kanviz
from kanviz.bench.measure import both_ways, forward_only, machine, measure
from kanviz.core.curves import plain
from kanviz.core.curves.feed_forward import Kind
from kanviz.core.engine.native import instructions
from kanviz.writing import write

UNITS, ROWS = 256, 1024
WIDTH, BATCH, PARAMETERS = 64, (16, 64), 32_768
LAYOUTS = {"unit by unit": True, "row by row": False}


def ratios(runs: dict[str, Callable[[], object]], repeat: int) -> dict[str, dict[str, float]]:
    """Return milliseconds and the ratio to the first contender, with its quarters."""
    samples = measure(runs, repeat=repeat)
    base = next(iter(samples.values()))
    found = {}
    for name, one in samples.items():
        low, middle, high = statistics.quantiles([a / b for a, b in zip(one, base, strict=True)], n=4)
        found[name] = {"ms": statistics.median(one), "ratio": middle, "low": low, "high": high}
    return found


def operations(repeat: int) -> Iterator[dict[str, Any]]:
    """Time curves of 8 and 16 cells in both layouts, forward alone and with gradients."""
    rng = torch.Generator().manual_seed(0)
    x = 1.2 * torch.randn(UNITS, ROWS, generator=rng)
    for layout, unit_major in LAYOUTS.items():
        here = (x if unit_major else x.T.contiguous()).requires_grad_(True)
        takers: dict[str, nn.Module] = {"GELU": nn.GELU()}
        takers |= {f"{n} cells": kanviz.Curves(UNITS, n, unit_major=unit_major) for n in (8, 16)}
        for direction, made in (("both", both_ways), ("forward", forward_only)):
            found = ratios({name: made(one, here) for name, one in takers.items()}, repeat)
            for name, numbers in found.items():
                yield {"layout": layout, "direction": direction, "contender": name, **numbers}


def errors() -> dict[str, dict[str, float]]:
    """Compare values and gradients of curves with random control points in float32 with those in float64."""
    rng = torch.Generator().manual_seed(0)
    x, grad = (torch.randn(UNITS, ROWS, generator=rng) for _ in range(2))
    found = {}
    for cells in (8, 16):
        curves = kanviz.Curves(UNITS, cells, unit_major=True)
        curves.coef.data += 0.3 * torch.randn(curves.coef.shape, generator=rng)

        def all_of(compute: Callable[[Tensor, Tensor], Tensor], dtype: torch.dtype, curves=curves) -> list[Tensor]:
            at, coef = (one.detach().to(dtype).requires_grad_(True) for one in (2 * x, curves.coef))
            y = compute(at, coef)
            return [y.detach(), *torch.autograd.grad(y, (at, coef), grad.to(dtype))]

        def ours(at: Tensor, coef: Tensor, curves=curves) -> Tensor:
            return torch.func.functional_call(curves, {"coef": coef}, (at,))

        def exact(at: Tensor, coef: Tensor, curves=curves) -> Tensor:
            return plain.values(at, curves.knots.double(), coef, by_unit=True)

        pairs = zip(all_of(ours, torch.float32), all_of(exact, torch.float64), strict=True)
        shares = [float((one - other).abs().max() / other.abs().max()) for one, other in pairs]
        found[f"{cells} cells"] = dict(zip(("values", "of x", "of control points"), shares, strict=True))
    return found


def steps(repeat: int) -> dict[str, dict[str, float]]:
    """Time forward and backward of every kind of block with equal parameters."""
    x = torch.randn(*BATCH, WIDTH, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    kinds = sorted(get_args(Kind), key=lambda kind: kind != "gelu")
    blocks = {kind: kanviz.FeedForward(WIDTH, PARAMETERS, kind, seed=0) for kind in kinds}
    found = ratios({kind: both_ways(block, x) for kind, block in blocks.items()}, repeat)
    return {kind: {"hidden": blocks[kind].hidden, **numbers} for kind, numbers in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time curves of units compared with torch's GELU.")
    parser.add_argument("--repeat", type=int, default=31, help="rounds (31)")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    record: dict[str, Any] = {"machine": machine() | {"kanviz": kanviz.__version__, "kernel": instructions}}
    print(", ".join(f"{name} {value}" for name, value in record["machine"].items()))
    print(f"\n{UNITS} units x {ROWS} rows, float32, order 3")
    record["operations"] = []
    for row in operations(options.repeat):
        record["operations"].append(row)
        print(f"  {row['layout']:13} {row['direction']:8} {row['contender']:9} {_numbers(row)}", flush=True)
    record["errors"] = errors()
    print("\nLargest error against float64, share of the largest value")
    for name, shares in record["errors"].items():
        print(f"  {name:9}", ", ".join(f"{what} {share:.1e}" for what, share in shares.items()))
    record["steps"] = steps(options.repeat)
    print(f"\nBlocks of width {WIDTH}, at most {PARAMETERS:,} parameters, {BATCH[0]} x {BATCH[1]} rows, both ways")
    for kind, numbers in record["steps"].items():
        print(f"  {kind:9} {numbers['hidden']:4} units {_numbers(numbers)}")
    if options.json:
        write(options.json, json.dumps(record, indent=1) + "\n")


def _numbers(row: dict[str, Any]) -> str:
    return f"{row['ms']:8.3f} ms{row['ratio']:7.2f}x ({row['low']:.2f} to {row['high']:.2f})"


if __name__ == "__main__":
    main()
