"""Reads GR-KAN, the layers of KAT (Kolmogorov-Arnold Transformer): R_g(x) for each group g of inputs, then W R + b.

R_g(x) = (a0 + a1 x + ... + a5 x^5) / D(x), with coefficients of its group; the file does not say which D. Sources: Yang
and Wang, Kolmogorov-Arnold Transformer, ICLR 2025 (1 + |b1 x + ... + b4 x^4|); its package kat_rational, which computes
1 + |b1 x| + ... in its kernels and 1 + |b1| x + ... on a CPU; github.com/ACS-USP/kan-lm-study (`rat1.a`, `rat1.b`).
"""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from kanviz.core.families import FAMILIES
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.families.family import Parts
from kanviz.io.families.rational_pairs import ACTS, Network, Pair, networks
from kanviz.io.foreign import expect, left_out, network, numbers_of, removed, several
from kanviz.io.layer_runs import between, check_they_meet, gap, in_sequence, refusal_of_gap
from kanviz.io.outline import LayerSizes, Outline, Shape
from kanviz.io.questions import Answers, Question
from kanviz.text import listing, shown

# the answers, with the family of each
CPU, KERNEL, SAFE = "1+|b1|x+|b2|x^2+..", "1+|b1 x|+|b2 x^2|+..", "1+|b1 x+b2 x^2+..|"
DENOMINATORS = {CPU: "quotient", KERNEL: "quotient_sum", SAFE: "quotient_abs"}
_TEXT = "the denominator of its rational functions"
KAT = Question("denominator", _TEXT, tuple(DENOMINATORS), CPU)
LM_STUDY = Question("denominator", _TEXT, tuple(DENOMINATORS), SAFE)
_SHOWN = 3  # poles named in a note


def recognises(shapes: Mapping[str, Shape]) -> bool:
    """Say whether a file holds a rational function as GR-KAN names it."""
    return bool(networks(shapes))


def groups(shapes: Mapping[str, Shape]) -> dict[str, dict[str, str]]:
    """Group the names of each network in a file: {prefix: {name without it: name}}."""
    found: dict[str, dict[str, str]] = {}
    for one in networks(shapes):
        apart = gap(list(one.heads)) or _outline(one, shapes) is None
        alone = zip(one.heads, ((pair,) for pair in one.pairs), strict=True) if apart and one.heads else None
        for prefix, pairs in alone or [(one.prefix, one.pairs)]:
            names = [name for pair in pairs for name in pair.names(shapes)]
            found[prefix] = {name.removeprefix(prefix): name for name in names}
    return found


def outline(shapes: Mapping[str, Shape]) -> Outline | None:
    """Describe the network of one group by the shapes of its tensors."""
    found = networks(shapes)
    return _outline(found[0], shapes) if len(found) == 1 else None


def _outline(found: Network, shapes: Mapping[str, Shape]) -> Outline | None:
    names = [name for pair in found.pairs for name in pair.names(shapes)]
    return Outline.of([_sizes(pair, shapes) for pair in found.pairs], sum(math.prod(shapes[name]) for name in names))


def _sizes(pair: Pair, shapes: Mapping[str, Shape]) -> LayerSizes | None:
    if not pair.linear:
        return None
    targets, sources = shapes[pair.linear + "weight"]
    count = shapes[pair.act + pair.below][0]
    return LayerSizes(sources, targets, 1, 0) if count and targets and sources and sources % count == 0 else None


def read(opened: Tensors, answers: Answers) -> KAN:
    """Read a network of GR-KAN; the form of its denominators is asked.

    Raises LoadError for several networks, for a function or a linear map alone, and for parts that do not fit.
    """
    shapes = opened.shapes()
    found = networks(shapes)
    if len(found) > 1:
        raise several([one.prefix for one in found], opened.block)
    (only,) = found
    if gap(list(only.heads)):
        raise refusal_of_gap(list(only.heads), opened.block)
    _check_pairs(only, opened)
    used = {name for pair in only.pairs for name in pair.names(shapes)}
    heads = only.heads or tuple(head for pair in only.pairs for head in (pair.act, pair.linear))
    widths = {shapes[pair.linear + "weight"][axis] for pair in only.pairs for axis in (0, 1)}
    inside = between(only.listed, list(only.heads), widths, opened) if only.heads else _within(only.prefix)
    notes = removed(only.prefix) + left_out(opened, used, heads, inside, "GR-KAN")
    floats = [opened.tensors[name] for name in used if name in opened.tensors]
    dtype = torch.float64 if any(part.dtype == torch.float64 for part in floats) else torch.float32
    question = KAT if only.pairs[0].above == ACTS[0][0] else LM_STUDY
    family = DENOMINATORS[answers.choose(question)]
    layers = [_layer(pair, Parts(n, "", opened, answers, dtype, notes), family) for n, pair in enumerate(only.pairs)]
    check_they_meet([(layer.sources, layer.targets) for layer in layers], heads[0], opened.block)
    kind = listing(sorted({f"{len(layer.knots.unique(dim=0))}" for layer in layers}))
    notes.append(f"Read as GR-KAN with {kind} different rational functions in a layer, each for a group of inputs.")
    return network(layers, [*notes, *in_sequence(len(layers)), *_poles(layers)])


