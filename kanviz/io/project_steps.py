"""Writes the steps of a project as JSON with each result's digest, and reads them back by repeating them.

Edits that only set given numbers are repeated. The result of a costly edit, or of one that may differ in some bits on
another machine (trainings, fits, finer grids, conversions, whole layers replaced), is stored as a blob.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from kanviz.core.kan import KAN
from kanviz.edit.edits import (
    Batch,
    Edit,
    FixFormula,
    RefineGrid,
    ReleaseFormula,
    Retrain,
    Rewrite,
    ToSplines,
    edit_from_json,
)
from kanviz.edit.history import LONGEST, Version
from kanviz.errors import LoadError, UserError
from kanviz.io import native
from kanviz.io.project_reader import PROJECT, SENTENCE, STEPS
from kanviz.io.safetensors_file import read_safetensors
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import shown, size_words

COSTLY = (Retrain, Rewrite, RefineGrid, ToSplines)
DEEPEST = 24
CHAPTER = 4_000  # characters of steps in a blob, so that a long history is not sent again at every step
MOST_LETTERS = 32_000_000
MOST_FORMULA_LETTERS = 200_000  # of different formulas: reading them takes a second
MOST_PARTS = 200_000  # edits inside edits, and edges that they name
MOST_WORK = 4_000_000_000  # bytes of networks, one for each repeated part: some seconds

_TEXT = JsonReader(SENTENCE, names={"": "a text in a step"})
_files: "WeakKeyDictionary[KAN, tuple[str, bytes]]" = WeakKeyDictionary()
_texts: "WeakKeyDictionary[KAN, tuple[Edit, str]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Step:
    """One step as its file describes it, the edit still as JSON; blob: the name of its result, "" if it is repeated."""

    edit: dict[str, Any]
    digest: str
    blob: str


def network_blob(kan: KAN) -> tuple[str, bytes]:
    """Return the name and the file of a network, computed once."""
    if kan not in _files:
        data = native.to_bytes(kan)
        _files[kan] = hashlib.sha256(data).hexdigest(), data
    return _files[kan]


def brings_result(edit: Edit) -> bool:
    """Say whether the result is stored: it is costly, or its bits may differ between machines."""
    if isinstance(edit, Batch):
        return any(brings_result(part) for part in edit.edits)
    return isinstance(edit, Retrain | Rewrite | RefineGrid | ToSplines) or (
        isinstance(edit, ReleaseFormula) and edit.refit
    )


def step_text(version: Version, blob: str) -> str:
    """Write a step as JSON; blob: the name of its result, "" if it is repeated."""
    assert version.edit is not None
    found = _texts.get(version.kan)
    if found is None or found[0] is not version.edit:
        record = {"edit": version.edit.to_json(), "digest": version.kan.digest, **({"blob": blob} if blob else {})}
        try:
            text = json.dumps(record, allow_nan=False, separators=(",", ":"))
        except ValueError:
            raise UserError(
                f"The step '{shown(str(version.edit))}' holds a number that is not finite, which no project can keep. "
                "Save the network instead."
            ) from None
        found = _texts[version.kan] = (version.edit, text)
    return found[1]


def chapters(texts: Sequence[str]) -> tuple[list[str], str]:
    """Write the steps as JSON lists: the full ones, and the last one, which still grows."""
    full: list[str] = []
    last: list[str] = []
    for text in texts:
        last.append(text)
        if sum(map(len, last)) > CHAPTER:
            full.append(f"[{','.join(last)}]")
            last = []
    return full, f"[{','.join(last)}]"


def read_steps(texts: Sequence[bytes], last: JsonValue) -> list[Step]:
    """Parse the steps in the full lists and in the last one; check their form and number before any is repeated."""
    if sum(map(len, texts)) > MOST_LETTERS:
        raise PROJECT.refusal(f"its steps take more than {size_words(MOST_LETTERS)}")
    steps: list[Step] = []
    for chapter in (*(STEPS.parse(text, DEEPEST) for text in texts), last):
        steps.extend(chapter.each(_step, LONGEST))
        if len(steps) >= LONGEST:
            raise PROJECT.refusal(f"it has more than {LONGEST - 1} steps")
    check_formulas([step.edit for step in steps])
    return steps


def _step(found: JsonValue) -> Step:
    found.fields({"edit", "digest"}, {"blob"})
    return Step(found["edit"].record(), found["digest"].digest(), found["blob"].digest() if "blob" in found else "")


def check_formulas(records: Sequence[dict[str, Any]]) -> None:
    """Refuse edits with more characters of formulas than can be read quickly, or with an invalid character."""
    rest: list[Any] = list(records)
    formulas: set[str] = set()
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            formulas.update(v for v in (value.get("primitive"),) if isinstance(v, str))
            rest.extend(v for v in value.values() if isinstance(v, dict | list | str))
        elif isinstance(value, list):
            if len(value) == 3 and isinstance(value[2], str):
                formulas.add(value[2])
            rest.extend(v for v in value if isinstance(v, dict | list | str))
        elif not value.isascii():
            _TEXT.value(value).text(MOST_LETTERS)
    if sum(map(len, formulas)) > MOST_FORMULA_LETTERS:
        raise PROJECT.refusal(f"its formulas have more than {MOST_FORMULA_LETTERS:,} characters")


def read_edit(record: dict[str, Any], n: int) -> Edit:
    """Read the edit of step n."""
    with PROJECT.explaining(f"step {n} cannot be read"):
        return edit_from_json(record)


def read_network(name: str, blobs: Mapping[str, bytes], read: dict[str, KAN]) -> KAN:
    """Read the network in a blob; each blob is read once."""
    if name not in read:
        content = read_safetensors(blobs[name])
        if not native.is_native(content.metadata):
            raise PROJECT.refusal("a network in it is not one that kanviz wrote")
        read[name] = native.read(content.tensors, content.metadata)
        _files[read[name]] = name, blobs[name]
    return read[name]


def reapplied(start: KAN, steps: Sequence[Step], blobs: Mapping[str, bytes], read: dict[str, KAN]) -> list[Version]:
    """Repeat the steps and return every version after the start; each must equal what was saved."""
    versions: list[Version] = []
    kan, parts, work = start, 0, 0
    for n, step in enumerate(steps, 1):
        edit = read_edit(step.edit, n)
        if bool(step.blob) != brings_result(edit):
            raise PROJECT.refusal(f"step {n} has no stored result, or one that it does not need")
        if step.blob:
            after = read_network(step.blob, blobs, read)
            if unchanging(after) != unchanging(kan):
                raise PROJECT.refusal(f"step {n} leads to a network of another shape")
            work += network_size(after)
        else:
            count = _parts(edit)
            parts, work = parts + count, work + _rounds(edit) * network_size(kan)
            check_work(parts, work)
            after = _after(edit, kan, n)
        check_work(parts, work)
        if after.digest != step.digest:
            raise LoadError(
                f"Step {n} of this project ({shown(str(edit))}) leads to other numbers than when it was saved: "
                "the file was changed, or this computer rounds differently. Open an earlier copy."
            )
        versions.append(Version(after, edit))
        kan = after
    return versions


def check_work(parts: int, work: int) -> None:
    """Refuse work that would take minutes. parts: edits and edges; work: bytes of networks."""
    if parts > MOST_PARTS or work > MOST_WORK:
        raise LoadError(
            "This history is too much for a project: its steps would take minutes to be done again. "
            "Save the network alone, and go on from there."
        )


def history_work(versions: Sequence[Version]) -> tuple[int, int]:
    """Estimate the cost of reading these versions again, in the units of `check_work`."""
    edits = [(v.edit, network_size(v.kan)) for v in versions if v.edit is not None]
    cheap = [(edit, size) for edit, size in edits if not brings_result(edit)]
    costly = sum(size for edit, size in edits if brings_result(edit))
    return sum(_parts(edit) for edit, _ in cheap), costly + sum(_rounds(edit) * size for edit, size in cheap)


def network_size(kan: KAN) -> int:
    """Compute the bytes of a network's numbers."""
    names = ("knots", "coef", "base_weight", "bias", "offset", "affine", "active", "frozen")
    return sum(part.numel() * part.element_size() for v in kan.layers for part in (getattr(v, n) for n in names))


def unchanging(kan: KAN) -> tuple[Any, ...]:
    """Return the properties that no step changes."""
    return kan.inputs, kan.outputs, kan.task, kan.dtype, tuple((v.sources, v.arity) for v in kan.layers)


def _parts(edit: Edit) -> int:
    if isinstance(edit, Batch):
        return 1 + sum(map(_parts, edit.edits))
    return 1 + len(getattr(edit, "edges", ()))


def _rounds(edit: Edit) -> int:
    """Count how often a network is made: formulas in a batch are set together."""
    if isinstance(edit, Batch):
        return 1 + sum(_rounds(part) for part in edit.edits if not isinstance(part, FixFormula))
    return 1


def _after(edit: Edit, kan: KAN, n: int) -> KAN:
    try:
        return edit.apply(kan)
    except (UserError, RuntimeError, ValueError, TypeError, OverflowError) as problem:
        why = f" ({shown(str(problem), 160)})" if isinstance(problem, UserError) else ""
        raise PROJECT.refusal(f"step {n} cannot be done{why}") from None
