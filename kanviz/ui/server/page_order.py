"""Keep a page that was left from coming back: its late fragment runs are moved to the current page.

A fragment of the old page may request a run after the link to another page was clicked: by a timer, or an event of a
component. Streamlit 1.67 takes the old page's address from that request. Then the link is forgotten, or the browser
clears the new page and fails at "Bad delta path index"; the page stays empty until it is reloaded.
"""

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import websocket_session_manager
from streamlit.runtime.app_session import AppSession


class PagesInOrder(AppSession):
    """The session of a browser tab that runs fragments on the page that was requested last."""

    _requested = ""  # the requested page, until it begins to run
    _shown = ""  # the page that is shown

    def request_rerun(self, client_state: ClientState | None) -> None:
        if client_state is not None:
            page = self._requested or self._shown
            if not client_state.fragment_id:
                self._requested = client_state.page_script_hash
            elif page:
                client_state.page_script_hash = page
        super().request_rerun(client_state)

    def _enqueue_forward_msg(self, msg: ForwardMsg) -> None:
        kind = msg.WhichOneof("type")
        if kind == "new_session":
            self._requested, self._shown = "", msg.new_session.page_script_hash
        elif kind == "navigation":  # a page that was requested by name
            self._shown = msg.navigation.page_script_hash
        super()._enqueue_forward_msg(msg)


def keep_pages_in_order() -> None:
    """Make Streamlit use this class for its sessions."""
    websocket_session_manager.AppSession = PagesInOrder  # pyright: ignore[reportPrivateImportUsage]
