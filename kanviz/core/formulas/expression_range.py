"""Where on a stretch of its variable a typed formula is no finite number: poles, places out of its domain, overflow."""

import math

from kanviz.core.formulas.expression import Node
from kanviz.core.formulas.expression_check import Check

FINEST = 40  # halvings of the stretch
MOST_PARTS = 64  # looked at in one halving
Stretch = tuple[float, float]


def gaps(tree: Node, low: float, high: float) -> list[Stretch]:
    """The stretches of [low, high] on which a formula of one variable may not be a finite number, in order.

    The stretch is halved where the bounds of the formula's values are not finite, so a pole comes out as a stretch
    with next to no width. Bounds come from interval arithmetic: no pole is missed, and a stretch on which the formula
    is only nearly infinite may be among them.
    """
    parts = [(low, high)]
    for _ in range(FINEST):
        parts = [part for part in parts if not _finite(tree, *part)]
        if not parts or len(parts) > MOST_PARTS:
            break
        parts = [half for a, b in parts for half in ((a, (a + b) / 2), ((a + b) / 2, b))]
    found: list[Stretch] = []
    for a, b in parts:
        if found and found[-1][1] == a:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found


def _finite(tree: Node, low: float, high: float) -> bool:
    check = Check("", (low, high))
    facts = check.facts(tree)
    return not check.warnings and math.isfinite(facts.low) and math.isfinite(facts.high)
