"""Hold uploaded files within a total per visitor and per server; free them once they are read or their tab is closed.

A file that a session holds itself, to read more of it later, is part of these totals as long as it does.
Streamlit limits the size of a file but not the number of files, and keeps those of a closed tab until another tab
closes.
"""

import threading
import time
from collections.abc import Callable, Iterable
from weakref import WeakKeyDictionary

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from kanviz.errors import UserError
from kanviz.text import shown, size_words

OF_ONE = 150_000_000  # bytes that one visitor may have uploaded at a time
OF_ALL = 1_000_000_000
GONE = 60.0  # seconds without a connection after which a tab counts as closed: a wireless network may fail for some
LOOK = 10.0  # seconds between two checks for closed tabs


class Uploads(MemoryUploadedFileManager):
    """Streamlit's store of uploads, with totals. connected: tells whether a session of that id has a browser."""

    def __init__(self, upload_endpoint: str, connected: Callable[[str], bool] | None = None) -> None:
        super().__init__(upload_endpoint)
        self._connected = connected or _has_browser
        self._missing: dict[str, float] = {}
        self._elsewhere: WeakKeyDictionary[object, tuple[str, int]] = WeakKeyDictionary()
        self.refused: dict[str, str] = {}  # reason, by the id of the file

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Store a file. If it exceeds a total even after closed tabs are freed, store an empty one in its place.

        `contents` then raises the reason; a refused request would only show the person an HTTP status number.
        """
        if self._held() + len(file.data) > OF_ALL:
            self.sweep()
        own, why = self._held(session_id), ""
        if own + len(file.data) > OF_ONE:
            why = f"you have {size_words(own)} of files here, and the limit is {size_words(OF_ONE)}"
        elif self._held() + len(file.data) > OF_ALL:
            why = "the server holds as many files as it can"
        if why:
            self.refused[file.file_id] = why
            file = file._replace(data=b"")
        super().add_file(session_id, file)

    def count(self, holder: object, size: int, session_id: str) -> None:
        """Count bytes that a session of kanviz holds itself, instead of those that this holder had before.

        They count for the session of Streamlit that used them last, and no longer than the holder exists.
        """
        with self._lock:
            self._elsewhere[holder] = session_id, size

    def remove_session_files(self, session_id: str) -> None:
        """Free all files of a session."""
        with self._lock:
            for file_id in self.file_storage.get(session_id, {}):
                self.refused.pop(file_id, None)
        super().remove_session_files(session_id)

    def sweep(self, now: float | None = None) -> None:
        """Free the files of sessions without a browser for 60 s. now: a time of time.monotonic."""
        now = time.monotonic() if now is None else now
        with self._lock:
            sessions = list(self.file_storage)
        away = {session for session in sessions if not self._connected(session)}
        self._missing = {session: self._missing.get(session, now) for session in away}
        for session, since in self._missing.items():
            if now - since >= GONE:
                self.remove_session_files(session)

    def _held(self, session_id: str | None = None) -> int:
        """Return the bytes of one session's files, or of all sessions."""
        with self._lock:
            stores = self.file_storage.values() if session_id is None else [self.file_storage.get(session_id, {})]
            elsewhere = list(self._elsewhere.values())
            taken = sum(size for session, size in elsewhere if session_id is None or session == session_id)
            return taken + sum(len(file.data) for store in stores for file in store.values())


def _has_browser(session_id: str) -> bool:
    from streamlit.runtime import exists, get_instance

    return exists() and get_instance().is_active_session(session_id)


def hold_uploads() -> None:
    """Make the next server store its uploads here, and start the thread that frees them."""
    from streamlit.web.server import server

    made: list[Uploads] = []

    def make(endpoint: str) -> Uploads:
        made.append(Uploads(endpoint))
        return made[-1]

    def look() -> None:
        while True:
            time.sleep(LOOK)
            for uploads in made:
                uploads.sweep()

    server.MemoryUploadedFileManager = make  # pyright: ignore
    threading.Thread(target=look, name="uploads", daemon=True).start()


def contents(upload: UploadedFile) -> bytes:
    """Return the contents of an uploaded file. Raises UserError if there was no room for it."""
    store = getattr(get_script_run_ctx(), "uploaded_file_mgr", None)
    why = store.refused.get(upload.file_id) if isinstance(store, Uploads) else None
    if why:
        raise UserError(
            f"{shown(upload.name)} was not taken: {why}. Remove files you no longer need with the cross next to them, "
            "and upload it again."
        )
    return upload.getvalue()


def forget(uploads: Iterable[UploadedFile]) -> None:
    """Free files that were read and are not needed again."""
    context = get_script_run_ctx()
    store = getattr(context, "uploaded_file_mgr", None)
    if context is not None and isinstance(store, MemoryUploadedFileManager):
        for upload in uploads:
            store.remove_file(context.session_id, upload.file_id)


def count(holder: object, size: int) -> None:
    """Count bytes of an upload that this visitor's session goes on holding; 0 when it has freed them."""
    context = get_script_run_ctx()
    store = getattr(context, "uploaded_file_mgr", None)
    if context is not None and isinstance(store, Uploads):
        store.count(holder, size, context.session_id)
