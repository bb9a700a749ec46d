"""Answer only browsers that came to this server by one of its own names and from a page of its own, and name them.

Without it a page elsewhere could read the work of whoever visits it: by a name of its own that leads to this machine
(DNS rebinding), or from another port of this machine, which Streamlit takes for the same server.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kanviz.ui.server import THIS_MACHINE
from kanviz.ui.server.browsers import set_cookie

HEADERS = {
    # What Streamlit's own page needs, and nothing from another server; plotly and the components compile code.
    "Content-Security-Policy": "; ".join((
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address holds the secret by which a reloaded tab finds its work
}  # fmt: skip


class OwnVisitors:
    """ASGI middleware. names: by which the server is reached besides those of this machine, through a proxy."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()):
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self.refusal(Headers(scope=scope))
        if refusal and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[:120]})
        elif refusal:
            await PlainTextResponse(refusal, status_code=403, headers=HEADERS)(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send, HTTPConnection(scope).cookies))

    def refusal(self, headers: Headers) -> str:
        """Why nobody is answered, in words; empty for a visitor of this server's own."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if _name(host) not in self._names.union(THIS_MACHINE):
            return (
                "This kanviz server does not answer by that name. Open it by http://localhost and its port, or start "
                "it with `kanviz app --allow-host NAME` for each name that leads to it.\n"
            )
        if origin is None:  # a link that was typed or clicked, or a program
            return ""
        asked_from = urlsplit(origin).netloc
        if asked_from.lower() == host.lower() or _name(asked_from) in self._names:
            return ""
        return "This kanviz server answers only its own pages; the request came from another one.\n"


def _name(host: str) -> str:
    """The name in a Host header, without its port; empty where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _with_headers(send: Send, cookies: Mapping[str, str]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            if headers.get("content-type", "").startswith("text/html"):  # files may be kept for others by a proxy
                headers.append("Set-Cookie", set_cookie(cookies))
        await send(message)

    return sent


def answer_own_visitors(names: Iterable[str] = ()) -> None:
    """Have Streamlit's server look at every visitor first; it has no setting for middleware when run like this."""
    from streamlit import net_util
    from streamlit.web.server.starlette import starlette_app

    net_util.get_external_ip = lambda: None  # it asks another server for this machine's address
    plain, names = starlette_app.create_streamlit_middleware, tuple(names)

    def first_ours(*args: Any, **how: Any) -> list[Middleware]:
        return [Middleware(OwnVisitors, names=names), *plain(*args, **how)]

    starlette_app.create_streamlit_middleware = first_ours
