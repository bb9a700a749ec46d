"""Describe as JSON what the tensors of a layer do not say: base function, continuation, product nodes, formulas."""

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kanviz.core.formulas.names import readable_primitive
from kanviz.core.layer import BASES
from kanviz.errors import LoadError
from kanviz.json_reader import JsonReader, JsonValue

FORMAT = 1
MOST_NODES = 100_000
MOST_FORMULAS = 1_000_000
MOST_FORMULA_TEXT = 100_000  # of different formulas of one layer: reading them takes half a second
MOST_BYTES = 16_000_000
DEEPEST = 4
SETTINGS = ("arity", "base", "outside", "formulas")
RECORD = JsonReader("The description of a layer cannot be used: {why}. Save the model's state_dict again.")


def described(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a layer (arity, base, outside, formulas) as values of JSON."""
    lists = {"arity": list(settings["arity"]), "formulas": [list(row) for row in settings["formulas"]]}
    return {"base": settings["base"], "outside": settings["outside"], **lists}


def read_settings(record: JsonValue, sources: int, targets: int, layer: str) -> dict[str, Any]:
    """Read the settings of a layer of these sizes, as arguments of `Layer`; `layer` is its number or name in refusals.

    Raises the refusal of the record's own kind of file, or LoadError for a formula that cannot be read.
    """
    return {
        "formulas": _formulas(layer, record["formulas"].items(MOST_FORMULAS), sources, targets),
        "arity": record["arity"].each(lambda k: k.whole(1, 1000), MOST_NODES, 1),
        "base": record["base"].choice(tuple(BASES)),
        "outside": record["outside"].choice(("zero", "linear")),
    }


def to_bytes(settings: Mapping[str, Any]) -> bytes:
    """Return the settings as canonical JSON: equal settings give equal bytes."""
    return json.dumps({"format": FORMAT, **described(settings)}, sort_keys=True, separators=(",", ":")).encode()


def from_bytes(data: bytes, sources: int, targets: int, layer: str) -> dict[str, Any]:
    """Read what `to_bytes` wrote for a layer of these sizes. Raises LoadError for anything else."""
    if len(data) > MOST_BYTES:
        raise RECORD.refusal(f"it has {len(data):,} bytes, the limit is {MOST_BYTES:,}")
    record = RECORD.parse(data, DEEPEST).fields({"format", *SETTINGS})
    if record["format"].whole(1) > FORMAT:
        raise RECORD.refusal("it was written by a newer kanviz; update kanviz to open it")
    settings = read_settings(record, sources, targets, layer)
    if sum(settings["arity"]) != targets:
        raise RECORD.refusal(f"its nodes have {sum(settings['arity']):,} sums, the layer has {targets:,}")
    return settings


def from_tensor(values: Tensor, sources: int, targets: int, layer: str) -> dict[str, Any] | None:
    """Read the bytes of a description from a state_dict; None where arithmetic on states left only numbers.

    Code that averages models by hand averages these bytes, too; no file or layer must fail because of that. Raises
    LoadError for bytes that are no such description.
    """
    text = values.detach().cpu().to(torch.uint8)
    if values.ndim != 1:
        raise RECORD.refusal("it is not a list of bytes")
    if values.dtype == torch.uint8:
        return from_bytes(text.numpy().tobytes(), sources, targets, layer)
    try:
        same = torch.equal(text.to(values.dtype), values.detach().cpu())
        return from_bytes(text.numpy().tobytes(), sources, targets, layer) if same else None
    except LoadError:
        return None


def _formulas(layer: str, rows: list[JsonValue], sources: int, targets: int) -> tuple[tuple[int, int, str], ...]:
    """Read (source, target, primitive) of each formula; a primitive is a known name or a text that our parser reads."""
    parts = [row.items(3, 3) for row in rows]
    length = sum(len(name) for name in {name.text() for _, _, name in parts})
    if length > MOST_FORMULA_TEXT:
        raise rows[0].reader.refusal(
            f"the formulas of layer {layer} have {length:,} characters in all, the limit is {MOST_FORMULA_TEXT:,}"
        )
    found: dict[tuple[int, int], str] = {}
    for source, target, name in parts:
        i, j = source.whole(0, sources - 1), target.whole(0, targets - 1)
        found[i, j] = readable_primitive(name.value, f"edge {layer},{i},{j}")
    if len(found) != len(rows):
        raise rows[0].reader.refusal(f"an edge of layer {layer} has two formulas")
    return tuple((i, j, name) for (i, j), name in found.items())
