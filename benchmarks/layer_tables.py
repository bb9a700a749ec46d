"""Writes the tables of layers of the page, from the rows that `layers.py` saved."""

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.tables import bullets, prose, short, table
from kanviz.bench.short import AUTOMATIC

Record = dict[str, Any]
Setting = tuple[str, str, int]
KINDS = {"plain": 0, "kanviz": 1, "mlp": 2, "peer": 3}
FIRST: Setting = ("cpu", "float32", 1)


def layer_tables(records: list[Record]) -> Iterator[str]:
    """Write the ratios for every setting, then memory, exactness, and omitted contenders."""
    rows = [row for record in records for row in record["rows"]]
    texts = {name: text for record in records for name, text in record["workloads"].items()}
    measured = {row["workload"] for row in rows}
    works = [name for name in texts if name in measured]
    yield from ("## Layers", "")
    yield from prose(
        "How many times faster than the **plain recursion** (the full Cox-de Boor recursion over all basis functions "
        "under autograd, then one matrix product), forward and backward together: above 1 is faster, below 1 slower. "
        "Speeds of different functions compare only so far, so each row says what it computes. A dash: left out; the "
        "list at the end of this part says why."
    )
    yield from bullets(texts[name] for name in works)
    for setting in dict.fromkeys(_setting(row) for row in rows):
        group = [row for row in rows if _setting(row) == setting and "note" not in row]
        own = [row for row in group if "clock" not in row and row["direction"] == "both"]
        here = [name for name in works if any(row["workload"] == name for row in own)]
        yield from (f"### {_title(setting)}", "")
        yield from _ratio_table(own, here)
        yield from _against(own)
        yield from _where_slower(own, here)
        jax = [row for row in group if "clock" in row and row["direction"] == "both"]
        if jax:
            yield from prose(
                "jax computes on threads of its own. Compared with the plain recursion, both by the CPU time of the "
                "whole process:"
            )
            yield from _ratio_table(jax, here)
        if setting == FIRST:
            yield from ("### Forward alone", "")
            forward = [row for row in group if "clock" not in row and row["direction"] == "forward"]
            yield from _ratio_table(forward, here)
            yield from ("### Milliseconds, forward and backward", "")
            yield from _numbers(own, here, "ms")
            yield from ("### Mebibytes, forward and backward", "")
            yield from prose("The most memory in use beyond what was in use before, the gradients included.")
            yield from _numbers(own, here, "mib")
    yield from _exactness(records)
    yield from _left_out(records, rows)


def _setting(row: Record) -> Setting:
    return row["device"], row["dtype"], row["threads"]


def _title(setting: Setting) -> str:
    device, dtype, threads = setting
    if device == "cuda":
        return f"GPU, {dtype}"
    return f"{dtype}, {'one thread' if threads == 1 else f'{threads} threads (wall time)'}"


def _names(rows: list[Record]) -> list[str]:
    """List the contenders in the order of their kinds, then as they ran."""
    return list(dict.fromkeys(row["contender"] for row in sorted(rows, key=lambda row: KINDS[row["kind"]])))


def _bold(name: str) -> str:
    return f"**{name}**" if name.startswith(AUTOMATIC) else name


def _ratio_table(rows: list[Record], works: list[str]) -> Iterator[str]:
    computes = {row["contender"]: row["computes"] for row in rows}
    found = {(row["contender"], row["workload"]): short(row["ratio"]) for row in rows}
    body = ([_bold(name), computes[name], *(found.get((name, w), "-") for w in works)] for name in _names(rows))
    yield from table(["", "computes", *works], body)


def _numbers(rows: list[Record], works: list[str], key: str) -> Iterator[str]:
    found = {(row["contender"], row["workload"]): short(row.get(key)) for row in rows}
    yield from table(["", *works], ([_bold(n), *(found.get((n, w), "-") for w in works)] for n in _names(rows)))


def _against(rows: list[Record]) -> Iterator[str]:
    """Write kanviz's speed divided by each contender's, over the workloads that both ran."""
    ours = {row["workload"]: row["ms"] for row in rows if row["contender"] == AUTOMATIC}
    theirs: dict[str, list[float]] = {}
    for row in rows:
        if row["workload"] in ours and row["contender"] != AUTOMATIC:
            theirs.setdefault(row["contender"], []).append(row["ms"] / ours[row["workload"]])
    if not theirs:
        return
    yield from prose(
        "kanviz, by its own choice of path, against each of them: their time over ours, above 1 where kanviz is faster."
    )
    yield from table(
        ["", "geometric mean", "lowest", "highest", "workloads"],
        (
            [name, short(statistics.geometric_mean(t)), short(min(t)), short(max(t)), str(len(t))]
            for name, t in ((name, theirs[name]) for name in _names(rows) if name in theirs)
        ),
    )


def _where_slower(rows: list[Record], works: list[str]) -> Iterator[str]:
    lines = []
    for work in works:
        here = {row["contender"]: row["ms"] for row in rows if row["workload"] == work}
        ours = here.get(AUTOMATIC)
        if ours:
            found = [f"{name} {short(ours / ms)}" for name, ms in here.items() if ms < 0.97 * ours]
            lines.append(f"{work}: {'; '.join(found) or 'none'}")
    if lines:
        yield from prose("Who is faster than that, and how many times:")
        yield from bullets(lines)


def _exactness(records: list[Record]) -> Iterator[str]:
    found = {name: one for record in records for name, one in record.get("exactness", {}).items()}
    yield from ("### Do they compute what they say?", "")
    if found:
        yield from prose(
            "Of the peers that claim cubic B-splines: what a least squares fit by scipy's basis functions and silu "
            "leaves over of the curve, and the gradients against central differences (good to about 1e-9), both in "
            "float64, as shares of the largest value; then how far float32 is from float64 at G = 100."
        )
        keys = ("value", "input_gradient", "parameter_gradient", "float32")
        head = ["", "value", "input's gradient", "parameters' gradient", "float32, G = 100"]
        yield from table(head, ([n, *(_share(one, key) for key in keys)] for n, one in found.items()))
    gaps = [row for record in records for row in record["gaps"] if row["gaps"]]
    for dtype in dict.fromkeys(row["dtype"] for row in gaps):
        worst = max(gap for row in gaps if row["dtype"] == dtype for gap in row["gaps"].values())
        yield from prose(
            f"kanviz on every path against the plain recursion with the same numbers in it, {dtype}, on all workloads "
            f"measured: outputs and all gradients differ by {worst:.0e} of the largest value at most."
        )


def _share(one: Record, key: str) -> str:
    return f"{one[key]:.0e}" if key in one else one.get("note", "-")


def _left_out(records: list[Record], rows: list[Record]) -> Iterator[str]:
    versions = {name: version for record in records for name, version in record["peers"].items()}
    lines = [f"{name}: not installed where this was measured" for name, v in versions.items() if v == "not installed"]
    lines += [f"{name}: {why}" for record in records[:1] for name, why in record["not_timed"].items()]
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if "note" in row:
            reasons.setdefault((row["contender"], row["note"].rstrip(".")), []).append(row["workload"])
    lines += [f"{name}, {', '.join(dict.fromkeys(works))}: {why}" for (name, why), works in reasons.items()]
    yield from ("### Left out", "")
    yield from bullets(lines)
    there = [f"{name} {version}" for name, version in versions.items() if version != "not installed"]
    if there:
        yield from prose(f"Versions of the peers: {', '.join(there)}.")
