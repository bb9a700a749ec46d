"""Reads a network of layers that are all of one kind, by a table row that says what such a layer is."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer
from kanviz.core.spline import Outside
from kanviz.core.steps import Step
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.families.norm_places import notes_of, places
from kanviz.io.families.norms import apply_norms, on_inputs
from kanviz.io.families.runs import Run, network_runs
from kanviz.io.foreign import left_out, network, removed, several, weight
from kanviz.io.layer_runs import between, check_they_meet, in_sequence, refusal_of_gap, refuse_strays
from kanviz.io.outline import LayerSizes, Outline, Shape
from kanviz.io.questions import BASE, Answers
from kanviz.text import listing, shown

Shapes = Mapping[str, Shape]
_COMMON = {"weight", "mask", "grid", "coef"}  # names that other kinds of layers have, too


@dataclass(frozen=True)
class Parts:
    """The tensors of layer n of a file, by their names in the layer.

    head: what stands before these names · answers: to what no file says · dtype: the precision of the network · notes:
    those of the network, to which the reader of a layer may add.
    """

    n: int
    head: str
    opened: Tensors
    answers: Answers
    dtype: torch.dtype
    notes: list[str]

    def __contains__(self, name: str) -> bool:
        return self.head + name in self.opened

    def weight(self, name: str, axes: int) -> Tensor:
        """Return a weight with this number of axes. Raises LoadError where it is missing, empty, or another."""
        found = weight(self.opened, self.head + name) if name in self else None
        if found is None or found.ndim != axes or 0 in found.shape:
            shape = "is missing from" if found is None else f"has shape {tuple(found.shape)} in"
            raise LoadError(f"{shown(self.head + name)} {shape} layer {self.n}. Save the whole state_dict.")
        return found

    def name(self, name: str) -> str:
        """Return the whole name of a tensor, for a message."""
        return shown(self.head + name)

    def base(self) -> str:
        """Return the base function, which no file of these libraries says."""
        return self.answers.choose(BASE)

    def curves(
        self,
        knots: Tensor,
        coef: Tensor,
        base_weight: Tensor | None = None,
        *,
        outside: Outside = "zero",
        active: Tensor | None = None,
        bias: Tensor | None = None,
        base: str = "silu",
        family: str = SPLINE,
        step: Step = "",
        norm: Tensor | None = None,
    ) -> Layer:
        """Make the layer of these splines, or of another family of functions, whose parameters are then the knots.

        knots: (knot) for all sources, or (source, knot) · coef: (source, target, basis) · base_weight, active: (source,
        target) · bias: (target) · base: the base function, where it has weights · step, norm: as in `Layer`.
        """
        sources, targets, _ = coef.shape
        everywhere = torch.ones(sources, targets, dtype=torch.bool)
        weights = torch.zeros(sources, targets) if base_weight is None else base_weight
        return Layer(
            knots=knots.to(self.dtype).expand(sources, -1).clone(),
            coef=coef.to(self.dtype).contiguous(),
            base_weight=weights.to(self.dtype).contiguous(),
            active=everywhere if active is None else active,
            bias=torch.zeros(targets, dtype=self.dtype) if bias is None else bias.to(self.dtype),
            offset=torch.zeros(targets, dtype=self.dtype),
            affine=torch.zeros(0, 4, dtype=self.dtype),
            frozen=~everywhere,
            base="zero" if base_weight is None else base,
            outside=outside,
            family=family,
            step=step,
            norm=torch.empty(2, 0, dtype=self.dtype) if norm is None else norm.to(self.dtype),
        )


@dataclass(frozen=True)
class Family:
    """One library's layers.

    name: the library · marks: the tensors that a layer is recognised by, with their numbers of axes · parts: the names
    of all tensors that `layer` uses · fixed: those of them that training leaves alone · sizes: the sizes of a layer by
    the shapes of its parts, None where they do not fit · layer: what a layer computes · notes: what is assumed of every
    network · without: tensors that a layer of another library has besides · not_in: heads that are another reader's.
    """

    name: str
    marks: Mapping[str, int]
    parts: tuple[str, ...]
    sizes: Callable[[Shapes], LayerSizes | None]
    layer: Callable[[Parts], Layer]
    notes: Callable[[list[Layer]], list[str]]
    fixed: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    not_in: re.Pattern[str] | None = None

    def recognises(self, shapes: Shapes) -> bool:
        """Say whether the file holds a layer of this kind."""
        return bool(self.heads(shapes))

    def heads(self, shapes: Shapes) -> list[str]:
        """Return the prefixes of all layers, "" or ending with a dot, in the order of the file."""
        first, *_ = self.marks
        heads = [name.removesuffix(first) for name in shapes if name == first or name.endswith(f".{first}")]
        return [
            head
            for head in heads
            if all(head + mark in shapes and len(shapes[head + mark]) == axes for mark, axes in self.marks.items())
            and not any(head + name in shapes for name in self.without)
            and not (self.not_in and self.not_in.search(head))
        ]

    def groups(self, shapes: Shapes) -> dict[str, dict[str, str]]:
        """Group the names of each network in a file: {prefix: {name without it: name}}."""
        found: dict[str, dict[str, str]] = {}
        for run in self.runs(shapes):
            whole = not run.has_gap and self._outline(shapes, run) is not None
            for prefix, heads in [(run.prefix, run.heads)] if whole else [(head, [head]) for head in run.heads]:
                names = [head + part for head in heads for part in self.parts if head + part in shapes]
                if whole:
                    names += run.names_of_norms(shapes)
                found[prefix] = {name.removeprefix(prefix): name for name in names}
        return found

    def outline(self, shapes: Shapes) -> Outline | None:
        """Describe the network of one group by the shapes of its tensors."""
        runs = self.runs(shapes)
        return self._outline(shapes, runs[0]) if len(runs) == 1 else None

    def _outline(self, shapes: Shapes, run: Run) -> Outline | None:
        learned = [
            math.prod(shapes[head + part])
            for head in run.heads
            for part in self.parts
            if head + part in shapes and part not in self.fixed
        ]
        learned += [math.prod(shapes[name]) for name in run.names_of_norms(shapes) if name.endswith(("weight", "bias"))]
        sizes = [self._sizes(shapes, head) for head in run.heads]
        if sizes[-1] and run.ends_in_layer_norm(shapes):
            sizes.append(LayerSizes(sizes[-1].nodes, sizes[-1].nodes, 1, 0))
        return Outline.of(sizes, sum(learned))

    def _sizes(self, shapes: Shapes, head: str) -> LayerSizes | None:
        return self.sizes({part: shapes[head + part] for part in self.parts if head + part in shapes})

    def runs(self, shapes: Shapes) -> list[Run]:
        """Group the layers to networks: those with numbers in one list, and kan1, kan2 with nothing next to them."""
        return network_runs(self.heads(shapes), shapes)

    def read(self, opened: Tensors, answers: Answers) -> KAN:
        """Read the network in a file.

        Raises LoadError for several networks, for layers with something between them, and for parts that do not fit.
        """
        shapes = opened.shapes()
        runs = self.runs(shapes)
        if len(runs) > 1:
            raise several([run.prefix for run in runs], opened.block)
        (run,) = runs
        if run.has_gap:
            raise refusal_of_gap(run.heads, opened.block)
        refuse_strays(run.listed, run.heads, set(self.parts) - _COMMON, opened, self.name)
        used = {head + part for head in run.heads for part in self.parts if head + part in opened}
        used |= set(run.names_of_norms(shapes))
        sizes = [size for head in run.heads if (size := self._sizes(shapes, head))]
        widths = {width for size in sizes for width in (size.sources, size.nodes)}
        inside = between(run.listed, run.heads, widths, opened)
        notes = removed(run.prefix) + left_out(opened, used, tuple(run.heads), inside, self.name)
        floats = [opened.tensors[name] for name in used if name in opened.tensors]
        dtype = torch.float64 if any(part.dtype == torch.float64 for part in floats) else torch.float32
        layers = [self.layer(Parts(n, head, opened, answers, dtype, notes)) for n, head in enumerate(run.heads)]
        check_they_meet([(layer.takes, layer.nodes) for layer in layers], run.heads[0], opened.block)
        norms = places(run, layers, opened, answers)
        notes += [*self.notes(layers), *_order_of(run), *notes_of(norms, opened, len(layers))]
        layers, inputs = apply_norms(layers, norms, opened)
        return on_inputs(network(layers, notes), inputs)


def _order_of(run: Run) -> list[str]:
    between = "only norms" if run.norms or run.others else "nothing"
    if run.stems:
        names = listing([head.removesuffix(".") for head in run.heads], 6)
        return [
            Caution(
                f"{names} are taken to follow one another with {between} between; the file does not say so. Open one "
                "of them alone by its name if that is not right."
            )
        ]
    return in_sequence(len(run.heads), between)


def nothing_assumed(layers: list[Layer]) -> list[str]:
    """Return no notes: such a file says everything."""
    return []


def read_as(library: str) -> Callable[[list[Layer]], list[str]]:
    """Return a function that notes as what a network of splines was read."""

    def notes(layers: list[Layer]) -> list[str]:
        sizes = ", ".join(sorted({f"grid {layer.grid}, order {layer.order}" for layer in layers}))
        return [f"Read as {library} ({sizes} from the shapes)."]

    return notes
