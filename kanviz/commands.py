"""What each command does: read, call the library, say the result; results on stdout, everything else on stderr."""

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.console import (
    UsageError,
    bar,
    bar_end,
    finite,
    model_path,
    read_network,
    rows_for,
    say,
    unit_of,
    writable,
)  # fmt: skip
from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.writing import write

if TYPE_CHECKING:
    from kanviz.core.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.edit.history import History
    from kanviz.laws.law import Law


def app(options: argparse.Namespace) -> None:
    """Start the app and stay until it is stopped."""
    from kanviz.ui.serve import serve

    serve(options.model, port=options.port, browser=not options.no_browser, hosts=options.hosts, keep=options.keep)


def show(options: argparse.Namespace) -> None:
    """What is in a model file."""
    from kanviz.analysis.summary import describe

    kan = read_network(options.model)
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
        print(f"{'caution' if note in kan.cautions else 'note'}: {shown(note, 400)}")


def formula(options: argparse.Namespace) -> None:
    """Compose the network's formula, with --fit or --together after fitting its curves; says what is left open."""
    from kanviz.analysis.compose import compose
    from kanviz.edit.proposals import compare_outputs
    from kanviz.io import save

    fits = options.fit or options.together
    if options.output and not fits:
        raise UsageError("There is nothing new to save without --fit or --together. See kanviz formula --help.")
    output = model_path(options.output) if options.output else None
    kan = before = read_network(options.model)
    data = rows_for(kan, options)
    law = None
    if fits:
        if options.together:
            history, law = _together(kan, data, options.seconds)
        else:
            history = _fitted(kan, data, options.within)
        kan = history.present
        if output:
            save(kan, output, recipe=history.recipe())
    found = compose(kan, data).rounded(options.digits)
    fit = compare_outputs(before, kan, data) if fits else None
    if options.json:
        record = {
            "outputs": [v.name for v in kan.outputs],
            "formulas": list(found.text()),
            "latex": list(found.latex()),
            "spline_edges": [list(edge) for edge in found.spline_edges],
            "largest_gap": finite(found.gap.largest),
            "rows": found.gap.rows,
            "notes": list(found.notes),
        }
        if law is not None:
            record["law"] = {"expression": str(law.expression), "test_rmse": finite(law.test_rmse)}
        if fit:
            record["fit"] = {
                "rmse_before": finite(fit.before),
                "rmse_after": finite(fit.after),
                "largest_change": finite(fit.shift),
            }
        print(json.dumps(record, indent=2))
        return
    for line in found.latex() if options.latex else found.text():
        print(shown(line, 1_000_000))
    if law is not None:
        exact = f"{kan.outputs[0].name} = {law.expression}"
        say(f"With exact constants: {shown(exact, 2_000)}; RMSE {law.test_rmse:.3g}.")
    unit = unit_of(kan)
    say(f"Largest gap to the network: {found.gap.largest:.3g}{unit}, over {found.gap.rows:,} rows.")
    if fit and not math.isfinite(fit.shift):
        say("On some rows a fitted formula is no number, so the outputs are none. Fit fewer edges with --within 0.01.")
    elif fit:
        say(f"Fitting moved the outputs by {fit.shift:.3g}{unit} at most.")
        if fit.before is not None and fit.after is not None:
            say(f"RMSE on the table: {fit.before:.4g}{unit} before fitting, {fit.after:.4g}{unit} after.")
    for note in found.notes:
        say(note)
    if found.spline_edges:
        count = len(found.spline_edges)
        say(
            f"{f'{count:,} edges are still splines' if count > 1 else '1 edge is still a spline'}, written as phi: "
            "this is no closed formula yet. Fit with --fit, or in the app."
        )


