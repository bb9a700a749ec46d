"""The app as served by `kanviz app`, for visitors without a browser."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import served


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the running app."""
    with served(tmp_path_factory.mktemp("server")) as address:
        yield address
