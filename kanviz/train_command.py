"""The command `kanviz train`: a table in, a trained network out, and what came of it in words or as JSON."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanviz import relearning
from kanviz.console import (
    INTERRUPTED,
    UsageError,
    bar,
    bar_end,
    finite,
    model_path,
    read_network,
    read_rows,
    reading,
    say,
    say_notes,
    table_for,
    unit_of,
    units_from,
)  # fmt: skip
from kanviz.errors import UserError
from kanviz.text import PICKED, SOLVER_TITLES, listing, shown

if TYPE_CHECKING:
    from kanviz.analysis.metrics import Metrics
    from kanviz.core.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.train import Progress, TrainConfig
    from kanviz.io.tables import Table
    from kanviz.relearning import Keeping

START_GRID, ORDER = 3, 3  # intervals that grids grow from; of the splines


@dataclass(frozen=True)
class Width:
    """Columns of nodes as `--shape` gives them. whole: with inputs and outputs, as pykan writes a width."""

    columns: tuple[Any, ...]
    whole: bool = False

    def between(self, data: "Dataset") -> list[Any]:
        """The whole width for a table; refuses one written for other numbers of inputs and outputs."""
        if not self.whole:
            return [len(data.inputs), *self.columns, len(data.outputs)]
        ends = (self.columns[0], data.inputs, "input"), (self.columns[-1], data.outputs, "output")
        for column, variables, kind in ends:
            asked = sum(column) if isinstance(column, list) else column
            if asked != len(variables):
                raise UserError(
                    f"--shape has {asked} {kind}s, the table gives {len(variables)}: "
                    f"{listing([v.name for v in variables], 8)}. Change --shape, or choose columns with --inputs."
                )
        return list(self.columns)


HIDDEN = Width((5,))


@dataclass(frozen=True)
class Run:
    """A training that ended, or was stopped. cpu_seconds: CPU time of this process from the first step to the last."""

    start: "KAN"
    data: "Dataset"
    config: "TrainConfig"
    last: "Progress"
    cpu_seconds: float
    interrupted: bool
    keeping: "Keeping | None" = None

    @property
    def kan(self) -> "KAN":
        return self.last.best

    @property
    def grids(self) -> list[int]:
        return [layer.grid for layer in self.kan.layers]

    @property
    def why(self) -> str:
        return "stopped with Ctrl-C" if self.interrupted else self.last.stopped_because


def train(options: argparse.Namespace) -> int:
    """Train a new network, or one that is given; Ctrl-C keeps the best so far. The exit status."""
    from kanviz.edit.edits import Retrain
    from kanviz.edit.history import History
    from kanviz.io import save

    relearning.check(options)
    output = model_path(options.output)
    units, table = units_from(options.unit), read_rows(options.table, reading(options))
    start, data, kept = _given(options, table) if options.start else _new(options, table, units)
    run = _run(start, data, _config(options, start, kept), kept)
    recipe = None
    if kept is None or kept.anchor is None:  # a recipe has no anchor to replay a training with
        recipe = History.start(start).record(Retrain.of(run.config, data, run.last), run.kan).recipe()
    save(run.kan, output, recipe=recipe)
    if run.interrupted:
        say(f"Stopped at step {run.last.step} of {run.last.steps}; the best network so far is kept.")
    _report(run, str(output), as_json=options.json)
    return INTERRUPTED if run.interrupted else 0


def _new(options: argparse.Namespace, table: "Table", units: dict[str, str]) -> "tuple[KAN, Dataset, None]":
    """A network before training, for the table."""
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
    """A note where a column holds the errors of the target and none was named."""
    from kanviz.core.roles import roles_of

    target = table.column(options.target)
    found = [name for name, of in roles_of(table.frame, [target]).errors.items() if of == target]
    if options.errors or options.classes or not found:
        return []
    return [f"{listing(found)} holds errors of {shown(target, 40)}; with --errors rows count by 1 / error^2."]


def _given(options: argparse.Namespace, table: "Table") -> "tuple[KAN, Dataset, Keeping]":
    """The network of --start, the table as it takes it, and what it shall keep."""
    start = read_network([options.start])
    table = table.named_for([v.name for v in (*start.inputs, *start.outputs)])
    errors = table.column(options.errors) if options.errors else None
    data = table_for(
        start, table, [options.target], options.inputs, errors=errors, test=options.test, seed=options.seed
    )  # fmt: skip
    say_notes(data.notes)
    kept = relearning.keeping(options, start, data)
    return start, kept.data, kept


def _config(options: argparse.Namespace, kan: "KAN", kept: "Keeping | None") -> "TrainConfig":
    """Grids that grow and smoothing by the data for auto and lm; the plain solvers on a grid that stays otherwise, as
    does that of a network that goes on.
    """
    from kanviz.core.train import TrainConfig

    given = {name: value for name in ("steps", "finest") if (value := getattr(options, name)) is not None}
    if kept is not None:
        given = relearning.settings(kept, **given)
        return TrainConfig.for_trained(solver=options.solver, seed=options.seed, **given)
    if options.solver in ("auto", "lm"):
        return TrainConfig.for_new(len(kan.layers), solver=options.solver, seed=options.seed, **given)
    if "finest" in given:
        raise UsageError("--finest belongs to --solver auto and lm, which refine grids. Choose --grid instead.")
    return TrainConfig(solver=options.solver, follow=5, seed=options.seed, **given)


def _run(start: "KAN", data: "Dataset", config: "TrainConfig", kept: "Keeping | None") -> Run:
    from kanviz.core.train import train as steps_of  # `train` is the command here

    last, interrupted, clock = None, False, time.process_time()
    try:
        for last in steps_of(start, data, config, anchor=kept.anchor if kept else None):
            bar(last.step, last.steps, f"{last.loss} {last.train_loss:.3g}")
    except KeyboardInterrupt:
        interrupted = True
    spent = time.process_time() - clock
    bar_end()
    if last is None:
        raise KeyboardInterrupt
    return Run(start, data, config, last, spent, interrupted, kept)


def _report(run: Run, path: str, *, as_json: bool) -> None:
    from kanviz.analysis.metrics import metrics

    found, keeping = metrics(run.kan, run.data), run.keeping
    old = relearning.kept(keeping, run.start, run.kan) if keeping else {}
    relearning.say_kept(old, [v.name for v in run.kan.outputs])
    if as_json:
        lock = relearning.capacity(keeping.lock, run.start) if keeping and keeping.lock else None
        more = {"start": run.start.digest, "lock": lock, "old_rows": old} if keeping else {}
        print(json.dumps(record(run, found, path) | more, indent=2, allow_nan=False))
        return
    last = run.last
    picked = f" (picked: {PICKED[last.solver]})" if run.config.solver == "auto" else ""
    print(f"{path}: {run.kan.shape_text}, best of {last.step} steps at step {last.best_step}")
    more = "; a higher --finest may do better" if run.why.endswith("finest grid") else ""
    print(f"{SOLVER_TITLES[last.solver]}{picked}: {run.why}{more}")
    print(f"{_grid_words(run)}, {run.cpu_seconds:.3g} s of CPU time")
    print(_error_words(run.kan, found))


def record(run: Run, found: "Metrics", path: str) -> dict[str, Any]:
    """What a training came to, for JSON: errors in the target's units, null where there are none."""
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
        "stopped_because": run.why,
        "interrupted": run.interrupted,
    }


def _width(kan: "KAN") -> list[Any]:
    """The shape as `--shape` takes it."""
    inner = [(arity.count(1), len(arity) - arity.count(1)) for arity in (layer.arity for layer in kan.layers)]
    return [len(kan.inputs), *([sums, products] if products else sums for sums, products in inner)]


def _grid_words(run: Run) -> str:
    before, after = [layer.grid for layer in run.start.layers], run.grids
    words = _joined(after) if before == after else f"{_joined(before)} refined to {_joined(after)}"
    return f"grid intervals {words}"


def _joined(grids: Sequence[int]) -> str:
    """One number where all layers have the same, else one for each layer."""
    return str(grids[0]) if len(set(grids)) == 1 else ", ".join(map(str, grids))


def _error_words(kan: "KAN", found: "Metrics") -> str:
    """The error on the rows it learned from and on those held out: RMSE with its unit, or the share it got right."""
    return ", ".join(
        f"{part} accuracy {errors.accuracy:.1%} ({errors.rows:,} rows)"
        if found.task == "classification"
        else f"{part} RMSE {errors.rmse:.4g}{unit_of(kan)} ({errors.rows:,} rows)"
        for part, errors in found.parts.items()
    )