def _within(prefix: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(prefix)


def _check_pairs(found: Network, opened: Tensors) -> None:
    """Refuse a rational function without a linear map after it, and a linear map without a function before it."""
    alone = [pair.act.removesuffix(".") for pair in found.pairs if not pair.linear]
    if alone:
        raise LoadError(
            f"{listing(alone)} {'is' if len(alone) == 1 else 'are'} a rational function without a linear map after it "
            "(act1 and fc1, or the next of a list): a layer of GR-KAN is both. Save the KAN alone, with its maps."
        )
    numbers = [int(n) for pair in found.pairs for n in pair.numbers]
    if any(b - a > 1 for a, b in pairwise(numbers)):
        raise LoadError(
            f"The modules of GR-KAN are numbered {numbers_of(numbers)}: what is between them is not in the file, so "
            "kanviz cannot know what the network computes. Save the KAN alone."
        )
    used = {name for pair in found.pairs for name in (pair.act + pair.above, pair.act + pair.below)}
    halves = [name for name in opened if name.endswith(ACTS[0][:2]) and name not in used]
    if halves:
        raise LoadError(
            f"{shown(halves[0])} has no numerator or denominator next to it, or another number of axes. Save the whole "
            "state_dict."
        )
    heads = {pair.linear for pair in found.pairs}
    maps = [
        head.removesuffix(".")
        for name, values in opened.tensors.items()
        if name.startswith(found.prefix) and name.endswith(".weight") and values.ndim == 2
        if (head := name.removesuffix("weight")) not in heads
    ]
    if maps and not found.heads:
        raise LoadError(
            f"{listing(maps)} {'is' if len(maps) == 1 else 'are'} a linear map without a rational function before it: "
            "a layer of GR-KAN is both. Save the KAN alone, without that part."
        )


def _layer(pair: Pair, parts: Parts, family: str) -> Layer:
    weight = parts.weight(pair.linear + "weight", 2)
    targets, sources = weight.shape
    above, below = (_coefficients(parts, pair.act + name) for name in (pair.above, pair.below))
    count = len(below)
    if len(above) not in (1, count):
        raise LoadError(
            f"{shown(pair.act + pair.above)} has {len(above)} rows and {shown(pair.act + pair.below)} {count}; one row "
            "for all groups or one for each is expected. Save the whole state_dict."
        )
    if sources % count:
        raise LoadError(
            f"{shown(pair.linear + 'weight')} takes {sources} values, which the {count} groups of "
            f"{shown(pair.act + pair.below)} do not divide. Check that both are of one layer."
        )
    half = max(above.shape[1], below.shape[1])
    below = below.abs() if family == "quotient" else below
    rows = torch.cat([_longer(above.expand(count, -1), half), _longer(below, half)], 1)
    bias = pair.linear + "bias"
    return parts.curves(
        rows.repeat_interleave(sources // count, 0),
        weight.T[..., None],
        bias=expect(shown(bias), parts.weight(bias, 1), targets) if bias in parts else None,
        family=family,
    )


def _coefficients(parts: Parts, name: str) -> Tensor:
    """Return coefficients (group, power). Raises LoadError where they are not finite."""
    axes = len(parts.opened.tensors[name].shape) if name in parts.opened.tensors else 2
    found = parts.weight(name, axes)
    if not bool(found.isfinite().all()):
        raise LoadError(f"{shown(name)} holds NaN or infinity. Save the network before that.")
    return found.reshape(-1, found.shape[-1])


def _longer(rows: Tensor, count: int) -> Tensor:
    return pad(rows, (0, count - rows.shape[1]))


def _poles(layers: list[Layer]) -> list[str]:
    """Note where denominators are 0 in the range that is drawn, one caution for each layer."""
    notes: list[str] = []
    for n, layer in enumerate(layers):
        if layer.family != "quotient":
            continue
        low, high = (float(end[0]) for end in FAMILIES["quotient"].span(layer.knots))
        places = {i: found for i, row in enumerate(layer.knots) if (found := _roots(row, low, high))}
        if places:
            i, found = next(iter(places.items()))
            more = f" and of {len(places) - 1} more" if len(places) > 1 else ""
            notes.append(
                Caution(
                    f"In layer {n} the functions of source {i}{more} have a pole, where their denominator is 0: at "
                    f"{listing([f'{x:.3g}' for x in found], _SHOWN)}. With the denominator {KERNEL}, that of "
                    "kat_rational on a GPU, there is none."
                )
            )
    return notes


def _roots(row: Tensor, low: float, high: float) -> list[float]:
    """Return the real zeros of 1 + Q(x) from low to high."""
    below = row[len(row) // 2 :].double().numpy()
    roots = np.roots(np.append(below[::-1], 1.0))
    return sorted(float(root.real) for root in roots if abs(root.imag) < 1e-6 and low <= root.real <= high)
