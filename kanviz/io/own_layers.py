"""Reads the state_dict of a torch model that holds `kanviz.KANLayer`s which follow one another.

Their tensors are those of `kanviz.core.layer.Layer`, and `_extra_state` describes the rest (`core/layer_record.py`).
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from kanviz.core import layer_record
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer
from kanviz.core.module import EXTRA
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.foreign import (
    SeveralNetworks,
    check_knots,
    expect,
    left_out,
    module_name,
    network,
    numbers_of,
    order_of,
    removed,
    several,
    weight,
)
from kanviz.io.outline import LayerSizes, Outline
from kanviz.text import listing, shown

_PARAMETERS = ("coef", "base_weight", "bias", "offset", "affine")
_WEIGHTS = ("knots", *_PARAMETERS)
_MARKS = ("active", "frozen")
NUMBERS = (*_WEIGHTS, *_MARKS)
_PARTS = (*NUMBERS, EXTRA)
_NUMBERED = re.compile(r"(?<![^.])(0|[1-9][0-9]{0,3})\.$")
_TYPICAL = {"base": "silu", "outside": "linear", "formulas": ()}


def recognises(names: Iterable[str]) -> bool:
    return bool(_heads(names))


def _heads(names: Iterable[str]) -> list[str]:
    """Return the prefixes of all layers, "" or ending with a dot, in the order of the file."""
    there = list(names)
    given = set(there)
    heads = [name.removesuffix("knots") for name in there if name == "knots" or name.endswith(".knots")]
    return [head for head in heads if f"{head}coef" in given and f"{head}base_weight" in given]


def _runs(heads: Iterable[str]) -> dict[str, list[str]]:
    """Group layers by what stands before their number: {prefix: heads, in ascending order of the numbers}."""
    found: dict[str, list[str]] = {}
    for head in heads:
        numbered = _NUMBERED.search(head)
        found.setdefault(head[: numbered.start()] if numbered else head, []).append(head)
    return {prefix: sorted(run, key=_number) for prefix, run in found.items()}


def _number(head: str) -> int:
    numbered = _NUMBERED.search(head)
    return int(numbered[1]) if numbered else -1


def groups(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, dict[str, str]]:
    """Group the names of each network in a file: {prefix: {name without it: name}}.

    Layers with numbers that follow one another, and sizes that meet, are one network; every other layer is its own.
    """
    found: dict[str, dict[str, str]] = {}
    for prefix, run in _runs(_heads(shapes)).items():
        together = outline({f"{head.removeprefix(prefix)}{part}": shapes[head + part] for head in run for part in _PARTS
                            if head + part in shapes})  # fmt: skip
        whole = len(run) > 1 and together is not None and not _gap(run)
        for at, heads in {prefix: run}.items() if whole else {head: [head] for head in run}.items():
            names = [head + part for head in heads for part in _PARTS if head + part in shapes]
            found[at] = {name.removeprefix(at): name for name in names}
    return found


def outline(shapes: Mapping[str, tuple[int, ...]]) -> Outline | None:
    """Describe the network of one group by the shapes of its tensors."""
    heads = heads_in_order(shapes)
    sizes = [
        LayerSizes.of(shapes[f"{head}knots"], shapes[f"{head}coef"], math.prod(shapes.get(f"{head}offset", (0,))))
        for head in heads
    ]
    learned = sum(math.prod(shape) for name, shape in shapes.items() if name.endswith(_PARAMETERS))
    return Outline.of(sizes, learned)


def heads_in_order(names: Iterable[str]) -> list[str]:
    """Return the prefixes of the layers of one network, first layer first."""
    return sorted(_heads(names), key=_number)


def _gap(run: list[str]) -> bool:
    return any(_number(b) - _number(a) != 1 for a, b in pairwise(run))


def read(opened: Tensors) -> KAN:
    """Read the network of all layers in the file, which must be one or follow one another by their numbers.

    Raises LoadError for several networks, for layers with something between them, and for parts that do not fit.
    """
    runs = _runs(_heads(opened))
    if len(runs) > 1:
        raise several(list(runs), opened.block)
    ((prefix, heads),) = runs.items()
    if _gap(heads):
        names = [module_name(opened.block, head) for head in heads]
        raise SeveralNetworks(
            f"The KAN layers are numbered {numbers_of(map(_number, heads))}: what is between them is "
            "not in the file, so kanviz cannot know what the network computes. Open one of them "
            f'({listing(names)}) by its name: kanviz.load(path, block="{shown(names[0])}").'
        )
    used = {head + part for head in heads for part in _PARTS if head + part in opened}
    notes = removed(prefix) + left_out(opened, used, tuple(heads), _between(prefix, heads, opened), "a KANLayer")
    floats = [opened.tensors[name] for name in used if name in opened.tensors]
    dtype = torch.float64 if any(part.dtype == torch.float64 for part in floats) else torch.float32
    layers = [_layer(n, head, opened, dtype) for n, head in enumerate(heads)]
    for n, (before, after) in enumerate(pairwise(layers)):
        if before.nodes != after.sources:
            name = shown(module_name(opened.block, heads[0]))
            raise SeveralNetworks(
                f"Layer {n} gives {before.nodes} values, but layer {n + 1} takes {after.sources}: they do not follow "
                f'one another. Open one of them: kanviz.load(path, block="{name}").'
            )
    if silent := [n for n, head in enumerate(heads) if f"{head}{EXTRA}" not in opened]:
        notes.append(
            Caution(
                f"The file does not say the base function of {_numbers(silent)}, nor how curves go on outside the "
                "knots, because an earlier kanviz wrote it: silu and straight lines are assumed, KANLayer's usual ones."
            )
        )
    if len(layers) > 1:
        all_layers = _numbers(list(range(len(layers))))
        notes.append(f"The {all_layers} are taken to follow one another with nothing between, as in nn.Sequential.")
    return network(layers, notes)


def _numbers(layers: list[int]) -> str:
    return f"layer{'s' if len(layers) > 1 else ''} {listing([str(n) for n in layers])}"


def _between(prefix: str, heads: list[str], opened: Tensors) -> Callable[[str], bool]:
    """Return a function that says whether a name is of what may act between several layers.

    That is what is in the module that holds them and has no number, and a numbered list next to that module which has
    only vectors of the layers' widths, as a list of norms has.
    """
    if len(heads) < 2:
        return lambda name: False
    holder = prefix[: prefix.removesuffix(".").rfind(".") + 1]
    widths = {len(opened.tensors[f"{head}bias"]) for head in heads if f"{head}bias" in opened.tensors}
    lists: dict[str, bool] = {}  # whether it has vectors of the widths only
    for name, values in opened.tensors.items():
        module, _, rest = name[len(holder) :].partition(".")
        numbered = rest.partition(".")[0].isdecimal()
        if prefix and numbered and name.startswith(holder) and not name.startswith(prefix):
            fits = values.ndim == 0 or (values.ndim == 1 and len(values) in widths)
            lists[module] = lists.get(module, True) and fits

    def inside(name: str) -> bool:
        if name.startswith(prefix):
            return not name[len(prefix) :].partition(".")[0].isdecimal()
        return name.startswith(holder) and lists.get(name[len(holder) :].partition(".")[0], False)

    return inside


def _layer(n: int, head: str, opened: Tensors, dtype: torch.dtype) -> Layer:
    """Read layer n; refuse it unless all its parts are there and fit."""

    def part(name: str) -> Tensor:
        found = weight(opened, head + name) if head + name in opened else None
        if found is None or found.ndim != {"knots": 2, "coef": 3, "bias": 1, "offset": 1}.get(name, 2):
            shape = "" if found is None else f" has shape {tuple(found.shape)};"
            raise LoadError(f"{shown(head + name)}{shape or ' is missing'} in layer {n}. Save the whole state_dict.")
        return found

    coef, knots = part("coef"), part("knots")
    sources, targets, basis = coef.shape
    if 0 in coef.shape:
        raise LoadError(f"Layer {n} has no edges or no coefficients. Save a layer with at least one of each.")
    expect(f"{head}knots", knots, sources, knots.shape[1])
    order_of(n, knots.shape[1], basis)
    check_knots(n, knots)
    given = _settings(n, head, opened, sources, targets)
    settings = given or {**_TYPICAL, "arity": (1,) * targets}
    nodes, formulas = len(settings["arity"]), len(settings["formulas"])
    if given is None and (len(part("offset")) != targets or len(part("affine"))):
        raise LoadError(
            f"Layer {n} has product nodes or formulas, and the file does not say which ({shown(head + EXTRA)} is "
            "missing). Save the model's state_dict with this version of kanviz."
        )
    shapes = {"base_weight": (sources, targets), "bias": (targets,), "offset": (nodes,), "affine": (formulas, 4)}
    floats = {name: expect(head + name, part(name), *shape) for name, shape in shapes.items()}
    return Layer(
        knots=knots.to(dtype).sort(dim=1).values,
        coef=coef.to(dtype),
        **{name: values.to(dtype) for name, values in floats.items()},
        **{name: _mark(head + name, opened, sources, targets) for name in _MARKS},
        **settings,
    )


def _settings(n: int, head: str, opened: Tensors, sources: int, targets: int) -> dict[str, Any] | None:
    """Read base, outside, arity and formulas of layer n; None for a file that was written before these were saved."""
    name = f"{head}{EXTRA}"
    if name not in opened:
        return None
    if name in opened.odd:
        raise LoadError(f"{shown(name)} {opened.odd[name]}")
    values = opened.tensors[name] if name in opened.tensors else opened.others[name].read()
    text = values.to(torch.uint8)
    if values.ndim != 1 or not torch.equal(text.to(values.dtype), values):
        raise LoadError(f"{shown(name)} is not a text of bytes. Save the model's state_dict again.")
    return layer_record.from_bytes(text.numpy().tobytes(), sources, targets, str(n))


def _mark(name: str, opened: Tensors, sources: int, targets: int) -> Tensor:
    """Read true/false values of edges, also where they were converted to the numbers 1 and 0."""
    if name in opened.odd:
        raise LoadError(f"{shown(name)} {opened.odd[name]}")
    found = opened.others[name].read() if name in opened.others else opened.tensors.get(name)
    values = expect(name, found, sources, targets)
    if not bool(((values == 0) | (values == 1)).all()):
        raise LoadError(f"{shown(name)} is not only true and false. Save the model's state_dict again.")
    return values != 0
