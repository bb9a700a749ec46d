"""Identify Streamlit's browser tabs: the tab of the current run, whether a tab is open, and its end."""

from contextlib import suppress

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def this_tab() -> str:
    """Return the name of the tab that the script runs for. A reload gets a new name; a restored connection does not."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def is_open(tab: str) -> bool:
    """Return whether the tab's browser is connected; True if no server runs, as in a test."""
    return not runtime.exists() or runtime.get_instance().is_active_session(tab)


def forget(tab: str) -> None:
    """Make Streamlit drop its data of a closed tab, uploads included; by itself it waits until another tab closes."""
    server = runtime.get_instance()

    def drop() -> None:
        if not server.is_active_session(tab):  # on the server's own thread, so that the tab cannot return meanwhile
            server.close_session(tab)

    with suppress(RuntimeError):  # the loop is closed: the server is being stopped
        server._get_async_objs().eventloop.call_soon_threadsafe(drop)
