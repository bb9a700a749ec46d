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
    sub.add_argument(
        "-o", "--output", required=True, metavar="FILE",
        help=".html opens anywhere, .svg, .pdf and .png are for paper (pip install kanviz[plot]), .json is plotly's",
    )  # fmt: skip
    sub.add_argument("--width", type=values.length, metavar="LENGTH", help="of a figure for paper, as 183mm (89mm)")
    sub.add_argument("--grey", action="store_true", help="a figure for paper in greys")


def plot(options: argparse.Namespace) -> None:
    """Plot one edge, or the network, into a file."""
    from kanviz.plots import to_html, to_json, to_pdf, to_png, to_svg

    writers = {".svg": to_svg, ".pdf": to_pdf, ".png": to_png}
    output = writable(options.output)
    if output.suffix not in (".html", ".json", *writers):
        raise UsageError(f"A figure is written as .html, .svg, .pdf, .png or .json, not {shown(output.name)!r}.")
    if output.suffix not in writers and (options.width is not None or options.grey):
        raise UsageError("--width and --grey are for paper: write .svg, .pdf or .png.")
    kan = read_network(options.model, options)
    theme = "dark" if options.dark else "light"
    figure = kan.plot(rows_for(kan, options), edge=options.edge, theme=theme)
    if output.suffix in writers:
        width = {} if options.width is None else {"width": options.width}
        write(output, writers[output.suffix](figure, grey=options.grey, theme=theme, **width))
    else:
        write(output, to_html(figure, theme=theme) if output.suffix == ".html" else to_json(figure))


COMMAND = Command(
    "plot",
    "Draw one edge, or the whole network, into a file.",
    options,
    plot,
    examples=(
        "kanviz plot sample_models/gravity.safetensors --edge 0,2,2 -o edge.html",
        "kanviz plot sample_models/gravity.safetensors -o figure.pdf --width 89mm --grey",
    ),
)
