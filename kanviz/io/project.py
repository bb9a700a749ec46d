"""A whole piece of work as one value: every version with its edit, the rows, and what was being looked at.

It is written as a *manifest*, a short JSON text, and *blobs*: bytes that are called by their SHA-256, so that what has
not changed is stored and sent once.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Edit, edit_from_json
from kanviz.edit.history import LONGEST, History, Version
from kanviz.errors import LoadError, UserError
from kanviz.io.json_checks import PROJECT as CHECKS
from kanviz.io.project_rows import MOST_COLUMNS, RowsOf, rows_blob, rows_from_bytes
from kanviz.io.project_steps import (
    DEEPEST,
    MOST_LETTERS,
    brings_result,
    chapters,
    check_formulas,
    check_work,
    done_again,
    history_work,
    network_blob,
    read_edit,
    read_network,
    read_steps,
    step_text,
)
from kanviz.io.project_training import Underway, read_training, training_blobs, training_record
from kanviz.text import shown

FORMAT = 2  # 1 where there is no training under way
MANIFEST_LIMIT = 4_000_000  # bytes
MOST_BLOBS = 2_000
MOST_ORIGIN = 20_000  # steps before the first version
MOST_VIEWS = 40
LONGEST_VIEW = 200
_FIELDS = {
    "format", "name", "at", "edge", "view", "new", "start", "chapters", "last", "names", "origin", "rows", "blobs",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Work:
    """One person's work on one network: what a project file holds, and what the app works on.

    history: with the versions ahead of its cursor. origin: the recipe that made the first version, from its file.
    data: the rows it is looked at with, in table units, or None. rows: which rows they are; where `data` is None, those
    that are wanted and not there. edge: the one chosen. view: what was looked at, as the app's pages name it. new: the
    first version has learned nothing yet. training: one that had not ended; what it has learned so far is a version,
    too. id: the random name it is kept under in a browser, empty if it is not
    to be kept; not part of the file.
    """

    history: History
    name: str
    edge: EdgeId
    origin: dict[str, Any] | None = None
    data: Dataset | None = None
    rows: RowsOf | None = None
    view: Mapping[str, str] = field(default_factory=dict)
    new: bool = False
    training: Underway | None = None
    id: str = ""

    @property
    def present(self) -> KAN:
        """The network at the cursor of the history."""
        return self.history.present

    @property
    def rows_from(self) -> str:
        """The name of the table that the rows are from; empty without rows."""
        return self.rows.name if self.rows is not None and self.data is not None else ""

    @property
    def missing(self) -> RowsOf | None:
        """The rows that are wanted and not there."""
        return self.rows if self.data is None else None

    @property
    def is_new(self) -> bool:
        """Whether the present network is one just made, that has learned nothing and was not edited."""
        return self.new and self.history.at == 0

    def whole_recipe(self) -> dict[str, Any]:
        """All steps to the present network, as JSON, those before its file was opened included."""
        own, before = self.history.recipe(), self.origin
        return {**own, "start": before["start"], "edits": [*before["edits"], *own["edits"]]} if before else own

    def made_by(self) -> list[Edit]:
        """The steps before the network was opened, as its file names them."""
        return [edit_from_json(record) for record in self.origin["edits"]] if self.origin else []

    def with_rows(self, data: Dataset | None, name: str) -> "Work":
        """The same, looked at with the rows of the table of that name, or with none."""
        return replace(self, data=data, rows=RowsOf.of(data, name) if data is not None else None)

    def without_rows(self) -> "Work":
        """The same, with no more than the name and the digest of its rows, and so without a training to go on with."""
        return replace(self, data=None, training=None)


Project = Work  # its name before version 0.3


@dataclass(frozen=True)
class Packed:
    """A project as it is stored: the manifest, and every blob that it names, by SHA-256 in hexadecimal."""

    manifest: str
    blobs: dict[str, bytes]


def packed(project: Work) -> Packed:
    """The project in parts; the same work gives the same bytes. Raises UserError if it could not be read back."""
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
            "This work cannot be kept: a name holds half a character, or a step a number that is not finite. "
            "Rename its variables and versions."
        ) from None
    return text


def needed(manifest: str) -> list[str]:
    """The names of the blobs that a manifest asks for."""
    return _header(manifest)["blobs"]


def unpacked(found: Packed) -> Work:
    """The project again: cheap steps done again, costly ones taken from their blobs, every version checked.

    Raises LoadError, in words, for what is damaged, newer, too much, or does not agree with itself.
    """
    header, blobs = _header(found.manifest), found.blobs
    _check_blobs(header["blobs"], blobs)
    start, rows = header["start"], header["rows"]
    steps = read_steps([CHECKS.utf8(blobs[name]) for name in header["chapters"]], header["last"])
    training = _training(header, blobs)
    named = {start["blob"], *header["chapters"], header["origin"], rows and rows["blob"], *(s.blob for s in steps)}
    named |= {header["training"], *training_blobs(training)} if training is not None else set()
    if named - {None, ""} != set(blobs):
        raise CHECKS.refusal("a part of it is missing, or is there and belongs to nothing")
    read: dict[str, KAN] = {}
    kan = read_network(start["blob"], blobs, read)
    if kan.digest != start["digest"]:
        raise CHECKS.refusal("its first network is not the one it names")
    versions = _with_names([Version(kan), *done_again(kan, steps, blobs, read)], header["names"])
    history = History(versions, CHECKS.whole(header["at"], len(versions) - 1, "the version in hand"))
    return Work(
        history,
        header["name"],
        _edge(header["edge"], kan),
        _origin(CHECKS.utf8(blobs[header["origin"]]), kan) if header["origin"] is not None else None,
        *(_rows(rows, kan, blobs) if rows is not None else (None, None)),
        header["view"],
        header["new"],
        read_training(training, blobs, [v.kan for v in versions]) if training is not None else None,
    )


def _training(header: dict[str, Any], blobs: Mapping[str, bytes]) -> dict[str, Any] | None:
    """The record of a training under way; None where there is none."""
    if "training" not in header:
        return None
    text = CHECKS.utf8(blobs[header["training"]])
    if len(text) > MOST_LETTERS:
        raise CHECKS.refusal("its training is described at too great length")
    return CHECKS.object(CHECKS.json(text, DEEPEST), "its training")


def _check_blobs(names: Sequence[str], blobs: Mapping[str, bytes]) -> None:
    """Refuses blobs that are not exactly those named, or not what their names say."""
    if set(names) != set(blobs):
        raise CHECKS.refusal("a part of it is missing, or is there and belongs to nothing")
    if any(hashlib.sha256(data).hexdigest() != name for name, data in blobs.items()):
        raise CHECKS.refusal("a part of it was changed after it was saved (its checksum does not fit)")


def _header(manifest: str) -> dict[str, Any]:
    """The manifest with every field of its kind; steps and numbers of versions are not looked at yet."""
    if len(manifest) > MANIFEST_LIMIT:
        raise CHECKS.refusal("its description is too long")
    header = CHECKS.object(CHECKS.json(manifest, DEEPEST), "it")
    found = header.get("format")
    if type(found) is int and found > FORMAT:
        raise LoadError(
            f"Saved by a newer kanviz (project format {str(found)[:20]}; this one reads up to {FORMAT}). "
            "Update kanviz to open it."
        )
    if type(found) is not int or found < 1 or set(header) != _FIELDS | ({"training"} if found > 1 else set()):
        raise CHECKS.refusal("its description has a missing or unknown field")
    CHECKS.text(header["name"], "the name")
    CHECKS.truth(header["new"], "whether it is new")
    start = CHECKS.object(header["start"], "its first network")
    blobs = CHECKS.list(header["blobs"], MOST_BLOBS, "what it consists of")
    named = [start.get("digest"), *CHECKS.list(header["chapters"], LONGEST, "its history")]
    for name in (*blobs, *named, *(v for v in (header["origin"],) if v is not None)):
        CHECKS.digest(name, "a part of it")
    if start.get("blob") not in blobs or any(name not in blobs for name in header["chapters"]):
        raise CHECKS.refusal("a part of it is missing")
    if "training" in header:
        CHECKS.digest(header["training"], "its training")
    if any(header.get(part) is not None and header[part] not in blobs for part in ("origin", "training")):
        raise CHECKS.refusal("a part of it is missing")
    if header["rows"] is not None:
        _check_rows(CHECKS.object(header["rows"], "its table"), blobs)
    _check_view(CHECKS.object(header["view"], "what was looked at"))
    return header


def _check_rows(rows: dict[str, Any], blobs: Sequence[str]) -> None:
    if set(rows) != {"name", "digest", "count", "columns", "blob"} or rows["blob"] not in (None, *blobs):
        raise CHECKS.refusal("its table is not described, or missing")
    CHECKS.text(rows["name"], "the name of its table")
    CHECKS.digest(rows["digest"], "its table")
    CHECKS.whole(rows["count"], 2**53, "the number of its rows")
    for column in CHECKS.list(rows["columns"], MOST_COLUMNS, "its columns"):
        CHECKS.text(column, "a column")


def _check_view(view: dict[str, Any]) -> None:
    if len(view) > MOST_VIEWS:
        raise CHECKS.refusal(f"it looked at more than {MOST_VIEWS} things")
    for text in (*view.keys(), *view.values()):
        CHECKS.text(text, "what was looked at", LONGEST_VIEW)


def _with_names(versions: list[Version], names: Any) -> tuple[Version, ...]:
    for key, name in CHECKS.object(names, "the names of its versions").items():
        if not key.isascii() or not key.isdigit() or len(key) > 3 or int(key) >= len(versions):
            raise CHECKS.refusal("a version that is not there has a name")
        versions[int(key)] = replace(versions[int(key)], name=CHECKS.text(name, "the name of a version", 80))
    return tuple(versions)


def _edge(found: Any, kan: KAN) -> EdgeId:
    try:
        return kan.check([CHECKS.whole(part, 2**31, "the edge") for part in CHECKS.list(found, 3, "the edge")])
    except UserError as problem:
        raise CHECKS.refusal(f"the edge it looks at is not there ({shown(str(problem), 120)})") from None


def _rows(found: dict[str, Any], kan: KAN, blobs: Mapping[str, bytes]) -> tuple[Dataset | None, RowsOf]:
    rows = RowsOf(found["name"], found["digest"], found["count"], tuple(found["columns"]))
    if found["blob"] is None:
        return None, rows
    data = rows_from_bytes(blobs[found["blob"]])
    if RowsOf.of(data, rows.name) != rows:
        raise CHECKS.refusal("its rows are not those it names")
    try:
        data.matching(kan)
    except UserError as problem:
        raise CHECKS.refusal(f"its rows do not fit its network ({shown(str(problem), 160)})") from None
    return data, rows


def _origin(text: str, kan: KAN) -> dict[str, Any]:
    """The recipe that led to the first version."""
    if len(text) > MOST_LETTERS:
        raise CHECKS.refusal("the steps before its first network are too long")
    recipe = CHECKS.object(CHECKS.json(text, DEEPEST), "what was done before")
    edits = CHECKS.list(recipe.get("edits"), MOST_ORIGIN, "what was done before")
    check_formulas(edits)
    for n, edit in enumerate(edits, 1):
        read_edit(edit, n)
    if recipe.get("end") != kan.digest or not isinstance(recipe.get("start"), str):
        raise CHECKS.refusal("the steps before its first network lead elsewhere")
    return recipe
