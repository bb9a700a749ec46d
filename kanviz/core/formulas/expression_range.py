"""Find where a typed formula is not finite on an interval: poles, points outside its domain, overflow."""

import math
from collections.abc import Mapping

from kanviz.core.formulas.expression import Node
from kanviz.core.formulas.expression_check import MAX_WARNINGS, Check

FINEST = 40  # halvings of the interval
MOST_PARTS = 64  # intervals examined in one halving
BOXES, HALVINGS = 16, 40  # the same for several variables together; fewer, since each takes a walk over the formula
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


def doubts(tree: Node, text: str, ranges: Mapping[str, Stretch]) -> tuple[str, ...]:
    """Return sentences on where a formula of several variables may not be finite within their ranges.

    The ranges are halved, each variable in its turn, where the bounds of the formula's values are not finite, so that
    most bounds that are only too wide disappear.
    """
    boxes, names = [dict(ranges)], list(ranges)
    check = Check(text)
    for n in range(HALVINGS):
        check = Check(text)
        boxes = [box for box in boxes if _doubtful(check, tree, box)]
        if not boxes or len(boxes) > BOXES:
            break
        name = names[n % len(names)]
        boxes = [{**box, name: half} for box in boxes for half in _halves(*box[name])]
    return tuple(dict.fromkeys(check.warnings))[:MAX_WARNINGS]


def _halves(low: float, high: float) -> tuple[Stretch, Stretch]:
    middle = low / 2 + high / 2
    return (low, middle), (middle, high)


def _doubtful(check: Check, tree: Node, box: Mapping[str, Stretch]) -> bool:
    """Return whether the formula may not be finite in the box; the sentences go to the check's warnings."""
    before = len(check.warnings)
    check.ranges = box
    check.facts(tree)
    return len(check.warnings) > before
