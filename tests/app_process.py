"""A server of one test alone, to be killed and started again."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


class App:
    """`kanviz app` with these options, on a free port that it keeps when it is started again."""

    def __init__(self, log: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self.log, self._options = f"http://127.0.0.1:{self.port}", log, options

    def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kanviz", "app", "--no-browser", "--port", str(self.port), *self._options],
                cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "KANVIZ_MODEL": ""},
            )  # fmt: skip
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"The app did not start:\n{self.log.read_text()}")
                time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> None:
        """As a system does that shuts down (SIGTERM)."""
        self.process.terminate()
        self.process.wait(20)
