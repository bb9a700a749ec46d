"""Every message between Python and the components in the browser, with its fields.

A payload is sent to a component; an event comes back by its name, with the value that its row gives. Events are input
from outside: whoever reads one checks it. `protocol.d.ts` says the same to JavaScript and is made of this module, by
`python -m tests.protocol_types`; a test compares them.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

Look = Literal["light", "dark"]  # as kanviz.plots.theme has it, which imports torch

EdgeId = Annotated[list[int], 3]  # layer, source, target
Pair = Annotated[list[float], 2]
Value = float | None  # JSON has no word for what is no number
State = Literal["pruned", "spline", "both", "formula"]

# --- the spline editor ------------------------------------------------------------------------------------------


class EditorPicked(TypedDict):
    """How the picked rows lie over an edge's input: density over the bins of all rows."""

    rows: int
    density: list[Value]


class EditorRows(TypedDict):
    """How the outputs follow the edge, row by row. off: what the output misses now · drawn: there are no real rows."""

    x: list[Value]
    gain: list[Value]
    off: list[Value] | None
    exact: bool
    drawn: bool


class EditorCurve(TypedDict):
    """An edge: rest + sum_k basis[r][k] coef[first[r] + k] at x[r], x in the units it is drawn in.

    rev: what tells this curve from another; an event gives it back · lift: a handle's height above its coefficient ·
    reach: where a control point acts, None for without end · why: there are no control points, in words.
    """

    v: int
    edge: EdgeId
    rev: str
    look: Look
    colours: dict[str, str]
    title: str
    state: State
    why: str
    x_label: str
    y_label: str
    x: list[Value]
    rest: list[Value]
    base: list[Value] | None
    formula: list[Value] | None
    resting: list[Value] | None
    first: list[int]
    basis: list[list[Value]]
    coef: list[Value]
    lift: list[Value]
    points: list[Value]
    reach: list[list[Value]]
    knots: list[Value]
    grid: Pair
    data: Pair | None
    span: Pair
    edges: list[Value]
    density: list[Value]
    picked: EditorPicked | None
    rows: EditorRows | None
    unit: str


class EditorDraft(TypedDict):
    """A formula that is offered for a stretch. asked: the mark of the question · points: control points, heights."""

    asked: str | None
    text: str
    which: int
    of: int
    said: str
    points: list[Pair]


class EditorRefusal(TypedDict):
    """Why no formula is offered."""

    asked: str | None
    error: str


EditorAnswer = EditorDraft | EditorRefusal


class EditorPayload(EditorCurve):
    """The curve, and what is done to it now.

    point: the control point that is chosen · preview: a control point and the height it would have · open: whether it
    may be changed · awaited: a token, returned as the state `drawn` once the curve is on the screen.
    """

    point: int | None
    preview: Pair | None
    draft: EditorAnswer | None
    open: bool
    awaited: str


class EditorCommit(TypedDict):
    """A gesture that is done: control points with their new coefficients, or the formula that was offered."""

    rev: str
    words: str
    points: NotRequired[list[Pair]]
    asked: NotRequired[str | None]


class EditorQuestion(TypedDict):
    """What to do with a stretch. which: how many formulas to pass over · asked: a mark that the answer repeats."""

    rev: str
    region: Pair | None
    which: int
    asked: str


class EditorEvents(TypedDict):
    """What comes back from the editor."""

    edge: EdgeId
    point: int
    commit: EditorCommit
    snap: EditorQuestion
    refine: EditorQuestion
    drop: bool
    drawn: str


# --- the network canvas -----------------------------------------------------------------------------------------


class NetworkNode(TypedDict):
    """A node. c: its column · linked: whether any edge counts that begins or ends there."""

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
    """A wide layer: s sources by t targets, a byte an edge in base64."""

    s: int
    t: int
    scores: str
    states: str


class NetworkPayload(TypedDict):
    """A network. Of a wide one every edge is in `matrix`, and `edges` has the strongest."""

    v: int
    rev: str
    look: Look
    colours: dict[str, str]
    title: str
    width: float
    rows: int
    nodes: list[NetworkNode]
    sums: list[NetworkSum]
    edges: list[NetworkEdge]
    selected: EdgeId | None
    highlight: list[EdgeId]
    matrix: NotRequired[list[NetworkMatrix]]
    names: NotRequired[list[list[str]]]
    targets: NotRequired[list[list[str]]]


class NetworkEvents(TypedDict):
    """What comes back from the canvas."""

    select: EdgeId
    prune: EdgeId


# --- predicted against measured ---------------------------------------------------------------------------------


class ScatterPoints(TypedDict):
    """The rows that have a point, in table units. rev: what tells this picture from another; an event gives it back."""

    v: int
    rev: str
    look: Look
    colours: dict[str, str]
    title: str
    x_label: str
    y_label: str
    unit: str
    span: Pair
    miss_label: str
    miss_span: Pair
    rows: list[int]
    x: list[float]
    y: list[float]
    miss: list[float]
    test: list[int]
    names: list[str]
    more: int
    values: list[list[float]]
    total: int
    no_number: int


class ScatterPayload(ScatterPoints):
    """The points, with the places of the picked ones, how many rows are picked in all, and the row that is taken."""

    picked: list[int]
    count: int
    row: int | None


class ScatterBox(TypedDict):
    """A rectangle: measured from, to; then, by `of`, predicted or missed, from, to."""

    rev: str
    box: Annotated[list[float], 4]
    of: Literal["y", "miss"]
    add: bool


class ScatterRow(TypedDict):
    """One row."""

    rev: str
    row: int


class ScatterNone(TypedDict):
    """No row any more."""

    rev: str
    none: Literal[True]


class ScatterEvents(TypedDict):
    """What comes back from the rows."""

    pick: ScatterBox | ScatterRow | ScatterNone
    take: ScatterRow


# --- work in the browser ----------------------------------------------------------------------------------------


class MemoryOrder(TypedDict):
    """What the browser is asked to do with the works it has. n: a random name."""

    n: str
    what: Literal["list", "read", "forget", "off", "on"]
    id: str


class MemoryWork(TypedDict):
    """A piece of work. needs: the names of its blobs · blobs: those of them that travel along, in base64."""

    id: str
    token: str
    name: str
    steps: int
    rows: str
    step: int
    of: int
    manifest: str
    rev: str
    needs: list[str]
    blobs: dict[str, str]


class MemoryPayload(TypedDict):
    """Works to be stored, and an order. offers: whether the page offers work to go on with."""

    v: int
    order: MemoryOrder | None
    works: list[MemoryWork]
    offers: bool


class MemoryTold(TypedDict):
    """The works that are stored, newest first, and whether storing is turned off. n: of the order."""

    n: str
    off: bool
    works: list[Any]


class MemoryFound(TypedDict):
    """A work that was read; an empty manifest where it is there no more."""

    n: str
    id: str
    manifest: str
    blobs: dict[str, str]


class MemoryEvents(TypedDict):
    """What comes back from the browser's store. missing: names of blobs to be sent."""

    told: MemoryTold
    found: MemoryFound
    missing: list[str]
    trouble: Literal["full", "closed"]


# --- the tour ---------------------------------------------------------------------------------------------------


class TourStep(TypedDict):
    """A place. at: CSS selectors; the first that can be seen is ringed."""

    at: list[str]
    title: str
    text: str


class TourPayload(TypedDict):
    """The tour. first: whether it begins by itself in a browser that never saw it."""

    v: int
    steps: list[TourStep]
    first: bool
    help: str
