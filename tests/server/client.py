"""A visitor without a browser: Streamlit's websocket and messages, enough to press buttons and see what is drawn."""

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.typing import Subprotocol

T = TypeVar("T")
WAIT = 60.0  # seconds for one answer
BREAKING_OFF = 2  # how a run ends that another one follows


def run_visit(visit: Coroutine[Any, Any, T]) -> T:
    """Run a visit to its end, in a thread of its own: after a browser test Playwright's loop runs on in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, visit).result()


class Visitor:
    """One tab. query: what its address says; name: the page in its path; cookie: as its browser sends it. page: hash of
    the one that is drawn, `pages`: of all by name; begun: page of each run that began, and whether of parts alone.
    """

    def __init__(self, url: str, query: str = "", name: str = "", cookie: str = ""):
        self._url, self.query, self._name = url.replace("http://", "ws://"), query, name
        self._headers = {"Cookie": cookie} if cookie else {}
        self.page, self.pages = "", dict[str, str]()
        self.begun: list[tuple[str, bool]] = []
        self._drawn = dict[str, tuple[str, Any, str]]()  # widgets and components by id: kind, what was sent, fragment
        self.texts: list[str] = []

    async def __aenter__(self) -> "Visitor":
        self._socket = await websockets.connect(
            f"{self._url}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            additional_headers=self._headers,
        )
        await self.run()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    @property
    def token(self) -> str:
        return dict(parse_qsl(self.query)).get("work", "")

    async def send(self, message: BackMsg) -> None:
        await self._socket.send(message.SerializeToString())

    async def ask(self, fragment: str = "", *states: WidgetState, page: str | None = None) -> None:
        """Ask for the page (by its hash; the one that is drawn) or a part of it, with these events; does not wait."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.fragment_id, asked.page_name = self.query, fragment, self._name
        asked.page_script_hash = self.page if page is None else page
        for state in states:
            asked.widget_states.widgets.add().CopyFrom(state)
        await self.send(message)

    async def run(self, fragment: str = "", *states: WidgetState, page: str | None = None) -> None:
        """Have the script run, with these events, and wait for its end."""
        await self.ask(fragment, *states, page=page)
        await self.until_it_rests()

    async def until_it_rests(self) -> None:
        while await asyncio.wait_for(self._next(), WAIT) in (None, BREAKING_OFF):
            pass

    async def _next(self) -> int | None:
        """Take one message in; how the run ended, if it says so."""
        found = ForwardMsg()
        found.ParseFromString(await self._socket.recv())  # pyright: ignore[reportArgumentType]
        kind = found.WhichOneof("type")
        if kind == "new_session":
            self.page, parts = found.new_session.page_script_hash, bool(found.metadata.run.fragment_ids)
            self.begun.append((self.page, parts))
            if not parts:
                self._drawn, self.texts = {}, []
        elif kind == "navigation":
            self.page = found.navigation.page_script_hash
            self.pages |= {
                page.url_pathname or page.page_name: page.page_script_hash for page in found.navigation.app_pages
            }
        elif kind == "page_info_changed":
            self.query = found.page_info_changed.query_string
        elif kind == "delta" and found.delta.WhichOneof("type") == "new_element":
            element = found.delta.new_element
            self._take(str(element.WhichOneof("type")), element, found.delta.fragment_id)
        return found.script_finished if kind == "script_finished" else None

    def _take(self, kind: str, element: Any, fragment: str) -> None:
        part = getattr(element, kind)
        if kind == "exception":
            raise AssertionError(part.message)
        if kind in ("markdown", "alert", "toast"):
            self.texts.append(part.body)
        if kind == "progress":
            self.texts.append(part.text)
        if getattr(part, "id", ""):
            self._drawn[part.id] = kind, part, fragment

    def button(self, label: str) -> tuple[Any, str]:
        """A button that is drawn, and the fragment it is in."""
        return next((part, at) for kind, part, at in self._drawn.values() if kind == "button" and part.label == label)

    def widget(self, label: str) -> tuple[Any, str]:
        """Any widget that is drawn, and the fragment it is in."""
        return next((part, at) for _, part, at in self._drawn.values() if getattr(part, "label", "") == label)

    def component(self, key: str) -> tuple[Any, str]:
        """A component of ours that is drawn, and the fragment it is in."""
        return next((part, at) for id, (_, part, at) in self._drawn.items() if id.endswith(f"-{key}"))

    async def press(self, label: str) -> None:
        part, fragment = self.button(label)
        await self.run(fragment, WidgetState(id=part.id, trigger_value=True))

    async def fill(self, label: str, **value: Any) -> None:
        """Set a widget that is drawn; value: as WidgetState names its kind."""
        part, at = self.widget(label)
        await self.run(at, WidgetState(id=part.id, **value))

    async def tell(self, key: str, event: str, value: Any) -> None:
        """Have a component say something."""
        component, fragment = self.component(key)
        state = WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{component.id}__events")
        state.json_trigger_value = json.dumps([{"event": event, "value": value}])
        await self.run(fragment, state)

    def sent(self, key: str) -> Any:
        """What a component was last sent."""
        part, _ = self.component(key)
        value = getattr(part, part.WhichOneof("data"))
        return json.loads(value if isinstance(value, str) else value.json)
