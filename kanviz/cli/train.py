"""Implements `kanviz train`: trains a network on a table, and reports the result in words or as JSON."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanviz.cli import protections, values
from kanviz.cli.command import Command
from kanviz.cli.console import INTERRUPTED, UsageError, bar, bar_end, finite, out, say, say_notes, unit_of
from kanviz.cli.options import reads_table, takes_block
from kanviz.cli.outputs import model_path
from kanviz.cli.tables import read_network, read_rows, reading, table_for, units_from
from kanviz.cli.values import Width
from kanviz.core.training.ending import Ending
from kanviz.text import PICKED, SOLVER_TITLES, listing, shown

if TYPE_CHECKING:
    from kanviz.analysis.metrics import Metrics
    from kanviz.cli.protections import ProtectedTraining
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.training.train import Progress, TrainConfig
    from kanviz.io.tables import Table

START_GRID, ORDER = 3, 3  # intervals of the first grid; spline order


HIDDEN = Width((5,))


@dataclass(frozen=True)
class Run:
    """A training that ended or was stopped. cpu_seconds: CPU time of this process from the first step to the last."""

    start: "KAN"
    data: "Dataset"
    config: "TrainConfig"
    last: "Progress"
    cpu_seconds: float
    interrupted: bool
    protected: "ProtectedTraining | None" = None

    @property
    def kan(self) -> "KAN":
        return self.last.best

    @property
    def grids(self) -> list[int]:
        return [layer.grid for layer in self.kan.layers]

    @property
    def why(self) -> Ending:
        return Ending.INTERRUPTED if self.interrupted else self.last.stopped_because


def train(options: argparse.Namespace) -> int:
    """Train a new network or that of --start; return the exit status. Ctrl-C stops and saves the best so far."""
    from kanviz.edit.edits import Retrain
    from kanviz.edit.history import History
    from kanviz.io import save

    protections.check(options)
    output = model_path(options.output)
    units, table = units_from(options.unit), read_rows(options.table, reading(options))
    start, data, protected = _given(options, table) if options.start else _new(options, table, units)
    run = _run(start, data, _config(options, start, protected), protected)
    recipe = None
    if protected is None or protected.held.anchor is None:  # a recipe has no EWC penalty to repeat a training with
        recipe = History.start(start).record(Retrain.of(run.config, data, run.last), run.kan).recipe()
    save(run.kan, output, recipe=recipe)
    if run.interrupted:
        say(f"Stopped at step {run.last.step} of {run.last.steps}; the best network so far is kept.")
    _report(run, str(output), as_json=options.json)
    return INTERRUPTED if run.interrupted else 0


def _new(options: argparse.Namespace, table: "Table", units: dict[str, str]) -> "tuple[KAN, Dataset, None]":
    """Make an untrained network for the table."""
    from dataclasses import replace

    from kanviz.core.init import init

    data = table.dataset(
        options.target, options.inputs, units=units, task="classification" if options.classes else None,
        errors=options.errors, test=options.test, seed=options.seed,
    )  # fmt: skip
    say_notes([*data.notes, *_errors_offered(options, table)])
    grid = options.grid or (START_GRID if options.solver in ("auto", "lm") else 5)
    kan = init(
        (options.shape or HIDDEN).between(data), grid=grid, order=options.order or ORDER, seed=options.seed,
        inputs=data.inputs, outputs=data.outputs,
    )  # fmt: skip
    return replace(kan, task=data.task), data, None


def _errors_offered(options: argparse.Namespace, table: "Table") -> list[str]:
    """Note a column that holds the errors of the target if the options do not name one."""
    from kanviz.core.columns.roles import roles_of

    target = table.column(options.target)
    found = [name for name, of in roles_of(table.frame, [target]).errors.items() if of == target]
    if options.errors or options.classes or not found:
        return []
    return [f"{listing(found)} holds errors of {shown(target, 40)}; with --errors rows count by 1 / error^2."]


def _given(options: argparse.Namespace, table: "Table") -> "tuple[KAN, Dataset, ProtectedTraining]":
    """Read the network of --start and the table with its columns, and apply its protections."""
    start = read_network([options.start], options)
    table = table.named_for([v.name for v in (*start.inputs, *start.outputs)])
    errors = table.column(options.errors) if options.errors else None
    data = table_for(
        start, table, [options.target], options.inputs, errors=errors, test=options.test, seed=options.seed
    )  # fmt: skip
    say_notes(data.notes)
    protected = protections.apply_protections(options, start, data)
    return start, protected.held.data, protected


def _config(options: argparse.Namespace, kan: "KAN", protected: "ProtectedTraining | None") -> "TrainConfig":
    """Choose the training settings: for auto and lm, grids that grow and smoothing chosen by the data.

    The other solvers, and a network that continues, use a fixed grid.
    """
    from kanviz.core.training.train import TrainConfig

    given = {name: value for name in ("steps", "finest") if (value := getattr(options, name)) is not None}
    if protected is not None:
        return protected.held.config(solver=options.solver, seed=options.seed, **given)
    if options.solver in ("auto", "lm"):
        return TrainConfig.for_new(len(kan.layers), solver=options.solver, seed=options.seed, **given)
    if "finest" in given:
        raise UsageError("--finest belongs to --solver auto and lm, which refine grids. Choose --grid instead.")
    return TrainConfig(solver=options.solver, follow=5, seed=options.seed, **given)


def _run(start: "KAN", data: "Dataset", config: "TrainConfig", protected: "ProtectedTraining | None") -> Run:
    from kanviz.core.training.train import train as steps_of  # `train` is the command in this file

    last, interrupted, clock = None, False, time.process_time()
    try:
        for last in steps_of(start, data, config, anchor=protected.held.anchor if protected else None):
            bar(last.step, last.steps, f"{last.loss} {last.train_loss:.3g}")
    except KeyboardInterrupt:
        interrupted = True
    spent = time.process_time() - clock
    bar_end()
    if last is None:
        raise KeyboardInterrupt
    return Run(start, data, config, last, spent, interrupted, protected)


def _report(run: Run, path: str, *, as_json: bool) -> None:
    from kanviz.analysis.metrics import metrics

    found, protected = metrics(run.kan, run.data), run.protected
    old = protections.preserved_rows(protected, run.start, run.kan) if protected else {}
    protections.say_preserved(old, [v.name for v in run.kan.outputs])
    if as_json:
        lock = protections.capacity(protected.held.lock, run.start) if protected and protected.held.lock else None
        more = {"start": run.start.digest, "lock": lock, "old_rows": old} if protected else {}
        out(json.dumps(record(run, found, path) | more, indent=2, allow_nan=False))
        return
    last = run.last
    picked = f" (picked: {PICKED[last.solver]})" if run.config.solver == "auto" else ""
    out(f"{path}: {run.kan.shape_text}, best of {last.step} steps at step {last.best_step}")
    more = "; a higher --finest may do better" if run.why is Ending.DONE_ON_THE_FINEST else ""
    out(f"{SOLVER_TITLES[last.solver]}{picked}: {run.why}{more}")
    out(f"{_grid_words(run)}, {run.cpu_seconds:.3g} s of CPU time")
    out(_error_words(run.kan, found))


def record(run: Run, found: "Metrics", path: str) -> dict[str, Any]:
    """Summarise a training for JSON: errors in the target's units, null where there are none."""
    parts, last = found.parts, run.last

    def error(part: str, name: str) -> float | None:
        return finite(getattr(parts[part], name)) if part in parts else None

    return {
        "model": path,
        "digest": run.kan.digest,
        "task": found.task,
        "shape": _width(run.kan),
        "rows": {part: errors.rows for part, errors in parts.items()},
        "unit": unit_of(run.kan).strip(),
        "train_rmse": error("train", "rmse"),
        "test_rmse": error("test", "rmse"),
        "train_accuracy": error("train", "accuracy"),
        "test_accuracy": error("test", "accuracy"),
        "cpu_seconds": run.cpu_seconds,
        "solver": last.solver,
        "start_grid": [layer.grid for layer in run.start.layers],
        "grid": run.grids,
        "steps": last.step,
        "best_step": last.best_step,
        "stopped_because": str(run.why),
        "interrupted": run.interrupted,
    }


