"""A project gives back the same work to the bit; one that was damaged or forged is refused in words."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import kanviz
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import TrainConfig, train
from kanviz.edit.edits import (
    Batch,
    FixFormula,
    FreezeEdge,
    MoveControlPoint,
    Prune,
    RefineGrid,
    ReleaseFormula,
    Retrain,
    Rewrite,
)
from kanviz.edit.history import History
from kanviz.errors import LoadError, UserError
from kanviz.io import open_model, project_steps
from kanviz.io.project import Packed, Project, needed, packed, unpacked
from kanviz.io.project_file import looks_like_project, project_from_bytes, project_to_bytes
from kanviz.io.project_rows import RowsOf
from kanviz.io.project_steps import brings_result
from tests.budget import budget
from tests.edit.test_history import wishes
from tests.helpers import digest, kans, table_for
from tests.io.damage import answer, damaged

EDGE = EdgeId(0, 1, 2)


@pytest.fixture(autouse=True, scope="module")
def _unchecked() -> Iterator[None]:
    """Without the shape checks of the tests, as users run it: our own refusals must hold."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def work() -> Project:
    """Every kind of step, names, a version ahead of the cursor, rows, and a recipe from before."""
    kan = init([2, 3, 1], seed=1)
    data = table_for(kan)
    history = History.start(kan).apply(MoveControlPoint(EDGE, 3, 0.7)).apply(Prune((EdgeId(0, 0, 1),), (0.25,)))
    history = history.apply(FixFormula(EDGE, Formula("sin", 1.5, 0.25, -2.0, 0.1))).named("a sine")
    history = history.apply(ReleaseFormula(EDGE, refit=True)).apply(RefineGrid(1, 9))
    *_, last = train(history.present, data, TrainConfig(steps=3))
    history = history.record(Retrain.of(TrainConfig(steps=3), data, last), last.best)
    shifted = history.present.with_layer(0, bias=history.present.layers[0].bias + 0.5)
    history = history.apply(Rewrite.of(history.present, shifted, "Shifted"))
    history = history.apply(Batch((FreezeEdge((EDGE,)), MoveControlPoint(EdgeId(1, 0, 0), 2, -1.0)), "Both"))
    origin = {"format": 1, "start": "0" * 64, "end": kan.digest, "edits": [FreezeEdge((EDGE,)).to_json()]}
    rows = RowsOf.of(data, "table.csv")
    return Project(history.undo(), "worked on ü", EDGE, origin, data, rows, {"page": "Edge"})


def same(one: Project, two: Project) -> None:
    """Everything, in its bits."""
    assert [digest(v.kan) for v in one.history.versions] == [digest(v.kan) for v in two.history.versions]
    assert [v.edit for v in one.history.versions] == [v.edit for v in two.history.versions]
    assert [v.name for v in one.history.versions] == [v.name for v in two.history.versions]
    assert [v.kan.notes for v in one.history.versions] == [v.kan.notes for v in two.history.versions]
    assert one.history.at == two.history.at
    parts = ("name", "edge", "origin", "rows", "view", "new")
    assert [getattr(one, part) for part in parts] == [getattr(two, part) for part in parts]
    assert (one.data is None) == (two.data is None)
    if one.data is not None and two.data is not None:
        assert one.data.digest == two.data.digest
        assert (one.data.target, one.data.notes) == (two.data.target, two.data.notes)


def test_a_saved_project_is_the_same_work_to_the_bit(tmp_path):
    project = work()
    kanviz.save_project(project, tmp_path / "work.kanviz")
    same(project, kanviz.load_project(tmp_path / "work.kanviz"))


@given(kans(deepest=2), st.data())
@settings(deadline=None)
def test_any_history_is_the_same_after_saving(kan, data):
    history = History.start(kan)
    for _ in range(data.draw(st.integers(0, 6))):
        edit = wishes(data.draw, history)
        try:
            history = history.apply(edit, merge=data.draw(st.booleans())) if edit else history
        except UserError:
            continue
        if data.draw(st.booleans()):
            history = history.named(data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=10)))
    history = history.jump(data.draw(st.integers(0, len(history.versions) - 1)))
    rows = table_for(kan) if data.draw(st.booleans()) else None
    edge = data.draw(st.sampled_from(list(kan.edges(pruned=True))))
    project = Project(history, "n", edge, None, rows, RowsOf.of(rows, "t") if rows else None)
    same(project, project_from_bytes(project_to_bytes(project)))


