"""Writes and reads kanviz's own file: a safetensors file that restores the identical network, and its recipe.

Weights are tensors; names, units, formulas and the recipe are one JSON text in the metadata under `kanviz`. The
metadata also holds a checksum over everything, so that a file changed by another program is refused.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer, Variable
from kanviz.core.layer_parts import RANKS
from kanviz.core.layer_record import MANY, MOST_NODES, SETTINGS, described, read_settings
from kanviz.core.steps import STEPS, normalised
from kanviz.errors import LoadError, UserError
from kanviz.io.containers import open_tensors
from kanviz.io.native_rows import PARTS, TASKS, WEIGHTS, packed, unpacked
from kanviz.io.safetensors_file import HEADER_LIMIT, write_safetensors
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import shown

FORMAT = 2  # 1: layers of splines with few formulas, and no step before them; such networks are written as that
HEADER = "kanviz"
CHECKSUM = "sha256"
MOST_NOTES = 1000
DEEPEST = 12
ROOM_PER_TENSOR = 200  # bytes of the file's header for one tensor, at most
NATIVE = JsonReader("The kanviz file cannot be used: {why}. Open an earlier copy, or save it again from kanviz.")

_NUMBERS = ("knots", "coef", "base_weight", "bias", "offset", "affine")
_NORM = "norm"  # only where a LayerNorm is before the layer
_MARKS = ("active", "frozen")  # true/false, written as 1 and 0
_TOO_LONG = "The recipe of this network was too long for its file; it was left out. Export it from the History page."


def to_bytes(
    kan: KAN, recipe: dict[str, Any] | None = None, *, rows: Dataset | None = None, rows_from: str = ""
) -> bytes:
    """Write a network and, if given, its recipe as the bytes of a file; the same network gives the same bytes.

    A recipe too long for the file is left out, and a note in the file reports it. rows: to store with the network, as
    `rows_of` returns them; rows_from: the name of their table.
    """
    tensors = {f"layers.{n}.{name}": part for n, layer in enumerate(kan.layers) for name, part in _parts(layer)}
    table = None
    if rows is not None:
        stored, table = packed(kan, rows, rows_from)
        tensors |= stored
    text = _described(kan, recipe, table)
    if recipe is not None and len(json.dumps(text)) + ROOM_PER_TENSOR * len(tensors) > HEADER_LIMIT:
        text = _described(replace(kan, notes=(*kan.notes, _TOO_LONG)), None, table)
    data = write_safetensors(tensors, {HEADER: text, CHECKSUM: checksum(text, tensors)})
    again = open_tensors(data, "network.safetensors")
    read(again.tensors, again.metadata)  # never return a file that cannot be opened again
    return data


def _described(kan: KAN, recipe: dict[str, Any] | None, table: dict[str, Any] | None = None) -> str:
    """Describe everything about a network except its tensors, as JSON."""
    cautions = [n for n, note in enumerate(kan.notes) if isinstance(note, Caution)]
    header = {
        "format": 2 if any(_is_new(layer) for layer in kan.layers) else 1,
        "shape": list(kan.shape),
        "inputs": [_variable(v) for v in kan.inputs],
        "outputs": [_variable(v) for v in kan.outputs],
        "task": kan.task,
        "notes": list(kan.notes),
        "layers": [described({name: getattr(layer, name) for name in SETTINGS}) for layer in kan.layers],
        "recipe": recipe,
        **({"cautions": cautions} if cautions else {}),
        **({"rows": table} if table is not None else {}),
    }
    try:
        text = json.dumps(header, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode("utf-8")
    except (ValueError, UnicodeEncodeError):
        raise UserError(
            "This network cannot be written: a name has an invalid character, or its recipe NaN or infinity. "
            "Rename its variables, or save it without the recipe."
        ) from None
    return text


def read(tensors: Mapping[str, Tensor], metadata: Mapping[str, str], others: Sequence[str] = ()) -> KAN:
    """Read the network of a kanviz file; refuse one that is newer, damaged or inconsistent.

    others: names of what else is in the file; kanviz writes weights only.
    """
    header = _header(metadata)
    if metadata.get(CHECKSUM) != checksum(metadata[HEADER], tensors):
        raise LoadError(
            "The file was changed or damaged after kanviz saved it (its checksum does not fit). "
            "Open an earlier copy, or save it again from kanviz."
        )
    layers = header["layers"].items(1000, 1)
    expected = {f"layers.{n}.{name}" for n in range(len(layers)) for name in (*_NUMBERS, *_MARKS)}
    expected |= {f"layers.{n}.{_NORM}" for n, record in enumerate(layers) if _has_norm(record)}
    if "rows" in header:
        expected |= {f"rows.{part}" for part in PARTS} | (set(tensors) & {f"rows.{WEIGHTS}"})
    if {*tensors, *others} != expected:
        odd = sorted({*tensors, *others} ^ expected)
        raise NATIVE.refusal(f"weights and header disagree about {shown(odd[0])}")
    kan = KAN(
        tuple(_layer(n, record, tensors) for n, record in enumerate(layers)),
        header["inputs"].each(_read_variable, MOST_NODES, 1),
        header["outputs"].each(_read_variable, MOST_NODES, 1),
        header["task"].choice(TASKS),
        _notes(header),
    )
    shape = header["shape"].each(JsonValue.whole, 1001, 1)
    if shape != kan.shape:
        header_shape = "-".join(str(n)[:10] for n in shape)
        raise NATIVE.refusal(f"the header says {header_shape}, the weights say {'-'.join(map(str, kan.shape))}")
    return kan


def _notes(header: JsonValue) -> tuple[str, ...]:
    """Read the notes; `cautions` counts those that may change what the network means."""
    notes = list(header["notes"].each(JsonValue.text, MOST_NOTES))
    for n in header.get("cautions", []).items(MOST_NOTES):
        at = n.whole(0, len(notes) - 1)
        notes[at] = Caution(notes[at])
    return tuple(notes)


def is_native(metadata: Mapping[str, str]) -> bool:
    return HEADER in metadata


def saved_with(data: bytes) -> tuple[dict[str, Any] | None, tuple[Dataset, str] | None]:
    """Read what was saved with a network: its recipe, for `replay`, and its rows with the name of their table.

    Each is None where the file lacks it, or is not a kanviz file.
    """
    opened = open_tensors(data, "network")
    if not is_native(opened.metadata):
        return None, None
    kan, header = read(opened.tensors, opened.metadata, [*opened.others, *opened.odd]), _header(opened.metadata)
    recipe = header.get("recipe").value
    rows = unpacked(kan, header["rows"].value, opened.tensors) if "rows" in header else None
    return recipe if isinstance(recipe, dict) else None, rows


def recipe_of(data: bytes) -> dict[str, Any] | None:
    """Read only the recipe."""
    return saved_with(data)[0]


def rows_of(data: bytes) -> tuple[Dataset, str] | None:
    """Read only the rows."""
    return saved_with(data)[1]


def _parts(layer: Layer) -> list[tuple[str, Tensor]]:
    numbers = [(name, getattr(layer, name)) for name in (*_NUMBERS, *([_NORM] if normalised(layer.step) else []))]
    return [*numbers, *((name, getattr(layer, name).to(torch.float32)) for name in _MARKS)]


def _variable(variable: Variable) -> dict[str, Any]:
    return {"name": variable.name, "unit": variable.unit, "shift": variable.shift, "scale": variable.scale}


def checksum(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Compute the SHA-256 of the header's text and of every tensor's name, type, shape and bits."""
    sha = hashlib.sha256(text.encode("utf-8"))
    for name in sorted(tensors):
        part = tensors[name].detach().cpu().contiguous()
        sha.update(f"\n{name} {part.dtype} {tuple(part.shape)}\n".encode())
        sha.update(part.numpy().tobytes())
    return sha.hexdigest()


