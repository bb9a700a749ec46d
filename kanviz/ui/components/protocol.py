"""Define every message between Python and the browser components, with its fields.

A payload is sent to a component; an event comes back by its name, with a value of the type given here. Events are
untrusted input: their reader checks them. `protocol.d.ts` defines the same for JavaScript and is generated from this
module by `python -m tests.protocol_types`; a test compares them.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

Look = Literal["light", "dark"]  # equal to that of kanviz.plots.theme, which imports torch

EdgeId = Annotated[list[int], 3]  # layer, source, target
Pair = Annotated[list[float], 2]
Value = float | None  # None is NaN or infinite, which JSON lacks
State = Literal["pruned", "spline", "both", "formula"]

# --- the spline editor ------------------------------------------------------------------------------------------


class EditorPicked(TypedDict):
    """The picked rows' density over an edge's input, in the bins of all rows."""

    rows: int
    density: list[Value]


class EditorRows(TypedDict):
    """How the outputs follow the edge, row by row. off: current errors of the output · drawn: rows are sampled."""

    x: list[Value]
    gain: list[Value]
    off: list[Value] | None
    exact: bool
    drawn: bool


class EditorCurve(TypedDict):
    """An edge: rest + sum_k basis[r][k] coef[first[r] + k] at x[r], x in the units of the figure.

    rev: identifies this curve; an event returns it · lift: a handle's height above its coefficient · reach: interval
    where a control point acts, None for no end · why: the reason why there are no control points.
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
    """A formula offered for an interval. asked: id of the question · points: control points with heights."""

    asked: str | None
    text: str
    which: int
    of: int
    said: str
    points: list[Pair]


class EditorRefusal(TypedDict):
    """The reason why no formula is offered."""

    asked: str | None
    error: str


EditorAnswer = EditorDraft | EditorRefusal


class EditorPayload(EditorCurve):
    """The curve, and the state of editing.

    point: the chosen control point · preview: a control point and its proposed height · open: whether editing is
    allowed · awaited: a token, returned as the state `drawn` once the curve is painted.
    """

    point: int | None
    preview: Pair | None
    draft: EditorAnswer | None
    open: bool
    awaited: str


class EditorCommit(TypedDict):
    """A finished gesture: control points with new coefficients, or the formula that was offered."""

    rev: str
    words: str
    points: NotRequired[list[Pair]]
    asked: NotRequired[str | None]


class EditorQuestion(TypedDict):
    """A question about an interval. which: number of formulas to skip · asked: an id that the answer repeats."""

    rev: str
    region: Pair | None
    which: int
    asked: str


class EditorEvents(TypedDict):
    """The events of the editor."""

    edge: EdgeId
    point: int
    commit: EditorCommit
    snap: EditorQuestion
    refine: EditorQuestion
    drop: bool
    drawn: str


# --- the network canvas -----------------------------------------------------------------------------------------


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


# --- predicted against measured ---------------------------------------------------------------------------------


class ScatterPoints(TypedDict):
    """The rows that have a point, in table units. rev: identifies this figure; an event returns it."""

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
    """The points, with indices of the picked ones, the number of picked rows, and the row that is explained."""

    picked: list[int]
    count: int
    row: int | None


class ScatterBox(TypedDict):
    """A rectangle: measured from, to; then, by `of`, predicted or error, from, to."""

    rev: str
    box: Annotated[list[float], 4]
    of: Literal["y", "miss"]
    add: bool


class ScatterRow(TypedDict):
    """One row."""

    rev: str
    row: int


class ScatterNone(TypedDict):
    """The event that clears the selection."""

    rev: str
    none: Literal[True]


class ScatterEvents(TypedDict):
    """The events of the scatter plot."""

    pick: ScatterBox | ScatterRow | ScatterNone
    take: ScatterRow


# --- work in the browser ----------------------------------------------------------------------------------------


class MemoryOrder(TypedDict):
    """An order to the browser's store. n: a random name."""

    n: str
    what: Literal["list", "read", "forget", "off", "on"]
    id: str


class MemoryWork(TypedDict):
    """A piece of work. needs: names of all its blobs · blobs: those that are sent along, in base64."""

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
    """Work to store, and an order. offers: whether the page offers saved work."""

    v: int
    order: MemoryOrder | None
    works: list[MemoryWork]
    offers: bool


class MemoryTold(TypedDict):
    """The stored work, newest first, and whether saving is turned off. n: name of the answered order."""

    n: str
    off: bool
    works: list[Any]


class MemoryFound(TypedDict):
    """Work that was read; the manifest is empty if it does not exist any more."""

    n: str
    id: str
    manifest: str
    blobs: dict[str, str]


class MemoryEvents(TypedDict):
    """The events of the browser's store. missing: names of blobs to send."""

    told: MemoryTold
    found: MemoryFound
    missing: list[str]
    trouble: Literal["full", "closed"]


# --- the tour ---------------------------------------------------------------------------------------------------


class TourStep(TypedDict):
    """A stop of the tour. at: CSS selectors; the first visible element gets a ring."""

    at: list[str]
    title: str
    text: str


class TourPayload(TypedDict):
    """The tour. first: whether it starts by itself in a browser that never showed it."""

    v: int
    steps: list[TourStep]
    first: bool
    help: str
