"""Refuses weights of a class that no reader knows, with what a person needs to say which tensor is what."""

import json

from kanviz.core.families import FAMILIES, SPLINE
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.layout_candidates import candidates
from kanviz.io.tensor_groups import LONGEST, Group, groups_of
from kanviz.io.weight_layout import MOST_BYTES, WeightLayout
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import shown

MOST_GROUPS, MOST_SHAPES = 300, 64  # names that a refusal holds, and tensors of each
REMEDY = (
    "If this is a KAN of your own class, say which tensor is what: in the form on the Open page, or in a layout, which "
    "`kanviz layout FILE -o mine.json` begins, for --layout mine.json or kanviz.load(path, layout="
    '"mine.json").'
)
_MOST_AXES, _LONGEST_WORDS = 8, 4_000
_ANSWER = JsonReader("The tensors in this file cannot be listed: {why}. Open it in Python with kanviz.load.")


class UnknownClass(LoadError):
    """A refused file of a class that no reader knows.

    groups: its tensors by their names, the first MOST_GROUPS, each with its first MOST_SHAPES shapes · tensors: how
    many it has · proposals: layouts with which it may open, the likeliest first.
    """

    def __init__(self, why: str, groups: tuple[Group, ...], tensors: int, proposals: tuple[WeightLayout, ...]) -> None:
        super().__init__(why)
        self.groups, self.tensors, self.proposals = groups, tensors, proposals


def unknown_class(opened: Tensors, why: str) -> UnknownClass:
    """Make the refusal of these weights; why: what they are not, in a sentence to which the remedy is added."""
    shapes = {name: shape for name, shape in opened.shapes().items() if name not in opened.odd}
    proposals = tuple(candidates(opened.tensors))
    every = groups_of(shapes)
    if len(every) > MOST_GROUPS:  # those that a proposal names come first
        used = {place.coefficients.name for place in proposals}
        modules = {name[: name.rfind(".") + 1].split("{")[0] for name in used}
        every.sort(key=lambda group: not group.parts[0].startswith(tuple(modules)))
    groups = tuple(Group(one.parts, dict(list(one.shapes.items())[:MOST_SHAPES])) for one in every[:MOST_GROUPS])
    return UnknownClass(f"{why} {REMEDY}", groups, len(shapes), proposals)


def layout_words(layout: WeightLayout) -> str:
    """Describe a layout in a line."""
    words = "B-splines" if layout.function == SPLINE else FAMILIES[layout.function].words
    order = f" of order {layout.order}" if layout.order else ""
    axes = ", ".join((*layout.coefficients.numbered, *layout.coefficients.axes))
    parts = [f"{words}{order}, {shown(layout.coefficients.name)} ({axes})"]
    if isinstance(layout.points, tuple):
        low, high = layout.points
        parts.append(f"an even grid from {low:g} to {high:g}")
    elif layout.points is not None:
        parts.append(f"{'knots' if layout.function == SPLINE else 'centres'} {shown(layout.points.name)}")
    if layout.base_weight is not None:
        parts.append(f"{layout.base} with the weights {shown(layout.base_weight.name)}")
    if layout.bias is not None:
        parts.append(f"biases {shown(layout.bias.name)}")
    return ", ".join(parts)


# --- as JSON, which a reader process sends to the app ---------------------------------------------------------------


def unknown_to_json(refusal: UnknownClass) -> bytes:
    groups = [[group.parts, list(group.shapes), list(group.shapes.values())] for group in refusal.groups]
    layouts = [layout.to_json() for layout in refusal.proposals]
    return json.dumps([str(refusal), groups, refusal.tensors, layouts]).encode()


def unknown_from_json(text: bytes) -> UnknownClass:
    """Read the refusal that `unknown_to_json` wrote. Raises LoadError for anything else."""
    why, groups, tensors, layouts = _ANSWER.parse(text, deepest=5).items(4, 4)
    return UnknownClass(
        why.text(_LONGEST_WORDS),
        groups.each(_group, MOST_GROUPS),
        tensors.whole(),
        layouts.each(lambda one: WeightLayout.from_json(one.text(MOST_BYTES)), MOST_GROUPS),
    )


def _group(record: JsonValue) -> Group:
    parts, numbers, shapes = record.items(3, 3)
    names = parts.each(lambda part: part.text(LONGEST), LONGEST, least=1)
    places = numbers.each(lambda at: at.each(JsonValue.whole, len(names) - 1, len(names) - 1), MOST_SHAPES, least=1)
    found = shapes.each(lambda shape: shape.each(JsonValue.whole, _MOST_AXES), len(places), len(places))
    return Group(names, dict(zip(places, found, strict=True)))
