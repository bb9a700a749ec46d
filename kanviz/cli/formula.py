"""Implements `kanviz formula`: writes a network as a formula, after fitting its curves if requested; and back."""

import argparse
import json
import math
from typing import TYPE_CHECKING

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import UsageError, bar, bar_end, finite, out, say, unit_of
from kanviz.cli.formula_network import makes_network, network_of_formula
from kanviz.cli.options import takes_block, takes_model, takes_table
from kanviz.cli.outputs import model_path
from kanviz.cli.tables import read_network, rows_for
from kanviz.text import shown

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.edit.history import History
    from kanviz.laws.law import Law


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub, "*")
    makes_network(sub)
    takes_block(sub)
    takes_table(sub)
    first = sub.add_mutually_exclusive_group()
    first.add_argument("--fit", action="store_true", help="first fix the best formula found for every curve")
    first.add_argument(
        "--together",
        action="store_true",
        help="first read all edges together: after each one, all remaining numbers are fitted again",
    )
    sub.add_argument("--seconds", type=float, default=60.0, help="with --together: at most (60)")
    sub.add_argument(
        "--within",
        type=float,
        default=float("inf"),
        metavar="SHARE",
        help="with --fit: only where the formula's error is at most this share of the curve's spread",
    )
    sub.add_argument("--digits", type=values.whole(1, 17), default=6, help="of the constants (6)")
    sub.add_argument("-o", "--output", metavar="MODEL", help="with --fit, --together or --to-network: save the network")
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--latex", action="store_true", help="as LaTeX")
    how.add_argument("--json", action="store_true", help="as JSON, for other programs")


def formula(options: argparse.Namespace) -> None:
    """Compose the network's formula, with --fit or --together after fitting its curves; report remaining splines.

    With --to-network the network is made of a formula first.
    """
    from kanviz.analysis.compose import compose
    from kanviz.edit.proposals import compare_outputs
    from kanviz.io import save

    fits = options.fit or options.together
    if bool(options.model) == bool(options.to_network):
        raise UsageError("Name a network's file, or type a formula after --to-network. See kanviz formula --help.")
    if options.output and not (fits or options.to_network):
        raise UsageError("There is nothing new to save without --fit or --together. See kanviz formula --help.")
    output = model_path(options.output) if options.output else None
    law = data = None
    if options.to_network:
        kan = before = network_of_formula(options)
        if output:
            save(kan, output)
    else:
        kan = before = read_network(options.model, options)
        data = rows_for(kan, options)
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
        out(json.dumps(record, indent=2))
        return
    for line in found.latex() if options.latex else found.text():
        out(shown(line, 1_000_000))
    if law is not None:
        exact = f"{kan.outputs[0].name} = {law.expression}"
        say(f"With exact constants: {shown(exact, 2_000)}; RMSE {law.test_rmse:.3g}.")
    unit = unit_of(kan)
    say(f"Largest gap to the network: {found.gap.largest:.3g}{unit}, over {found.gap.rows:,} rows.")
    if fit and not math.isfinite(fit.shift):
        say(
            "On some rows a fitted formula is NaN or infinite, and so are the outputs. "
            "Fit fewer edges with --within 0.01."
        )
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
    """Fit all edges together; return the network of formulas as one step, and the law with exact constants or None."""
    from kanviz.edit.edits import Rewrite
    from kanviz.edit.history import History
    from kanviz.laws.search.extraction import extract
    from kanviz.laws.search.extraction_record import ExtractConfig

    found = None
    for found in extract(kan, data, ExtractConfig(seconds=seconds)):
        bar(found.edges - found.now.curves, found.edges, f"error {found.error(found.now):.2g} of the spread")
    bar_end()
    assert found is not None
    say(f"Ended because: {found.stopped_because}.")
    for one in found.front:
        kind = "law" if one.law else "formula" if not one.curves else f"{one.curves} curves left"
        say(f"complexity {one.complexity}: {kind}, error {found.error(one):.2g} of the spread, gap {one.gap:.3g}")
    best = found.best
    if best.kan.digest == kan.digest:
        return History.start(kan), None
    return History.start(kan).apply(Rewrite.of(kan, best.kan, "Formulas found together")), best.law


def _fitted(kan: "KAN", data: "Dataset | None", within: float) -> "History":
    """Replace every curve by its best formula if its error is at most `within` of the curve's spread, and report it."""
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


COMMAND = Command(
    "formula",
    "Write a network out as a formula, in the units of its table; or make the network of a formula.",
    options,
    formula,
    examples=(
        "kanviz formula sample_models/gravity.safetensors --table sample_models/gravity.csv --together",
        'kanviz formula --to-network "exp(sin(pi*x) + y**2)" --range x=-1:1 y=-1:1 -o formula.safetensors',
    ),
)
