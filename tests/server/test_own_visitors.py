"""The server answers browsers that came by its own name from its own pages, and nobody else."""

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from starlette.datastructures import Headers

from kanviz.ui.server.visitors import HEADERS, OwnVisitors

STRANGE = {
    "a name that leads to this machine": ("evil.example:{port}", None),
    "such a name, from its own page": ("evil.example:{port}", "http://evil.example:{port}"),
    "an address of another machine": ("203.0.113.7:{port}", None),
    "no name at all": ("", None),
    "another port of this machine": ("localhost:{port}", "http://localhost:9"),
    "a page elsewhere": ("127.0.0.1:{port}", "https://evil.example"),
    "a page without an address": ("127.0.0.1:{port}", "null"),
    "a name that only begins like ours": ("localhost.evil.example:{port}", None),
    "a user before the name": ("localhost@evil.example:{port}", None),
}
UPGRADE = {  # what asks for a session
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
OWN = {
    "a typed address": ("localhost:{port}", None),
    "the number of this machine": ("127.0.0.1:{port}", None),
    "our own page": ("127.0.0.1:{port}", "http://127.0.0.1:{port}"),
    "our own page by name": ("LOCALHOST:{port}", "http://localhost:{port}"),
    "the longer number of this machine": ("[::1]:{port}", "http://[::1]:{port}"),
}


def headers_of(case: tuple[str, str | None], server: str) -> dict[str, str]:
    host, origin = (text and text.format(port=urlsplit(server).port) for text in case)
    return {"Host": str(host)} | ({"Origin": origin} if origin else {})


def answer(server: str, headers: dict[str, str], path: str = "/") -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a request."""
    with closing(http.client.HTTPConnection(urlsplit(server).netloc, timeout=600)) as connection:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            return response.status, dict(response.headers)


@pytest.mark.parametrize("case", STRANGE)
def test_a_strange_visitor_gets_no_page_and_no_session(server, case):
    headers = headers_of(STRANGE[case], server)
    for path in ("/", "/_stcore/health", "/app/static/logo.svg"):
        assert answer(server, headers, path)[0] == 403
    assert answer(server, headers | UPGRADE, "/_stcore/stream")[0] == 403


@pytest.mark.parametrize("case", OWN)
def test_our_own_visitors_are_answered(server, case):
    headers = headers_of(OWN[case], server)
    status, said = answer(server, headers)
    assert status == 200
    assert {name: said[name.lower()] for name in HEADERS} == HEADERS
    assert answer(server, headers | UPGRADE, "/_stcore/stream")[0] == 101


def test_a_name_that_a_proxy_leads_by_is_answered_where_the_server_knows_it():
    door = OwnVisitors(None, ["kan.school.example"])  # pyright: ignore[reportArgumentType]
    for host, origin in (
        ("kan.school.example", "https://kan.school.example"),
        ("127.0.0.1:8501", "https://kan.school.example"),  # the proxy gives its own name for the server
    ):
        assert door.refusal(Headers({"host": host, "origin": origin})) == ""
    assert "--allow-host" in door.refusal(Headers({"host": "other.example"}))
    assert "another one" in door.refusal(Headers({"host": "kan.school.example", "origin": "https://other.example"}))
