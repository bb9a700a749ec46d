"""Save everybody's work in a folder of the server (`--keep`): one file for each secret in a browser's address."""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.writing import sweep, write

if TYPE_CHECKING:
    from kanviz.io.work import Work
    from kanviz.ui.state.session import Session

DAYS = 30  # days after which unused work is deleted
NAME = "kept as"  # key of the work's name in a project's view; the browser's own copy has the same name


class WorkFolder:
    """A folder of saved work. A file's name is the SHA-256 of the secret, so that the folder does not reveal it."""

    def __init__(self, folder: Path):
        self._folder, self._lock = folder, threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._failed: set[str] = set()

    @staticmethod
    def at(path: str, clock: Callable[[], float] = time.time) -> "WorkFolder":
        """Return the folder at this path; create it if needed, delete old files. Raises UserError if it is unusable."""
        folder = Path(path).resolve()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sweep(folder)
            for file in folder.glob("*.kanviz"):
                if file.stat().st_mtime < clock() - DAYS * 86_400:
                    file.unlink()
        except OSError as problem:
            why = (problem.strerror or "the system refused").lower()
            raise UserError(f"No work can be kept in {shown(path, 200)}: {why}. Name another folder.") from None
        return WorkFolder(folder)

    def __contains__(self, place: str) -> bool:
        return bool(place) and self._file(place).is_file()

    def _file(self, place: str) -> Path:
        return self._folder / f"{hashlib.sha256(place.encode()).hexdigest()[:40]}.kanviz"

    def keep(self, place: str, s: "Session") -> None:
        """Write the session's current work if it has changed, or its best law if there is no other work.

        A failure is reported once and stops nothing.
        """
        from kanviz.io.project_file import project_to_bytes
        from kanviz.ui.state.snapshot import snapshots

        with self._lock:
            mine = self._locks.setdefault(place, threading.Lock())
        with mine:
            found = snapshots(s)[:1] if s.is_saved else []
            if not found or s.written == found[0].mark:
                return
            work, project, s.written = found[0].id, found[0].work, found[0].mark
            file = self._file(place)
            new = not file.exists()
            try:
                write(file, project_to_bytes(replace(project, view={**project.view, NAME: work})))
                if new:
                    file.chmod(0o600)
                self._failed.discard(place)
            except (UserError, OSError) as problem:
                if place not in self._failed:
                    self._failed.add(place)
                    s.messages.append(("error", f"Your work is not kept on the server any more: {problem}"))

    def found(self, place: str) -> "tuple[Work, str] | None":
        """Return the work of this secret and its name; None if there is none. Raises LoadError if it is damaged."""
        from kanviz.io import load_project

        if place not in self:
            return None
        project = load_project(self._file(place))
        view = dict(project.view)
        return replace(project, view=view), view.pop(NAME, "")

    def forget(self, place: str) -> None:
        self._file(place).unlink(missing_ok=True)
