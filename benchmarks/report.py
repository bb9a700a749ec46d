"""Writes docs/performance.md from the results of the benchmarks; every number comes from the JSON files.

    python -m benchmarks.report layers.json training.json > docs/performance.md

Takes any number of files of `layers.py` and one of `training.py`, in any order.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.layer_tables import layer_tables
from benchmarks.tables import bullets, prose
from benchmarks.training_tables import training_tables

Record = dict[str, Any]
METHOD = """
All contenders take turns in one process, in a new order each round; a warm-up is thrown away and the median counts. One
thread: CPU time of that thread, so that other work on the machine counts little; two threads: wall time; a GPU: CUDA
events. Inputs are uniform on the grid and want a gradient, as within a larger network. Splines are of order 3, the base
function is silu, and a spline is zero outside its grid. Memory is the high-water mark of a forked child that first gave
freed pages back, so it counts whatever touches memory: torch, MKL, native code. Peers are called as PyPI ships them,
with as many basis functions as kanviz has.
"""
COMMANDS = """```sh
pip install --no-deps -r benchmarks/peers.txt     # in an environment of its own, next to kanviz
OMP_WAIT_POLICY=PASSIVE python -m benchmarks.layers --json layers.json
OMP_WAIT_POLICY=PASSIVE python -m benchmarks.training --json training.json
python -m benchmarks.report layers.json training.json > docs/performance.md
```
"""


def page(records: list[Record]) -> str:
    """Write the whole page."""
    return "\n".join(_lines(records)).rstrip() + "\n"


def _lines(records: list[Record]) -> Iterator[str]:
    layers = [record for record in records if "workloads" in record]
    training = [record for record in records if "config" in record]
    yield from ("# How fast kanviz is, and where it is not", "")
    yield from prose(
        "Made by `benchmarks/report.py` from runs of `benchmarks/layers.py` and `benchmarks/training.py`: no number "
        "here was typed. How it was measured is described at the end; `kanviz bench` is the short form. "
        "Measured on:"
    )
    yield from bullets(dict.fromkeys(machine_words(record["machine"], record.get("note", "")) for record in records))
    if layers:
        yield from layer_tables(layers)
    for record in training:
        yield from training_tables(record)
    yield from ("## How it was measured", "")
    yield from prose(METHOD)
    yield from COMMANDS.splitlines()
    yield ""
    yield from prose(
        "A shared machine moves every number: ratios within one run are worth more than milliseconds, and a difference "
        "of less than a tenth is none."
    )


def machine_words(here: Record, note: str) -> str:
    """Describe a machine, its versions, and when it measured."""
    gpu = f", {here['cuda']}" if here["cuda"] else ""
    versions = f"torch {here['torch']}, numpy {here['numpy']}, Python {here['python']}"
    return f"{here['cpu']}, {here['cores']} cores{gpu}; {versions}; {here['date'][:10]}{note and f'; {note}'}"


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    print(page([json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]]), end="")


if __name__ == "__main__":
    main()
