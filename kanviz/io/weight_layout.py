"""Describes weights of a class that somebody wrote: which tensor is what, and what its axes are.

As JSON, for a file with `blocks.0.kan.coeffs`, `blocks.0.kan.knots`, `blocks.1.kan.coeffs` ...:

    {"coefficients": {"name": "blocks.{layer}.kan.coeffs", "axes": ["target", "source", "basis"]},
     "points": {"name": "blocks.{layer}.kan.knots", "axes": ["knot"]}, "function": "spline", "order": 3}
"""

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from kanviz.core.families import SPLINE
from kanviz.core.layer import BASES
from kanviz.core.spline import Outside
from kanviz.core.steps import Step
from kanviz.errors import LoadError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import listing, shown

FUNCTIONS = (SPLINE, "gaussian", "sech2", "chebyshev", "power", "fourier")
AXES = ("source", "target", "basis", "knot")
WANTED = {  # the axes that a tensor may have, in the order in which kanviz holds them
    "coefficients": ("source", "target", "basis"), "points": ("source", "target", "knot"), "width": ("source",),
    "base_weight": ("source", "target"), "scale": ("source", "target"), "mask": ("source", "target"),
    "bias": ("target",), "norm_weight": ("source",), "norm_bias": ("source",),
}  # fmt: skip
MOST_BYTES, DEEPEST, LONGEST_NAME, MOST_IGNORED = 100_000, 4, 300, 100
LAYOUT = JsonReader("The layout cannot be used: {why}. See docs/formats.md for an example.")
_CHOICES = {
    "function": FUNCTIONS, "base": tuple(BASES), "outside": ("zero", "linear"), "step": ("", "tanh", "norm"),
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\\\{(layer|source|target)\\\}")


@dataclass(frozen=True)
class Place:
    """Where numbers stand: the name of their tensors, and the axes of each.

    name: {layer}, {source} and {target} in it stand for the numbers in the names of several tensors · axes: of each
    tensor, of AXES; "source basis" is an axis that holds both, the basis running fastest. Raises LoadError for others.
    """

    name: str
    axes: tuple[str, ...]

    def __post_init__(self):
        parts = [part for axis in self.axes for part in axis.split(" ")]
        if not set(parts) <= set(AXES) or len({*parts, *self.numbered}) < len(parts) + len(self.numbered):
            raise LAYOUT.refusal(
                f"the axes of {shown(self.name)} are {listing(list(self.axes))}; each is one of {listing(list(AXES))}, "
                "and none stands there twice"
            )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(_PLACEHOLDER.sub(r"(?P<\1>[0-9]{1,5})", re.escape(self.name)))

    @property
    def numbered(self) -> tuple[str, ...]:
        """The axes that run over several tensors."""
        return tuple(axis for axis in ("source", "target") if f"{{{axis}}}" in self.name)

    def found(self, names: Iterable[str]) -> dict[int, dict[tuple[int, ...], str]]:
        """Return the names of the tensors: {number of the layer: {(source, target) or part of it: name}}."""
        there: dict[int, dict[tuple[int, ...], str]] = {}
        for name in names:
            match = self._pattern.fullmatch(name)
            if match is not None:
                at = match.groupdict()
                index = tuple(int(at[axis]) for axis in self.numbered)
                there.setdefault(int(at.get("layer", 0)), {})[index] = name
        return there


@dataclass(frozen=True)
class WeightLayout:
    """What the tensors of a file are, and which functions they belong to.

    coefficients: of all curves · function: of FUNCTIONS · points: the knots of splines or the centres of bells, or the
    least and the greatest of even ones · order: of splines; None takes it from the number of knots · width: of bells,
    as a tensor or a number; None for the distance of even centres · base, base_weight: the base function, and its
    weights · scale: factors of the coefficients · mask: 0 for pruned edges · bias: added to each sum · outside: how
    splines go on beyond their grid · step, norm_weight, norm_bias: what is done before each layer · ignored: names that
    the network does not use, {layer} standing for a number. Raises LoadError where these do not fit each other.

    >>> from kanviz.io.weight_layout import WeightLayout
    >>> text = '{"coefficients": {"name": "c", "axes": ["target", "source", "basis"]}, "points": [-1, 1]}'
    >>> WeightLayout.from_json(text).coefficients.axes
    ('target', 'source', 'basis')
    """

    coefficients: Place
    function: str = SPLINE
    points: Place | tuple[float, float] | None = None
    order: int | None = None
    width: Place | float | None = None
    base: str = "zero"
    base_weight: Place | None = None
    scale: Place | None = None
    mask: Place | None = None
    bias: Place | None = None
    outside: Outside = "zero"
    step: Step = ""
    norm_weight: Place | None = None
    norm_bias: Place | None = None
    ignored: tuple[str, ...] = ()

    def __post_init__(self):
        for name, wanted in WANTED.items():
            place = getattr(self, name)
            if isinstance(place, Place):
                axes = {part for axis in place.axes for part in axis.split(" ")} | set(place.numbered)
                odd = sorted(axes - set(wanted))
                missing = set(wanted) - axes if name in ("coefficients", "base_weight") else set()
                if odd or missing:
                    raise LAYOUT.refusal(f"{name} has the axes {listing(sorted(axes))}, and needs {listing(wanted)}")
        if self.function in (SPLINE, "gaussian", "sech2") and self.points is None:
            raise LAYOUT.refusal("it names no points: the tensor of the knots or centres, or their range as [-1, 1]")
        if (self.base == "zero") != (self.base_weight is None):
            raise LAYOUT.refusal("a base function needs base_weight, the tensor of its weights, and these need a base")

    @property
    def places(self) -> dict[str, Place]:
        """The tensors by what they are."""
        found = {name: getattr(self, name) for name in WANTED}
        return {name: place for name, place in found.items() if isinstance(place, Place)}

    def to_json(self) -> str:
        """Return the layout as JSON, what is not usual only."""
        record: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, Place):
                value = {"name": value.name, "axes": list(value.axes)}
            if value != part.default:
                record[part.name] = value
        return json.dumps(record, indent=1) + "\n"

    @staticmethod
    def from_json(text: str | bytes) -> "WeightLayout":
        """Read a layout. Raises LoadError for anything else."""
        if len(text) > MOST_BYTES:
            raise LAYOUT.refusal(f"it has {len(text):,} bytes, the limit is {MOST_BYTES:,}")
        return _layout(LAYOUT.parse(text, DEEPEST))