def test_the_same_work_gives_the_same_file():
    assert project_to_bytes(work()) == project_to_bytes(work())


def test_without_rows_the_file_says_which_they_were():
    project = work()
    found = project_from_bytes(project_to_bytes(project.without_rows()))
    assert found.data is None
    assert found.rows == project.rows


def test_a_file_opened_as_a_network_gives_the_one_in_hand(tmp_path, capsys):
    path = tmp_path / "work.kanviz"
    kanviz.save_project(work(), path)
    assert kanviz.load(path).digest == work().history.present.digest
    assert open_model({"w.kanviz": path.read_bytes()}).digest == work().history.present.digest
    assert kanviz.load(tmp_path).digest == work().history.present.digest


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"Name the file work\.kanviz"):
        kanviz.save_project(work(), tmp_path / "work.zip")


def test_of_a_long_history_only_its_end_changes():
    history = History.start(init([2, 3, 1], seed=1))
    sizes, seen, sent = [], set(), []
    for n in range(400):
        history = history.apply(MoveControlPoint(EDGE, n % 8, n / 7))
        found = packed(Project(history, "long", EDGE))
        fresh = set(found.blobs) - seen
        seen |= fresh
        sizes.append(len(found.manifest) + sum(len(found.blobs[name]) for name in fresh))
        sent.append(len(fresh))
    assert max(sizes[1:]) < 14_000  # a chapter that closes, and the list of them
    assert sorted(sizes)[200] < 6_000
    assert sum(sent) < 25
    same(Project(history, "long", EDGE), unpacked(packed(Project(history, "long", EDGE))))


def test_trainings_are_not_done_again(monkeypatch):
    data = project_to_bytes(work())
    monkeypatch.setattr("kanviz.edit.network_edits.train", None)
    assert project_from_bytes(data).history.present.digest == work().history.present.digest


def test_a_batch_with_a_training_brings_its_result():
    assert brings_result(Batch((Batch((RefineGrid(0, 9),), "in"),), "out"))
    assert not brings_result(Batch((FreezeEdge((EDGE,)),), "cheap"))


# --- damage -----------------------------------------------------------------------------------------------------

GOOD = project_to_bytes(work())


@given(damaged(GOOD))
@settings(deadline=None)
def test_damage_is_refused_in_words_or_changes_nothing(data):
    found = answer(project_from_bytes, data)
    if found is not None:
        same(found, work())


