"""`kanviz.show` opens the app on what Python has, and `kanviz.from_app` brings the work back."""

from pathlib import Path

import pytest

import kanviz
from kanviz.errors import TableError, UserError
from kanviz.notebook import OpenApp
from tests.figures import small_data, small_kan
from tests.server.client import Visitor, run_visit


def test_what_is_shown_is_opened_changed_and_comes_back():
    kan = small_kan()
    app = kanviz.show(kan, small_data(kan), browser=False)
    folder = Path(app._folder.name)
    try:
        assert f'<a href="{app.url}" target="_blank">' in app._repr_html_()
        assert kanviz.from_app().present.digest == kan.digest
        assert folder.stat().st_mode & 0o077 == 0

        async def visit() -> None:
            async with Visitor(app.url) as one:
                await one.tell("network", "prune", [0, 0, 0])
                await one.press("Prune it")
                await one.run()

        run_visit(visit())
        work = kanviz.from_app(app)
    finally:
        last = app.stop()
    assert str(work.history.versions[0]) == "Opened"
    assert len(work.history.versions) == 2
    assert work.present.edge([0, 0, 0]).state == "pruned"
    assert work.data is not None
    assert work.data.digest == small_data(kan).digest
    assert last.present.digest == work.present.digest
    assert (app.running, folder.exists()) == (False, False)
    assert "stopped" in app._repr_html_()
    assert app.stop() is last


def test_a_port_in_use_is_refused_and_its_app_left_alone(server: str):
    with pytest.raises(UserError, match=r"Port \d+ cannot be used: choose another"):
        kanviz.show(small_kan(), port=int(server.rpartition(":")[2]), browser=False)


def test_an_app_that_does_not_start_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(UserError, match=r"The app did not start: it gave no reason\."):
        kanviz.show(small_kan(), browser=False)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_shown_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(OpenApp, "__init__", lambda *_, **__: pytest.fail("nothing is started"))
    with pytest.raises(UserError, match="not Formula"):
        kanviz.show(kanviz.Formula("sin"))  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="as a Dataset, not as list"):
        kanviz.show(small_kan(), [[1.0]])
    with pytest.raises(TableError, match="The network has 3 inputs"):
        kanviz.show(kanviz.init([3, 1]), small_data(small_kan()))


def test_without_an_app_there_is_nothing_to_bring_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kanviz.notebook.OPENED", [])
    with pytest.raises(UserError, match=r"open one with kanviz\.show\(kan\)"):
        kanviz.from_app()
