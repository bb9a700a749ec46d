"""What each command does: read, call the library, say the result; results on stdout, everything else on stderr."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.text import shown

if TYPE_CHECKING:
    from kanviz.core.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.edit.history import History
    from kanviz.io.tables import Table

BAR = 28  # characters of a progress bar
INTERRUPTED = 130  # the shell's status for a command stopped with Ctrl-C


class UsageError(UserError):
    """Arguments that do not make a command."""


def app(options: argparse.Namespace) -> None:
    """Start the app and stay until it is stopped."""
    from kanviz.ui.serve import serve

    serve(options.model, port=options.port, browser=not options.no_browser)


def show(options: argparse.Namespace) -> None:
    """What is in a model file."""
    from kanviz.analysis.summary import describe

    kan = _load(options.model)
    record = describe(kan)
    if options.json:
        print(json.dumps(record, indent=2))
        return
    print(f"{kan.shape_text}, {record['edges']} edges, {record['task']}, {record['precision']}")
    for kind in ("inputs", "outputs"):
        print(f"{kind + ':':9}{', '.join(shown(str(v)) for v in getattr(kan, kind))}")
    for n, layer in enumerate(record["layers"]):
        states = {**layer["edges"], "frozen": layer["frozen"]}
        edges = ", ".join(f"{count} {state}" for state, count in states.items() if count)
        print(
            f"layer {n}: {layer['sources']} to {layer['nodes']} nodes, grid {layer['grid']}, order {layer['order']}, "
            f"base {layer['base']}; edges: {edges}"
        )
    for row in record["formulas"]:
        print(f"edge {','.join(map(str, row['edge']))}: {shown(row['formula'], 200)}")
    print(f"digest: {record['digest']}")
    for note in kan.notes:
        print(f"note: {shown(note, 400)}")


def train(options: argparse.Namespace) -> int:
    """Train a new network; Ctrl-C keeps the best so far. The exit status."""
    from dataclasses import replace

    from kanviz.core.dataset import Dataset
    from kanviz.core.init import init
    from kanviz.core.train import TrainConfig
    from kanviz.core.train import train as steps_of  # `train` is the command here
    from kanviz.edit.edits import Retrain
    from kanviz.edit.history import History
    from kanviz.io import save

    output = _model_path(options.output)
    units, frame = _units(options.unit), _table(options.table).frame
    strangers = [name for name in units if name not in frame.columns]
    if strangers:
        raise UserError(f"There is no column {shown(strangers[0])!r} to give a unit to.")
    data = Dataset.from_frame(frame, options.target, options.inputs, units=units, test=options.test, seed=options.seed)
    _say_notes(data.notes)
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
        _say(f"Stopped at step {last.step} of {last.steps}; the best network so far is kept.")
    print(f"{output}: {last.best.shape_text}, best of {last.step} steps at step {last.best_step}")
    print(_error_words(last.best, data))
    return INTERRUPTED if stopped else 0


def _error_words(kan: "KAN", data: "Dataset") -> str:
    """The error on the rows it learned from and on those held out: RMSE with its unit, or the share it got right."""
    from kanviz.analysis.metrics import metrics

    found = metrics(kan, data)
    return ", ".join(
        f"{part} accuracy {errors.accuracy:.1%} ({errors.rows:,} rows)"
        if found.task == "classification"
        else f"{part} RMSE {errors.rmse:.4g}{_unit(kan)} ({errors.rows:,} rows)"
        for part, errors in found.parts.items()
    )


def _unit(kan: "KAN") -> str:
    """The unit that all outputs share, to be put behind a number."""
    units = {v.unit for v in kan.outputs}
    return f" {shown(units.pop())}" if len(units) == 1 and units != {""} else ""


def formula(options: argparse.Namespace) -> None:
    """Compose the network's formula, fitting its curves first with --fit; says what is left open."""
    from kanviz.analysis.compose import compose
    from kanviz.edit.proposals import compare_outputs
    from kanviz.io import save

    if options.output and not options.fit:
        raise UsageError("There is nothing new to save without --fit. See kanviz formula --help.")
    output = _model_path(options.output) if options.output else None
    kan = before = _load(options.model)
    data = _table_for(kan, options)
    if options.fit:
        history = _fitted(kan, data, options.within)
        kan = history.present
        if output:
            save(kan, output, recipe=history.recipe())
    found = compose(kan, data).rounded(options.digits)
    fit = compare_outputs(before, kan, data) if options.fit else None
    if options.json:
        record = {
            "outputs": [v.name for v in kan.outputs],
            "formulas": list(found.text()),
            "latex": list(found.latex()),
            "spline_edges": [list(edge) for edge in found.spline_edges],
            "largest_gap": _finite(found.gap.largest),
            "rows": found.gap.rows,
            "notes": list(found.notes),
        }
        if fit:
            record["fit"] = {
                "rmse_before": _finite(fit.before),
                "rmse_after": _finite(fit.after),
                "largest_change": _finite(fit.shift),
            }
        print(json.dumps(record, indent=2))
        return
    for line in found.latex() if options.latex else found.text():
        print(shown(line, 1_000_000))
    unit = _unit(kan)
    _say(f"Largest gap to the network: {found.gap.largest:.3g}{unit}, over {found.gap.rows:,} rows.")
    if fit and not math.isfinite(fit.shift):
        _say("On some rows a fitted formula is no number, so the outputs are none. Fit fewer edges with --within 0.01.")
    elif fit:
        _say(f"Fitting moved the outputs by {fit.shift:.3g}{unit} at most.")
        if fit.before is not None and fit.after is not None:
            _say(f"RMSE on the table: {fit.before:.4g}{unit} before fitting, {fit.after:.4g}{unit} after.")
    for note in found.notes:
        _say(note)
    if found.spline_edges:
        count = len(found.spline_edges)
        _say(
            f"{f'{count:,} edges are still splines' if count > 1 else '1 edge is still a spline'}, written as phi: "
            "this is no closed formula yet. Fit with --fit, or in the app."
        )


