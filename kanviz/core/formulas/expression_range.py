"""Find where a typed formula is not finite on an interval: poles, points outside its domain, overflow."""

import math

from kanviz.core.formulas.expression import Node
from kanviz.core.formulas.expression_check import Check

FINEST = 40  # halvings of the interval
MOST_PARTS = 64  # intervals examined in one halving
Stretch = tuple[float, float]


def gaps(tree: Node, low: float, high: float) -> list[Stretch]:
    """Find the intervals within [low, high] on which a formula of one variable may not be finite, in order.

    An interval is halved where the bounds of the formula's values are not finite, so a pole becomes an interval of
    almost no width. Bounds come from interval arithmetic: no pole is missed, but an interval on which the formula is
    only very large may be included.
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
