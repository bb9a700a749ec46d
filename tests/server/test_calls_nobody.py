"""While it runs, the server asks no other machine for anything, not even a name."""

from pathlib import Path

from tests.app_process import ROOT, App
from tests.server.client import Visitor, run_visit
from tests.server.test_own_visitors import answer

# Python runs this file first, in the server and in every process that it starts.
WATCHER = """
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        say(event, arguments[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        say(event, arguments[0])

def say(event, whom):
    with open({log!r}, "a") as log:
        log.write(f"{{event}} {{whom}}\\n")

say("begins", sys.argv[:1])
sys.addaudithook(watch)
"""
HERE = ("127.0.0.1", "localhost", "'::1'", "None", "b''")


def test_the_server_asks_no_other_machine(tmp_path: Path, monkeypatch):
    log = tmp_path / "calls.log"
    (tmp_path / "sitecustomize.py").write_text(WATCHER.format(log=str(log)))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    app = App(tmp_path / "server.log")

    async def visit() -> None:
        async with Visitor(app.url) as one:
            await one.press("Freeze")
            for page in ("open", "laws", "train", "history"):
                await one.run(page=one.pages[page])

    app.start()
    try:
        run_visit(visit())
        assert answer(app.url, {"Origin": "https://evil.example"})[0] == 403
    finally:
        app.stop()
    said = log.read_text().splitlines()
    assert any(line.startswith("begins") for line in said)
    assert [line for line in said if not line.startswith("begins") and not any(own in line for own in HERE)] == []
