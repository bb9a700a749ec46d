"""The store of saved work in the browser."""

from kanviz.ui.components.memory.payload import Kept, Told, found_of, memory, missing_of, told_of, work_payload

__all__ = ["Kept", "Told", "found_of", "memory", "missing_of", "told_of", "work_payload"]
