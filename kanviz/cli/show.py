"""Implements `kanviz show`, which describes a model file."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from kanviz.cli.command import Command
from kanviz.cli.console import out
from kanviz.cli.options import takes_block, takes_model
from kanviz.cli.tables import read_network
from kanviz.text import listing, shown

if TYPE_CHECKING:
    from kanviz.core.layer import Layer


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub)
    takes_block(sub)
    sub.add_argument("--json", action="store_true", help="as JSON, for other programs")


def show(options: argparse.Namespace) -> None:
    """Describe a model file."""
    from kanviz.analysis.summary import describe
    from kanviz.io.foreign import SeveralNetworks

    try:
        kan = read_network(options.model, options)
    except SeveralNetworks:
        _list_blocks(options)
        return
    record = describe(kan)
    if options.json:
        out(json.dumps(record, indent=2))
        return
    out(f"{kan.shape_text}, {record['edges']} edges, {record['task']}, {record['precision']}")
    for kind in ("inputs", "outputs"):
        out(f"{kind + ':':9}{', '.join(shown(str(v)) for v in getattr(kan, kind))}")
    for n, layer in enumerate(record["layers"]):
        states = {**layer["edges"], "frozen": layer["frozen"]}
        curve = "spline" if layer["grid"] else "curve"
        edges = ", ".join(
            f"{count} {curve if state == 'spline' else state}" for state, count in states.items() if count
        )
        out(
            f"layer {n}: {kan.layers[n].takes} to {layer['nodes']} nodes, {_curves(kan.layers[n])}, "
            f"base {layer['base']}; edges: {edges}"
        )
    for row in record["formulas"]:
        out(f"edge {','.join(map(str, row['edge']))}: {shown(row['formula'], 200)}")
    out(f"digest: {record['digest']}")
    for note in kan.notes:
        out(f"{'caution' if note in kan.cautions else 'note'}: {shown(note, 400)}")


def _curves(layer: "Layer") -> str:
    """Describe the step before a layer, if any, and its basis functions."""
    from kanviz.core.families import FAMILIES, SPLINE

    count = layer.coef.shape[2]
    words = {"tanh": "tanh, ", "norm": "LayerNorm, ", "raw and norm": "as they are and after LayerNorm, "}
    step = words.get(layer.step, "")
    if layer.family == SPLINE:
        return f"{step}grid {layer.grid}, order {layer.order}"
    return f"{step}{FAMILIES[layer.family].words} ({count} function{'s' if count > 1 else ''})"


def _list_blocks(options: argparse.Namespace) -> None:
    """List the KANs inside a model, with what is next to each of them."""
    from kanviz.io import CONFIG_ENDINGS, blocks

    (path, *_) = [path for path in options.model if not path.lower().endswith(CONFIG_ENDINGS)] or options.model
    found = blocks(path)
    if options.json:
        out(json.dumps({"blocks": [asdict(block) for block in found]}, indent=2))
        return
    out(f"{len(found)} KANs are in this file; open one with --block and its name")
    for block in found:
        out(shown(str(block), 400))
        if block.around:
            out(f"  next to {listing(list(block.around), 6)}")


COMMAND = Command(
    "show",
    "Say what is in a model file.",
    options,
    show,
    examples=("kanviz show sample_models/gravity.safetensors",),
)
