"""The command `kanviz`: start the app, or look at, train, read and draw a network without it."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kanviz import __version__
from kanviz.errors import UserError
from kanviz.text import shown

if TYPE_CHECKING:
    from kanviz.core.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.layer import Variable

BAR = 28  # characters of a progress bar
INTERRUPTED = 130  # the shell's status for a command stopped with Ctrl-C


class _UsageError(UserError):
    """Arguments that are none."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message[:1].upper()}{message[1:]}. See {self.prog} --help.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. A refusal is one line on stderr."""
    from kanviz.ui.serve import one_thread

    one_thread()
    try:
        options = parser().parse_args(arguments)
        return options.run(options) or 0
    except UserError as refusal:
        return _refuse(str(refusal), 2 if isinstance(refusal, _UsageError) else 1)
    except BrokenPipeError:  # the reader of our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as refusal:
        where = f"{shown(str(refusal.filename), 200)}: " if refusal.filename else ""
        return _refuse(f"{where}{refusal.strerror or refusal}.", 1)
    except MemoryError:
        return _refuse("This needs more memory than there is.", 1)
    except KeyboardInterrupt:
        return _refuse("Stopped.", INTERRUPTED)


def _refuse(sentence: str, status: int) -> int:
    print(f"kanviz: {' '.join(sentence.split())}", file=sys.stderr)
    return status


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = _Parser("kanviz", description="See every function a Kolmogorov-Arnold Network learned, and change it.")
    top.add_argument("--version", action="version", version=f"kanviz {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(run=run)
        return sub

    app = command("app", _app, "Start the app in the browser.")
    _takes_model(app, "*")
    app.add_argument("--port", type=_port, help="where it listens on this machine (8501)")
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")

    show = command("show", _show, "Say what is in a model file.")
    _takes_model(show)
    show.add_argument("--json", action="store_true", help="as JSON, for other programs")

    learn = command("train", _train, "Train a new network on a table.")
    learn.add_argument("table", metavar="TABLE", help="CSV, TSV, Parquet or Excel, with column names")
    learn.add_argument("--target", required=True, metavar="COLUMN", help="the column to predict")
    learn.add_argument("--inputs", nargs="+", metavar="COLUMN", help="what to predict from (every other number)")
    learn.add_argument("--unit", action="append", default=[], metavar="COLUMN=UNIT", help="unit of a column; repeat it")
    learn.add_argument(
        "--shape", type=_hidden, default=[5], metavar="5 | 5,3 | 4+2",
        help="nodes in each hidden column; 4+2 is four sums and two products; 0 is none (5)",
    )  # fmt: skip
    learn.add_argument("--grid", type=int, default=5, help="intervals of each curve's grid (5)")
    learn.add_argument("--order", type=int, default=3, help="order of the splines, 1 to 5 (3)")
    learn.add_argument("--steps", type=int, default=100, help="training steps (100)")
    learn.add_argument("--solver", default="lbfgs", help="lbfgs or adam (lbfgs)")
    learn.add_argument("--test", type=float, default=0.2, help="share of rows held out (0.2)")
    learn.add_argument("--seed", type=int, default=0, help="of the split, the start and the batches (0)")
    learn.add_argument("-o", "--output", required=True, metavar="MODEL", help="where to save, .safetensors")
    return top


def _takes_model(sub: argparse.ArgumentParser, count: str = "+") -> None:
    sub.add_argument(
        "model", nargs=count, metavar="MODEL",
        help="a .safetensors or .pt file, or pykan's two: NAME_config.yml NAME_state",
    )  # fmt: skip


def _port(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {shown(text, 20)!r}")
    return int(text)


def _hidden(text: str) -> list[Any]:
    """Hidden columns as kanviz.init takes them: "5,4+2" is [5, [4, 2]]."""
    try:
        columns = [[int(part) for part in column.split("+")] for column in text.split(",")]
    except ValueError:
        columns = []
    if columns == [[0]]:
        return []
    if not columns or any(len(c) > 2 or min(c) < 0 or sum(c) == 0 for c in columns):
        raise argparse.ArgumentTypeError(f"write hidden columns as 5 or 5,3 or 4+2, not {shown(text, 20)!r}")
    return [c[0] if len(c) == 1 else c for c in columns]


# --- the commands -----------------------------------------------------------------------------------------------


def _app(options: argparse.Namespace) -> None:
    from kanviz.ui.serve import serve

    serve(options.model, port=options.port, browser=not options.no_browser)


def _show(options: argparse.Namespace) -> None:
    kan = _load(options.model)
    record = describe(kan)
    if options.json:
        print(json.dumps(record, indent=2))
        return
    print(f"{kan.shape_text}, {record['edges']} edges, {record['task']}, {record['precision']}")
    for kind in ("inputs", "outputs"):
        print(f"{kind + ':':9}{', '.join(shown(str(v)) for v in getattr(kan, kind))}")
    for n, layer in enumerate(record["layers"]):
        states = ", ".join(f"{count} {state}" for state, count in layer["edges"].items() if count)
        print(
            f"layer {n}: {layer['sources']} to {layer['nodes']} nodes, grid {layer['grid']}, order {layer['order']}, "
            f"base {layer['base']}; edges: {states}"
        )
    for row in record["formulas"]:
        print(f"edge {','.join(map(str, row['edge']))}: {shown(row['formula'], 200)}")
    print(f"digest: {record['digest']}")
    for note in kan.notes:
        print(f"note: {shown(note, 400)}")


def describe(kan: "KAN") -> dict[str, Any]:
    """What is in a network, as JSON."""
    layers = []
    for layer in kan.layers:
        fitted = layer.present.clone().fill_(False)
        for i, j, _ in layer.formulas:
            fitted[i, j] = True
        counts = {
            "spline": layer.active & ~fitted,
            "formula": fitted & ~layer.active,
            "both": fitted & layer.active,
            "pruned": ~layer.present,
            "frozen": layer.frozen & layer.present,
        }
        layers.append(
            {
                "sources": layer.sources,
                "nodes": layer.nodes,
                "arity": list(layer.arity),
                "grid": layer.grid,
                "order": layer.order,
                "base": layer.base,
                "outside": layer.outside,
                "edges": {state: int(mask.sum()) for state, mask in counts.items()},
            }
        )
    return {
        "shape": list(kan.shape),
        "shape_text": kan.shape_text,
        "task": kan.task,
        "precision": str(kan.dtype).removeprefix("torch."),
        "inputs": [_variable(v) for v in kan.inputs],
        "outputs": [_variable(v) for v in kan.outputs],
        "edges": sum(int(layer.present.sum()) for layer in kan.layers),
        "layers": layers,
        "formulas": [
            {"edge": [n, i, j], "formula": str(layer.formula(i, j))}
            for n, layer in enumerate(kan.layers)
            for i, j, _ in layer.formulas
        ],
        "digest": kan.digest,
        "notes": list(kan.notes),
    }


def _variable(v: "Variable") -> dict[str, Any]:
    return {"name": v.name, "unit": v.unit, "shift": v.shift, "scale": v.scale}


def _train(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from kanviz.core.init import init
    from kanviz.core.train import TrainConfig
    from kanviz.core.train import train as steps_of
    from kanviz.edit.edits import Retrain
    from kanviz.edit.history import History
    from kanviz.io import save

    output = _writable(options.output)
    data = _read(options.table, options.target, options.inputs, _units(options.unit), options.test, options.seed)
    config = TrainConfig(solver=options.solver, steps=options.steps, follow=5, seed=options.seed)
    shape = [len(data.inputs), *options.shape, len(data.outputs)]
    start = init(
        shape, grid=options.grid, order=options.order, seed=options.seed, inputs=data.inputs, outputs=data.outputs
    )
    start = replace(start, task=data.task)
    last, stopped = None, False
    try:
        for last in steps_of(start, data, config):
            _bar(last.step, last.steps, f"{last.loss} {last.train_loss:.3g}")
    except KeyboardInterrupt:
        stopped = True
    _bar_end()
    if last is None:
        raise KeyboardInterrupt
    history = History.start(start).record(Retrain.of(config, data, last), last.best)
    save(last.best, output, recipe=history.recipe())
    if stopped:
        print(f"Stopped at step {last.step} of {last.steps}; the best network so far is kept.", file=sys.stderr)
    print(f"{output}: {last.best.shape_text}, best of {last.step} steps at step {last.best_step}")
    print(_error_words(last.best, data))
    return INTERRUPTED if stopped else 0


def _error_words(kan: "KAN", data: "Dataset") -> str:
    """The error on the rows it learned from and on those held out: RMSE with its unit, or the share of right classes."""
    import torch

    words = []
    for part in ("train", "test"):
        x, y = data.rows(part)
        if not len(x):
            continue
        with torch.no_grad():
            out = kan(x)
        if data.task == "classification":
            words.append(f"{part} accuracy {float((out.argmax(1) == y.argmax(1)).double().mean()):.1%}")
        else:
            unit = shown(kan.outputs[0].unit) if len({v.unit for v in kan.outputs}) == 1 else ""
            words.append(f"{part} RMSE {float(((out - y) ** 2).mean().sqrt()):.4g}{f' {unit}' if unit else ''}")
        words[-1] += f" ({len(x):,} rows)"
    return ", ".join(words)


# --- reading and saying -----------------------------------------------------------------------------------------


def _load(paths: Sequence[str]) -> "KAN":
    from kanviz.io import load

    return load(*paths)


def _read(
    table: str, target: str, inputs: list[str] | None, units: dict[str, str], test: float, seed: int
) -> "Dataset":
    from kanviz.core.dataset import Dataset
    from kanviz.io.tables import read_table

    path = Path(table)
    found = read_table(path.read_bytes(), path.name)
    strangers = [name for name in units if name not in found.frame.columns]
    if strangers:
        raise UserError(f"There is no column {shown(strangers[0])!r} to give a unit to.")
    data = Dataset.from_frame(found.frame, target, inputs, units=units, test=test, seed=seed)
    for note in (*found.notes, *data.notes):
        print(f"note: {shown(note, 400)}", file=sys.stderr)
    return data


def _units(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise UserError(f"Write a unit as COLUMN=UNIT, as in length=m; got {shown(wrong[0])!r}.")
    return dict(pair.rsplit("=", 1) for pair in pairs)


def _writable(output: str) -> Path:
    """The path to write to, if its folder is there: said before the work, not after it."""
    path = Path(output)
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {shown(str(path.parent), 200)} to write {shown(path.name)} into.")
    if path.is_dir():
        raise UserError(f"{shown(output, 200)} is a folder; name a file in it.")
    return path


def _bar(done: int, total: int, text: str) -> None:
    """A progress bar on stderr, when somebody is there to see it."""
    if sys.stderr.isatty():
        filled = BAR * done // max(total, 1)
        print(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total}  {text}\x1b[K", end="", file=sys.stderr)


def _bar_end() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