def _together(kan: "KAN", data: "Dataset | None", seconds: float) -> "tuple[History, Law | None]":
    """All edges read together; the network of formulas as one step, and the law it was settled to."""
    from kanviz.edit.edits import Rewrite
    from kanviz.edit.history import History
    from kanviz.laws.extraction import ExtractConfig, extract

    found = None
    for found in extract(kan, data, ExtractConfig(seconds=seconds)):
        bar(found.edges - found.now.curves, found.edges, f"misses {found.error(found.now):.2g} of the spread")
    bar_end()
    assert found is not None
    say(f"Ended because: {found.stopped_because}.")
    for one in found.front:
        kind = "law" if one.law else "formula" if not one.curves else f"{one.curves} curves left"
        say(f"complexity {one.complexity}: {kind}, misses {found.error(one):.2g} of the spread, gap {one.gap:.3g}")
    best = found.best
    if best.kan.digest == kan.digest:
        return History.start(kan), None
    return History.start(kan).apply(Rewrite.of(kan, best.kan, "Formulas found together")), best.law


def _fitted(kan: "KAN", data: "Dataset | None", within: float) -> "History":
    """Every curve fixed as the best formula found for it, if that misses at most `within` of its spread; says so."""
    from kanviz.analysis.symbolic import suggest_edge
    from kanviz.edit.edits import FixFormula
    from kanviz.edit.history import History

    edges = [edge for edge in kan.edges() if kan.edge(edge).active]
    history, lines = History.start(kan), []
    for done, edge in enumerate(edges):
        bar(done, len(edges), str(edge))
        best = suggest_edge(kan, edge, data)[0]
        if best.error <= within:
            history = history.apply(FixFormula(edge, best.formula))
        left = [] if best.error <= within else ["Left as it is."]
        lines.append(" ".join([f"{edge}: {best}", *left, *best.warnings]))
    bar_end()
    for line in lines:
        say(line)
    return history


def script(options: argparse.Namespace) -> None:
    """The steps that a saved network tells, as Python; says where they cannot all be done again."""
    from kanviz.edit.edits import edit_from_json
    from kanviz.edit.script import first_stop, recipe_script
    from kanviz.io.native import saved_with

    output = writable(options.output) if options.output else None
    kan, start = read_network([options.model]), read_network([options.start])
    recipe, held = saved_with(Path(options.model).read_bytes())
    if recipe is None:
        raise UserError(f"{shown(options.model, 200)} does not tell the steps that made it; only kanviz's files do.")
    rows = {held[0].digest: options.model} if held else {}
    text = recipe_script(recipe, kan, options.start, rows)
    if recipe["start"] != start.digest:
        raise UserError(f"{shown(options.start, 200)} is not the network that these steps began with.")
    stop = first_stop([edit_from_json(record) for record in recipe["edits"]], rows)
    if stop:
        say(f"The script ends before step {stop.step}: {stop.why}.")
    if output:
        write(output, text)
    else:
        print(text, end="")


def plot(options: argparse.Namespace) -> None:
    """Draw one edge, or the network, into a file."""
    from kanviz.analysis.curves import edge_curve
    from kanviz.analysis.layout import layout, wide
    from kanviz.analysis.scores import scores
    from kanviz.analysis.thumbnails import all_curves
    from kanviz.core.layer import EdgeId
    from kanviz.plots import edge_figure, network_figure, to_html, to_json

    output = writable(options.output)
    if output.suffix not in (".html", ".json"):
        raise UsageError(f"A figure is written as .html or .json, not {shown(output.name)!r}.")
    kan = read_network(options.model)
    data = rows_for(kan, options)
    theme = "dark" if options.dark else "light"
    if options.edge:
        figure = edge_figure(edge_curve(kan, EdgeId(*options.edge), data), theme=theme)
    else:
        ranking = scores(kan, data)
        places = layout(kan, ranking)
        drawn = [place.id for place in places.edges] if wide(kan) else None
        figure = network_figure(places, all_curves(kan, data, edges=drawn), ranking, theme=theme)
    text = to_html(figure, theme=theme) if output.suffix == ".html" else to_json(figure)
    write(output, text)


def bench(options: argparse.Namespace) -> None:
    """Time the layers and the training on this machine."""
    from kanviz.bench.short import short_bench, short_text

    record = short_bench()
    if options.json:
        print(json.dumps(record, indent=2))
        return
    for line in short_text(record):
        print(line)
