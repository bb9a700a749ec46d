"""Remember computed results by the function that made them and by its arguments."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from kanviz.core.layer import EdgeId
from kanviz.edit.history import LONGEST

T = TypeVar("T")
P = ParamSpec("P")
PLAIN = {int, float, str, EdgeId}  # a sequence of one of these is its own key
MOST = 48  # results remembered; the least recently used is dropped first
MOST_SMALL = 2 * LONGEST  # small results remembered: more than a history has versions


@dataclass(frozen=True)
class _Same:
    """A key that equals only the same object. It keeps that object alive as long as the cache entry exists."""

    one: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.one is other.one

    def __hash__(self) -> int:
        return id(self.one)


def key_of(value: Any) -> Hashable:
    """Return the cache key of an argument: its digest if it has one, else its value if hashable, else itself."""
    digest = getattr(value, "digest", None)
    if isinstance(digest, str):
        return type(value), digest
    if isinstance(value, list | tuple):
        kinds = set(map(type, value))
        if len(kinds) == 1 and kinds <= PLAIN:  # thousands of picked rows or edges: not one key each
            return kinds.pop(), tuple(value)
        return tuple(key_of(part) for part in value)
    if type(value).__eq__ is not object.__eq__:
        with suppress(TypeError):  # no hash: it can be changed
            hash(value)
            return type(value), value
    return _Same(value)


class Cache:
    """Results computed from networks and tables, by function and arguments.

    A network or a table is represented by its digest, so that results are found again after an undo.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._small: OrderedDict[Hashable, Any] = OrderedDict()
        self._latest: dict[Callable[..., Any], tuple[Hashable, Any]] = {}

    def result(self, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return `make(*args, **kwargs)`, computed once. The 48 most recently used results are remembered."""
        return self._remembered(self._results, MOST, make, args, kwargs)

    def small(self, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same as `result`, for numbers about single versions; there is room for a whole history."""
        return self._remembered(self._small, MOST_SMALL, make, args, kwargs)

    def latest(self, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same as `result`, but remember only this function's last result. For what each slider move changes."""
        key = _key(make, args, kwargs)
        known = self._latest.get(make)
        if known is not None and known[0] == key:
            return known[1]
        found = make(*args, **kwargs)
        self._latest[make] = (key, found)
        return found

    def _remembered(
        self, store: OrderedDict[Hashable, Any], most: int, make: Callable[..., T], args: Any, kwargs: dict[str, Any]
    ) -> T:
        key = _key(make, args, kwargs)
        with self._lock:
            if key in store:
                store.move_to_end(key)
                return store[key]
        found = make(*args, **kwargs)
        with self._lock:
            store[key] = found
            while len(store) > most:
                store.popitem(last=False)
        return found


def _key(make: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Hashable:
    return make, key_of(tuple(args)), tuple((name, key_of(value)) for name, value in sorted(kwargs.items()))
