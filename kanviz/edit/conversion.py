"""Define the edit that turns curves of other families into B-splines, and `to_splines`, which does it at once."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from kanviz.analysis.rows import entering, typical_inputs
from kanviz.core.conversion.curves import Range, complete_range
from kanviz.core.conversion.fit import ConvertedLayer
from kanviz.core.conversion.layers import converted
from kanviz.core.data.dataset import Dataset
from kanviz.core.families import FAMILIES, SPLINE
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import EdgeId, Layer
from kanviz.edit.protocol import EditRecord
from kanviz.errors import EditError, UserError
from kanviz.json_reader import JsonValue

GAP = 1e-6  # of each curve's spread
FINEST_GAP = 1e-12
MARGIN = 0.1  # share of the values' range added on each side

Pair = tuple[float, float]


@dataclass(frozen=True)
class Conversion:
    """A network whose curves are B-splines, and how exactly: by layer number, the gap and the bound of the new layers.

    Gap: the largest difference that was measured; bound: what no difference exceeds. Both are shares of the spread of
    the curve that differs. words: a sentence for each new layer, which the network has as notes.

    >>> import kanviz, kanviz.edit, torch
    >>> kan = kanviz.init([1, 1]).with_layer(0, family="power", knots=torch.zeros(1, 1, dtype=torch.float64))
    >>> found = kanviz.edit.ToSplines.of(kan).converted(kan)
    >>> list(found.layers), found.gap < found.bound <= 1e-6
    ([0], True)
    """

    kan: KAN
    layers: dict[int, ConvertedLayer]
    words: tuple[str, ...]

    @property
    def gap(self) -> float:
        return max(layer.gap for layer in self.layers.values())

    @property
    def bound(self) -> float:
        return max(layer.bound for layer in self.layers.values())

    def __str__(self) -> str:
        return f"Converted: largest gap {self.gap:.2g} of a curve's spread, bounded by {self.bound:.2g}."


@dataclass(frozen=True)
class ToSplines(EditRecord):
    """The edit that turns every layer of another family into cubic B-splines; formulas, marks and steps stay.

    gap: the share of each curve's spread that the difference must not exceed; in float32 at least what its digits
    allow · ranges: for each layer the least and the greatest x of each source, network units; none where the whole line
    is converted (bells, values after a tanh) and for layers of B-splines. Beyond a range, curves go on as straight
    lines. Raises EditError where the ranges do not fit the network, UserError for a pole inside a range and for a gap
    that needs too many intervals.

    >>> import kanviz, kanviz.edit, torch
    >>> kan = kanviz.init([1, 1]).with_layer(0, family="power", knots=torch.zeros(1, 1, dtype=torch.float64))
    >>> edit = kanviz.edit.ToSplines.of(kan)
    >>> new = edit.apply(kan)
    >>> str(edit), new.layers[0].order, torch.allclose(new([[0.3]]), kan([[0.3]]), atol=1e-5)
    ('Convert to B-splines', 3, True)
    """

    gap: float
    ranges: tuple[tuple[Pair, ...], ...]
    kind: ClassVar[str] = "to splines"

    def __post_init__(self):
        if not FINEST_GAP <= self.gap <= 1:
            raise EditError(f"The gap of a conversion is a share of a curve's spread, from {FINEST_GAP:g} to 1.")
        if not all(
            math.isfinite(low) and math.isfinite(high) and low < high for row in self.ranges for low, high in row
        ):
            raise EditError("A range of a conversion goes from a number to a greater one.")

    @staticmethod
    def of(
        kan: KAN, gap: float = GAP, data: Dataset | None = None, low: float | None = None, high: float | None = None
    ) -> "ToSplines":
        """Make the edit with ranges taken from the rows, or from low to high for every layer that needs a range.

        Without both, ranges are those of typical inputs and of the functions themselves. Raises EditError where all
        curves are B-splines already.
        """
        if all(layer.family == SPLINE for layer in kan.layers):
            raise EditError("The curves of this network are B-splines already; there is nothing to convert.")
        if (low is None) != (high is None):
            raise EditError("Give both ends of the range, low and high, or none.")
        needs = [layer.family != SPLINE and not complete_range(layer) for layer in kan.layers]
        if low is not None and high is not None:
            pairs = tuple(((float(low), float(high)),) * layer.sources for layer in kan.layers)
        else:
            pairs = _ranges(kan, data) if any(needs) else ((),) * len(needs)
        return ToSplines(gap, tuple(row if need else () for row, need in zip(pairs, needs, strict=True)))

    def converted(self, kan: KAN) -> Conversion:
        """Convert the network, and say how exactly."""
        self._check(kan)
        new, words = {}, []
        for n, (layer, pairs) in enumerate(zip(kan.layers, self.ranges, strict=True)):
            if layer.family == SPLINE:
                continue
            on = Range(*(torch.tensor(end, dtype=torch.float64) for end in zip(*pairs, strict=True))) if pairs else None
            new[n] = converted(layer, on, self.gap, f"Layer {n}")
            words += _words(n, layer, new[n], pairs, self.gap)
        layers = {n: found.layer for n, found in new.items()}
        after = replace(kan.with_layers(layers), notes=(*kan.notes, *words))
        return Conversion(after, new, tuple(words))

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return self.converted(kan).kan

    def _check(self, kan: KAN) -> None:
        if all(layer.family == SPLINE for layer in kan.layers):
            raise EditError("The curves of this network are B-splines already; there is nothing to convert.")
        wanted = [layer.sources if layer.family != SPLINE and not complete_range(layer) else 0 for layer in kan.layers]
        if [len(row) for row in self.ranges] != wanted:
            raise EditError("This conversion was made for a network of another shape; make it again.")

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {edge for edge in kan.edges(pruned=True) if kan.layers[edge.layer].family != SPLINE}

    def __str__(self) -> str:
        return "Convert to B-splines"

    @staticmethod
    def read(found: JsonValue) -> "ToSplines":
        return ToSplines(found["gap"].number(), found["ranges"].each(lambda row: row.each(_pair)))


def to_splines(
    kan: KAN, gap: float = GAP, data: Dataset | None = None, *, low: float | None = None, high: float | None = None
) -> KAN:
    """Turn every curve of another family into a cubic B-spline that is nowhere further from it than a bound.

    gap: the share of a curve's spread that the bound must not exceed; in float32 what its digits allow. The notes of
    the new network say, by layer, the largest difference that was measured and the bound. Sums of bells and layers
    after a tanh are converted for all values. Other families are converted where the rows of `data` put their values,
    or from low to high (network units), or where typical inputs do; a caution says so. Formulas, pruned and frozen
    edges, base functions, biases and steps stay. Raises UserError where nothing is to be converted, for a pole inside
    the range, and where more than 10,000 intervals or 20,000,000 coefficients of a layer are needed.

    >>> import kanviz, torch
    >>> kan = kanviz.init([1, 1]).with_layer(0, family="power", knots=torch.zeros(1, 1, dtype=torch.float64))
    >>> new = kanviz.to_splines(kan, low=-2, high=2)
    >>> new.layers[0].family, torch.allclose(new([[-1.7]]), kan([[-1.7]]), atol=1e-3)
    ('spline', True)
    >>> kanviz.to_splines(new)
    Traceback (most recent call last):
        ...
    kanviz.errors.EditError: The curves of this network are B-splines already; there is nothing to convert.
    """
    return ToSplines.of(kan, gap, data, low, high).apply(kan)


def _pair(found: JsonValue) -> Pair:
    low, high = found.numbers(2, 2)
    return low, high


def _ranges(kan: KAN, data: Dataset | None) -> tuple[tuple[Pair, ...], ...]:
    """Return for each layer the range of the values that its sources get, somewhat widened.

    Without rows inputs are where the functions of the first layer are worth drawing; values inside are those of such
    inputs, and their range is not smaller than what is worth drawing there.
    """
    x = typical_inputs(kan, None) if data is None else data.matching(kan).rows()[0]
    found = []
    for n, (layer, values) in enumerate(zip(kan.layers, entering(kan, x), strict=False)):
        first, last = (end.double() for end in layer.domain)
        if data is None and n == 0 and not layer.step:
            found.append(tuple(zip(first.tolist(), last.tolist(), strict=True)))
            continue
        values = values.double()
        if not bool(values.isfinite().all()):
            raise UserError(
                "Some rows give values inside the network that are NaN or infinite, so the range of its curves is not "
                "known. Give it: kanviz.to_splines(kan, low=-1, high=1), or --range -1 1 on the command line."
            )
        low, high = values.amin(0), values.amax(0)
        margin = torch.where(high > low, MARGIN * (high - low), 0.5 * low.abs().clamp(min=1.0))
        low, high = low - margin, high + margin
        if data is None:
            low, high = torch.minimum(low, first), torch.maximum(high, last)
        found.append(tuple(zip(low.tolist(), high.tolist(), strict=True)))
    return tuple(found)


def _words(n: int, layer: Layer, new: ConvertedLayer, pairs: tuple[Pair, ...], gap: float) -> list[str]:
    found = [
        f"Layer {n}: {FAMILIES[layer.family].words} were converted to cubic B-splines of {new.layer.grid} intervals. "
        f"Largest gap {new.gap:.2g} of a curve's spread, bounded by {new.bound:.2g}."
    ]
    if new.bound > gap:
        digits = "float32 has" if layer.coef.dtype == torch.float32 else "numbers have"
        found[0] += f" This is more than the {gap:.2g} that was asked: {digits} no more digits for curves of this size."
    if pairs:
        found.append(
            Caution(f"Layer {n}: its curves were converted {_span(pairs)}. Beyond it they go on as straight lines.")
        )
    return found


def _span(pairs: tuple[Pair, ...]) -> str:
    low, high = min(low for low, _ in pairs), max(high for _, high in pairs)
    if len(set(pairs)) == 1:
        return f"between {low:.4g} and {high:.4g}"
    return f"in the range of each source's values, all within {low:.4g} and {high:.4g}"
