"""What a browser test that failed leaves behind: requests without an answer, the last messages, the page's words."""

import time
from collections import deque
from types import TracebackType

from playwright.sync_api import BrowserContext, Page, Request, WebSocket
from playwright.sync_api import Error as BrowserError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

MOST = 60  # messages
DELTA = "< delta"
STATE = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return `${location.href} ${JSON.stringify({ ...app?.dataset })}\\n${document.body.innerText.slice(-600)}`;
}"""

_messages: deque[tuple[float, str]] = deque(maxlen=MOST)
_open: dict[Request, float] = {}


def watch(context: BrowserContext) -> None:
    """Remember what the pages of this browser send and receive from now on."""
    context.on("request", _sent)
    context.on("requestfinished", _answered)
    context.on("requestfailed", _answered)
    context.on("page", _follow)
    for page in context.pages:
        _follow(page)


def _sent(request: Request) -> None:
    _open[request] = time.time()


def _answered(request: Request) -> None:
    _open.pop(request, None)


def _follow(page: Page) -> None:
    def listen(socket: WebSocket) -> None:
        _note("connected")
        socket.on("framereceived", lambda data: _note(f"< {_kind(data, ForwardMsg)}"))
        socket.on("framesent", lambda data: _note(f"> {_kind(data, BackMsg)}"))
        socket.on("close", lambda _: _note("connection closed"))

    page.on("websocket", listen)


def _note(words: str) -> None:
    if _messages and words.startswith(DELTA) and _messages[-1][1].startswith(DELTA):
        _messages.pop()  # of many in a row the last tells enough
    _messages.append((time.time(), words))


def _kind(data: bytes | str, of: type[ForwardMsg] | type[BackMsg]) -> str:
    if isinstance(data, str):
        return "text"
    message = of()
    message.ParseFromString(data)
    kind = str(message.WhichOneof("type"))
    if isinstance(message, BackMsg):
        asked = message.rerun_script
        return f"{kind} {asked.fragment_id[:6]} {asked.page_script_hash[:6]}{asked.page_name}".rstrip()
    run = f"{message.metadata.run.script_run_id[:4]} {[name[:6] for name in message.metadata.run.fragment_ids]}"
    more = {
        "new_session": run,
        "script_finished": f"{run} {message.script_finished}",
        "session_status_changed": f"running: {message.session_status_changed.script_is_running}",
        "delta": str(list(message.metadata.delta_path)),
    }
    return f"{kind} {more.get(kind, '')}".rstrip()


def found(trace: TracebackType | None) -> str:
    """Return it as text, with the state of the page that the failed test looked at."""
    page: Page | None = None
    while trace is not None:
        page = next((v for v in trace.tb_frame.f_locals.values() if isinstance(v, Page)), page)
        trace = trace.tb_next
    now, state = time.time(), "no page"
    if page is not None:
        try:
            state = str(page.evaluate(STATE))
        except BrowserError as problem:
            state = str(problem)
    waiting = [f"{now - since:.1f} s without an answer: {request.url}" for request, since in _open.items()]
    messages = [f"{now - at:.2f} s ago: {words}" for at, words in _messages]
    return "\n".join([state, *waiting, *messages])
