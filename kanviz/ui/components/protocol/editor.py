"""Define the messages of the spline editor."""

from typing import NotRequired, TypedDict

from kanviz.ui.components.protocol.shared import EdgeId, Look, Pair, State, Value


class EditorPicked(TypedDict):
    """The picked rows' density over an edge's input, in the bins of all rows. words: for all, and for the picked."""

    words: list[str]
    density: list[Value]


class EditorRows(TypedDict):
    """How the outputs follow the edge, row by row.

    off: current errors of the output · sampled: points of the grids instead of rows.
    """

    x: list[Value]
    gain: list[Value]
    off: list[Value] | None
    exact: bool
    sampled: bool


class EditorGroup(TypedDict):
    """Named control points side by side on an axis without numbers: from `start` up to, not including, `end`."""

    name: str
    start: int
    end: int


class EditorCurve(TypedDict):
    """An edge: rest + sum_k basis[r][k] coef[first[r] + k] at x[r], x in the units of the figure.

    rev: identifies this curve; an event returns it · lift: a handle's height above its coefficient · reach: interval
    where a control point acts, None for no end · why: the reason why there are no control points · names: of the
    control points, in place of numbers on the axis · groups: of these · locked: numbers of the control points that must
    not move · tools: whether stretches can be marked and shaped.
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
    names: list[str]
    groups: list[EditorGroup]
    locked: list[int]
    tools: bool


class EditorDraft(TypedDict):
    """A formula offered for an interval. request: id of the question · points: control points with heights."""

    request: str | None
    text: str
    which: int
    of: int
    explanation: str
    points: list[Pair]


class EditorRefusal(TypedDict):
    """The reason why no formula is offered."""

    request: str | None
    error: str


EditorAnswer = EditorDraft | EditorRefusal


class EditorPayload(EditorCurve):
    """The curve, and the state of editing.

    point: the chosen control point · preview: a control point and its proposed height · open: whether editing is
    allowed · awaited: a token, returned as the state `painted` once the curve is painted.
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
    request: NotRequired[str | None]


class EditorQuestion(TypedDict):
    """A question about an interval. which: number of formulas to skip · request: an id that the answer repeats."""

    rev: str
    region: Pair | None
    which: int
    request: str


class EditorEvents(TypedDict):
    """The events of the editor."""

    edge: EdgeId
    point: int
    commit: EditorCommit
    snap: EditorQuestion
    refine: EditorQuestion
    drop: bool
    painted: str