def read_layout(given: str | os.PathLike[str] | Mapping[str, Any]) -> WeightLayout:
    """Read a layout from a file of JSON, or from a mapping of its parts. Raises LoadError for anything else."""
    if isinstance(given, Mapping):
        return _layout(LAYOUT.value(dict(given)))
    try:
        with Path(given).open("rb") as file:
            return WeightLayout.from_json(file.read(MOST_BYTES + 1))
    except OSError as problem:
        reason = (problem.strerror or "the system refused").lower()
        raise LoadError(f"{shown(str(given), 200)} cannot be opened: {reason}. Check the name.") from None


def _layout(record: JsonValue) -> WeightLayout:
    record.fields({"coefficients"}, {part.name for part in fields(WeightLayout)})
    given: dict[str, Any] = {}
    for name in WANTED:
        if name in record and record[name].value is not None:
            found = record[name]
            if name == "points" and isinstance(found.value, list):
                given[name] = _span(found)
            elif name == "width" and not isinstance(found.value, dict):
                given[name] = _positive(found)
            else:
                given[name] = _place(found)
    for name, choices in _CHOICES.items():
        if name in record:
            given[name] = record[name].choice(choices)
    if "order" in record and record["order"].value is not None:
        given["order"] = record["order"].whole(1, 10)
    if "ignored" in record:
        given["ignored"] = record["ignored"].each(lambda name: name.text(LONGEST_NAME), MOST_IGNORED)
    return WeightLayout(**given)


def _place(found: JsonValue) -> Place:
    found.fields({"name", "axes"})
    return Place(found["name"].text(LONGEST_NAME), found["axes"].each(lambda axis: axis.text(40), 4))


def _span(found: JsonValue) -> tuple[float, float]:
    low, high = found.numbers(2, 2)
    if not low < high:
        found.refuse("has a first number that is not below the second")
    return low, high


def _positive(found: JsonValue) -> float:
    if not (found.number() > 0 and math.isfinite(found.number())):
        found.refuse("is not positive")
    return found.number()
