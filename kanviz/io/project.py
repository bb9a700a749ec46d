"""Stores a project as one value: every version with its edit, the rows, and the current view.

It is written as a *manifest*, a short JSON text, and *blobs*: bytes named by their SHA-256. Unchanged blobs are stored
and sent once.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.history import LONGEST, History, Version
from kanviz.edit.recipe import Recipe
from kanviz.errors import LoadError, UserError
from kanviz.io.project_reader import ORIGIN, PROJECT, TRAINING
from kanviz.io.project_rows import MOST_COLUMNS, RowsOf, rows_blob, rows_from_bytes
from kanviz.io.project_steps import (
    DEEPEST,
    MOST_LETTERS,
    brings_result,
    chapters,
    check_formulas,
    check_work,
    history_work,
    network_blob,
    read_network,
    read_steps,
    reapplied,
    step_text,
)
from kanviz.io.project_training import read_training, training_blobs, training_record
from kanviz.io.work import Work
from kanviz.json_reader import JsonReader, JsonValue

FORMAT = 2  # 1 if no training has been saved
MANIFEST_LIMIT = 4_000_000  # bytes
MOST_BLOBS = 2_000
MOST_ORIGIN = 20_000  # steps before the first version
MOST_VIEWS = 40
LONGEST_VIEW = 200
_FIELDS = {
    "format", "name", "at", "edge", "view", "new", "start", "chapters", "last", "names", "origin", "rows", "blobs",
}  # fmt: skip

Project = Work  # its name before version 0.3


@dataclass(frozen=True)
class Packed:
    """A project as it is stored: the manifest, and every blob that it names, by SHA-256 in hexadecimal."""

    manifest: str
    blobs: dict[str, bytes]


def packed(project: Work) -> Packed:
    """Split the project into manifest and blobs; equal work gives equal bytes.

    Raises UserError if the result could not be read back.
    """
    blobs: dict[str, bytes] = {}

    def stored(name: str, data: bytes) -> str:
        blobs[name] = data
        return name

    def text(content: str) -> str:
        return stored(hashlib.sha256(content.encode()).hexdigest(), content.encode())

    start, *later = project.history.versions
    check_work(*history_work(later))
    texts = [step_text(v, stored(*network_blob(v.kan)) if v.edit and brings_result(v.edit) else "") for v in later]
    full, last = chapters(texts)
    rows = None
    if project.rows is not None:
        r, blob = project.rows, stored(*rows_blob(project.data)) if project.data is not None else None
        rows = {"name": r.name, "digest": r.digest, "count": r.count, "columns": list(r.columns), "blob": blob}
    training = project.training
    record = None if training is None else text(_text(training_record(training, stored)))
    manifest = {
        "format": FORMAT if training is not None else 1,
        "name": project.name,
        "at": project.history.at,
        "edge": list(project.edge),
        "view": dict(sorted(project.view.items())),
        "new": project.new,
        "start": {"digest": start.kan.digest, "blob": stored(*network_blob(start.kan))},
        "chapters": [text(chapter) for chapter in full],
        "last": json.loads(last),
        "names": {str(n): v.name for n, v in enumerate(project.history.versions) if v.name},
        "origin": text(_text(project.origin)) if project.origin is not None else None,
        "rows": rows,
        **({"training": record} if record is not None else {}),
        "blobs": list(blobs),
    }
    return Packed(_text(manifest), blobs)


def _text(record: Any) -> str:
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (ValueError, UnicodeEncodeError):
        raise UserError(
            "This work cannot be saved: a name has an invalid character, or a step contains NaN or infinity. "
            "Rename its variables and versions."
        ) from None
    return text


def needed(manifest: str) -> list[str]:
    """List the names of the blobs in a manifest."""
    return list(_header(manifest)["blobs"].value)


def unpacked(found: Packed) -> Work:
    """Restore the project: repeat cheap steps, read costly ones from their blobs, and check every version.

    Raises LoadError, in words, for a project that is damaged, newer, too large or inconsistent.
    """
    header, blobs = _header(found.manifest), found.blobs
    rows, origin, training = (header.get(part) for part in ("rows", "origin", "training"))
    _check_blobs([name.digest() for name in header["blobs"].items()], blobs)
    start, names = header["start"], [name.digest() for name in header["chapters"].items()]
    steps = read_steps([blobs[name] for name in names], header["last"])
    underway = training.maybe(lambda name: _parsed(TRAINING, blobs[name.value]))
    named = {start["blob"].value, *names, origin.value, rows.value and rows["blob"].value, *(s.blob for s in steps)}
    named |= {training.value, *training_blobs(underway)} if underway is not None else set()
    if named - {None, ""} != set(blobs):
        raise PROJECT.refusal("a part of it is missing, or one of its parts belongs to nothing")
    read: dict[str, KAN] = {}
    kan = read_network(start["blob"].value, blobs, read)
    if kan.digest != start["digest"].value:
        raise PROJECT.refusal("its first network is not the one it names")
    versions = _with_names([Version(kan), *reapplied(kan, steps, blobs, read)], header["names"])
    return Work(
        History(versions, header["at"].whole(0, len(versions) - 1)),
        header["name"].text(),
        _edge(header["edge"], kan),
        origin.maybe(lambda name: _origin(_parsed(ORIGIN, blobs[name.value]), kan)),
        *(rows.maybe(lambda table: _rows(table, kan, blobs)) or (None, None)),
        header["view"].value,
        header["new"].truth(),
        read_training(underway, blobs, [v.kan for v in versions]) if underway is not None else None,
    )


def _parsed(reader: JsonReader, text: bytes) -> JsonValue:
    if len(text) > MOST_LETTERS:
        reader.value(None).refuse("is too long")
    return reader.parse(text, DEEPEST)


def _check_blobs(names: Sequence[str], blobs: Mapping[str, bytes]) -> None:
    """Refuse blobs other than those named, or with content that does not match their names."""
    if set(names) != set(blobs):
        raise PROJECT.refusal("a part of it is missing, or one of its parts belongs to nothing")
    if any(hashlib.sha256(data).hexdigest() != name for name, data in blobs.items()):
        raise PROJECT.refusal("a part of it was changed after it was saved (its checksum does not fit)")


def _header(manifest: str) -> JsonValue:
    """Check the type of every field of the manifest; steps and version numbers are not checked yet."""
    if len(manifest) > MANIFEST_LIMIT:
        raise PROJECT.refusal("its description is too long")
    header = PROJECT.parse(manifest, DEEPEST)
    found = header.get("format").value
    if type(found) is int and found > FORMAT:
        raise LoadError(
            f"Saved by a newer kanviz (project format {str(found)[:20]}; this one reads up to {FORMAT}). "
            "Update kanviz to open it."
        )
    if type(found) is not int or found < 1:
        header.refuse("has a missing or unknown field, its format")
    header.fields(_FIELDS | ({"training"} if found > 1 else set()))
    header["name"].text()
    header["new"].truth()
    blobs = header["blobs"].each(JsonValue.digest, MOST_BLOBS)
    if len(set(blobs)) < len(blobs):
        header["blobs"].refuse("names a part twice")
    header["start"]["digest"].digest()
    rows = header["rows"].maybe(_check_rows)
    parts = [header["start"]["blob"], *header["chapters"].items(LONGEST)]
    parts += [header["training"]] if "training" in header else []
    parts += [part for part in (header["origin"], rows) if part is not None and part.value is not None]
    for part in parts:
        if part.digest() not in blobs:
            raise PROJECT.refusal(f"a part of it is missing, {part.place}")
    for _, looked_at in header["view"].pairs(MOST_VIEWS, LONGEST_VIEW):
        looked_at.text(LONGEST_VIEW)
    return header


def _check_rows(rows: JsonValue) -> JsonValue:
    """Return the place of the rows, after checking the other fields that describe them."""
    rows.fields({"name", "digest", "count", "columns", "blob"})
    rows["name"].text()
    rows["digest"].digest()
    rows["count"].whole(0, 2**53)
    rows["columns"].each(JsonValue.text, MOST_COLUMNS)
    return rows["blob"]


def _with_names(versions: list[Version], names: JsonValue) -> tuple[Version, ...]:
    for key, name in names.pairs(LONGEST):
        if not key.isascii() or not key.isdigit() or len(key) > 3 or int(key) >= len(versions):
            raise PROJECT.refusal("a version that is missing has a name")
        versions[int(key)] = replace(versions[int(key)], name=name.text(80))
    return tuple(versions)


def _edge(found: JsonValue, kan: KAN) -> EdgeId:
    address = found.each(lambda part: part.whole(0, 2**31), 3, 3)
    with PROJECT.explaining("its chosen edge does not exist"):
        return kan.check(address)


def _rows(found: JsonValue, kan: KAN, blobs: Mapping[str, bytes]) -> tuple[Dataset | None, RowsOf]:
    name, digest, count, columns, blob = (found[part].value for part in ("name", "digest", "count", "columns", "blob"))
    rows = RowsOf(name, digest, count, tuple(columns))
    if blob is None:
        return None, rows
    data = rows_from_bytes(blobs[blob])
    if RowsOf.of(data, name) != rows:
        raise PROJECT.refusal("its rows are not those it names")
    with PROJECT.explaining("its rows do not fit its network"):
        data.matching(kan)
    return data, rows


def _origin(recipe: JsonValue, kan: KAN) -> dict[str, Any]:
    """Read the recipe that led to the first version."""
    edits = recipe["edits"].items(MOST_ORIGIN)
    check_formulas([edit.value for edit in edits])
    with PROJECT.explaining("the recipe of its first network cannot be read"):
        found = Recipe.from_json(recipe.value)
    if found.end != kan.digest:
        raise PROJECT.refusal("the recipe of its first network leads to another network")
    return recipe.value
