"""Implements `kanviz plot`, which plots an edge or the network."""

import argparse

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import UsageError
from kanviz.cli.options import takes_block, takes_model, takes_table
from kanviz.cli.outputs import writable
from kanviz.cli.tables import read_network, rows_for
from kanviz.text import shown
from kanviz.writing import write


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub)
    takes_block(sub)
    takes_table(sub)
    sub.add_argument("--edge", type=values.edge, metavar="LAYER,SOURCE,TARGET", help="which edge (the whole network)")
    sub.add_argument("--dark", action="store_true", help="light on dark")
    sub.add_argument("-o", "--output", required=True, metavar="FILE", help=".html opens anywhere, .json is plotly's")


def plot(options: argparse.Namespace) -> None:
    """Plot one edge, or the network, into a file."""
    from kanviz.analysis.curves import edge_curve
    from kanviz.analysis.layout import layout, wide
    from kanviz.analysis.scores import scores
    from kanviz.analysis.thumbnails import all_curves
    from kanviz.core.layer import EdgeId
    from kanviz.plots import edge_figure, network_figure, to_html, to_json

    output = writable(options.output)
    if output.suffix not in (".html", ".json"):
        raise UsageError(f"A figure is written as .html or .json, not {shown(output.name)!r}.")
    kan = read_network(options.model, options)
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


COMMAND = Command(
    "plot",
    "Draw one edge, or the whole network, into a file.",
    options,
    plot,
    examples=("kanviz plot sample_models/gravity.safetensors --edge 0,2,2 -o edge.html",),
)
