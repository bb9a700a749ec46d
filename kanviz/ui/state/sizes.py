"""Estimate the memory of an object: all arrays, tables and texts reachable from it, each counted once."""

import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch

MOST = 300_000  # objects visited; arrays have nearly all of the bytes, so the rest hardly counts
_LEAVES = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def size_of(root: Any) -> int:
    """Return a lower bound in bytes. Locks, functions and classes are not counted."""
    seen: set[int] = set()
    waiting, total = [root], 0
    while waiting and len(seen) < MOST:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _LEAVES):
            continue
        seen.add(id(one))
        if isinstance(one, torch.Tensor):
            storage = one.untyped_storage()
            total += 0 if storage.data_ptr() in seen else storage.nbytes()
            seen.add(storage.data_ptr())
        elif isinstance(one, np.ndarray):
            total += sys.getsizeof(one)
            waiting.append(one.base)
            if one.dtype.hasobject:
                waiting.extend(one.flat)
        elif isinstance(one, pd.DataFrame | pd.Series):
            total += int(np.sum(one.memory_usage(deep=True)))
        else:
            total += sys.getsizeof(one, 0)
            waiting.extend(_parts(one))
    return total


def _parts(one: Any) -> list[Any]:
    """Return the objects that an object refers to."""
    if isinstance(one, str | bytes | int | float | complex | None):
        return []
    found: list[Any] = []
    if isinstance(one, Mapping):
        found += [part for pair in list(one.items()) for part in pair]
    elif isinstance(one, list | tuple | set | frozenset):
        found += list(one)
    found += list(getattr(one, "__dict__", {}).values())
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    return found + [getattr(one, name) for name in slots if hasattr(one, name)]
