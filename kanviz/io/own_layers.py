"""Reads the state_dict of a torch model that holds `kanviz.KANLayer`s which follow one another.

Their tensors are those of `kanviz.core.layer.Layer`, and `_extra_state` describes the rest (`core/layer_record.py`).
"""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from kanviz.core import layer_record
from kanviz.core.extra_state import EXTRA
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.families.norm_places import notes_of, places
from kanviz.io.families.norms import apply_norms, on_inputs
from kanviz.io.families.runs import list_runs
from kanviz.io.foreign import check_knots, expect, left_out, network, order_of, removed, several, weight
from kanviz.io.layer_runs import (
    between,
    check_they_meet,
    in_sequence,
    number,
    numbered,
    refusal_of_gap,
    refuse_strays,
)
from kanviz.io.outline import LayerSizes, Outline
from kanviz.io.questions import BASE, Answers, Question
from kanviz.text import shown

_PARAMETERS = ("coef", "base_weight", "bias", "offset", "affine")
_WEIGHTS = ("knots", *_PARAMETERS)
_MARKS = ("active", "frozen")
NUMBERS = (*_WEIGHTS, *_MARKS)
_PARTS = (*NUMBERS, EXTRA)
_OF_LAYERS = ("knots", "coef", "base_weight", "affine")
_OUTSIDE = Question("outside", "how curves go on outside the knots (linear: as straight lines)", ("linear", "zero"),
                    "linear")  # fmt: skip


def recognises(names: Iterable[str]) -> bool:
    return bool(_heads(names))


def _heads(names: Iterable[str]) -> list[str]:
    """Return the prefixes of all layers, "" or ending with a dot, in the order of the file."""
    there = list(names)
    given = set(there)
    heads = [name.removesuffix("knots") for name in there if name == "knots" or name.endswith(".knots")]
    return [head for head in heads if f"{head}coef" in given and f"{head}base_weight" in given]


def groups(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, dict[str, str]]:
    """Group the names of each network in a file: {prefix: {name without it: name}}.

    Layers with numbers that follow one another, and sizes that meet, are one network; every other layer is its own.
    """
    found: dict[str, dict[str, str]] = {}
    for run in list_runs(_heads(shapes), shapes):
        names = [name for head in run.heads for name in _names(head, shapes)] + run.names_of_norms(shapes)
        short = _short(run.prefix, names)
        if len(run.heads) > 1 and not run.has_gap and outline({key: shapes[name] for key, name in short.items()}):
            found[run.prefix] = short
        else:
            found |= {head: _short(head, _names(head, shapes)) for head in run.heads}
    return found


def _names(head: str, names: Collection[str]) -> list[str]:
    return [head + part for part in _PARTS if head + part in names]


def _short(prefix: str, names: list[str]) -> dict[str, str]:
    return {name.removeprefix(prefix): name for name in names}


def outline(shapes: Mapping[str, tuple[int, ...]]) -> Outline | None:
    """Describe the network of one group by the shapes of its tensors."""
    (run,) = list_runs(heads_in_order(shapes), shapes)
    sizes = [
        LayerSizes.of(shapes[f"{head}knots"], shapes[f"{head}coef"], math.prod(shapes.get(f"{head}offset", (0,))))
        for head in run.heads
    ]
    if sizes[-1] and run.ends_in_layer_norm(shapes):
        sizes.append(LayerSizes(sizes[-1].nodes, sizes[-1].nodes, 1, 0))
    learned = sum(math.prod(shape) for name, shape in shapes.items() if name.endswith((*_PARAMETERS, ".weight")))
    return Outline.of(sizes, learned)


def heads_in_order(names: Iterable[str]) -> list[str]:
    """Return the prefixes of the layers of one network, first layer first."""
    return sorted(_heads(names), key=number)


