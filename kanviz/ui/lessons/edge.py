"""Lesson: edges of a pendulum's network, three curves and their sum."""

from typing import TYPE_CHECKING

from kanviz.ui.lessons.facts import at, choose, curve, edge_name, number, total
from kanviz.ui.lessons.lesson import Lesson, Place, Step

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

LENGTH, AMPLITUDE, MASS, LAST = (0, 0, 0), (0, 1, 0), (0, 2, 0), (1, 0, 0)


def _ends(s: "Session") -> str:
    found = curve(s, s.present, LENGTH)
    ends = found.values[[0, -1]]
    low, high = at(found, ends).tolist()
    return (
        f"You chose {edge_name(s.present, LENGTH)}. For the shortest pendulum of the table, "
        f"{number(ends[0], found.unit)}, its curve gives {number(low)}; for the longest, "
        f"{number(ends[1], found.unit)}, it gives {number(high)}."
    )


def _rise(s: "Session", edge: Place) -> float:
    """Return how far the curve goes up and down over the table's rows."""
    found = curve(s, s.present, edge)
    heights = at(found, found.values)
    return float(heights.max() - heights.min())


def _flat(s: "Session") -> str:
    mass, length = _rise(s, MASS), _rise(s, LENGTH)
    return (
        f"From the lightest to the heaviest pendulum the curve of the mass goes up and down by {number(mass)} in all; "
        f"that of the length by {number(length)}, {length / mass:,.0f} times as much."
    )


def _sum(s: "Session") -> str:
    assert s.data is not None
    kan, x = s.present, s.data.matching(s.present).x[:1]
    trace = kan.trace(x)
    given = ", ".join(f"{v.name} {number(float(value), v.unit)}" for v, value in zip(kan.inputs, x[0], strict=True))
    parts = total([*trace.activations[0][0, :, 0].tolist(), float(kan.layers[0].bias[0])])
    unit = kan.outputs[0].unit
    return (
        f"The first row of the table has {given}. Its three curves and the node's constant give {parts} = "
        f"{number(float(trace.sums[0][0, 0]))}. The last curve makes of "
        f"that a period of {number(float(kan(x)[0, 0]), unit)}; the table has {number(float(s.data.y[0, 0]), unit)}."
    )


LESSON = Lesson(
    "edge",
    "What an edge is",
    4,
    "A KAN has a curve on every connection, and a node adds up. You read a network as one reads a graph.",
    "pendulum",
    AMPLITUDE,
    (
        Step(
            "Workbench",
            "This network learned from a table how long a pendulum takes to swing: from its **length**, how far it "
            "swings (**amplitude**) and its **mass**, all three in the table. A line of the picture is an **edge**. "
            "It takes one number and gives another; its curve says which.\n\n**Click the edge that begins at "
            "length**, and read its curve: to the right is a longer pendulum, up is a longer time.",
            lambda s: s.edge == LENGTH,
            _ends,
            lambda s: choose(s, LENGTH),
            alone=True,
        ),
        Step(
            "Workbench",
            "**Now click the edge that begins at mass**, and look at the numbers on the vertical axis: they hardly "
            "differ. A flat curve means that the input does not matter. The network found that by itself in "
            "the table, as Galileo did.",
            lambda s: s.edge == MASS,
            _flat,
            lambda s: choose(s, MASS),
            alone=True,
        ),
        Step(
            "Workbench",
            "A **node** (a dot) adds up what its edges give, and a constant, its **bias**. The last edge turns the "
            "sum into a period. That is all a KAN does: curves, and sums of curves.\n\n**Click the edge that ends at "
            "period**, and follow one row of the table through the network.",
            lambda s: s.edge == LAST,
            _sum,
            lambda s: choose(s, LAST),
            alone=True,
        ),
    ),
)
