"""What one visitor of a server may do to another, by messages that no button sends."""

from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.server.client import Visitor, run_visit


def test_emptying_the_caches_takes_nobodys_work(server: str):
    async def visits() -> None:
        async with Visitor(server) as one:
            await one.press("Freeze")
            await one.run()
            assert not one.button("Undo")[0].disabled
            query = one.query
        async with Visitor(server) as other:
            await other.send(BackMsg(clear_cache=True))
            await other.run()
        async with Visitor(server, query) as again:
            assert not again.button("Undo")[0].disabled
            assert again.token in query

    run_visit(visits())
