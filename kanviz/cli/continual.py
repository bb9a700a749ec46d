"""Implements `kanviz continual`: learns tables one after another under several policies and compares retention."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.cli.command import Command
from kanviz.cli.console import INTERRUPTED, bar, bar_end, out, say, say_notes
from kanviz.cli.outputs import json_path, written_so_far
from kanviz.cli.tables import read_rows
from kanviz.errors import TableError, UserError
from kanviz.text import counted, listing, percent, shown
from kanviz.writing import write

if TYPE_CHECKING:
    from kanviz.continual.config import ContinualConfig
    from kanviz.continual.retention import Retention
    from kanviz.core.data.dataset import Dataset

LARGEST = 1_000_000  # bytes of a settings file


def continual(options: argparse.Namespace) -> int:
    """Learn the tables of a settings file in turn, once under each policy, and return the exit status.

    The results of each policy are written at once; Ctrl-C does not lose them.
    """
    from kanviz.continual.config import read_config

    output = json_path(options.output) if options.output else None
    config = read_config(_text(options.config))
    tables = _tables(config, Path(options.config).parent)
    found, interrupted = [], False
    try:
        for name in config.policies:
            found.append(_run(config, tables, name))
            if not options.json:
                out(f"{chr(10) if len(found) > 1 else ''}{report(found[-1])}")
            if output:
                written_so_far(output, f"{_record(config, found)}\n")
    except KeyboardInterrupt:
        if not found:
            raise
        interrupted = True
        bar_end()
        say(f"Stopped; the runs of {listing([run.policy.name for run in found], 9)} are kept.")
    if options.json:
        out(_record(config, found))
    if output:
        write(output, f"{_record(config, found)}\n")
    return INTERRUPTED if interrupted else 0


def _record(config: "ContinualConfig", found: "Sequence[Retention]") -> str:
    runs = [run.to_json() for run in found]
    return json.dumps({"config": asdict(config), "runs": runs}, indent=2, allow_nan=False)


def _text(path: str) -> str:
    data = Path(path).read_bytes()
    if len(data) > LARGEST:
        raise UserError(f"{shown(path, 200)} is too large for settings; name a JSON file of settings.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{shown(path, 200)} is no text in UTF-8; name a JSON file of settings.") from None


def _tables(config: "ContinualConfig", folder: Path) -> list["Dataset"]:
    """Read the tasks with one scaling for all of them: the network's grid must cover every one."""
    import torch

    from kanviz.core.data.dataset import Dataset

    tables: list[Dataset] = []
    for n, name in enumerate(config.tasks):
        table = read_rows(str(folder / name))
        inputs = [table.column(one) for one in config.inputs] or (
            [v.name for v in tables[0].inputs] if tables else None
        )
        try:
            data = Dataset.from_frame(
                table.frame, table.column(config.target), inputs, task="regression", test=config.test,
                seed=config.seed + n,
            )  # fmt: skip
        except TableError as problem:
            raise TableError(f"{shown(name, 200)}: {problem}") from None
        say_notes([f"{name}: {note}" for note in data.notes])
        tables.append(data)
    inputs, outputs = ([v.name for v in part] for part in (tables[0].inputs, tables[0].outputs))
    x, y = torch.cat([data.x for data in tables]), torch.cat([data.y for data in tables])
    whole = Dataset.from_arrays(x, y, test=0, inputs=inputs, outputs=outputs)
    return [replace(data, inputs=whole.inputs, outputs=whole.outputs) for data in tables]


def _run(config: "ContinualConfig", tables: Sequence["Dataset"], name: str) -> "Retention":
    from kanviz.continual.sequence import learn_in_turn

    last = None
    kan = config.network(tables[0].inputs, tables[0].outputs)
    for last in learn_in_turn(kan, tables, config.policy(name), config.training, config.seed, config.tasks):
        step = config.steps if last.progress is None or last.done else last.progress.step
        bar(last.task * config.steps + step, len(tables) * config.steps, f"{name}: {shown(config.tasks[last.task])}")
    bar_end()
    assert last is not None
    return last.found


def report(found: "Retention") -> str:
    """Format one policy as a table: the error on every task after every task, unchanged bits, free control points."""
    unit = f" ({shown(found.unit)})" if found.unit else ""
    wide = max(12, *(len(shown(name, 24)) for name in found.tasks))
    lines = [f"policy {found.policy.name}: {found.policy}", f"{f'held-out RMSE{unit}':{wide + 2}}{_heads(found)}"]
    for i, name in enumerate(found.tasks):
        errors = "".join(f"{value:>11.3g}" for value in found.errors[i])
        lines.append(f"  {shown(name, 24):{wide}}{errors}   {_bits(found, i)}")
    for n, free in enumerate(found.free):
        lines.append(f"  {f'layer {n} free':{wide}}{''.join(f'{v:>11,}' for v in free)}   of {found.points[n]:,}")
    lines.append(
        f"own error {sum(found.own) / len(found.own):.3g}, gained {found.gained:.3g} over the best constant, "
        f"forgetting {found.forgetting:.3g}, backward transfer {found.backward_transfer:.3g}"
    )
    if found.full:
        lines.append(
            f"{counted(found.full, 'task')} not learned: the lock leaves nothing free. Give the network a finer grid."
        )
    return "\n".join(lines)


def _heads(found: "Retention") -> str:
    return "".join(f"{f'after {n + 1}':>11}" for n in range(found.turns)) + "   old predictions bit-identical"


def _bits(found: "Retention", task: int) -> str:
    """Format the share of unchanged predictions for a task before the last one, which has nothing to lose yet."""
    return f"{percent(found.kept[task][-1])} %" if task + 1 < found.turns else "-"


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("config", metavar="CONFIG", help="a JSON file: shape, tasks (tables), target, and what else")
    sub.add_argument("--json", action="store_true", help="as JSON, for other programs")
    sub.add_argument("-o", "--output", metavar="RESULT", help="also write what came of it into this .json file")


COMMAND = Command(
    "continual",
    "Learn tables one after another; report what was kept.",
    options,
    continual,
)