def _header(metadata: Mapping[str, str]) -> JsonValue:
    header = NATIVE.parse(metadata[HEADER], DEEPEST)
    found = header.value.get("format") if isinstance(header.value, dict) else None
    if type(found) is not int or found < 1:
        raise NATIVE.refusal("its header has no format number")
    if found > FORMAT:
        raise LoadError(
            f"Saved by a newer kanviz (file format {found}; this one reads up to {FORMAT}). Update kanviz to open it."
        )
    return header


def _layer(n: int, record: JsonValue, tensors: Mapping[str, Tensor]) -> Layer:
    """Read layer n; refuse it unless its names and tensors agree in number, type and range."""
    part = {name: tensors[f"layers.{n}.{name}"] for name in (*_NUMBERS, *_MARKS)}
    if _has_norm(record):
        part[_NORM] = tensors[f"layers.{n}.{_NORM}"]
    for name, values in part.items():
        if values.ndim != RANKS[name]:
            raise NATIVE.refusal(f"{name} of layer {n} has {values.ndim} axes instead of {RANKS[name]}")
    settings = read_settings(record, part["coef"].shape[0], part["coef"].shape[1], str(n))
    if len({values.dtype for name, values in part.items() if name not in _MARKS}) != 1:
        raise NATIVE.refusal(f"layer {n} mixes two precisions")
    if 0 in part["coef"].shape or (settings["family"] == SPLINE and not _ascending(part["knots"])):
        raise NATIVE.refusal(f"the knots of layer {n} do not ascend, or it has no edges")
    for name in _MARKS:
        if not bool(((part[name] == 0) | (part[name] == 1)).all()):
            raise NATIVE.refusal(f"{name} of layer {n} is not only 0 and 1")
    return Layer(
        **{name: values for name, values in part.items() if name not in _MARKS},
        **{name: part[name] != 0 for name in _MARKS},
        **settings,
    )


def _is_new(layer: Layer) -> bool:
    """Say whether format 1 did not know such a layer."""
    return bool(layer.step) or layer.family != SPLINE or len(layer.formulas) > MANY


def _has_norm(record: JsonValue) -> bool:
    return normalised(record.get("step", "").choice(STEPS))


def _ascending(knots: Tensor) -> bool:
    return bool(torch.isfinite(knots).all()) and bool((knots.diff(dim=1) >= 0).all())


def _read_variable(record: JsonValue) -> Variable:
    if record["scale"].number() == 0:
        record.refuse("has the scale 0")
    name, unit = record["name"].text(), record["unit"].text()
    return Variable(name, unit, record["shift"].number(), record["scale"].number())
