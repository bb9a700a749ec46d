"""What one visitor of a server may do to another, by messages that no button sends."""

import asyncio
from collections.abc import Iterator

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.conftest import served
from tests.server.client import Visitor


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("server")) as address:
        yield address


def test_emptying_the_caches_takes_nobodys_work(url: str):
    async def visits() -> None:
        async with Visitor(url) as one:
            await one.press("Freeze")
            await one.run()
            assert not one.button("Undo")[0].disabled
            query = one.query
        async with Visitor(url) as other:
            await other.send(BackMsg(clear_cache=True))
            await other.run()
        async with Visitor(url, query) as again:
            assert not again.button("Undo")[0].disabled
            assert again.token in query

    asyncio.run(visits())
