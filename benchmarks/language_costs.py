"""Writes the part of docs/language.md about time, memory and speed of writing."""

from collections.abc import Iterator

from benchmarks.language_results import Results
from benchmarks.language_runs import FIRST, REST
from benchmarks.language_tables import NAMES
from benchmarks.tables import prose, table


def cost_tables(results: Results) -> Iterator[str]:
    """Write times, memory and speed of writing of all blocks."""
    cost = results.cost
    if not cost:
        return
    yield from ("## What it costs", "")
    yield from prose(
        "CPU time of one thread as a ratio to GELU, median of the rounds in which all took turns, with the lowest and "
        "the highest quarter. A training step: forward, backward and AdamW of the whole model. A block: forward and "
        "backward of 16 x 64 places. Memory: the high-water mark of that. Characters a second: what the model writes, "
        "in CPU seconds."
    )
    names = [kind for kind in (*FIRST, *REST) if kind in cost["training"]]
    yield from table(
        ["block", "parameters", "training step, ms", "ratio", "block, ms", "ratio", "block, MiB", "model, MB",
         "characters a second"],
        (
            [
                NAMES[kind], f"{cost['parameters'][kind]:,}", *_ratio(cost["training"][kind]),
                *_ratio(cost["blocks"][kind]), "-" if cost["mib"][kind] is None else f"{cost['mib'][kind]:.1f}",
                f"{4e-6 * cost['parameters'][kind]:.2f}", f"{cost['characters'][kind]:,.0f}",
            ]
            for kind in names
        ),
    )  # fmt: skip
    dear = {kind: _dearer(cost["training"][kind]) for kind in names if kind != "gelu"}
    yield from prose(f"A training step, against that with GELU: {'; '.join(f'{k} {w}' for k, w in dear.items())}.")
    yield from prose(
        "`kanviz.Curves` against torch's GELU on 256 units x 1,024 rows in float32. Blocks compute unit by unit; where "
        "the input is row by row, it costs more:"
    )
    rows = (
        [row["layout"], {"both": "forward and backward"}.get(row["direction"], row["direction"]), row["contender"],
         *_ratio(row, digits=3)]
        for row in cost["operations"] if row["contender"] != "GELU"
    )  # fmt: skip
    yield from table(["layout", "direction", "curves", "ms", "ratio to GELU"], rows, words=3)


def _ratio(row: dict[str, float], digits: int = 1) -> list[str]:
    if row["low"] == row["high"] == 1:
        return [f"{row['ms']:.{digits}f}", "1"]
    return [f"{row['ms']:.{digits}f}", f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})"]


def _dearer(row: dict[str, float]) -> str:
    if row["low"] > 1:
        return f"is dearer ({row['ratio']:.2f})"
    return f"is cheaper ({row['ratio']:.2f})" if row["high"] < 1 else f"is within the spread ({row['ratio']:.2f})"
