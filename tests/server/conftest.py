"""The app as served by `kanviz app`, for visitors without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_process import App
from tests.browser.conftest import served


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the running app."""
    with served(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server of one test alone, which keeps work in a folder."""
    one = App(tmp_path / "server.log", "--keep", str(tmp_path / "kept"))
    one.start()
    yield one
    one.kill()
    assert "Traceback" not in one.log.read_text()
