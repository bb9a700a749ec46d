"""Answer only browsers that reach this server by one of its names and from one of its pages; set their cookie.

Otherwise a page elsewhere could read the work of its visitors: through a domain name of its own that points to this
machine (DNS rebinding), or from another port of this machine, which Streamlit accepts as the same server.
"""

from collections.abc import Iterable
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
    """ASGI middleware that checks each request. names: further names of the server, through a proxy."""

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
            await self._app(scope, receive, _with_headers(send, HTTPConnection(scope)))

    def refusal(self, headers: Headers) -> str:
        """Return why a request is refused, as text; empty if it is accepted."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if _name(host) not in self._names.union(THIS_MACHINE):
            return (
                "This kanviz server does not accept that name. Open http://localhost and its port, or start "
                "it with `kanviz app --allow-host NAME` for each name that leads to it.\n"
            )
        if origin is None:  # a link that was typed or clicked, or a program
            return ""
        requested_from = urlsplit(origin).netloc
        if requested_from.lower() == host.lower() or _name(requested_from) in self._names:
            return ""
        return "This kanviz server answers only its own pages; the request came from another one.\n"


def _name(host: str) -> str:
    """Return the name in a Host header, without its port; empty if it is invalid."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _with_headers(send: Send, request: HTTPConnection) -> Send:
    wants_page = "text/html" in request.headers.get("accept", "")

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            # Only with pages: a proxy may cache other files for others. "Not modified" (304) has no content type.
            page = headers.get("content-type", "").startswith("text/html")
            if page or (wants_page and message["status"] == 304):
                headers.append("Set-Cookie", set_cookie(request.cookies))
        await send(message)

    return sent


def answer_own_visitors(names: Iterable[str] = ()) -> None:
    """Make Streamlit's server check each visitor first; it has no setting for middleware when started this way."""
    from streamlit import net_util
    from streamlit.web.server.starlette import starlette_app

    net_util.get_external_ip = lambda: None  # it would ask another server for this machine's address
    plain, names = starlette_app.create_streamlit_middleware, tuple(names)

    def first_ours(*args: Any, **how: Any) -> list[Middleware]:
        return [Middleware(OwnVisitors, names=names), *plain(*args, **how)]

    starlette_app.create_streamlit_middleware = first_ours
