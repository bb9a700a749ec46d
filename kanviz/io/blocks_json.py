"""Writes the KANs of a model, and their curves, as JSON, which a reader process sends to the app."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from kanviz.io.block_previews import CURVES, Preview
from kanviz.io.model_blocks import Block, PerLayer
from kanviz.io.stored_zip import MOST_MEMBERS
from kanviz.json_reader import JsonReader, JsonValue

LONGEST_NAME = 10_000  # of a block or of what is next to it
_MOST_POINTS, _MOST_LAYERS = 1_000, 10_000
_ANSWER = JsonReader("The KANs in this file cannot be listed: {why}. Open it in Python with kanviz.blocks.")


def name_to_json(block: str) -> bytes:
    return json.dumps(block).encode()


def name_from_json(text: bytes) -> str:
    return _ANSWER.parse(text, deepest=1).text(LONGEST_NAME)


def blocks_to_json(blocks: Iterable[Block]) -> bytes:
    return json.dumps([asdict(block) for block in blocks]).encode()


def blocks_from_json(text: bytes) -> tuple[Block, ...]:
    """Read the blocks that `blocks_to_json` wrote. Raises LoadError for anything else."""
    return _ANSWER.parse(text, deepest=4).each(_block, MOST_MEMBERS)


def previews_to_json(found: Mapping[str, Preview]) -> bytes:
    return json.dumps({name: asdict(preview) for name, preview in found.items()}).encode()


def previews_from_json(text: bytes) -> dict[str, Preview]:
    """Read the previews that `previews_to_json` wrote. Raises LoadError for anything else."""
    return {name: _preview(record) for name, record in _ANSWER.parse(text, deepest=5).pairs(MOST_MEMBERS, LONGEST_NAME)}


def _block(record: JsonValue) -> Block:
    return Block(
        prefix=record["prefix"].text(LONGEST_NAME),
        kind=record["kind"].text(),
        shape=record["shape"].each(JsonValue.whole, _MOST_LAYERS),
        grid=_per_layer(record["grid"]),
        order=_per_layer(record["order"]),
        parameters=record["parameters"].whole(),
        around=record["around"].each(lambda name: name.text(LONGEST_NAME), MOST_MEMBERS),
    )


def _per_layer(value: JsonValue) -> PerLayer:
    return value.each(JsonValue.whole, _MOST_LAYERS) if isinstance(value.value, list) else value.whole()


def _preview(record: JsonValue) -> Preview:
    curves = record["curves"].each(lambda curve: curve.numbers(_MOST_POINTS), CURVES)
    return Preview(curves, record["why"].text())
