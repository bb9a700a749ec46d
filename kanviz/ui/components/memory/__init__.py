"""What the browser keeps of the work."""

from kanviz.ui.components.memory.payload import Kept, Payload, Told, found_of, memory, missing_of, told_of, work_payload

__all__ = ["Kept", "Payload", "Told", "found_of", "memory", "missing_of", "told_of", "work_payload"]
