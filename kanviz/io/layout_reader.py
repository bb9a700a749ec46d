"""Reads the network that a layout describes, from weights of a class that somebody wrote."""

import fnmatch
import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.core.families import FAMILIES, SPLINE
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer
from kanviz.core.spline import uniform_knots
from kanviz.core.steps import normalised
from kanviz.errors import LoadError, UserError
from kanviz.io.contents import Tensors
from kanviz.io.foreign import check_knots, left_out, network, weight
from kanviz.io.layer_runs import check_they_meet, in_sequence
from kanviz.io.weight_layout import WANTED, Place, WeightLayout
from kanviz.text import counted, listing, shown

_BELLS = ("gaussian", "sech2")
_CUBIC = 3


def read_with(opened: Tensors, layout: WeightLayout) -> KAN:
    """Read the network of a layout; its layers follow one another in the order of their numbers.

    Raises LoadError where a tensor is missing or has other axes, and for tensors next to the coefficients that the
    layout neither uses nor ignores.
    """
    names = list(opened)
    found = {part: place.found(names) for part, place in layout.places.items()}
    layers = sorted(found["coefficients"])
    if not layers:
        raise LoadError(
            f"No tensor is called {shown(layout.coefficients.name)}. The file holds {listing(names, 8)}; {{layer}} in "
            "a name stands for the number of a layer."
        )
    used = {name for part in found.values() for there in part.values() for name in there.values()}
    ignored = {name for name in names if any(_ignores(one, name) for one in layout.ignored)} - used
    rest = Tensors(
        {name: values for name, values in opened.tensors.items() if name not in ignored}, opened.metadata, opened.kind,
        opened.notes, {name: part for name, part in opened.others.items() if name not in ignored},
        {name: why for name, why in opened.odd.items() if name not in ignored}, opened.block,
    )  # fmt: skip
    heads = {name[: name.rfind(".") + 1] for there in found["coefficients"].values() for name in there.values()}
    unknown = [name for name in rest if name.startswith(tuple(heads)) and name not in used and name not in rest.odd]
    if unknown:
        raise LoadError(
            f"The layout does not say what {listing(unknown)} {'is' if len(unknown) == 1 else 'are'}, next to the "
            'coefficients. Name it, or list it under "ignored" if the network does not use it.'
        )
    notes = left_out(rest, used, tuple(sorted(heads)), lambda name: False, "this layout")
    if ignored:
        notes.append(Caution(f"Ignored {listing(sorted(ignored))}, as the layout says."))
    floats = [opened.tensors[name].dtype for name in used if name in opened.tensors]
    dtype = torch.float64 if torch.float64 in floats else torch.float32
    made = [
        _Reading(n, opened, layout, {part: there.get(key, there.get(0, {})) for part, there in found.items()}, dtype)
        for n, key in enumerate(layers)
    ]
    read = [one.layer() for one in made]
    check_they_meet([(layer.takes, layer.nodes) for layer in read], min(heads), opened.block)
    return network(read, ["Opened with a layout given by the user.", *notes, *in_sequence(len(read))])


def _ignores(pattern: str, name: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]").replace("{layer}", "*"))


