"""Open the app on what Python has, as from a notebook, and bring the work back: `kanviz.show` and `kanviz.from_app`."""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.display.rows import fitting
from kanviz.edit.history import History
from kanviz.errors import UserError
from kanviz.io import load_project, save_project
from kanviz.io.work import Work
from kanviz.text import shown

HERE = "127.0.0.1"
PATIENCE, PAUSE, LAST = 120.0, 0.1, 10.0  # seconds: until it answers, between two looks, until it ends by itself
LINE = 200  # letters of what a server that did not start wrote last
OPENED: list["OpenApp"] = []  # by `show`, the last one at the end; they end with Python


class OpenApp:
    """The app on what Python has, as a server of its own on this machine: its address, its work, its end.

    >>> import kanviz
    >>> app = kanviz.show(kanviz.init([1, 1]), browser=False)
    >>> app.url[:17], app.work().present, app.stop().present
    ('http://127.0.0.1:', KAN([1, 1], 1 edges, float64), KAN([1, 1], 1 edges, float64))
    """

    def __init__(self, work: Work, port: int, *, browser: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = f"http://{HERE}:{port}"
        self._work, self._folder = work, tempfile.TemporaryDirectory(prefix="kanviz-")
        folder = Path(self._folder.name)
        self._kept, self._log = folder / "kept", folder / "server.log"
        file = folder / "work.kanviz"
        save_project(work, file)
        command = [sys.executable, "-m", "kanviz", "app", str(file), "--port", str(port), "--keep", str(self._kept)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command if browser else [*command, "--no-browser"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
            )  # fmt: skip
        try:
            self._wait(clock() + PATIENCE, clock)
        except BaseException:  # a Ctrl-C, too, must leave no server behind
            self.stop()
            raise

    def _wait(self, end: float, clock: Callable[[], float]) -> None:
        """Wait until the server answers. Raises UserError where it does not start."""
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()
                return
            except OSError:
                ended = self._process.poll() is not None
                if ended or clock() > end:
                    lines = self._log.read_text("utf-8", "replace").strip().splitlines() or ["it gave no reason."]
                    raise UserError(f"The app did not start: {shown(lines[-1], LINE)}") from None
                time.sleep(PAUSE)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def work(self) -> Work:
        """Return the work as the app saved it last, after each step; the work that was shown, where nothing changed."""
        saved = (
            sorted(self._kept.glob("*.kanviz"), key=lambda file: file.stat().st_mtime) if self._kept.is_dir() else []
        )
        return load_project(saved[-1]) if saved else self._work

    def stop(self) -> Work:
        """End the app, and return its work."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(LAST)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._work = self.work()
        self._folder.cleanup()
        return self._work

    def _repr_html_(self) -> str:
        state = f'<a href="{self.url}" target="_blank">{self.url}</a>' if self.running else "stopped"
        return f"<div>kanviz · {state}</div>"

    def __repr__(self) -> str:
        return f"OpenApp({self.url}{'' if self.running else ', stopped'})"


def show(what: KAN | History | Work, data: Any = None, *, port: int | None = None, browser: bool = True) -> OpenApp:
    """Open the app on a network, a history or a work, with rows if there are any; it ends with Python or by `.stop()`.

    data: a `Dataset` · port: where it listens on this machine; None takes a free one · browser: whether a window opens.
    Nothing leaves the machine: the work goes through a folder for this user alone, which `.stop()` deletes. Raises
    UserError for something else, for a port in use, and where the app does not start; TableError for other columns.

    >>> import kanviz
    >>> kanviz.show([1.0, 2.0])
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: The app opens a KAN, a History or a Work, not list.
    """
    if isinstance(what, KAN):
        what = History.start(what)
    if isinstance(what, History):
        what = Work(what, "from Python", EdgeId(0, 0, 0))
    if not isinstance(what, Work):
        raise UserError(f"The app opens a KAN, a History or a Work, not {type(what).__name__}.")
    rows = fitting(data, what.present)
    app = OpenApp(what if rows is None else what.with_rows(rows, "from Python"), _free(port), browser=browser)
    if not OPENED:
        atexit.register(_stop_all)
    OPENED.append(app)
    return app


def from_app(app: OpenApp | None = None) -> Work:
    """Return the work of an app that `show` opened, by default of the last one: its history, its rows, its network.

    Raises UserError where none was opened.

    >>> import kanviz
    >>> app = kanviz.show(kanviz.init([1, 1]), browser=False)
    >>> kanviz.from_app().present, app.stop() is kanviz.from_app(app)
    (KAN([1, 1], 1 edges, float64), True)
    """
    if app is None and not OPENED:
        raise UserError("No app was opened from here; open one with kanviz.show(kan).")
    return (app or OPENED[-1]).work()


def _free(port: int | None) -> int:
    """Return this port, or any, on which nothing listens. Raises UserError where something does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HERE, port or 0))
        except (OSError, OverflowError):
            raise UserError(f"Port {port} cannot be used: choose another, or none, and a free one is taken.") from None
        return probe.getsockname()[1]


def _stop_all() -> None:
    for app in OPENED:
        app.stop()
