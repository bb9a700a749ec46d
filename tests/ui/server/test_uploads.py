"""Uploads are held within totals, and freed once they are read or their tab is gone."""

from types import SimpleNamespace

import pytest
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from kanviz.errors import UserError
from kanviz.ui.server import uploads
from kanviz.ui.server.uploads import GONE, Uploads, contents


@pytest.fixture(autouse=True)
def small_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "OF_ONE", 100)
    monkeypatch.setattr(uploads, "OF_ALL", 250)


def file(name: str, size: int) -> UploadedFileRec:
    return UploadedFileRec(name, f"{name}.pt", "", b"x" * size)


def held(store: Uploads) -> dict[str, int]:
    return {session: sum(len(f.data) for f in files.values()) for session, files in store.file_storage.items() if files}


def test_one_visitor_has_a_total() -> None:
    store = Uploads("/u", lambda _: True)
    store.add_file("a", file("1", 60))
    store.add_file("a", file("2", 50))
    assert store.refused == {"2": "you have 60 bytes of files here, and the limit is 100 bytes"}
    assert held(store) == {"a": 60}
    store.add_file("b", file("3", 60))
    store.remove_file("a", "1")
    store.add_file("a", file("4", 50))
    assert held(store) == {"a": 50, "b": 60}
    assert list(store.refused) == ["2"]


def test_the_server_has_a_total() -> None:
    store = Uploads("/u", lambda _: True)
    for session in "abc":
        store.add_file(session, file(session, 80))
    store.add_file("d", file("4", 20))
    assert "as many files as it can" in store.refused["4"]
    assert {name: size for name, size in held(store).items() if size} == dict.fromkeys("abc", 80)


def test_a_file_without_room_is_refused_in_words_where_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Uploads("/u", lambda _: True)
    store.add_file("a", file("1", 101))
    monkeypatch.setattr(uploads, "get_script_run_ctx", lambda: SimpleNamespace(uploaded_file_mgr=store))
    (record,) = store.get_files("a", ["1"])
    with pytest.raises(UserError, match=r"1\.pt was not taken: you have 0 bytes .* limit is 100 bytes"):
        contents(UploadedFile(record, FileURLs()))


class Holder:
    """What holds a file for a session."""


def test_what_a_session_holds_of_an_upload_counts_until_it_is_freed() -> None:
    store, holder = Uploads("/u", lambda _: True), Holder()
    store.count(holder, 60, "a")
    store.add_file("a", file("1", 50))
    assert "you have 60 bytes" in store.refused["1"]
    store.count(holder, 0, "a")
    store.add_file("a", file("2", 50))
    assert "2" not in store.refused


def test_what_is_held_counts_for_the_last_tab_that_used_it_and_for_the_server() -> None:
    store = Uploads("/u", lambda _: True)
    first, second, third = holders = [Holder() for _ in range(3)]
    store.count(first, 80, "a")
    store.count(second, 80, "a")
    store.count(third, 80, "b")
    store.count(first, 80, "c")
    store.add_file("a", file("1", 20))
    assert "as many files as it can" in store.refused["1"]
    holders.clear()
    del first, second, third
    store.add_file("a", file("2", 20))
    assert "2" not in store.refused


def test_files_of_a_closed_tab_are_freed_and_those_of_a_short_interruption_are_not() -> None:
    there = {"a", "b"}
    store = Uploads("/u", there.__contains__)
    for session in "ab":
        store.add_file(session, file(session, 80))
    there.clear()
    store.sweep(now=0.0)
    there.add("b")
    store.sweep(now=GONE / 2)
    there.discard("b")
    store.sweep(now=GONE)
    assert held(store) == {"b": 80}
    store.sweep(now=3 * GONE)
    assert held(store) == {}
