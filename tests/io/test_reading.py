"""Files opened in a process of their own: the same network, the same refusals, and nothing that ends who asked."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.core.module import KANLayer
from kanviz.edit.edits import Prune
from kanviz.edit.history import History
from kanviz.errors import LoadError
from kanviz.io import native, reading
from kanviz.io.block_previews import CURVES, previews
from kanviz.io.blocks_json import blocks_from_json, previews_from_json, previews_to_json
from kanviz.io.opened import Opened, as_own, opened
from kanviz.io.project import Project
from kanviz.io.project_file import project_to_bytes
from kanviz.io.questions import Asked, Question, Unanswered
from kanviz.io.questions_json import answers_from_json, answers_to_json, asked_from_json, asked_to_json
from kanviz.io.reader_process import Ask, packed, unpacked
from kanviz.io.reading import Readers
from tests.helpers import table_for
from tests.io.test_efficient_kan import torch_file, weights
from tests.test_corpus import FOLDER

GPT = {"gpt.pt": (Path(__file__).parents[1] / "checkpoints" / "models" / "gpt_with_kan_ffn.pt").read_bytes()}


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    found = Readers()
    yield found
    found.close()


def own_file() -> dict[str, bytes]:
    kan = init([2, 3, 1], grid=4)
    data = table_for(kan, 20)
    return {"n.safetensors": native.to_bytes(kan, {"format": 1, "edits": []}, rows=data, rows_from="a.csv")}


def test_a_network_comes_with_all_that_its_file_holds(readers: Readers) -> None:
    here, there = opened(own_file()), readers.read(own_file())
    assert isinstance(here, Opened)
    assert isinstance(there, Opened)
    assert there.kan.digest == here.kan.digest
    assert there.recipe == here.recipe
    assert there.rows_from == "a.csv"
    assert there.data is not None
    assert here.data is not None
    assert there.data.digest == here.data.digest


@pytest.mark.parametrize("state", [weights(2, 3, 1), {f"module.{k}": v.float() for k, v in weights(4, 2).items()}])
def test_a_foreign_network_comes_with_its_notes(readers: Readers, state: dict[str, torch.Tensor]) -> None:
    files = {"m.pt": torch_file(state)}
    here, there = opened(files), readers.read(files)
    assert isinstance(here, Opened)
    assert isinstance(there, Opened)
    assert there.kan.digest == here.kan.digest
    assert there.kan.notes == here.kan.notes
    assert there.kan.cautions == here.kan.cautions


def test_a_piece_of_work_comes_as_a_whole(readers: Readers) -> None:
    history = History.start(init([2, 3, 1], grid=4)).apply(Prune((EdgeId(0, 1, 1),), (0.25,)))
    project = Project(history, "mine", EdgeId(0, 0, 0))
    files = {"p.kanviz": project_to_bytes(project)}
    there = readers.read(files)
    assert isinstance(there, Project)
    here = opened(files)
    assert isinstance(here, Project)
    assert as_own(there) == as_own(here)
    assert [v.kan.digest for v in there.history.versions] == [v.kan.digest for v in history.versions]


@pytest.mark.parametrize("name", ["exec_os_system.pt", "bomb_bytearray_8g.pt", "bitflip_weights.pt", "key_bidi.pt"])
def test_files_are_refused_there_as_here(readers: Readers, name: str) -> None:
    files = {name: (FOLDER / "models" / name).read_bytes()}

    def answer(read: object) -> str:
        try:
            read(files)  # pyright: ignore[reportCallIssue]
        except LoadError as refusal:
            return str(refusal)
        return "opened"

    assert answer(readers.read) == answer(opened)


def test_a_reader_that_was_killed_is_replaced(readers: Readers) -> None:
    readers.prepare()
    (waiting,) = readers._idle
    os.kill(waiting._process.pid, signal.SIGKILL)
    waiting._process.wait()
    assert isinstance(readers.read(own_file()), Opened)


def test_a_file_that_takes_too_much_memory_is_refused_and_the_reader_lives() -> None:
    readers = Readers(memory=150_000_000)
    try:
        large = {"m.safetensors": native.to_bytes(init([400, 400], grid=100, dtype=torch.float32))}
        with pytest.raises(LoadError, match="memory"):
            readers.read(large)
        assert isinstance(readers.read(own_file()), Opened)
    finally:
        readers.close()


def test_a_file_that_takes_too_long_is_stopped_and_the_next_is_read() -> None:
    readers = Readers(cpu_seconds=0)
    try:
        for _ in range(2):
            with pytest.raises(LoadError, match="took too long or too much memory, and was stopped"):
                readers.read(own_file())
    finally:
        readers.close()


def test_only_what_is_small_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    class Recorded:
        def read(self, files: dict[str, bytes], block: str | None, given: dict[str, str] | None, *_: object) -> None:
            asked.append([*files, *([block] if block else []), *(given or {})])

        def previews(self, files: dict[str, bytes], names: list[str]) -> None:
            asked.append([*files, *names])

    monkeypatch.setattr(reading, "readers", Recorded)
    assert isinstance(reading.read(own_file()), Opened)
    large = {"a.pt": b"x" * reading.SMALL, "b.yml": b"y"}
    reading.read(large)
    reading.read(large, "ffn", {"base": "gelu"})
    reading.read_previews(large, ["ffn"])
    assert asked == [["a.pt", "b.yml"], ["a.pt", "b.yml", "ffn", "base"], ["a.pt", "b.yml", "ffn"]]


def test_a_network_larger_than_the_app_takes_is_refused_by_its_number_of_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kanviz.io.opened.MOST_EDGES", 8)
    with pytest.raises(LoadError, match=r"has 9 edges; the app opens networks of up to 8\..*kanviz\.load"):
        opened(own_file())


@pytest.mark.parametrize("ask", [Ask(), Ask("a\n.b"), Ask(previews=("", "ü"))])
def test_a_question_is_names_and_bytes_and_what_is_asked(ask: Ask) -> None:
    files = {"a\n.pt": b"\n\x00x", "": b"", "ü.yml": b"b: [1]"}
    assert unpacked(packed(files, ask)) == (files, ask)


def test_the_kans_of_a_model_are_listed_there_as_here(readers: Readers) -> None:
    found = opened(GPT)
    assert readers.read(GPT) == found
    assert isinstance(found, tuple)
    assert [block.prefix for block in found] == ["blocks.0.ffn", "blocks.1.ffn"]


def test_a_block_that_is_named_is_opened_there_as_here(readers: Readers) -> None:
    here, there = (read(GPT, "blocks.1.ffn") for read in (opened, readers.read))
    assert isinstance(here, Opened)
    assert isinstance(there, Opened)
    assert (there.kan.digest, there.kan.notes, there.block) == (here.kan.digest, here.kan.notes, "blocks.1.ffn")


def test_a_block_that_is_not_there_is_refused(readers: Readers) -> None:
    with pytest.raises(LoadError, match=r"no block blocks\.7"):
        readers.read(GPT, "blocks.7")


def test_the_only_kan_of_a_model_is_opened_by_its_name() -> None:
    layers = {f"net.kan.{name}": part for name, part in weights(2, 3, 1).items()}
    inside, alone = (opened({"m.pt": torch_file(state)}) for state in ({**layers, "out.weight": torch.ones(1)}, layers))
    assert isinstance(inside, Opened)
    assert isinstance(alone, Opened)
    assert (inside.block, alone.block) == ("net.kan", "")


def test_previews_are_the_strongest_curves_in_a_unit_box_there_as_here(readers: Readers) -> None:
    names = ["blocks.0.ffn", "head", "blocks.1.ffn"]
    found = readers.previews(GPT, names)
    assert found == previews(GPT, names)
    assert list(found) == names
    assert "no KAN" in found["head"].why
    curves = found["blocks.0.ffn"].curves
    assert len(curves) == CURVES
    assert all(0 <= height <= 1 for curve in curves for height in curve)
    assert min(map(len, curves)) > 10


def test_the_curve_with_the_widest_range_comes_first() -> None:
    strong = KANLayer(3, 2)
    with torch.no_grad():
        strong.coef[2, 1] = torch.linspace(-9, 9, strong.coef.shape[2])
        strong.coef[0, 0] = torch.linspace(8, -8, strong.coef.shape[2])
    state = {f"{name}.{key}": part for name in "ab" for key, part in strong.state_dict().items()}
    first, second, *_ = previews({"m.pt": torch_file(state)}, ["a"])["a"].curves
    assert (first[0], first[-1]) == (0, 1)
    assert (second[0], second[-1]) > (0.9, 0.0)


def test_curves_without_numbers_are_empty() -> None:
    layer = KANLayer(2, 1)
    with torch.no_grad():
        layer.coef.fill_(torch.nan)
    state = {f"{name}.{key}": part for name in "ab" for key, part in layer.state_dict().items()}
    found = previews({"m.pt": torch_file(state)}, ["a"])
    assert found["a"].curves == ((), ())
    assert previews_from_json(previews_to_json(found)) == found


def test_the_curves_of_a_large_block_are_left_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kanviz.io.block_previews.MOST_EDGES", 255)
    assert "256 edges" in previews(GPT, ["blocks.0.ffn"])["blocks.0.ffn"].why


@pytest.mark.parametrize("text", [b"{}", b"[{}]", b'[{"prefix": 3}]', b"[" * 9, b"\xff"])
def test_an_answer_that_is_no_list_of_blocks_is_refused(text: bytes) -> None:
    with pytest.raises(LoadError, match="cannot be listed"):
        blocks_from_json(text)


# --- what a file leaves open ----------------------------------------------------------------------------------------


def test_questions_and_answers_travel(readers: Readers) -> None:
    files = {"m.pt": torch_file(weights(2, 3, 1))}
    here, there = opened(files, None, {"base": "gelu"}), readers.read(files, None, {"base": "gelu"})
    assert isinstance(here, Opened)
    assert isinstance(there, Opened)
    assert there.kan.digest == here.kan.digest
    assert there.asked == here.asked
    assert [(one.question.name, one.answer, one.given) for one in there.asked] == [("base", "gelu", True)]


def test_a_question_that_must_be_answered_travels(readers: Readers) -> None:
    shelf = Path(__file__).parents[1] / "checkpoints" / "unsaid"
    files = {name: (shelf / name).read_bytes() for name in ("rbf_base_config.yml", "rbf_base_state")}
    refusals = []
    for read in (lambda: opened(files), lambda: readers.read(files)):
        with pytest.raises(Unanswered) as refused:
            read()
        refusals.append((str(refused.value), refused.value.question))
    assert refusals[0] == refusals[1]
    assert isinstance(readers.read(files, None, {"base": "gaussian"}), Opened)


ASKED = (
    Asked(Question("base", "the base function", ("silu", "gelu"), "silu"), "gelu", True),
    Asked(Question("functions.é", "what é is", ("sin",), None, True), "x*sin(x)", False),
    Asked(Question("grid_range", "the range", (), (-1.0, 1.0)), (-2.0, 0.5), False),
    Asked(Question("width", "the width", (), 0.5), 0.25, True),
)


def test_questions_as_json_are_the_same_again() -> None:
    assert asked_from_json(asked_to_json(ASKED)) == ASKED
    given = {one.question.name: one.answer for one in ASKED}
    assert answers_from_json(answers_to_json(given)) == given


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", "[[1, 2, 3]]", '[[["a"], "b", true]]', '[[["a","b",[],null,false],[1],true]]']
)
def test_what_is_no_list_of_questions_is_refused(text: str) -> None:
    with pytest.raises(LoadError, match="cannot be listed"):
        asked_from_json(text.encode())
