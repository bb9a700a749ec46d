"""Files opened in a process of their own: the same network, the same refusals, and nothing that ends who asked."""

import os
import signal
from collections.abc import Iterator

import pytest
import torch

from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Prune
from kanviz.edit.history import History
from kanviz.errors import LoadError
from kanviz.io import native, reading
from kanviz.io.opened import Opened, as_own, opened
from kanviz.io.project import Project
from kanviz.io.project_file import project_to_bytes
from kanviz.io.reader_process import packed, unpacked
from kanviz.io.reading import Readers
from tests.helpers import table_for
from tests.io.test_efficient_kan import torch_file, weights
from tests.test_corpus import FOLDER


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
    assert as_own(there) == as_own(opened(files))
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
        def read(self, files: dict[str, bytes]) -> None:
            asked.append(list(files))

    monkeypatch.setattr(reading, "readers", Recorded)
    assert isinstance(reading.read(own_file()), Opened)
    reading.read({"a.pt": b"x" * reading.SMALL, "b.yml": b"y"})
    assert asked == [["a.pt", "b.yml"]]


def test_a_network_larger_than_the_app_takes_is_refused_by_its_number_of_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kanviz.io.opened.MOST_EDGES", 8)
    with pytest.raises(LoadError, match=r"has 9 edges; the app opens networks of up to 8\..*kanviz\.load"):
        opened(own_file())


def test_a_question_is_names_and_bytes() -> None:
    files = {"a\n.pt": b"\n\x00x", "": b"", "ü.yml": b"b: [1]"}
    assert unpacked(packed(files)) == files
