"""A session's script makes the same network, bit for bit, or ends in words; nothing a person typed is code in it."""

import ast
import contextlib
import io
import runpy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import kanviz
from kanviz.analysis.metrics import metrics
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.locks import edge_lock
from kanviz.core.training.train import TrainConfig
from kanviz.edit import source
from kanviz.edit.edits import (
    EDITS,
    Batch,
    Edit,
    FixFormula,
    FreezeEdge,
    MoveControlPoint,
    RefineGrid,
    Retrain,
    Rewrite,
)
from kanviz.edit.history import History
from kanviz.edit.script import first_stop, recipe_script, script, tables_needed
from kanviz.edit.source import imports, pieces, written
from kanviz.errors import EditError, LoadError, UserError
from kanviz.io.native import recipe_of, to_bytes
from kanviz.ui.widgets.samples import rows_of, samples
from tests.edit.test_edits import examples, small, table
from tests.edit.test_history import wishes
from tests.helpers import kans, table_for

START, STEPS = "start.safetensors", "steps.py"
EDGE = EdgeId(0, 0, 0)
ATTACKS = (
    '"""\nraise SystemExit("owned")\n"""', "'''+print('owned')+'''", '"); print("owned") #', "\\", '\\"', "a\nprint()",
    "\r\nimport os", "\u202eowned\u2028x\x00", "\ud800", "{end}", "%s", "naïve 名前", "x" * 300, "",
)  # fmt: skip


def folder_of(place: Path, history: History, data: Dataset | None = None, *others: Dataset) -> Path:
    """A folder as one has it after unpacking a download: the script, its start, its rows."""
    place.mkdir(exist_ok=True)
    kan, files = history.versions[0].kan, {}
    for n, rows in enumerate([data, *others], 1):
        if rows is None:
            continue
        files[rows.matching(kan).digest] = START if n == 1 else f"rows{n}.safetensors"
        (place / f"rows{n}.safetensors").write_bytes(to_bytes(kan, rows=rows))
    (place / START).write_bytes(to_bytes(kan, rows=data))
    (place / STEPS).write_text(script(history, START, files), encoding="utf-8")
    return place


def ran(place: Path) -> tuple[Mapping[str, object], str]:
    """What the script in this folder made and printed, run in this process."""
    out = io.StringIO()
    with contextlib.chdir(place), contextlib.redirect_stdout(out):
        return runpy.run_path(STEPS), out.getvalue()


