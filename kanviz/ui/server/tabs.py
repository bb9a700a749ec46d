"""Browser tabs as Streamlit knows them: which one a script runs for, whether it is open, and the end of one."""

from contextlib import suppress

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def this_tab() -> str:
    """The name of the tab that the script runs for; a reload is another one, a connection that came back is not."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else ""


def is_open(tab: str) -> bool:
    """Whether its browser is connected; always where no server runs, as under a test."""
    return not runtime.exists() or runtime.get_instance().is_active_session(tab)


def forget(tab: str) -> None:
    """Have Streamlit drop what it keeps for a closed tab, its uploads too: it would do so only when others close."""
    server = runtime.get_instance()

    def drop() -> None:
        if not server.is_active_session(tab):  # on the server's own thread, so that it cannot come back meanwhile
            server.close_session(tab)

    with suppress(RuntimeError):  # the loop is closed: the server is being stopped
        server._get_async_objs().eventloop.call_soon_threadsafe(drop)
