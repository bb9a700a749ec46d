"""Implements `kanviz show`, which describes a model file."""

import argparse
import json
from dataclasses import asdict

from kanviz.cli.command import Command
from kanviz.cli.console import out
from kanviz.cli.options import takes_block, takes_model
from kanviz.cli.tables import read_network
from kanviz.text import listing, shown


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub)
    takes_block(sub)
    sub.add_argument("--json", action="store_true", help="as JSON, for other programs")


def show(options: argparse.Namespace) -> None:
    """Describe a model file."""
    from kanviz.analysis.summary import describe
    from kanviz.io.foreign import SeveralNetworks

    try:
        kan = read_network(options.model, options.block)
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
        edges = ", ".join(f"{count} {state}" for state, count in states.items() if count)
        out(
            f"layer {n}: {layer['sources']} to {layer['nodes']} nodes, grid {layer['grid']}, order {layer['order']}, "
            f"base {layer['base']}; edges: {edges}"
        )
    for row in record["formulas"]:
        out(f"edge {','.join(map(str, row['edge']))}: {shown(row['formula'], 200)}")
    out(f"digest: {record['digest']}")
    for note in kan.notes:
        out(f"{'caution' if note in kan.cautions else 'note'}: {shown(note, 400)}")


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
