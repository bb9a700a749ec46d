"""Measures the additional memory that a call takes at most: the high-water mark of a forked child (Linux).

In the child the call runs once, so that libraries are loaded. Then freed pages are returned to the system
(malloc_trim), the kernel's high-water mark is reset (clear_refs), and the call runs again. VmHWM counts every page it
touches, allocated by torch, MKL or native code. Gradients that the call returns count too.
"""

import ctypes
import gc
import os
from collections.abc import Callable
from pathlib import Path

from kanviz.core import engine


def peak_mib(run: Callable[[], object]) -> float | None:
    """Measure in mebibytes; None where the system cannot. With one thread only: a fork does not copy other threads."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            run()
            gc.collect()
            engine.release()  # what kanviz caches between calls counts, too
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5")
            before = _status("VmRSS")
            kept = run()
            os.write(write, str((_status("VmHWM") - before) / 1024).encode())
            del kept
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return float(text) if text else None


def _status(name: str) -> int:
    """Read a value of /proc/self/status in kibibytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
