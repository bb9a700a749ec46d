"""What one visitor may do to another: by messages that no button sends, and by an address that was copied."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from kanviz.ui.server.browsers import COOKIE
from tests.app_process import App
from tests.server.client import Visitor, run_visit
from tests.server.test_own_visitors import answer

BROWSERS = {name: f"{COOKIE}={name * 22}" for name in "abc"}


@pytest.mark.parametrize("cookie", ["", BROWSERS["a"]], ids=["a program", "a browser"])
def test_emptying_the_caches_takes_nobodys_work(server: str, cookie: str):
    async def visits() -> None:
        async with Visitor(server, cookie=cookie) as one:
            await worked(one)
        async with Visitor(server, cookie=BROWSERS["b"]) as other:
            await other.send(BackMsg(clear_cache=True))
            await other.run()
        async with Visitor(server, one.query, cookie=cookie) as again:
            assert has_work(again)
            assert again.token == one.token

    run_visit(visits())


@pytest.mark.parametrize(
    "other", ["", BROWSERS["b"], f"{COOKIE}=short", f'{COOKIE}="{"b" * 22}; Domain=evil"'],
    ids=["a program", "a browser", "no name of ours", "a name that would write headers"],
)  # fmt: skip
def test_an_address_that_was_copied_opens_nobodys_work(server: str, other: str):
    async def visits() -> None:
        async with Visitor(server, cookie=BROWSERS["a"]) as one:
            await worked(one)
            async with Visitor(server, one.query, cookie=other) as copied:
                assert not has_work(copied)
                assert copied.token not in ("", one.token)
                await worked(copied)
            async with Visitor(server, one.query, cookie=BROWSERS["a"]) as second_tab:
                assert has_work(second_tab)
                assert second_tab.token == one.token
                await second_tab.press("Undo")
            await one.run()
            assert not has_work(one)

    run_visit(visits())


def test_a_browser_finds_nothing_that_a_program_left(server: str):
    async def visits() -> None:
        async with Visitor(server) as one:
            await worked(one)
        async with Visitor(server, one.query, cookie=BROWSERS["a"]) as other:
            assert not has_work(other)

    run_visit(visits())


def test_every_browser_gets_a_name_that_no_script_can_read(server: str):
    given = [answer(server, {})[1]["set-cookie"] for _ in range(2)]
    assert len(set(given)) == 2
    name, *how = given[0].split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(how)
    assert answer(server, {"Cookie": name})[1]["set-cookie"] == given[0]
    forged = answer(server, {"Cookie": f'{COOKIE}="x\\073 Domain=evil"'})[1]["set-cookie"]
    assert "evil" not in forged


def test_a_browser_that_has_the_page_but_lost_its_cookie_gets_a_name(server: str):
    _, headers = answer(server, {})
    asked = {"If-None-Match": headers["etag"], "Accept": "text/html,*/*;q=0.8"}
    status, headers = answer(server, asked)
    assert status == 304
    assert COOKIE in headers["set-cookie"]
    status, headers = answer(server, asked | {"Accept": "*/*"})
    assert status == 304
    assert "set-cookie" not in headers


def test_only_pages_name_a_browser(server: str):
    for path in ("/app/static/logo.svg", "/_stcore/host-config"):
        status, headers = answer(server, {}, path)
        assert status == 200
        assert COOKIE not in headers.get("set-cookie", "")


@pytest.mark.parametrize("end", [App.kill, App.stop], ids=["SIGKILL", "SIGTERM"])
def test_work_that_the_server_keeps_is_found_by_its_browser_alone(app: App, end):
    async def work() -> str:
        async with Visitor(app.url, cookie=BROWSERS["a"]) as one:
            await worked(one)
            return one.query

    async def come_back(query: str) -> None:
        for cookie in (BROWSERS["b"], ""):
            async with Visitor(app.url, query, cookie=cookie) as other:
                assert not has_work(other)
                await worked(other)
                assert other.query != query
        async with Visitor(app.url, query, cookie=BROWSERS["a"]) as again:
            assert has_work(again)
            assert again.query == query

    query = run_visit(work())
    end(app)
    app.start()
    run_visit(come_back(query))


async def worked(one: Visitor) -> None:
    """Change the network that is open."""
    await one.press("Freeze")
    await one.run()
    assert has_work(one)


def has_work(one: Visitor) -> bool:
    return not one.button("Undo")[0].disabled
