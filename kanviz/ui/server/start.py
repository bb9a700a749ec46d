"""Start the app: find its own files, hold the settings that protect the machine, hand over to Streamlit."""

import gc
import os
import secrets
import socket
import sys
import threading
import tomllib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from kanviz.errors import UserError
from kanviz.ui.server import THIS_MACHINE
from kanviz.ui.state.kept_folder import KeptFolder

THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
PRELOADED = (
    "kanviz.ui.state.session",
    "kanviz.io.tables",
    "kanviz.analysis.metrics",
    "kanviz.plots",
    "kanviz.analysis.compose",
)
PRELOADING: list[threading.Thread] = []  # the thread that does it, once the server starts


def app_folder() -> Path:
    """Where app.py, pages/ and sample_models/ lie: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parents[2]
    return next(
        (p for p in (package / "_app", package.parent) if (p / "app.py").is_file()),
        package.parent,
    )


def settings(folder: Path) -> dict[str, Any]:
    """The app's own settings, without the look, as `section.option`: they count wherever the app is started from.

    Given to Streamlit as flags, so neither a config file in the folder one stands in nor the environment undoes them.
    """
    found = tomllib.loads((folder / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    return {f"{s}.{name}": value for s, part in found.items() if s != "theme" for name, value in part.items()}


def one_thread() -> None:
    """Keep torch to one thread that sleeps while it waits; only before torch is imported.

    Two OpenMP threads beside one busy process make the same code up to 180 times slower.
    """
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)


def check_port(address: str, port: int) -> None:
    """Refuse a port that something else listens on, before anything is started."""
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
    port: int | None = None,
    browser: bool = True,
    hosts: Sequence[str] = (),
    keep: str | None = None,
) -> None:
    """Run the app until it is stopped.

    models: the network that the first visit opens. hosts: names by which a proxy leads to this server. keep: a folder
    in which everybody's work outlives the server.
    """
    paths = [Path(model).resolve() for model in models]
    for path in paths:
        if not path.is_file():
            raise UserError(f"There is no file {path}.")
    if keep is not None:
        KeptFolder.at(keep)
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
    os.environ["KANVIZ_MODEL"] = os.pathsep.join(map(str, paths))
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
    """Wait until what the first click needs is imported; at once where nothing is being imported.

    Two threads that import one package and one of its modules at the same time can end in a KeyError: each holds what
    the other waits for, and Python then goes on with half a package.
    """
    for thread in PRELOADING:
        thread.join()


def _preload() -> None:
    """Import what the first click needs while the person still reads the first page."""
    try:
        for name in PRELOADED:
            import_module(name)
    except RuntimeError as error:  # the app was stopped meanwhile, and nothing can be imported any more
        if "shutdown" not in str(error):
            raise
    gc.freeze()
