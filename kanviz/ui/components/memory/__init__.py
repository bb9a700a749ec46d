"""The store of saved work in the browser."""

from kanviz.ui.components.memory.payload import (
    SavedList,
    SavedWork,
    memory,
    read_list,
    read_missing,
    read_work,
    work_payload,
)

__all__ = ["SavedList", "SavedWork", "memory", "read_list", "read_missing", "read_work", "work_payload"]