@dataclass(frozen=True)
class _Reading:
    """One layer that is read; names: of its tensors, by what they are and their numbers."""

    n: int
    opened: Tensors
    layout: WeightLayout
    names: Mapping[str, Mapping[tuple[int, ...], str]]
    dtype: torch.dtype

    def layer(self) -> Layer:
        """Make the layer. Raises LoadError where its parts do not fit."""
        layout, knots = self.layout, self._points()
        coef = self._part("coefficients", self._known_sizes(knots))
        assert coef is not None
        sources, targets, count = coef.shape
        if layout.function == SPLINE:
            rows = self._knots(knots, sources, count)
        elif layout.function in _BELLS:
            rows, coef = self._centres(knots, coef)
        else:
            width = {"chebyshev": 0, "power": 1, "fourier": 1}[layout.function]
            rows = torch.full((sources, width), 0.0 if layout.function == "power" else 1.0, dtype=torch.float64)
        scale, mask, bias = (self._part(part) for part in ("scale", "mask", "bias"))
        if scale is not None:
            coef = coef * self._fits("scale", scale, sources, targets)[..., None]
        active = torch.ones(sources, targets, dtype=torch.bool)
        if mask is not None:
            active = self._fits("mask", mask, sources, targets) != 0
        base = self._part("base_weight")
        try:
            return Layer(
                knots=rows.to(self.dtype).contiguous(),
                coef=coef.to(self.dtype).contiguous(),
                base_weight=(
                    torch.zeros(sources, targets) if base is None else self._fits("base_weight", base, sources, targets)
                ).to(self.dtype).contiguous(),
                active=active,
                bias=(torch.zeros(targets) if bias is None else self._fits("bias", bias, targets)).to(self.dtype),
                offset=torch.zeros(targets, dtype=self.dtype),
                affine=torch.zeros(0, 4, dtype=self.dtype),
                frozen=torch.zeros(sources, targets, dtype=torch.bool),
                base=layout.base,
                outside=layout.outside,
                family=layout.function,
                step=layout.step,
                norm=self._norm(sources),
            )  # fmt: skip
        except UserError as problem:
            raise LoadError(f"Layer {self.n} cannot be made with this layout: {problem}") from None

    # --- tensors ----------------------------------------------------------------------------------------------

    def _part(self, part: str, sizes: Mapping[str, int] | None = None) -> Tensor | None:
        """Return a part with the axes of WANTED, an axis that its tensors lack with length 1; None for none."""
        place = self.layout.places.get(part)
        if place is None:
            return None
        values, axes = self._stacked(part, place)
        values, axes = self._split(place, values, axes, sizes or {})
        wanted = WANTED[part]
        values = values.permute([axes.index(axis) for axis in wanted if axis in axes])
        for at, axis in enumerate(wanted):
            values = values if axis in axes else values.unsqueeze(at)
        return values.double()

    def _stacked(self, part: str, place: Place) -> tuple[Tensor, list[str]]:
        """Return the tensors of a part as one, the axes of their numbers first, and the names of its axes."""
        names = self.names[part]
        if not names:
            raise LoadError(f"Layer {self.n} has no tensor {shown(place.name)}. Check the name in the layout.")
        values = {index: self._numbers(name, part) for index, name in names.items()}
        first = next(iter(values.values()))
        odd = next((names[index] for index, one in values.items() if one.shape != first.shape), None)
        if first.ndim != len(place.axes) or odd:
            name = odd or next(iter(names.values()))
            raise LoadError(
                f"{shown(name)} has the shape {tuple(self._numbers(name, part).shape)}, which does not fit the axes "
                f"{listing(list(place.axes))} of {part} in the layout."
            )
        if not first.numel():
            raise LoadError(
                f"{shown(next(iter(names.values())))} has the shape {tuple(first.shape)}, so it holds no numbers. "
                f"Take another tensor as {part} in the layout."
            )
        if not place.numbered:
            return first, list(place.axes)
        along = [sorted({index[k] for index in values}) for k in range(len(place.numbered))]
        if len(values) < math.prod(map(len, along)):
            raise LoadError(f"Of {shown(place.name)} in layer {self.n} some are missing. Save the whole state_dict.")
        stacked = torch.stack([values[index] for index in sorted(values)])
        return stacked.unflatten(0, [len(one) for one in along]), [*place.numbered, *place.axes]

    def _numbers(self, name: str, part: str) -> Tensor:
        if part == "mask" and name in self.opened.others:
            return self.opened.others[name].read().double()
        return weight(self.opened, name)

    def _split(
        self, place: Place, values: Tensor, axes: list[str], sizes: Mapping[str, int]
    ) -> tuple[Tensor, list[str]]:
        """Split an axis that holds two, such as "source basis", by the known length of one of them."""
        for at, axis in enumerate(axes):
            if " " not in axis:
                continue
            slow, fast = axis.split(" ")
            known = sizes.get(fast) or (values.shape[at] // sizes[slow] if sizes.get(slow) else 0)
            if known < 1 or values.shape[at] % known:
                raise LoadError(
                    f"The axis {axis} of {shown(place.name)} has {values.shape[at]} numbers; how they divide into "
                    f"{slow} and {fast} is not known. Name points, a bias or base weights, whose shapes tell it."
                )
            return values.unflatten(at, (-1, known)), [*axes[:at], slow, fast, *axes[at + 1 :]]
        return values, axes

    def _known_sizes(self, points: Tensor | None) -> dict[str, int]:
        """Return the lengths of axes, as far as parts other than the coefficients tell them."""
        sizes: dict[str, int] = {}
        for part in ("bias", "norm_weight", "base_weight"):
            place = self.layout.places.get(part)
            if place is not None:
                values, axes = self._stacked(part, place)
                sizes |= {axis: length for axis, length in zip(axes, values.shape, strict=True) if " " not in axis}
        if points is not None:
            order = self.layout.order or _CUBIC
            sizes["basis"] = points.shape[2] - (order + 1 if self.layout.function == SPLINE else 0)
        return sizes

    def _fits(self, part: str, values: Tensor, *shape: int) -> Tensor:
        """Return a part of this shape; an axis of length 1 is repeated. Raises LoadError where it does not fit."""
        if any(found not in (1, wanted) for found, wanted in zip(values.shape, shape, strict=True)):
            raise LoadError(
                f"{part} of layer {self.n} has the shape {tuple(values.shape)}, and the coefficients need {shape} "
                f"({listing(WANTED[part])})."
            )
        return values.expand(*shape)

    # --- functions --------------------------------------------------------------------------------------------

    def _points(self) -> Tensor | None:
        """Return knots or centres (source, target, knot) as they are in the file."""
        return self._part("points") if isinstance(self.layout.points, Place) else None

    def _knots(self, found: Tensor | None, sources: int, count: int) -> Tensor:
        """Return the knots of every source, with those beyond the grid."""
        order = self.layout.order
        if found is None:
            order = order or _CUBIC
            assert isinstance(self.layout.points, tuple)
            if count <= order:
                raise LoadError(f"Layer {self.n} has {count} coefficients; splines of order {order} need more.")
            return uniform_knots(*self.layout.points, count - order, order, sources)
        knots = self._of_source("points", found, sources)
        order = order or knots.shape[1] - count - 1
        if knots.shape[1] == count - order + 1 and knots.shape[1] > 1:  # the grid alone
            before = knots[:, :1] - knots.diff(dim=1)[:, :1] * torch.arange(order, 0, -1)
            after = knots[:, -1:] + knots.diff(dim=1)[:, -1:] * torch.arange(1, order + 1)
            knots = torch.cat([before, knots, after], 1)
        if knots.shape[1] != count + order + 1 or not 1 <= order <= 10 or count <= order:
            raise LoadError(
                f"Layer {self.n} has {counted(found.shape[2], 'knot')} and {counted(count, 'coefficient')}, which do "
                f"not fit splines of order {order}: these need {count + order + 1} knots, or {count - order + 1} of "
                "the grid alone."
            )
        check_knots(self.n, knots)
        return knots.sort(dim=1).values

    def _of_source(self, part: str, found: Tensor, sources: int) -> Tensor:
        """Return rows by source; refuse those that differ between the edges of one source."""
        if found.shape[0] not in (1, sources):
            raise LoadError(f"{part} of layer {self.n} has {found.shape[0]} sources, the coefficients {sources}.")
        if not torch.equal(found, found[:, :1].expand_as(found)):
            raise LoadError(
                f"The knots of layer {self.n} differ between the edges of one source, and kanviz has one grid for each "
                "source. Refine them to one grid before saving."
            )
        return found[:, 0].expand(sources, -1)

    def _centres(self, found: Tensor | None, coef: Tensor) -> tuple[Tensor, Tensor]:
        """Return centres and width of every source, and coefficients; centres of single edges are put together."""
        sources, targets, count = coef.shape
        if found is None:
            assert isinstance(self.layout.points, tuple)
            found = torch.linspace(*self.layout.points, count, dtype=torch.float64).expand(1, 1, -1)
        if found.shape[2] != count or found.shape[0] not in (1, sources) or found.shape[1] not in (1, targets):
            raise LoadError(
                f"Layer {self.n} has centres of the shape {tuple(found.shape)}, and coefficients of "
                f"{tuple(coef.shape)} (source, target, basis)."
            )
        if isinstance(self.layout.width, Place):
            values = self._part("width")
            assert values is not None
            width = self._fits("width", values, sources)
        elif self.layout.width is not None:
            width = torch.full((sources,), self.layout.width, dtype=torch.float64)
        elif count < 2:
            raise LoadError(f"Layer {self.n} has one centre for each edge, so the layout must give the width.")
        else:
            width = ((found[..., -1] - found[..., 0]) / (count - 1)).mean(1).expand(sources)
        centres = found.expand(sources, targets, -1)
        if found.shape[1] > 1 and not torch.equal(centres, centres[:, :1].expand_as(centres)):
            spread = torch.zeros(sources, targets, targets, count, dtype=torch.float64)
            at = torch.arange(targets)
            spread[:, at, at] = coef
            coef, rows = spread.flatten(2), centres.flatten(1)
        else:
            rows = centres[:, 0]
        rows = torch.cat([rows, width[:, None]], 1)
        if not bool(FAMILIES[self.layout.function].sound(rows).all()):
            raise LoadError(f"The centres or the width of layer {self.n} are not finite, or a width is 0.")
        return rows, coef

    def _norm(self, sources: int) -> Tensor:
        if not normalised(self.layout.step):
            return torch.empty(2, 0, dtype=self.dtype)
        found = [self._part(part) for part in ("norm_weight", "norm_bias")]
        usual = (torch.ones(sources), torch.zeros(sources))
        rows = [
            plain if one is None else self._fits(part, one, sources)
            for part, one, plain in zip(("norm_weight", "norm_bias"), found, usual, strict=True)
        ]
        return torch.stack([row.to(self.dtype) for row in rows])
