"""Start the app: find its files, apply the settings that protect the machine, and run Streamlit."""

import gc
import json
import os
import secrets
import socket
import sys
import threading
import tomllib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from kanviz.errors import UserError
from kanviz.ui.server import THIS_MACHINE
from kanviz.ui.state.work_folder import WorkFolder

THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
PRELOADED = (
    "kanviz.ui.state.session",
    "kanviz.io.tables",
    "kanviz.analysis.metrics",
    "kanviz.plots",
    "kanviz.analysis.compose",
)
PRELOADING: list[threading.Thread] = []  # the thread that imports, once the server starts


def app_folder() -> Path:
    """Return the folder of app.py, pages/ and sample_models/: in an installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parents[2]
    return next(
        (p for p in (package / "_app", package.parent) if (p / "app.py").is_file()),
        package.parent,
    )


def settings(folder: Path) -> dict[str, Any]:
    """Return the app's own settings without the theme, as `section.option`. They apply wherever the app is started.

    They are given to Streamlit as flags, so neither a config file in the current folder nor the environment overrides
    them.
    """
    found = tomllib.loads((folder / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    return {f"{s}.{name}": value for s, part in found.items() if s != "theme" for name, value in part.items()}


def one_thread() -> None:
    """Limit torch to one thread that sleeps while it waits. Call this before torch is imported.

    Two OpenMP threads next to one busy process make the same code up to 180 times slower.
    """
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)


def check_port(address: str, port: int) -> None:
    """Raise UserError if the port is in use, before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as refusal:
            raise UserError(
                f"Port {port} cannot be used ({refusal.strerror}). Stop what uses it, or choose another with --port."
            ) from None


def serve(
    models: Sequence[str] = (),
    *,
    block: str | None = None,
    answers: Mapping[str, str] | None = None,
    port: int | None = None,
    browser: bool = True,
    hosts: Sequence[str] = (),
    keep: str | None = None,
) -> None:
    """Run the app until it is stopped. Raises UserError for a missing file, a used port or an unusable folder.

    models: files of networks; the first visit opens them · block: the KAN of this name in a larger model · answers: to
    what the files do not say · hosts: names by which a proxy reaches this server · keep: a folder in which everybody's
    work is saved, so that it outlives the server.
    """
    paths = [Path(model).resolve() for model in models]
    for path in paths:
        if not path.is_file():
            raise UserError(f"There is no file {path}.")
    if keep is not None:
        WorkFolder.at(keep)
    os.environ["KANVIZ_KEEP"] = str(Path(keep).resolve()) if keep is not None else ""
    folder = app_folder()
    script = str(folder / "app.py")
    options = settings(folder)
    port = port or int(options["server.port"])
    options["server.port"] = port
    options["logger.hideWelcomeMessage"] = True
    options["server.cookieSecret"] = secrets.token_hex(32)
    options["server.allowedHosts"] = [*THIS_MACHINE, *hosts]
    options["server.corsAllowedOrigins"] = [f"{scheme}://{name}" for name in hosts for scheme in ("https", "http")]
    if not browser:
        options["server.headless"] = True
    check_port(options["server.address"], port)
    os.environ["KANVIZ_MODEL"], os.environ["KANVIZ_BLOCK"] = os.pathsep.join(map(str, paths)), block or ""
    os.environ["KANVIZ_ANSWERS"] = json.dumps(dict(answers or {}))
    one_thread()
    PRELOADING.append(threading.Thread(target=_preload, name="preload", daemon=True))
    PRELOADING[0].start()

    from streamlit import config
    from streamlit.web import bootstrap

    from kanviz.ui.server.page_order import keep_pages_in_order
    from kanviz.ui.server.uploads import hold_uploads
    from kanviz.ui.server.visitors import answer_own_visitors

    keep_pages_in_order()
    answer_own_visitors(hosts)
    hold_uploads()
    config._main_script_path = script  # as `streamlit run` does: the theme is read from the app's own folder
    bootstrap.load_config_options(options)
    print(f"kanviz: http://{options['server.address']}:{port} (Ctrl-C stops it)", file=sys.stderr)  # noqa: T201
    bootstrap.run(script, False, [], options)


def wait_for_imports() -> None:
    """Wait until the imports for the first click are done; return at once if none are running.

    Two threads that import a package and one of its modules at the same time can end in a KeyError: each holds the lock
    that the other waits for, and Python then continues with a partly imported package.
    """
    for thread in PRELOADING:
        thread.join()


def _preload() -> None:
    """Import what the first click needs while the person reads the first page."""
    try:
        for name in PRELOADED:
            import_module(name)
    except RuntimeError as error:  # the app was stopped meanwhile; imports are no longer possible
        if "shutdown" not in str(error):
            raise
    gc.freeze()
