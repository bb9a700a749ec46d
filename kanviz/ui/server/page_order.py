"""Keep a page that was left from coming back: what its parts still ask for is drawn on the page that is there.

A part (a fragment) of the old page may ask to be drawn after the link to another page was clicked: a timer, a component
that tells something. Streamlit 1.67 takes the old page's address from that request. Then the link is forgotten, or the
browser clears the new page and fails at "Bad delta path index"; it stays empty until somebody reloads it.
"""

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import websocket_session_manager
from streamlit.runtime.app_session import AppSession


class PagesInOrder(AppSession):
    """A browser tab's session whose parts are drawn on the page that was asked for last."""

    _asked = ""  # the page asked for, until it begins to be drawn
    _drawn = ""  # the page that is drawn

    def request_rerun(self, client_state: ClientState | None) -> None:
        if client_state is not None:
            page = self._asked or self._drawn
            if not client_state.fragment_id:
                self._asked = client_state.page_script_hash
            elif page:
                client_state.page_script_hash = page
        super().request_rerun(client_state)

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        kind = msg.WhichOneof("type")
        if kind == "new_session":
            self._asked, self._drawn = "", msg.new_session.page_script_hash
        elif kind == "navigation":  # a page that was asked for by its name
            self._drawn = msg.navigation.page_script_hash
        super()._enqueue_forward_msg(msg)


def keep_pages_in_order() -> None:
    """Have Streamlit make sessions of this kind."""
    websocket_session_manager.AppSession = PagesInOrder  # pyright: ignore[reportPrivateImportUsage]
