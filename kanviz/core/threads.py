"""Limit BLAS and OpenMP to one thread during work on small matrices, and restore the former number afterwards.

On matrices of a few hundred numbers, threads that wait for each other cost many times the work (docs/performance.md).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from inspect import isgeneratorfunction
from typing import Any, ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
T = TypeVar("T")
_END: Any = object()


class _Blas:
    """The number of BLAS threads, which is global to the process: the first user sets it to 1, the last restores it."""

    def __init__(self) -> None:
        self._lock, self._holders = threading.Lock(), 0
        self._before: list[tuple[Any, int]] = []

    def __enter__(self) -> None:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                found = _libraries().select(user_api="blas").lib_controllers
                self._before = [(library, library.num_threads) for library in found]
                self._set([(library, 1) for library in found])

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._set(self._before)

    @staticmethod
    def _set(threads: list[tuple[Any, int]]) -> None:
        """Set the numbers from any thread; threadpoolctl 3.8 alone allows this to one thread only, until it ends."""
        for library, count in threads:
            free = getattr(library, "clear_controlling_thread", lambda **_: None)
            free(force=True)
            library.set_num_threads(count)
            free(force=True)


@cache
def _libraries() -> ThreadpoolController:
    import numpy as np
    import torch

    del np, torch  # imported because only libraries that are loaded are found
    return ThreadpoolController()


_blas = _Blas()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let numpy and torch compute on this thread alone, and restore their numbers of threads at the end."""
    with _blas, _libraries().select(user_api="openmp").limit(limits=1):  # OpenMP has a number for each thread
        yield


def on_one_thread(work: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function, or each step of a generator, to compute on one thread; between steps the caller has all."""

    @wraps(work)
    def whole(*args: P.args, **how: P.kwargs) -> T:
        with one_thread():
            return work(*args, **how)

    @wraps(work)
    def stepwise(*args: P.args, **how: P.kwargs) -> Any:
        return in_steps(work(*args, **how))  # pyright: ignore[reportArgumentType]

    return stepwise if isgeneratorfunction(work) else whole


def in_steps(steps: Iterator[T]) -> Iterator[T]:
    """Compute each item of an iterator on one thread."""
    try:
        while True:
            with one_thread():
                item = next(steps, _END)
            if item is _END:
                return
            yield item
    finally:
        close = getattr(steps, "close", None)
        if close is not None:
            close()
