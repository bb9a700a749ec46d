"""Lock numbers of a network: by hand, or those that the predictions of given rows or of a region depend on."""

from kanviz.core.locks.by_hand import all_but, edge_lock, point_lock
from kanviz.core.locks.lock import Capacity, LayerLock, Lock
from kanviz.core.locks.region import Certified, certified_lock
from kanviz.core.locks.rows import data_lock

__all__ = [
    "Capacity",
    "Certified",
    "LayerLock",
    "Lock",
    "all_but",
    "certified_lock",
    "data_lock",
    "edge_lock",
    "point_lock",
]
