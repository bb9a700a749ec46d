"""Every saved format with something else put into its JSON: refused in words, or read as just what stands there."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.analysis.locality.claims import Certificate
from kanviz.continual.config import read_config
from kanviz.continual.retention import Retention
from kanviz.core.locks import Lock
from kanviz.core.training.config import TrainConfig
from kanviz.edit.recipe import FORMAT, Recipe
from kanviz.io import language_file
from kanviz.io.containers import open_tensors
from kanviz.io.native import CHECKSUM, HEADER, _described, checksum, read
from kanviz.io.project import Packed, packed, unpacked
from kanviz.io.safetensors_file import write_safetensors
from kanviz.language import (
    Corpus,
    Gate,
    LanguageCertificate,
    LanguageModel,
    LanguageTraining,
    SavedModel,
    Sizes,
    TaughtModel,
    certify_teaching,
    train,
)
from kanviz.language.teaching.model import Addition
from kanviz.laws.law import Law
from kanviz.ui.components.memory import read_list, read_work
from tests.io.damage import answer

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True, scope="module")
def _unchecked() -> Iterator[None]:
    """Without the shape checks of the tests, as users run it: our own refusals must hold."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def text_of(name: str) -> str:
    return (GOLDEN / name).read_text()


def project_parts() -> tuple[str, dict[str, bytes]]:
    with ZipFile(GOLDEN / "work.kanviz") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return parts.pop("manifest.json").decode(), {name.removeprefix("blobs/"): v for name, v in parts.items()}


MANIFEST, BLOBS = project_parts()
NETWORK = open_tensors((GOLDEN / "start.safetensors").read_bytes(), "network")


def native_again(record: Any) -> Any:
    text = json.dumps(record)
    kan = read(NETWORK.tensors, {HEADER: text, CHECKSUM: checksum(text, NETWORK.tensors)})
    return json.loads(_described(kan, record.get("recipe")))


def language_model() -> bytes:
    """The file of a language model as small as one can be, with the state of its training."""
    model = LanguageModel(Sizes("gelu", width=4, blocks=1, heads=1, context=4, parameters=60))
    text = Corpus.from_text("To be, or not to be. " * 60)
    first = next(train(model, text, LanguageTraining(steps=3, batch=1)))
    return language_file.to_bytes(SavedModel.of(first, text, resumable=True))


def taught() -> tuple[LanguageModel, TaughtModel]:
    """A language model as small as one can be, and one made of it by adding a unit behind a gate."""
    old = LanguageModel(Sizes("gelu", width=4, blocks=1, heads=1, context=4, parameters=60))
    gate = Gate(torch.zeros(96, 96), torch.tensor([0.0, 0.0, 1.0]), reach=-1.0)
    return old, TaughtModel(old, [Addition(old.sizes, 1, "gelu", gate)])


LANGUAGE_MODEL = open_tensors(language_model(), "model")
TAUGHT_MODEL = open_tensors(
    language_file.to_bytes(SavedModel(taught()[1], "one, then two", "0" * 64, "a test", 3, 1.0, None)), "model"
)


def language_again(record: Any, saved: Any = LANGUAGE_MODEL) -> Any:
    text, tensors = json.dumps(record), saved.tensors
    forged = write_safetensors(tensors, {language_file.HEADER: text, CHECKSUM: checksum(text, tensors)})
    again = language_file.to_bytes(language_file.from_bytes(forged))
    return json.loads(open_tensors(again, "model").metadata[language_file.HEADER])


def recipe_again(record: Any) -> Any:
    found = Recipe.from_json(record)
    return {"format": FORMAT, **asdict(found), "edits": [edit.to_json() for edit in found.edits]}


def project_again(record: Any) -> Any:
    return json.loads(packed(unpacked(Packed(json.dumps(record), BLOBS))).manifest)


def browser_again(record: Any) -> Any:
    assert read_list(record) is not None
    id, manifest, blobs = read_work(record)
    return {"id": id, "manifest": manifest, "blobs": {name: b64encode(v).decode() for name, v in blobs.items()}}


@dataclass(frozen=True)
class Format:
    """record: a good one · again: reads one and writes it once more · optional: fields that may be missing · derived:
    fields that are computed anew.
    """

    record: Any
    again: Callable[[Any], Any]
    optional: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    examples: int = 150


