"""Measure what may explain that a network differs from its original: each hint holds on the rows that were compared."""

from collections.abc import Callable, Iterator
from typing import get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.diff import difference
from kanviz.analysis.rows import entering
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import BASES
from kanviz.core.spline import Outside
from kanviz.text import counted, listing

Outputs = Float[Tensor, "rows output"]
LEAST = 4  # rows from which a relation of two constants says something
EXPLAINED = 1e-3  # share of the outputs' spread that a relation may leave unexplained
MOST_DECIMALS = 7  # of outputs that were rounded when they were written
OUTSIDE: dict[str, str] = {"zero": "are zero", "linear": "go on as straight lines"}
SLACK = 1e-6  # share of a grid by which a value may leave it: rounding in float32


def scale_of(original: Outputs) -> float:
    """Return the largest |output| of the original, of those that are finite; 0 if none is."""
    return float(original.nan_to_num(0.0, 0.0, 0.0).abs().max())


def apart(original: Outputs, ours: Outputs, tolerance: float) -> Bool[Tensor, "rows output"]:
    """Return which outputs differ by more than the tolerance, a share of the original's largest output."""
    return difference(ours, original)[0] > tolerance * scale_of(original)


@torch.no_grad()
def hints(
    kan: KAN, x: Float[Tensor, "rows source"], original: Outputs, ours: Outputs, tolerance: float
) -> tuple[str, ...]:
    """Return sentences on what may explain the gaps, the most certain one first; () if nothing was found.

    x: in table units · original, ours: float64. Only rows with finite numbers on both sides count.
    """
    there = (original.isfinite() & ours.isfinite()).all(1)
    x, original, ours = x[there], original[there], ours[there]
    if not len(x) or not apart(original, ours, tolerance).any():
        return ()
    differing = apart(original, ours, tolerance)
    found = (
        _rounding(kan, x, original, ours)
        or _other_reading(kan, x, original, tolerance)
        or _relation(kan, original, ours, tolerance)
        or _where(kan, x, differing.any(1))
    )
    return (*found, *_outputs(kan, differing.any(0)))


def _rounding(kan: KAN, x: Tensor, original: Tensor, ours: Tensor) -> list[str]:
    """Compare the largest gap with the decimals of the original's outputs, and with this network's rounding."""
    gap = float(difference(ours, original)[0].max())
    decimals = _decimals(original)
    if decimals and gap <= 0.501 * 10.0**-decimals:
        return [f"The original's outputs have {counted(decimals, 'decimal')}; no gap is larger than that rounding."]
    if kan.dtype == torch.float32:
        exact = kan.to(torch.float64)(x)
        rounding = float(difference(ours, exact)[0].max())
        if gap <= 4 * rounding < torch.inf:
            return [f"Rounding explains it: in float64 this network's own outputs differ by up to {rounding:.1e}."]
    return []


def _decimals(values: Tensor) -> int:
    """Return the decimals to which numbers were rounded when they were written; 0 if they were not."""
    digit = 1e-7 * values.abs()  # in float32
    every = range(MOST_DECIMALS + 1)
    return next((d for d in every if bool(((values.round(decimals=d) - values).abs() <= digit).all())), 0)


def _other_reading(kan: KAN, x: Tensor, original: Tensor, tolerance: float) -> list[str]:
    """Find a network that agrees among those that the same numbers may mean."""
    for sentence, other in _readings(kan):
        if not apart(original, other(x).double(), tolerance).any():
            return [sentence]
    return []


def _readings(kan: KAN) -> Iterator[tuple[str, KAN]]:
    """Generate networks with the same numbers and another base function, or another continuation of the splines, each
    with what it means if it agrees.
    """
    for base in BASES:
        if any(layer.base != base for layer in kan.layers):
            now = listing(list(dict.fromkeys(layer.base for layer in kan.layers)))
            sentence = f"With the base function {base} instead of {now} every row agrees: open the file with that one."
            yield sentence, _with(kan, base=base)
    for outside in get_args(Outside):
        if any(layer.outside != outside for layer in kan.layers):
            yield f"If splines {OUTSIDE[outside]} outside their grids, every row agrees.", _with(kan, outside=outside)


def _with(kan: KAN, **parts: str) -> KAN:
    for n in range(len(kan.layers)):
        kan = kan.with_layer(n, **parts)
    return kan


def _relation(kan: KAN, original: Tensor, ours: Tensor, tolerance: float) -> list[str]:
    """Find one constant, one factor, or both, for each output, that make every row agree."""
    if len(ours) < LEAST:
        return []
    kinds: tuple[tuple[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], str], ...] = (
        (_offset, "a constant is missing, such as a bias"),
        (_factor, "a factor is missing, such as a scale of the outputs"),
        (_line, "a factor and a constant are missing, as where the target was scaled"),
    )
    spread, least = original.amax(0) - original.amin(0), tolerance * scale_of(original)
    for fit, meaning in kinds:
        factor, constant = fit(original, ours)
        left = (factor * ours + constant - original).abs().amax(0)
        if bool(((left <= least) & (left <= EXPLAINED * spread)).all()):
            lines = zip(kan.outputs, factor.tolist(), constant.tolist(), strict=True)
            equations = [f"{_times(a)}{v.name}{_plus(b, least)}" for v, a, b in lines]
            return [f"On every row the original gives {listing(equations)}: {meaning}."]
    return []


def _offset(theirs: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    return torch.ones_like(own[0]), (theirs - own).mean(0)


def _factor(theirs: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    return (theirs * own).sum(0) / (own * own).sum(0), torch.zeros_like(own[0])


def _line(theirs: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    at, to = own.mean(0), theirs.mean(0)
    factor = ((theirs - to) * (own - at)).sum(0) / ((own - at) ** 2).sum(0)
    return factor, to - factor * at


def _times(factor: float) -> str:
    return "" if abs(factor - 1) < 1e-6 else f"{factor:.4g} "


def _plus(constant: float, least: float) -> str:
    return "" if abs(constant) <= least else f" {'+' if constant > 0 else '-'} {abs(constant):.4g}"


def _where(kan: KAN, x: Tensor, differing: Bool[Tensor, " rows"]) -> list[str]:
    """Compare the rows that differ with those where a value leaves its grid, in any layer."""
    outside = _outside(kan, x)
    if bool(outside.any()) and not outside.all() and not (differing & ~outside).any():
        return [
            f"Only rows outside a grid differ; the {int((~outside).sum()):,} inside agree: the original goes on "
            "differently outside."
        ]
    if len(differing) >= LEAST and bool(differing.all()):
        return [
            "Every row differs: the original may have another base function, or a norm or an activation that this "
            "network lacks."
        ]
    return []


def _outside(kan: KAN, x: Tensor) -> Bool[Tensor, " rows"]:
    """Return which rows have a value outside the grid of an edge that it enters."""
    found = torch.zeros(len(x), dtype=torch.bool)
    for layer, values in zip(kan.layers, entering(kan, x), strict=False):
        if layer.family != SPLINE:  # without a grid there is no outside
            continue
        low, high = layer.domain
        room = SLACK * (high - low)
        found |= (((values < low - room) | (values > high + room)) & layer.active.any(1)).any(1)
    return found


def _outputs(kan: KAN, differing: Bool[Tensor, " output"]) -> list[str]:
    """Name the outputs that differ, where others agree."""
    if not differing.any() or differing.all():
        return []
    wrong = [v.name for v, differs in zip(kan.outputs, differing.tolist(), strict=True) if differs]
    return [f"Of {len(differing):,} outputs only {listing(wrong)} {'differs' if len(wrong) == 1 else 'differ'}."]
