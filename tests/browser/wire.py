"""A visitor without a browser: what a tab sends to the server and hears from it, message by message."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

PATIENCE = 60.0  # seconds to wait for a message that must come


class Visitor:
    """One tab's connection.

    page: hash of the page that is drawn · pages: hashes by address · parts: of each named part (a
    fragment with a key, by its label's widgets) the id it asks to be drawn by.
    """

    def __init__(self, connection: ClientConnection):
        self._connection = connection
        self.page, self.query = "", ""
        self.pages: dict[str, str] = {}
        self.parts: dict[str, str] = {}

    def ask(self, *, page: str | None = None, part: str = "", name: str = "") -> None:
        """Ask for the whole page, or a part of it, to be drawn; does not wait. name: of a page not yet known."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_script_hash = self.page if page is None else page
        message.rerun_script.fragment_id, message.rerun_script.page_name = part, name
        self._connection.send(message.SerializeToString())

    def hear(self) -> Iterator[tuple[str, Any]]:
        """Messages as they come, by kind."""
        while True:
            message = ForwardMsg()
            message.ParseFromString(self._connection.recv(timeout=PATIENCE))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page = message.new_session.page_script_hash
            elif kind == "navigation":
                self.page = message.navigation.page_script_hash
                self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "delta" and message.delta.fragment_id:
                element = message.delta.new_element
                part = getattr(element, element.WhichOneof("type") or "", None)
                self.parts[getattr(part, "label", "")] = message.delta.fragment_id
            yield str(kind), message

    def drawn(self) -> list[tuple[str, bool]]:
        """Wait until a run has ended; page of every run that began until then, and whether it was of parts alone."""
        begun = []
        for kind, message in self.hear():
            if kind == "new_session":
                begun.append((message.new_session.page_script_hash, bool(message.metadata.run.fragment_ids)))
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return begun
        raise AssertionError("the server said nothing more")


@contextmanager
def visitor(address: str, name: str = "") -> Iterator[Visitor]:
    """Somebody who opens a page, by its name, and has seen it drawn."""
    with connect(
        f"{address.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=["streamlit"],
        max_size=None,
        compression=None,
    ) as connection:
        one = Visitor(connection)
        one.ask(name=name)
        one.drawn()
        yield one
