"""Everybody's work in a folder of the server, where one was named: a file for each secret address in its browser."""

import hashlib
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.writing import sweep, write

if TYPE_CHECKING:
    from kanviz.io.project import Work
    from kanviz.ui.state.session import Session

DAYS = 30  # for which work that nobody comes back to is kept
NAME = "kept as"  # what the view of a project calls the name of the work, which the browser's own copy has too


class KeptFolder:
    """One person's file is named by the SHA-256 of the secret, so that the folder does not tell it."""

    def __init__(self, folder: Path):
        self._folder, self._lock = folder, threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._failed: set[str] = set()

    @staticmethod
    def at(path: str) -> "KeptFolder":
        """The folder of that name, made where it is not there, without what is old; UserError if it cannot be used."""
        folder = Path(path).resolve()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sweep(folder)
            for file in folder.glob("*.kanviz"):
                if file.stat().st_mtime < time.time() - DAYS * 86_400:
                    file.unlink()
        except OSError as problem:
            why = (problem.strerror or "the system refused").lower()
            raise UserError(f"No work can be kept in {shown(path, 200)}: {why}. Name another folder.") from None
        return KeptFolder(folder)

    def __contains__(self, place: str) -> bool:
        return bool(place) and self._file(place).is_file()

    def _file(self, place: str) -> Path:
        return self._folder / f"{hashlib.sha256(place.encode()).hexdigest()[:40]}.kanviz"

    def keep(self, place: str, s: "Session") -> None:
        """Write the work of that session, where it has changed; its best law where there is no other work.

        A failure is said once, and ends nothing.
        """
        from kanviz.io.project_file import project_to_bytes
        from kanviz.ui.state.snapshot import snapshots

        with self._lock:
            mine = self._locks.setdefault(place, threading.Lock())
        with mine:
            found = snapshots(s)[:1] if s.is_kept else []
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
        """The work of that secret and its name; None where there is none. LoadError where its file is damaged."""
        from kanviz.io import load_project

        if place not in self:
            return None
        project = load_project(self._file(place))
        view = dict(project.view)
        return replace(project, view=view), view.pop(NAME, "")

    def forget(self, place: str) -> None:
        self._file(place).unlink(missing_ok=True)
