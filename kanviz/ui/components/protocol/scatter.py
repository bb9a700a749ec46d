"""Define the messages of predicted against measured."""

from typing import Annotated, Literal, TypedDict

from kanviz.ui.components.protocol.shared import Look, Pair


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