def run_apart(*places: Path) -> str:
    """The same in one process of their own."""
    code = "import os, runpy, sys\nfor place in sys.argv[1:]:\n    os.chdir(place); runpy.run_path('steps.py')"
    command = [sys.executable, "-c", code, *map(str, places)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(place: Path, history: History) -> None:
    end = ran(place)[0]["end"]
    assert isinstance(end, KAN)
    assert replace(end).digest == history.present.digest
    assert kanviz.load(place / "changed.safetensors").digest == history.present.digest


# The same network.


def test_a_script_of_every_kind_of_edit_makes_the_same_network(tmp_path):
    data, places = table(), []
    for n, edit in enumerate(examples()):
        history = History.start(small()).apply(edit, data)
        places.append(folder_of(tmp_path / str(n), history, data))
    said = run_apart(*places)
    assert said.count("the same, bit for bit") == len(places)
    assert "NOT" not in said
    for place, edit in zip(places, examples(), strict=True):
        assert kanviz.load(place / "changed.safetensors").digest == edit.apply(small(), data).digest


@given(kans(deepest=2), st.data())
def test_a_script_of_any_steps_makes_the_same_network(tmp_path_factory, kan, data):
    rows, history = table_for(kan), History.start(kan)
    for _ in range(data.draw(st.integers(1, 5))):
        edit = wishes(data.draw, history)
        how = data.draw(st.sampled_from(("alone", "batch", "train")))
        if how == "train":
            rate = data.draw(st.floats(1e-4, 0.1))
            config = TrainConfig("adam", steps=2, rate=rate, seed=data.draw(st.integers(0, 9)))
            edit = Retrain(config, rows.digest, data.draw(st.integers(0, 2)))
        elif how == "batch" and edit:
            edit = Batch((edit, FreezeEdge((EDGE,))), data.draw(st.text(max_size=8)))
        with contextlib.suppress(UserError):
            history = history.apply(edit, rows) if edit else history
        history = history.named(data.draw(st.text(max_size=4)))
    place = folder_of(tmp_path_factory.mktemp("steps"), history, rows)
    check(place, history)
    names = [version.name for version in history.versions]
    again = ran(place)[0]["history"]
    assert isinstance(again, History)
    assert [version.name for version in again.versions] == names


def test_the_samples_are_changed_by_script_as_they_were_by_hand(tmp_path):
    places, ends, errors = [], [], []
    for n, sample in enumerate(samples()):
        kan = kanviz.load(sample.file)
        data = rows_of(sample, sample.table, kan) if sample.table else None
        splines = [edge for edge in kan.edges() if kan.edge(edge).active]
        history = History.start(kan).apply(FixFormula(next(kan.edges()), Formula("sin", 0.1, 1 / 7, -0.0, 2.5)))
        if len(splines) > 1:
            history = history.apply(MoveControlPoint(splines[-1], 1, 1 / 3))
        if data is not None:
            history = history.apply(Retrain(TrainConfig("adam", steps=1), data.digest, 1), data)
            errors.append(next(iter(metrics(history.present, data).parts.values())))
        places.append(folder_of(tmp_path / str(n), history, data))
        ends.append(history.present.digest)
    said = run_apart(*places)
    assert [kanviz.load(place / "changed.safetensors").digest for place in places] == ends
    assert said.count("the same, bit for bit") == len(ends)
    for error in errors:
        assert f"{error.rows:,} train rows: " in said
        value = error.rmse if error.rmse == error.rmse else error.cross_entropy
        assert f" {value:.6g}" in said


def test_only_the_steps_to_the_version_in_hand_are_in_it(tmp_path):
    history = History.start(init([1, 1]))
    for height in (1.0, 2.0, 3.0):
        history = history.apply(MoveControlPoint(EDGE, 1, height))
    check(folder_of(tmp_path, history.jump(1)), history.jump(1))
    assert "# Step 2" not in (tmp_path / STEPS).read_text()


def test_without_steps_or_rows_it_still_runs(tmp_path):
    check(folder_of(tmp_path, History.start(init([1, 1]))), History.start(init([1, 1])))
    assert "rows" not in (tmp_path / STEPS).read_text()


def test_trainings_on_two_tables_take_each_their_own(tmp_path):
    kan = init([2, 1], seed=1)
    one, two, config = table_for(kan), table_for(kan, seed=5), TrainConfig("adam", steps=2)
    history = History.start(kan).apply(Retrain(config, one.digest, 2), one).apply(Retrain(config, two.digest, 2), two)
    assert tables_needed([v.edit for v in history.versions[1:] if v.edit]) == (one.digest, two.digest)
    check(folder_of(tmp_path, history, two, one), history)


def test_a_training_under_a_lock_is_done_again_under_it(tmp_path):
    kan = init([2, 3, 1], seed=1)
    data, lock = table_for(kan), edge_lock(kan, [EDGE], 'first "edge"\n')
    history = History.start(kan).apply(Retrain(TrainConfig("lm", steps=2, lock=lock), data.digest, 2), data)
    check(folder_of(tmp_path, history, data), history)


def test_the_result_tells_its_steps_and_errors_have_their_unit(tmp_path):
    kan = init([1, 1])
    kan = replace(kan, outputs=(replace(kan.outputs[0], unit='m"\n'),))
    data = table_for(kan)
    history = History.start(kan).apply(MoveControlPoint(EDGE, 1, 0.5))
    place = folder_of(tmp_path, history, data)
    found = metrics(history.present, data).parts
    assert f'8 test rows: RMSE {found["test"].rmse:.6g} m"\n' in ran(place)[1]
    assert recipe_of((place / "changed.safetensors").read_bytes()) == history.recipe()


# What is not the same is said.


def test_another_start_is_refused(tmp_path):
    history = History.start(init([1, 1])).apply(MoveControlPoint(EDGE, 1, 0.5))
    place = folder_of(tmp_path, history)
    kanviz.save(init([1, 1], seed=9), place / START)
    with pytest.raises(SystemExit, match="another network"):
        ran(place)
    assert not (place / "changed.safetensors").exists()


def test_an_end_that_differs_is_said(tmp_path):
    history = History.start(init([1, 1])).apply(MoveControlPoint(EDGE, 1, 0.5))
    place = folder_of(tmp_path, history)
    text = (place / STEPS).read_text()
    (place / STEPS).write_text(text.replace("1, 0.5)", "1, 0.25)"))
    assert "NOT the same network" in ran(place)[1]


AIDED = Retrain(TrainConfig("adam", steps=2), "", 2, "replay")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (AIDED, "old rows mixed in"),
        (replace(AIDED, aid="ewc"), "elastic weights from old rows"),
        (Batch((FreezeEdge((EDGE,)), Batch((AIDED,), "inner")), "outer"), "old rows mixed in"),
        (Retrain(TrainConfig("adam", steps=2), "ab'\"\nprint(1)", 2), "not loaded"),
    ],
    ids=["replay", "ewc", "batch", "no table"],
)
def test_a_step_that_cannot_be_done_again_is_where_it_ends(tmp_path, edit: Edit, why):
    kan = init([1, 1])
    history = History.start(kan).apply(MoveControlPoint(EDGE, 1, 0.5))
    history = history.record(edit, RefineGrid(0, 9).apply(history.present)).apply(FreezeEdge((EDGE,)))
    place = folder_of(tmp_path, history)
    with pytest.raises(SystemExit, match=rf"Step 2 cannot be done again: .*{why}.* 2 steps of 3 are left out") as end:
        ran(place)
    assert "after step 2" in str(end.value)
    assert not (place / "changed.safetensors").exists()
    stop = first_stop([v.edit for v in history.versions[1:] if v.edit], {})
    assert stop is not None
    assert stop.step == 2