RUN = json.loads(text_of("in_turn.json"))
LAW = json.loads(text_of("law.json"))
FORMATS = {
    "network": Format(json.loads(NETWORK.metadata[HEADER]), native_again, frozenset({"recipe"})),
    "recipe": Format(json.loads(text_of("recipe.json")), recipe_again, frozenset({"end", "aid"})),
    "project": Format(
        json.loads(MANIFEST), project_again, frozenset({"aid", *TrainConfig.__dataclass_fields__}),
        frozenset({"blobs"}), examples=60,  # in any order
    ),
    "rows certificate": Format(
        json.loads(text_of("rows_certificate.json")), lambda record: Certificate.from_json(record).to_json(),
        frozenset({"x", "points"}),
    ),
    "region certificate": Format(
        json.loads(text_of("region_certificate.json")), lambda record: Certificate.from_json(record).to_json(),
        frozenset({"points"}),
    ),
    "lock": Format(json.loads(text_of("lock.json")), lambda record: Lock.from_json(record).to_json()),
    "settings": Format(
        json.loads(text_of("continual.json")),
        lambda record: {k: v for k, v in asdict(read_config(json.dumps(record))).items() if k in record},
    ),
    "run": Format(
        RUN, lambda record: Retention.from_json(record).to_json(),
        frozenset({"name", "boxes", "share", "strength"}), frozenset(RUN) - set(Retention.__dataclass_fields__),
    ),
    "browser": Format(json.loads(text_of("browser.json")), browser_again),
    "language model": Format(json.loads(LANGUAGE_MODEL.metadata[language_file.HEADER]), language_again),
    "taught language model": Format(
        json.loads(TAUGHT_MODEL.metadata[language_file.HEADER]), lambda record: language_again(record, TAUGHT_MODEL),
        examples=60,
    ),
    "certificate of teaching": Format(
        certify_teaching(*taught(), "To be, or not to be").to_json(),
        lambda record: LanguageCertificate.from_json(record).to_json(), frozenset({"text"}),
    ),
}  # fmt: skip
ODD = [
    True,
    False,
    None,
    0,
    1,
    -1,
    2**53 + 1,
    10**19,
    1e308,
    0.5,
    5e-324,
    "",
    "x",
    "\ud800",
    "a" * 64,
    "1",
    [],
    {},
    [[]],
]
VALUES = st.sampled_from([*ODD, {"format": 1}, [0, 0, 0], [True] * 4, "x" * 20_000, ["x"], [None], [[0, 1], [0, 1]]])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value inside a JSON value."""
    if path:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def changed(record: Any, path: tuple[Any, ...], value: Any, how: str) -> Any:
    """A copy in which the value at a place is another one, gone, doubled, or has another beside it."""
    copy = json.loads(json.dumps(record))
    at = copy
    for key in path[:-1]:
        at = at[key]
    if how == "put" or (how == "double" and not isinstance(at, list)):
        at[path[-1]] = value
    elif how == "drop":
        del at[path[-1]]
    elif isinstance(at, list):
        at.insert(path[-1], at[path[-1]] if how == "double" else value)
    else:
        at["surplus"] = value
    return copy


def stands_there(written: Any, given: Any, form: Format) -> bool:
    """Whether what was read and written again is what was given; fields that no reader knows are passed over."""
    if isinstance(written, dict) and isinstance(given, dict):
        compared = set(written) - form.derived
        same = (stands_there(written[key], given[key], form) for key in compared & set(given))
        return compared - set(given) <= form.optional and all(same)
    if isinstance(written, list | tuple) and isinstance(given, list):
        pairs = zip(written, given, strict=False)
        return len(written) == len(given) and all(stands_there(a, b, form) for a, b in pairs)
    if isinstance(written, float) and type(given) is int:
        return written == float(given)
    return written == given and isinstance(written, bool) == isinstance(given, bool)


def check(name: str, record: Any) -> None:
    form = FORMATS[name]
    written = answer(form.again, record)
    assert written is None or stands_there(written, record, form), f"{record} was read as {written}"


@pytest.mark.parametrize("name", FORMATS)
def test_a_good_record_is_written_as_it_was_read(name):
    check(name, FORMATS[name].record)
    assert FORMATS[name].again(FORMATS[name].record) is not None


@pytest.mark.parametrize("name", FORMATS)
def test_anything_anywhere_is_refused_in_words_or_read_as_what_stands_there(name):
    form = FORMATS[name]
    where = st.sampled_from(list(places(form.record)))

    @settings(max_examples=form.examples)
    @given(where, VALUES, st.sampled_from(["put", "put", "drop", "double", "beside"]))
    def anything(path, value, how):
        check(name, changed(form.record, path, value, how))

    anything()


@given(st.sampled_from(list(places(LAW))), VALUES, st.sampled_from(["put", "drop", "double"]))
def test_a_law_is_refused_in_words_or_read_so_that_it_can_be_written(path, value, how):
    law = answer(Law.from_json, changed(LAW, path, value, how))
    if law is not None:
        assert Law.from_json(law.to_json()) == law