def _fitted(kan: "KAN", data: "Dataset | None", within: float) -> "History":
    """Every curve fixed as the best formula found for it, if that misses at most `within` of its spread; says so."""
    from kanviz.analysis.symbolic import suggest_edge
    from kanviz.edit.edits import FixFormula
    from kanviz.edit.history import History

    edges = [edge for edge in kan.edges() if kan.edge(edge).active]
    history, lines = History.start(kan), []
    for done, edge in enumerate(edges):
        _bar(done, len(edges), str(edge))
        best = suggest_edge(kan, edge, data)[0]
        if best.error <= within:
            history = history.apply(FixFormula(edge, best.formula))
        left = [] if best.error <= within else ["Left as it is."]
        lines.append(" ".join([f"{edge}: {best}", *left, *best.warnings]))
    _bar_end()
    for line in lines:
        _say(line)
    return history


def plot(options: argparse.Namespace) -> None:
    """Draw one edge, or the network, into a file."""
    from kanviz.analysis.curves import edge_curve
    from kanviz.analysis.layout import layout
    from kanviz.analysis.scores import scores
    from kanviz.analysis.thumbnails import all_curves
    from kanviz.core.layer import EdgeId
    from kanviz.plots import edge_figure, network_figure, to_html, to_json

    output = _writable(options.output)
    if output.suffix not in (".html", ".json"):
        raise UsageError(f"A figure is written as .html or .json, not {shown(output.name)!r}.")
    kan = _load(options.model)
    data = _table_for(kan, options)
    theme = "dark" if options.dark else "light"
    if options.edge:
        figure = edge_figure(edge_curve(kan, EdgeId(*options.edge), data), theme=theme)
    else:
        ranking = scores(kan, data)
        figure = network_figure(layout(kan, ranking), all_curves(kan, data), ranking, theme=theme)
    text = to_html(figure, theme=theme) if output.suffix == ".html" else to_json(figure)
    output.write_text(text, encoding="utf-8")


def bench(options: argparse.Namespace) -> None:
    """Time the layers and the training on this machine."""
    from kanviz.bench.short import short_bench, short_text

    record = short_bench()
    if options.json:
        print(json.dumps(record, indent=2))
        return
    for line in short_text(record):
        print(line)


# --- reading and saying -----------------------------------------------------------------------------------------


def _load(paths: Sequence[str]) -> "KAN":
    from kanviz.io import load

    return load(*paths)


def _table(path: str) -> "Table":
    from kanviz.io.tables import read_table

    table = read_table(Path(path).read_bytes(), Path(path).name)
    _say_notes(table.notes)
    return table


def _say_notes(notes: Sequence[str]) -> None:
    for note in notes:
        _say(f"note: {shown(note, 400)}")


def _table_for(kan: "KAN", options: argparse.Namespace) -> "Dataset | None":
    """The rows of --table as the network takes them; None without --table."""
    from kanviz.core.dataset import Dataset

    if not options.table:
        if options.target or options.inputs:
            raise UsageError("--target and --inputs name columns of a table; give it with --table.")
        return None
    frame = _table(options.table).frame
    names = [v.name for v in kan.inputs]
    inputs = options.inputs or (names if set(names) <= set(frame.columns) else None)
    target = options.target or [v.name for v in kan.outputs]
    if not options.target and not set(target) <= set(frame.columns):
        raise UserError(f"The table has no column {shown(target[0])!r}; say which one it is with --target.")
    task = "classification" if kan.task == "classification" else "regression"
    data = Dataset.from_frame(frame, target, inputs, task=task).matching(kan)
    _say_notes(data.notes)
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


def _model_path(output: str) -> Path:
    path = _writable(output)
    if path.suffix != ".safetensors":
        raise UserError(f"A network is saved as .safetensors. Name the file {shown(path.stem)}.safetensors.")
    return path


def _finite(value: float | None) -> float | None:
    """JSON has no infinity and no nan."""
    return value if value is not None and math.isfinite(value) else None


def _say(sentence: str) -> None:
    """Beside the result, which alone goes to stdout."""
    print(sentence, file=sys.stderr)


def _bar(done: int, total: int, text: str) -> None:
    """A progress bar on stderr, when somebody is there to see it."""
    if sys.stderr.isatty():
        filled = BAR * done // max(total, 1)
        line = f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total}  {text}\x1b[K"
        print(line, end="", file=sys.stderr, flush=True)


def _bar_end() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