# Text is never code.


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_text_from_people_and_files_is_only_ever_a_literal(text):
    kan = init([1, 1])
    kan = replace(kan, outputs=(replace(kan.outputs[0], name=text, unit=text),))
    history = History.start(kan).named(text)
    history = history.apply(Batch((MoveControlPoint(EDGE, 1, 0.5),), text)).named(text)
    history = history.apply(Rewrite(((0, "bias", (0.5,)),), text)).named(text)
    plain = script(history, "S", {"digest": "R"}, result="E")
    code = script(history, text, {"digest": text}, result=text)
    assert _shape(code) == _shape(plain), "text from outside changed more than literals"
    found = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    assert found.count(text) >= 5
    assert code.split("\n")[:-1] == code.splitlines(), "a line ends where Python does not see it"


def _shape(code: str) -> str:
    """The syntax tree without what its strings say, and without the naming of versions."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    lines = (ast.dump(node) for node in tree.body)
    return "\n".join(line.replace("named", "") for line in lines if "attr='named', " not in line)


@given(st.text())
def test_any_text_is_written_as_itself(text):
    assert ast.literal_eval(written(text)) == text
    assert "".join(ast.literal_eval(piece) for piece in pieces(text)) == text
    assert written(text).isprintable() or "\n" in written(text)


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
nested = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@example({"a key without much room beside it": ""}, 20)
@given(nested, st.integers(20, 120))
def test_any_value_is_written_so_that_it_comes_back(value, width):
    assert repr(ast.literal_eval(written(value, width))) == repr(value)


def test_lines_are_as_wide_as_asked_and_minus_zero_stays():
    edit = Batch(tuple(FixFormula(EdgeId(0, i, 0), Formula("sin", i / 7, -0.0)) for i in range(50)), "x")
    code = written(edit, 100)
    assert max(map(len, code.splitlines())) <= 100
    assert "b=-0.0" in code
    names = {name: getattr(kanviz.edit, name) for name in imports([edit])["kanviz.edit"]}
    assert eval(code, {"EdgeId": EdgeId, "Formula": Formula, **names}) == edit  # noqa: S307 (our own text)


def test_what_it_imports_is_public_and_only_what_it_uses():
    for edit in examples():
        for home, names in imports([edit]).items():
            module = kanviz if home == "kanviz" else kanviz.edit
            assert all(name in module.__all__ for name in names)
            assert all(name in written(edit) for name in names)
    assert imports([FreezeEdge((EDGE,))]) == {"kanviz": ["EdgeId"], "kanviz.edit": ["FreezeEdge"]}
    assert all(source.HOMES[kind] == "kanviz.edit" for kind in EDITS.values())


def test_what_is_no_value_is_refused_in_words():
    with pytest.raises(EditError, match="holds Tensor, which cannot be written as code"):
        written(torch.zeros(1))


def test_infinite_numbers_are_written_too():
    assert written((float("inf"), float("nan"))) == '(float("inf"), float("nan"))'


# From a recipe.


def test_a_recipe_gives_the_script_of_the_history_without_names():
    history = History.start(init([1, 1])).apply(MoveControlPoint(EDGE, 1, 0.5))
    code = recipe_script(history.recipe(), history.present, START)
    assert code == script(history, START)
    assert script(history.named("x"), START) != code


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edits": None}, "not a recipe"),
        ({"start": 3}, "not a recipe"),
        ({"end": "0"}, "another network"),
        ({"edits": [{"kind": "prune"}]}, "incomplete or damaged"),
        ({"edits": [FreezeEdge((EDGE,)).to_json()] * 500}, "holds 499"),
    ],
    ids=str,
)
def test_a_recipe_that_is_damaged_is_refused(change, words):
    kan = init([1, 1])
    with pytest.raises(EditError, match=words):
        recipe_script(History.start(kan).recipe() | change, kan, START)


def test_rows_are_loaded_from_a_file_that_has_them(tmp_path):
    kan = init([2, 1])
    data = table_for(kan)
    kanviz.save(kan, tmp_path / "with.safetensors", rows=data)
    kanviz.save(kan, tmp_path / "without.safetensors")
    assert kanviz.load_rows(tmp_path / "with.safetensors").digest == data.digest
    with pytest.raises(LoadError, match="holds no rows"):
        kanviz.load_rows(tmp_path / "without.safetensors")