def _width(kan: "KAN") -> list[Any]:
    """Return the shape in the form of `--shape`."""
    inner = [(arity.count(1), len(arity) - arity.count(1)) for arity in (layer.arity for layer in kan.layers)]
    return [len(kan.inputs), *([sums, products] if products else sums for sums, products in inner)]


def _grid_words(run: Run) -> str:
    before, after = [layer.grid for layer in run.start.layers], run.grids
    words = _joined(after) if before == after else f"{_joined(before)} refined to {_joined(after)}"
    return f"grid intervals {words}"


def _joined(grids: Sequence[int]) -> str:
    """Write one number if all layers have the same, otherwise one for each layer."""
    return str(grids[0]) if len(set(grids)) == 1 else ", ".join(map(str, grids))


def _error_words(kan: "KAN", found: "Metrics") -> str:
    """Describe the error on training and on held-out rows: RMSE with its unit, or the share of correct classes."""
    return ", ".join(
        f"{part} accuracy {errors.accuracy:.1%} ({errors.rows:,} rows)"
        if found.task == "classification"
        else f"{part} RMSE {errors.rmse:.4g}{unit_of(kan)} ({errors.rows:,} rows)"
        for part, errors in found.parts.items()
    )


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("table", metavar="TABLE", help="CSV or other text, Parquet or Excel")
    sub.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    sub.add_argument(
        "--inputs", nargs="+", metavar="COLUMN", help="what to predict from (every other number, and two words)"
    )
    sub.add_argument("--unit", action="append", default=[], metavar="COLUMN=UNIT", help="unit of a column; repeat it")
    sub.add_argument(
        "--shape", type=values.width, metavar="5 | 4+2 | [2,5,1]",
        help="nodes in each hidden column, as 5 or 5,3; 4+2 is four sums and two products; 0 is none (5). Or pykan's "
        "whole width with inputs and outputs, as [2,5,1] or [2,[4,2],1]",
    )  # fmt: skip
    sub.add_argument(
        "--solver", choices=SOLVER_TITLES, default="auto",
        help="auto takes lm (Levenberg-Marquardt) for a network and a table small enough, lbfgs or adam beyond (auto)",
    )  # fmt: skip
    sub.add_argument(
        "--grid", type=values.whole(1, 1_000),
        help="intervals of each curve's grid; auto and lm refine it (3; lbfgs, adam: 5)",
    )  # fmt: skip
    sub.add_argument(
        "--finest", type=values.whole(0, 1_000), metavar="INTERVALS",
        help="auto and lm: double the grid up to this many while that pays; 0 keeps the grid as it is (12)",
    )  # fmt: skip
    sub.add_argument("--order", type=values.whole(1, 5), help="order of the splines, 1 to 5 (3)")
    sub.add_argument("--steps", type=values.whole(1, 1_000_000), help="training steps at most (300; lbfgs, adam: 100)")
    sub.add_argument("--test", type=float, default=0.2, help="share of rows held out (0.2)")
    sub.add_argument(
        "--seed", type=values.whole(0, 2**32 - 1), default=0, help="of the split, the start and the batches (0)"
    )
    sub.add_argument("--classes", action="store_true", help="the target's numbers stand for classes")
    sub.add_argument(
        "--errors", metavar="COLUMN", help="the standard error of the target in each row: rows count by 1 / error^2"
    )
    reads_table(sub)
    sub.add_argument("--json", action="store_true", help="say what came of it as JSON, for other programs")
    sub.add_argument("-o", "--output", required=True, metavar="MODEL", help="where to save, .safetensors")
    sub.add_argument("--start", metavar="MODEL", help="go on with this network, on its own grids and scaling")
    takes_block(sub, "--start")
    sub.add_argument(
        "--lock-rows", metavar="OLD", help="with --start: rows of this table keep their predictions, bit by bit"
    )
    sub.add_argument(
        "--lock-box", type=values.box, metavar="X=-1:0,Y=-1:0",
        help="with --start: all points of this region keep their predictions, bit by bit",
    )  # fmt: skip
    sub.add_argument(
        "--replay", metavar="OLD", help="with --start: mix in rows of this table, as many as there are new ones"
    )
    sub.add_argument(
        "--ewc", metavar="OLD", help="with --start: pull back the numbers that this table's rows depend on"
    )
    sub.add_argument("--ewc-strength", type=values.strength, metavar="STRENGTH", help="how strongly --ewc holds (1)")


COMMAND = Command(
    "train",
    "Train a network on a table: a new one, or one that has learned.",
    options,
    train,
    examples=(
        "kanviz train sample_models/pendulum.csv --target period --unit period=s --shape 1 -o pendulum.safetensors",
        "kanviz train sample_models/two_variables.csv --target f --shape '[2,5,1]' --seed 0 --json "
        "-o exp_sin.safetensors",
        "kanviz train sample_models/hills_new.csv --target f --start sample_models/hills.safetensors "
        "--lock-rows sample_models/hills.csv -o after.safetensors",
    ),
)
