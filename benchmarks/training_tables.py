"""Writes the tables of training of the page, from the record that `training.py` saved."""

from collections.abc import Iterator
from typing import Any

from benchmarks.tables import prose, short, table

Record = dict[str, Any]


def training_tables(record: Record) -> Iterator[str]:
    """Write the seconds to an error, their ratios, noise, and a moved target."""
    rows = record["rows"]
    goals = list(rows[0]["kanviz"]["seconds_to"])
    yield from ("## Training", "")
    yield from prose(
        "CPU seconds (torch on one thread) until the training error is below a goal (RMSE on a target with a spread of "
        "1; 1000 rows without noise): the median of the runs that got there and, where some did not, how many did. "
        f"kanviz: a new network with the default settings, solver {record['config']['solver']}. pykan "
        f"{record['pykan'] or '(not measured)'}: L-BFGS, float64, grids 3-5-10-20 with 50 steps each. Runs differ in "
        f"data and start; kanviz's end after {record['longest']:g} CPU seconds at the latest. Test: "
        "the error on fresh rows, median / worst (of pykan's four grids, the best)."
    )
    body = (
        [
            f"{row['problem']} [{','.join(map(str, row['shape']))}]",
            f"{who}, {row[who]['of']} run{'s' * (row[who]['of'] > 1)}",
            *_cells(row[who]),
        ]
        for row in rows
        for who in ("kanviz", "pykan")
        if who in row
    )
    yield from table(["", "", *goals, "test"], body)
    if record.get("ratios") and record["pykan"]:
        yield from prose(
            "pykan's seconds over kanviz's, above 1 where kanviz is faster, over the problems where both got there; "
            "and on how many only one of them did:"
        )
        head = ["training error", "geometric mean", "lowest", "highest", "problems", "kanviz alone", "pykan alone"]
        numbers = ("geometric_mean", "lowest", "highest")
        counts = ("problems", "kanviz_alone", "pykan_alone")
        yield from table(
            head,
            (
                [goal, *(short(found[key]) for key in numbers), *(str(found[key]) for key in counts)]
                for goal, found in record["ratios"].items()
            ),
        )
    if record.get("noise"):
        yield from ("### Noise", "")
        yield from prose(
            "Error against the truth without noise, on fresh rows. Best: the network with the lowest error on the rows "
            "held out; last: that of the last step."
        )
        keys = ("clean_median", "clean_worst", "last_step_median")
        yield from table(
            ["", "noise", "rows", "best, median", "best, worst", "last, median"],
            (
                [row["problem"], f"{row['noise']:.0%}", str(row["rows"]), *(short(row[key]) for key in keys)]
                for row in record["noise"]
            ),
        )
    if record.get("live"):
        yield from ("### A moved target", "")
        yield from prose(
            "A trained network, its target moved by 5% of the spread: until the training error is below 1e-3 again. "
            "Before: the training error of the trained network, median."
        )
        yield from table(
            ["", "before", "steps", "CPU ms", "back below"],
            (
                [row["problem"], *(short(row[k]) for k in ("before", "steps", "ms")), f"{row['back']} of {row['of']}"]
                for row in record["live"]
            ),
        )


def _cells(found: Record) -> Iterator[str]:
    for goal, seconds in found["seconds_to"].items():
        count, of = found["reached"][goal], found["of"]
        yield "never" if seconds is None else short(seconds) + ("" if count == of else f" ({count} of {of})")
    yield f"{short(found['test_median'])} / {short(found['test_worst'])}"