def read(opened: Tensors, answers: Answers) -> KAN:
    """Read the network of all layers in the file, which must be one or follow one another by their numbers.

    Base and continuation are asked for layers that the file does not describe. Raises LoadError for several networks,
    for layers with something between them, and for parts that do not fit.
    """
    shapes = opened.shapes()
    runs = list_runs(_heads(opened), shapes)
    if len(runs) > 1:
        raise several([run.prefix for run in runs], opened.block)
    (run,) = runs
    prefix, heads = run.prefix, run.heads
    if run.has_gap:
        raise refusal_of_gap(heads, opened.block)
    refuse_strays(prefix, heads, _OF_LAYERS, opened, "KANLayer")
    used = {name for head in heads for name in _names(head, shapes)} | set(run.names_of_norms(shapes))
    widths = {len(opened.tensors[f"{head}bias"]) for head in heads if f"{head}bias" in opened.tensors}
    inside = between(prefix, heads, widths, opened)
    notes = removed(prefix) + left_out(opened, used, tuple(heads), inside, "a KANLayer")
    floats = [opened.tensors[name] for name in used if name in opened.tensors]
    dtype = torch.float64 if any(part.dtype == torch.float64 for part in floats) else torch.float32
    found = [_layer(n, head, opened, answers, dtype) for n, head in enumerate(heads)]
    layers = [layer for layer, _ in found]
    check_they_meet([(layer.sources, layer.nodes) for layer in layers], heads[0], opened.block)
    if silent := [n for n, (_, described) in enumerate(found) if not described]:
        notes.append(f"An earlier kanviz wrote {numbered(silent)}, or averaging changed them: not all is in the file.")
    norms = places(run, layers, opened, answers)
    notes += in_sequence(len(layers), "only norms" if norms else "nothing") + notes_of(norms, opened, len(layers))
    layers, inputs = apply_norms(layers, norms, opened)
    return on_inputs(network(layers, notes), inputs)


def _layer(n: int, head: str, opened: Tensors, answers: Answers, dtype: torch.dtype) -> tuple[Layer, bool]:
    """Read layer n, and whether the file describes it; refuse it unless all its parts are there and fit."""

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
    settings = given or {
        "base": answers.choose(BASE), "outside": answers.choose(_OUTSIDE), "formulas": (), "arity": (1,) * targets,
    }  # fmt: skip
    nodes, formulas = len(settings["arity"]), len(settings["formulas"])
    if given is None and (len(part("offset")) != targets or len(part("affine"))):
        raise LoadError(
            f"Layer {n} has product nodes or formulas, and the file does not say which ({shown(head + EXTRA)} is "
            "missing, or averaged). Save the model's state_dict with this version of kanviz."
        )
    shapes = {"base_weight": (sources, targets), "bias": (targets,), "offset": (nodes,), "affine": (formulas, 4)}
    floats = {name: expect(head + name, part(name), *shape) for name, shape in shapes.items()}
    layer = Layer(
        knots=knots.to(dtype).sort(dim=1).values,
        coef=coef.to(dtype),
        **{name: values.to(dtype) for name, values in floats.items()},
        **{name: _mark(head + name, opened, sources, targets) for name in _MARKS},
        **settings,
    )
    return layer, given is not None


def _settings(n: int, head: str, opened: Tensors, sources: int, targets: int) -> dict[str, Any] | None:
    """Read base, outside, arity and formulas of layer n; None for a file that does not say them."""
    name = f"{head}{EXTRA}"
    if name not in opened:
        return None
    if name in opened.odd:
        raise LoadError(f"{shown(name)} {opened.odd[name]}")
    values = opened.tensors[name] if name in opened.tensors else opened.others[name].read()
    return layer_record.from_tensor(values, sources, targets, str(n))


def _mark(name: str, opened: Tensors, sources: int, targets: int) -> Tensor:
    """Read true/false values of edges, also where they were converted to the numbers 1 and 0."""
    if name in opened.odd:
        raise LoadError(f"{shown(name)} {opened.odd[name]}")
    found = opened.others[name].read() if name in opened.others else opened.tensors.get(name)
    values = expect(name, found, sources, targets)
    if not bool(((values == 0) | (values == 1)).all()):
        raise LoadError(f"{shown(name)} is not only true and false. Save the model's state_dict again.")
    return values != 0
