"""Define the messages of the network canvas."""

from typing import Annotated, NotRequired, TypedDict

from kanviz.ui.components.protocol.shared import EdgeId, Look, State


class NetworkNode(TypedDict):
    """A node. c: its column · linked: whether an edge that is not pruned begins or ends there."""

    c: int
    x: float
    y: float
    name: str
    product: bool
    linked: bool


class NetworkSum(TypedDict):
    """A sum, and the product node (nx, ny) that it is a factor of."""

    x: float
    y: float
    nx: float
    ny: float
    name: str


class NetworkStep(TypedDict):
    """A step that all values of a column go through, at x."""

    x: float
    words: str


class NetworkEdge(TypedDict):
    """An edge. at: start x y, enter, leave, end x y, middle x y, width, height · y: heights as bytes in base64."""

    id: EdgeId
    name: str
    at: Annotated[list[float], 10]
    y: str
    scale: float
    score: float
    state: State
    frozen: bool
    formula: NotRequired[str]


class NetworkMatrix(TypedDict):
    """A wide layer: s sources by t targets, one byte per edge in base64."""

    s: int
    t: int
    scores: str
    states: str


class NetworkPayload(TypedDict):
    """A network. If it is wide, `matrix` has all edges and `edges` only the strongest."""

    v: int
    rev: str
    look: Look
    colours: dict[str, str]
    title: str
    width: float
    rows: int
    nodes: list[NetworkNode]
    sums: list[NetworkSum]
    steps: list[NetworkStep]
    edges: list[NetworkEdge]
    selected: EdgeId | None
    highlight: list[EdgeId]
    matrix: NotRequired[list[NetworkMatrix]]
    names: NotRequired[list[list[str]]]
    targets: NotRequired[list[list[str]]]


class NetworkEvents(TypedDict):
    """The events of the canvas."""

    select: EdgeId
    prune: EdgeId
