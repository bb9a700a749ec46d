"""Groups the tensors of a file by their names: those whose names differ in numbers only belong together."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kanviz.io.outline import Shape

LONGEST = 300  # characters of a name; longer ones, and those with braces, cannot stand in a layout
_NUMBER = re.compile(r"(?:(?<=[._A-Za-z])|^)[0-9]{1,5}(?=[._]|$)")

Numbers = tuple[int, ...]


@dataclass(frozen=True)
class Group:
    """Tensors whose names differ in numbers only.

    parts: the texts around the numbers · shapes: of each tensor, by the numbers in its name, in ascending order.

    >>> from kanviz.io.tensor_groups import groups_of
    >>> (group,) = groups_of({"net.0.kan.1.c": (3, 2, 8), "net.1.kan.1.c": (1, 3, 8)})
    >>> group.parts, group.varying, group.named({0: "{layer}"})
    (('net.', '.kan.', '.c'), (0,), 'net.{layer}.kan.1.c')
    """

    parts: tuple[str, ...]
    shapes: Mapping[Numbers, Shape]

    @property
    def axes(self) -> int:
        """The number of axes that all have; 0 where they differ."""
        found = {len(shape) for shape in self.shapes.values()}
        return found.pop() if len(found) == 1 else 0

    @property
    def varying(self) -> tuple[int, ...]:
        """Which of the numbers differ between the tensors."""
        return tuple(k for k, values in enumerate(zip(*self.shapes, strict=True)) if len(set(values)) > 1)

    @property
    def module(self) -> str:
        """The name of the module, up to a dot, that has them as its tensors or as a list of tensors."""
        pattern = "{}".join(self.parts).removesuffix(".{}")
        return pattern[: pattern.rfind(".") + 1]

    def within(self, fixed: Mapping[int, int]) -> dict[Numbers, Shape]:
        """Select the shapes of tensors that have these numbers at these places."""
        return {at: shape for at, shape in self.shapes.items() if all(at[k] == value for k, value in fixed.items())}

    def named(self, holes: Mapping[int, str], at: Sequence[int] = ()) -> str:
        """Write the name with placeholders for some numbers; the others are those `at`, or of the first tensor."""
        numbers = at or next(iter(self.shapes))
        texts = [holes.get(k, str(number)) for k, number in enumerate(numbers)]
        return "".join(part + text for part, text in zip(self.parts, [*texts, ""], strict=True))


def groups_of(shapes: Mapping[str, Shape]) -> list[Group]:
    """Group tensors by their names, in the order of the file; a name that cannot stand in a layout is left out."""
    found: dict[tuple[str, ...], dict[Numbers, Shape]] = {}
    for name, shape in shapes.items():
        if len(name) <= LONGEST and name.isprintable() and "{" not in name:
            matches = list(_NUMBER.finditer(name))
            numbers = [match.group() for match in matches]
            if any(number != str(int(number)) for number in numbers):  # 01 counts nothing
                matches, numbers = [], []
            ends = [0, *(match.end() for match in matches)]
            starts = [*(match.start() for match in matches), len(name)]
            parts = tuple(name[end:start] for end, start in zip(ends, starts, strict=True))
            found.setdefault(parts, {})[tuple(map(int, numbers))] = shape
    return [Group(parts, dict(sorted(shapes.items()))) for parts, shapes in found.items()]
