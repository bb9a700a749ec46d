"""Define every message between Python and the browser components, with its fields.

A payload is sent to a component; an event comes back by its name, with a value of the type given here. Events are
untrusted input: their reader checks them. `protocol.d.ts` defines the same for JavaScript and is generated from this
package by `python -m tests.protocol_types`; a test compares them.
"""

from kanviz.ui.components.protocol.editor import (
    EditorAnswer,
    EditorCommit,
    EditorCurve,
    EditorDraft,
    EditorEvents,
    EditorGroup,
    EditorPayload,
    EditorPicked,
    EditorQuestion,
    EditorRefusal,
    EditorRows,
)
from kanviz.ui.components.protocol.memory import (
    MemoryEvents,
    MemoryFound,
    MemoryList,
    MemoryOrder,
    MemoryPayload,
    MemoryWork,
)
from kanviz.ui.components.protocol.network import (
    NetworkEdge,
    NetworkEvents,
    NetworkMatrix,
    NetworkNode,
    NetworkPayload,
    NetworkStep,
    NetworkSum,
)
from kanviz.ui.components.protocol.scatter import (
    ScatterBox,
    ScatterEvents,
    ScatterNone,
    ScatterPayload,
    ScatterPoints,
    ScatterRow,
)
from kanviz.ui.components.protocol.shared import EdgeId, Look, Pair, State, Value
from kanviz.ui.components.protocol.tour import TourPayload, TourStep

__all__ = [
    "EdgeId",
    "EditorAnswer",
    "EditorCommit",
    "EditorCurve",
    "EditorDraft",
    "EditorEvents",
    "EditorGroup",
    "EditorPayload",
    "EditorPicked",
    "EditorQuestion",
    "EditorRefusal",
    "EditorRows",
    "Look",
    "MemoryEvents",
    "MemoryFound",
    "MemoryList",
    "MemoryOrder",
    "MemoryPayload",
    "MemoryWork",
    "NetworkEdge",
    "NetworkEvents",
    "NetworkMatrix",
    "NetworkNode",
    "NetworkPayload",
    "NetworkStep",
    "NetworkSum",
    "Pair",
    "ScatterBox",
    "ScatterEvents",
    "ScatterNone",
    "ScatterPayload",
    "ScatterPoints",
    "ScatterRow",
    "State",
    "TourPayload",
    "TourStep",
    "Value",
]
