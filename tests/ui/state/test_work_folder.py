"""Work in a folder of the server: there after a restart, by the secret alone; a failure is said and ends nothing."""

import os
from pathlib import Path

import pytest

from kanviz.edit.edits import FreezeEdge
from kanviz.errors import LoadError, UserError
from kanviz.ui.state.laws import LawSearches
from kanviz.ui.state.session import Session
from kanviz.ui.state.snapshot import go_on
from kanviz.ui.state.work_folder import DAYS, WorkFolder
from tests.helpers import not_none
from tests.ui.laws.test_laws import ended
from tests.ui.state.test_snapshot import EDGE, at_work


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    return WorkFolder.at(str(tmp_path / "kept"))


def files(folder: WorkFolder) -> list[Path]:
    return list(folder._folder.iterdir())


def test_work_is_there_under_its_secret_alone(folder: WorkFolder):
    s = at_work()
    folder.keep("secret", s)
    assert "secret" in folder
    assert folder.found("other") is None
    assert folder.found("") is None
    other = Session()
    found = folder.found("secret")
    assert found is not None
    go_on(other, *found)
    assert [v.kan.digest for v in other.opened.history.versions] == [v.kan.digest for v in s.opened.history.versions]
    assert (other.opened.id, other.opened.view, other.sample) == (s.opened.id, s.opened.view, s.sample)


def test_the_folder_tells_no_secret_and_its_files_are_for_this_user_alone(folder: WorkFolder):
    folder.keep("secret", at_work())
    (file,) = files(folder)
    assert "secret" not in file.name
    assert b"secret" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_only_what_has_changed_is_written_again(folder: WorkFolder):
    s = at_work()
    folder.keep("secret", s)
    (file,) = files(folder)
    os.utime(file, (1, 1))
    folder.keep("secret", s)
    assert file.stat().st_mtime == 1
    s.apply(FreezeEdge((EDGE,)))
    folder.keep("secret", s)
    assert file.stat().st_mtime > 1


def test_a_law_is_kept_where_nothing_else_was_done(folder: WorkFolder):
    s = ended()
    folder.keep("secret", s)
    found = folder.found("secret")
    assert found is not None
    search = not_none(s.of(LawSearches).last)
    assert (found[0].name, found[1]) == (search.name, search.work)
    s.open(found[0].history.present, "own")
    s.apply(FreezeEdge((found[0].edge,)))
    folder.keep("secret", s)
    assert not_none(folder.found("secret"))[1] == s.opened.id


def test_a_full_disk_is_said_once_and_the_old_work_stays(folder: WorkFolder, full_disk):
    s = at_work()
    folder.keep("secret", s)
    before = files(folder)[0].read_bytes()
    with full_disk(1_000):
        for name in "abc":
            s.rename(name, 1)
            folder.keep("secret", s)
    assert [text for kind, text in s.messages if kind == "error"] == [
        "Your work is not kept on the server any more: "
        f"{files(folder)[0].name} cannot be written: file too large. Choose another folder."
    ]
    assert files(folder)[0].read_bytes() == before


def test_whoever_wants_nothing_kept_is_forgotten(folder: WorkFolder):
    s = at_work()
    folder.keep("secret", s)
    s.is_saved = False
    folder.forget("secret")
    folder.keep("secret", s)
    assert files(folder) == []


def test_a_damaged_file_is_refused_in_words(folder: WorkFolder):
    folder.keep("secret", at_work())
    (file,) = files(folder)
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(LoadError):
        folder.found("secret")


def test_old_work_and_what_killed_writers_left_goes_at_the_start(folder: WorkFolder):
    for token, then in (("old", 0), ("new", 1)):
        folder.keep(token, at_work())
        os.utime(folder._file(token), (then, then))
    (folder._folder / ".tmp-kanviz-0123456789abcdef.kanviz").write_bytes(b"")
    again = WorkFolder.at(str(folder._folder), clock=lambda: 1 + DAYS * 86_400)
    assert files(again) == [folder._file("new")]


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="No work can be kept in"):
        WorkFolder.at(str(tmp_path / "file"))
