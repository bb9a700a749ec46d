"""Describe as JSON what the tensors of a layer do not say: base function, continuation, product nodes, formulas."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from torch import Tensor

from kanviz.core.extra_state import read_bytes
from kanviz.core.families import FAMILIES, SPLINE
from kanviz.core.formulas.edges import Formulas
from kanviz.core.formulas.names import readable_primitive
from kanviz.core.layer import BASES
from kanviz.core.steps import STEPS
from kanviz.json_reader import JsonReader, JsonValue

FORMAT = 2
MOST_NODES = 100_000
MOST_FORMULAS = 1_000_000
MOST_FORMULA_TEXT = 100_000  # of different formulas of one layer: reading them takes half a second
MANY = 1_000  # formulas of a layer; more are written by their names, so that the description stays short
MOST_BYTES = 16_000_000
DEEPEST = 4
SETTINGS = ("arity", "base", "outside", "formulas", "family", "step")
PLAIN = {"family": SPLINE, "step": ""}  # settings that most layers have; they are not written
RECORD = JsonReader("The description of a layer cannot be used: {why}. Save the model's state_dict again.")


def described(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a layer (arity, base, outside, formulas) as values of JSON.

    A formula is [source, target, primitive]; of many, all that have one primitive are [primitive, edges], with the
    edges as `_runs` writes them.
    """
    formulas = [list(row) for row in settings["formulas"]]
    if many_formulas(settings):
        places: dict[str, list[int]] = {}
        for i, j, name in settings["formulas"]:
            places.setdefault(name, []).append(i * sum(settings["arity"]) + j)
        formulas = [[name, _runs(edges)] for name, edges in places.items()]
    lists = {"arity": list(settings["arity"]), "formulas": formulas}
    special = {name: settings[name] for name, usual in PLAIN.items() if settings[name] != usual}
    return {"base": settings["base"], "outside": settings["outside"], **lists, **special}


def many_formulas(settings: Mapping[str, Any]) -> bool:
    """Say whether the formulas of a layer are written by their names, which format 1 did not know."""
    return len(settings["formulas"]) > MANY


def _runs(edges: list[int]) -> list[int]:
    """Write ascending numbers as the first and the last of each run without a gap: 3, 4, 5, 9 as [3, 5, 9, 9]."""
    found: list[int] = []
    for edge in edges:
        if found and found[-1] == edge - 1:
            found[-1] = edge
        else:
            found += [edge, edge]
    return found


def read_settings(record: JsonValue, sources: int, targets: int, layer: str) -> dict[str, Any]:
    """Read the settings of a layer of these sizes, as arguments of `Layer`; `layer` is its number or name in refusals.

    Raises the refusal of the record's own kind of file, or LoadError for a formula that cannot be read.
    """
    return {
        "formulas": _formulas(layer, record["formulas"].items(MOST_FORMULAS), sources, targets),
        "arity": record["arity"].each(lambda k: k.whole(1, 1000), MOST_NODES, 1),
        "base": record["base"].choice(tuple(BASES)),
        "outside": record["outside"].choice(("zero", "linear")),
        "family": record.get("family", SPLINE).choice((SPLINE, *FAMILIES)),
        "step": record.get("step", "").choice(STEPS),
    }


def to_bytes(settings: Mapping[str, Any]) -> bytes:
    """Return the settings as canonical JSON: equal settings give equal bytes."""
    record = {"format": FORMAT if many_formulas(settings) else 1, **described(settings)}
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def from_bytes(data: bytes, sources: int, targets: int, layer: str) -> dict[str, Any]:
    """Read what `to_bytes` wrote for a layer of these sizes. Raises LoadError for anything else."""
    if len(data) > MOST_BYTES:
        raise RECORD.refusal(f"it has {len(data):,} bytes, the limit is {MOST_BYTES:,}")
    record = RECORD.parse(data, DEEPEST).fields({"format", *SETTINGS} - set(PLAIN))
    if record["format"].whole(1) > FORMAT:
        raise RECORD.refusal("it was written by a newer kanviz; update kanviz to open it")
    settings = read_settings(record, sources, targets, layer)
    if sum(settings["arity"]) != targets:
        raise RECORD.refusal(f"its nodes have {sum(settings['arity']):,} sums, the layer has {targets:,}")
    return settings


def from_tensor(values: Tensor, sources: int, targets: int, layer: str) -> dict[str, Any] | None:
    """Read the bytes of a description from a state_dict; None where arithmetic on states left only numbers.

    Raises LoadError for bytes that are no such description.
    """
    if values.ndim != 1:
        raise RECORD.refusal("it is not a list of bytes")
    return read_bytes(values, lambda text: from_bytes(text, sources, targets, layer))


def _formulas(layer: str, rows: list[JsonValue], sources: int, targets: int) -> Formulas:
    """Read (source, target, primitive) of each formula; a primitive is a known name or a text that our parser reads."""
    if rows and isinstance(rows[0].value, list) and len(rows[0].value) == 2:
        return _formulas_by_name(layer, rows, sources, targets)
    parts = [row.items(3, 3) for row in rows]
    _check_length(layer, [name for _, _, name in parts])
    found: dict[tuple[int, int], str] = {}
    for source, target, name in parts:
        i, j = source.whole(0, sources - 1), target.whole(0, targets - 1)
        found[i, j] = readable_primitive(name.value, f"edge {layer},{i},{j}")
    if len(found) != len(rows):
        raise rows[0].reader.refusal(f"an edge of layer {layer} has two formulas")
    return tuple((i, j, name) for (i, j), name in found.items())


def _formulas_by_name(layer: str, rows: list[JsonValue], sources: int, targets: int) -> Formulas:
    """Read formulas that are [primitive, edges]; they are in the order of their edges, whatever their names."""
    parts = [row.items(2, 2) for row in rows]
    _check_length(layer, [name for name, _ in parts])
    found: dict[int, str] = {}
    for name, edges in parts:
        ends = edges.each(lambda end: end.whole(0, sources * targets - 1), MOST_FORMULAS, 2)
        runs = list(zip(ends[::2], ends[1::2], strict=False))
        if len(ends) % 2 or any(first > last for first, last in runs) or any(a[1] >= b[0] for a, b in pairwise(runs)):
            edges.refuse("is not the first and the last edge of runs that ascend")
        own = [edge for first, last in runs for edge in range(first, last + 1)]
        if any(edge in found for edge in own):
            raise rows[0].reader.refusal(f"an edge of layer {layer} has two formulas")
        i, j = divmod(own[0], targets)
        found |= dict.fromkeys(own, readable_primitive(name.value, f"edge {layer},{i},{j}"))
    return tuple((*divmod(edge, targets), found[edge]) for edge in sorted(found))


def _check_length(layer: str, names: list[JsonValue]) -> None:
    """Refuse formulas whose different texts are long in all."""
    length = sum(map(len, {name.text() for name in names}))
    if length > MOST_FORMULA_TEXT:
        raise names[0].reader.refusal(
            f"the formulas of layer {layer} have {length:,} characters in all, the limit is {MOST_FORMULA_TEXT:,}"
        )
