"""Uploads are held within totals, and freed once they are read or their tab is gone."""

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from kanviz.ui import uploads
from kanviz.ui.uploads import GONE, Uploads


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
    with pytest.raises(HTTPException) as refusal:
        store.add_file("a", file("2", 50))
    assert refusal.value.status_code == 413
    assert "You have 60 bytes of files here, and the limit is 100 bytes" in refusal.value.detail
    store.add_file("b", file("3", 60))
    store.remove_file("a", "1")
    store.add_file("a", file("2", 50))
    assert held(store) == {"a": 50, "b": 60}


def test_the_server_has_a_total() -> None:
    store = Uploads("/u", lambda _: True)
    for session in "abc":
        store.add_file(session, file(session, 80))
    with pytest.raises(HTTPException, match="413"):
        store.add_file("d", file("4", 20))
    assert held(store) == dict.fromkeys("abc", 80)


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