@pytest.mark.parametrize("part", range(12))
def test_a_file_cut_short_anywhere_is_refused(part):
    with pytest.raises(LoadError):
        project_from_bytes(GOOD[: len(GOOD) * part // 12])


def test_every_flipped_byte_is_noticed_or_changes_nothing():
    for at in range(0, len(GOOD), 997):
        data = bytearray(GOOD)
        data[at] ^= 0x55
        found = answer(project_from_bytes, bytes(data))
        assert found is None or found.history.present.digest == work().history.present.digest


# --- forgeries by someone who corrects the checksums ------------------------------------------------------------


def forged(change: Callable[[dict[str, Any], dict[str, bytes]], object]) -> Packed:
    """The good project, its manifest and blobs changed; what it names is put right."""
    found = packed(work())
    manifest, blobs = json.loads(found.manifest), dict(found.blobs)
    change(manifest, blobs)
    return Packed(json.dumps(manifest), blobs)


def steps_of(manifest: dict[str, Any], blobs: dict[str, bytes]) -> list[dict[str, Any]]:
    """All steps, now in the manifest alone."""
    found = [step for name in manifest["chapters"] for step in json.loads(blobs.pop(name))] + manifest["last"]
    manifest["chapters"], manifest["last"] = [], found
    manifest["blobs"] = [name for name in manifest["blobs"] if name in blobs]
    return found


def step(n: int, **changes: Any) -> Callable[[dict[str, Any], dict[str, bytes]], object]:
    return lambda m, b: steps_of(m, b)[n].update(changes)


def swapped(m: dict[str, Any], b: dict[str, bytes]) -> None:
    steps = steps_of(m, b)
    steps[0], steps[1] = steps[1], steps[0]


def other_shape(m: dict[str, Any], b: dict[str, bytes]) -> None:
    """The result of a training is another network altogether."""
    other = packed(Project(History.start(init([2, 7, 1])), "other", EDGE))
    (name, content), kan = next(iter(other.blobs.items())), init([2, 7, 1])
    steps_of(m, b)[5].update(blob=name, digest=kan.digest)
    b[name] = content
    m["blobs"].append(name)


def test_the_forger_leaves_a_good_project_good():
    same(unpacked(forged(steps_of)), work())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m, b: m.update(format=3), "newer kanviz"),
        (lambda m, b: m.update(format=True), "missing or unknown field"),
        (lambda m, b: m.update(more=1), "missing or unknown field"),
        (lambda m, b: m.pop("view"), "missing or unknown field"),
        (lambda m, b: m.update(at=9), "current version"),
        (lambda m, b: m.update(at=1e30), "current version"),
        (lambda m, b: m.update(name=["x"]), "the name"),
        (lambda m, b: m.update(name="\ud800"), "the name"),
        (lambda m, b: m.update(edge=[0, 1]), "the edge"),
        (lambda m, b: m.update(edge=[0, 1, 99]), "no edge 0,1,99"),
        (lambda m, b: m.update(edge=[10**19, 1, 9]), "the edge"),
        (lambda m, b: m.update(view={"k": {}}), "what was looked at"),
        (lambda m, b: m.update(view={str(n): "" for n in range(99)}), "more than 40"),
        (lambda m, b: m.update(new=0), "whether it is new"),
        (lambda m, b: m.update(names={"0": "x" * 81}), "name of a version"),
        (lambda m, b: m.update(names={"77": "x"}), "missing has a name"),
        (lambda m, b: m.update(names={"²": "x"}), "missing has a name"),
        (lambda m, b: m.update(start={}), "is missing"),
        (lambda m, b: m["start"].update(digest="0" * 64), "first network"),
        (lambda m, b: m.update(blobs="x"), "list"),
        (lambda m, b: m.update(blobs=[[]]), "no checksum"),
        (lambda m, b: m.update(blobs=["../../etc/passwd"]), "no checksum"),
        (lambda m, b: m["blobs"].append("a" * 64), "missing, or"),
        (lambda m, b: b.pop(m["start"]["blob"]), "missing, or"),
        (lambda m, b: b.update({"a" * 64: b""}), "missing, or"),
        (lambda m, b: b.update({m["start"]["blob"]: b"x"}), "checksum"),
        (lambda m, b: m.update(chapters=["b" * 64]), "missing"),
        (lambda m, b: (m["blobs"].remove(m["origin"]), b.pop(m["origin"]), m.update(origin=m["start"]["blob"])),
         "not text|cannot be read"),
        (lambda m, b: m.update(origin="c" * 64), "missing"),
        (lambda m, b: m.update(origin=None), "belongs to nothing"),
        (lambda m, b: m["rows"].update(count=7), "not those it names"),
        (lambda m, b: m["rows"].update(digest="d" * 64), "not those it names"),
        (lambda m, b: m["rows"].update(blob=m["start"]["blob"]), "belongs to nothing"),
        (lambda m, b: m.update(rows=[]), "its table"),
        (lambda m, b: m.update(last={"a": 1}), "part of its history"),
        (lambda m, b: m.update(last=[[]]), r"a step \(last\[0\]\) is not a record of named fields"),
        (lambda m, b: m.update(last=[{"edit": {}, "digest": "e" * 64}] * 501), "list"),
        (swapped, "leads to other numbers"),
        (step(0, digest="f" * 64), "leads to other numbers"),
        (step(5, digest="f" * 64), "leads to other numbers"),
        (step(0, edit=MoveControlPoint(EDGE, 3, 0.71).to_json()), "leads to other numbers"),
        (step(0, edit=MoveControlPoint(EDGE, 99, 0.71).to_json()), "cannot be done"),
        (step(0, edit=MoveControlPoint(EDGE, 3, 1e300).to_json()), "leads to other numbers|cannot be done"),
        (step(0, edit={"kind": "eval", "code": "1"}), "cannot be read"),
        (step(0, edit=RefineGrid(0, 1000).to_json()), "no stored result"),
        (lambda m, b: step(0, blob=m["start"]["blob"])(m, b), "does not need"),
        (lambda m, b: step(5, blob=m["start"]["blob"])(m, b), "other numbers|belongs to nothing"),
        (other_shape, "belongs to nothing|another shape"),
        (step(0, blob="9" * 64), "missing, or"),
        (step(0, more=1), "unknown field"),
    ],
)  # fmt: skip
def test_a_forgery_is_refused_with_its_reason(change, words):
    with pytest.raises(LoadError, match=words) as refusal:
        unpacked(forged(change))
    assert str(refusal.value).isprintable()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("a" * 64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


OPEN = forged(steps_of)
PLACES = [path for path in places(json.loads(OPEN.manifest)) if path]


@given(st.sampled_from(PLACES), VALUES)
@settings(deadline=None, max_examples=300)
def test_any_value_at_any_place_of_the_manifest_is_refused_in_words_or_read(path, value):
    manifest = json.loads(OPEN.manifest)
    at = manifest
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    answer(unpacked, Packed(json.dumps(manifest), OPEN.blobs))


CALLS = 3_000_000  # three hundred for each edit that is read; to do an edit takes thousands


def quickly_refused(found: Packed) -> str:
    with budget(calls=CALLS), pytest.raises(LoadError) as refusal:
        unpacked(found)
    return str(refusal.value)


def with_chapter(steps: str) -> Packed:
    """The good project, its history this JSON text."""

    def change(m: dict[str, Any], b: dict[str, bytes]) -> None:
        steps_of(m, b)
        name = hashlib.sha256(steps.encode()).hexdigest()
        results = {step["blob"] for step in m["last"] if "blob" in step}
        for result in results:
            b.pop(result)
        b[name] = steps.encode()
        m.update(last=[], chapters=[name], blobs=list(b), at=0, names={})

    return forged(change)


def one_step(edit: str) -> str:
    return f'[{{"edit":{edit},"digest":"{"0" * 64}"}}]'


def test_too_many_edits_are_refused_before_one_is_done(monkeypatch: pytest.MonkeyPatch):
    move = json.dumps(FreezeEdge((EDGE,)).to_json(), separators=(",", ":"))
    assert "32.0 MB" in quickly_refused(with_chapter(one_step(move)[:-1] + f",{one_step(move)[1:-1]}" * 300_000 + "]"))
    assert "500 entries" in quickly_refused(with_chapter(f"[{','.join([one_step(move)[1:-1]] * 20_000)}]"))
    monkeypatch.setattr(project_steps, "MOST_PARTS", 20_000)
    batch = f'{{"kind":"batch","label":"many","edits":[{",".join([move] * 11_000)}]}}'
    assert "too much" in quickly_refused(with_chapter(one_step(batch)))


def test_deep_json_long_numbers_and_long_formulas_are_refused_at_once():
    assert "too deep" in quickly_refused(with_chapter("[" * 100_000 + "]" * 100_000))
    deep = '{"kind":"batch","label":"b","edits":[' * 200 + "]}" * 200
    assert "too deep" in quickly_refused(with_chapter(one_step(deep)))
    assert "digits" in quickly_refused(with_chapter(f"[{'9' * 100_000}]"))
    formula = {"kind": "fix formula", "edge": [0, 0, 0], "formula": {"primitive": "", "a": 1, "b": 0, "c": 1, "d": 0}}
    many = []
    for n in range(100):
        formula["formula"]["primitive"] = f"x+{n}" + "+x" * 3_000
        many.append(json.dumps(formula))
    batch = f'{{"kind":"batch","label":"many","edits":[{",".join(many)}]}}'
    assert "200,000 characters" in quickly_refused(with_chapter(one_step(batch)))


def test_one_large_network_named_at_every_step_is_refused():
    kan = init([100, 200, 1], grid=60)
    found = packed(Project(History.start(kan), "large", EdgeId(0, 0, 0)))
    manifest = json.loads(found.manifest)
    manifest["last"] = [{"edit": FreezeEdge((EdgeId(0, 0, 0),)).to_json(), "digest": "0" * 64}]
    batch = Batch((MoveControlPoint(EdgeId(0, 0, 0), 0, 1.0),) * 1_000, "many").to_json()
    manifest["last"][0]["edit"] = batch
    assert "too much" in quickly_refused(Packed(json.dumps(manifest), found.blobs))


def test_a_history_that_could_not_be_read_back_is_not_written():
    history = History.start(init([100, 200, 1], grid=60))
    history = history.record(Batch((MoveControlPoint(EDGE, 0, 1.0),) * 1_000, "many"), history.present)
    with pytest.raises(UserError, match="too much for a project"):
        packed(Project(history, "large", EDGE))


# --- the container ----------------------------------------------------------------------------------------------


def zipped(parts: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def parts() -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(BytesIO(GOOD)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: zipped(parts(), zipfile.ZIP_DEFLATED), "compressed"),
        (lambda: zipped([*parts(), ("manifest.json", b"{}")]), "twice"),
        (lambda: zipped([*parts(), ("blobs/../../x", b"")]), "forbidden name"),
        (lambda: zipped([*parts(), ("/etc/passwd", b"")]), "forbidden name"),
        (lambda: zipped([*parts(), ("notes.txt", b"")]), "does not write"),
        (lambda: zipped([*parts(), ("blobs/" + "a" * 64, b"")]), "belongs to nothing"),
        (lambda: zipped([*parts(), ("blobs/inner.kanviz", GOOD)]), "belongs to nothing"),
        (lambda: zipped(parts()[:-1]), "missing"),
        (lambda: zipped(parts()[1:]), "no kanviz project"),
        (lambda: zipped([("manifest.json", b"\xff"), *parts()[1:]]), "not text"),
        (lambda: zipped([("manifest.json", b"{" * 10_000), *parts()[1:]]), "too deep"),
        (lambda: zipped([("manifest.json", b" " * 5_000_000), *parts()[1:]]), "does not write"),
        (lambda: GOOD + b"x", "end of the archive"),
        (lambda: b"PK\x03\x04", "no kanviz project"),
        (lambda: b"", "no kanviz project"),
    ],
)  # fmt: skip
def test_odd_containers_are_refused(data, words):
    with pytest.raises(LoadError, match=words):
        project_from_bytes(data())


def test_a_torch_file_does_not_look_like_a_project():
    file = BytesIO()
    torch.save({"w": torch.zeros(2)}, file)
    assert not looks_like_project(file.getvalue())
    assert looks_like_project(GOOD)


def test_the_manifest_tells_which_blobs_it_needs():
    found = packed(work())
    assert set(needed(found.manifest)) == set(found.blobs)


def test_a_number_that_is_not_finite_in_a_restored_edge_is_refused():
    from kanviz.edit.edits import Restore
    from kanviz.errors import EditError

    kan = Prune((EDGE,), (0.0,)).apply(init([2, 3, 1], dtype=torch.float32))
    with pytest.raises(EditError, match="not finite"):
        Restore((EDGE,), (True,), (None,), (1e300,)).apply(kan)


def test_rows_that_do_not_fit_the_network_are_refused():
    project = work()
    other = table_for(init([3, 1]))
    with pytest.raises(LoadError, match="do not fit"):
        unpacked(packed(replace(project, data=other, rows=RowsOf.of(other, "t"))))
