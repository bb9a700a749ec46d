"""Lists what somebody can choose in a layout: the tensors that each part can be, and the orders of their axes."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kanviz.io.outline import Shape
from kanviz.io.tensor_groups import Group
from kanviz.io.weight_layout import WANTED, Place

Sizes = Sequence[Mapping[str, int]]  # the lengths of the axes of each layer
_HOLES = ("layer", "target", "source")
_WHOLE = ("coefficients", "base_weight")  # parts that need all their axes
_BOTH = (  # the second runs fastest
    "source basis", "basis source", "target basis", "basis target", "target source", "source target",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """Tensors of one name. name: with placeholders · shapes: of the first tensor of each layer."""

    name: str
    shapes: tuple[Shape, ...]

    def axes(self, part: str, sizes: Sizes = ()) -> list[tuple[str, ...]]:
        """List the orders of axes that these tensors can have as a part of a layout, the likeliest first.

        sizes: of the layers, with which the lengths must agree; without any, the layers must meet.

        >>> from kanviz.io.layout_choices import Choice
        >>> Choice("w", ((3, 2),)).axes("base_weight", [{"source": 2, "target": 3}])
        [('target', 'source')]
        """
        numbered = Place(self.name, ()).numbered
        free = [axis for axis in WANTED[part] if axis not in numbered]
        count = len(self.shapes[0])
        orders = list(_orders(part, free, count))
        last = ("basis", "knot")
        orders.sort(key=lambda order: (not "".join(order[-1:]).endswith(last), order[:1] != ("target",)))
        return [order for order in orders if self._fits(order, sizes)]

    def sizes(self, axes: Sequence[str]) -> list[dict[str, int]]:
        """Return the lengths of the axes of each layer, as far as the tensors' own axes tell them."""
        return [dict(zip(axes, shape, strict=True)) for shape in self.shapes]

    def _fits(self, order: Sequence[str], sizes: Sizes) -> bool:
        own = self.sizes(order)
        if not sizes:
            return all(a.get("target") == b.get("source") for a, b in itertools.pairwise(own) if "target" in a
                       and "source" in b)  # fmt: skip
        every = own * len(sizes) if len(own) == 1 else own
        return len(every) == len(sizes) and all(
            length in (1, there.get(axis, length)) for one, there in zip(every, sizes, strict=True)
            for axis, length in one.items()
        )  # fmt: skip


def _orders(part: str, free: Sequence[str], count: int) -> Iterator[tuple[str, ...]]:
    """Yield the orders of so many axes that a part may have, of those that no number in the name stands for."""
    if len(free) == count or (part not in _WHOLE and len(free) > count > 0):
        for order in itertools.permutations(free, count):
            if "knot" not in free or "knot" in order:
                yield order
    if part == "coefficients" and len(free) == count + 1:
        for both in _BOTH:
            rest = [axis for axis in free if axis not in both.split(" ")]
            if len(rest) == count - 1:
                yield from itertools.permutations([*rest, both])


def choices_of(groups: Sequence[Group]) -> list[Choice]:
    """List the names, with placeholders, that the tensors of a file can have in a layout."""
    found: dict[str, Choice] = {}
    for group in groups:
        if group.axes == 0 and set(group.shapes.values()) != {()}:
            continue
        for holes in _holes(group):
            name = group.named({place: f"{{{hole}}}" for place, hole in holes.items()})
            found.setdefault(name, Choice(name, _first_of_each_layer(group, holes)))
    return list(found.values())


def _holes(group: Group) -> Iterator[dict[int, str]]:
    """Yield the ways in which numbers in the names can be those of layers, targets and sources: place -> which."""
    places = tuple(range(len(group.parts) - 1))
    ways = [group.varying, group.varying[-1:], group.varying[-3:], places[-3:]]
    for some in dict.fromkeys(ways):
        if len(some) <= len(_HOLES):
            for holes in itertools.permutations(_HOLES, len(some)):
                if "layer" not in holes[1:]:  # edges are in layers, never layers in edges
                    yield dict(zip(some, holes, strict=True))


def _first_of_each_layer(group: Group, holes: Mapping[int, str]) -> tuple[Shape, ...]:
    first = next(iter(group.shapes))
    fixed = {k: number for k, number in enumerate(first) if k not in holes}
    layers: dict[int, Shape] = {}
    place = next((k for k, hole in holes.items() if hole == "layer"), None)
    for at, shape in group.within(fixed).items():
        layers.setdefault(0 if place is None else at[place], shape)
    return tuple(layers.values())
