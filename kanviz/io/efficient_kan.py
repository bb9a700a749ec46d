"""Reads the state_dict of an efficient-kan: grid and order follow from the shapes; the base function is not stored.

Each layer computes silu(x) base_weight + B-splines(x) (spline_weight spline_scaler), with axes target, source. Variants
have one row of knots for all inputs, or a mask of pruned edges, which multiplies both parts.
Sources: github.com/Blealtan/efficient-kan, src/efficient_kan/kan.py; the mask: KANELE's KANLinear.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.families.norm_places import notes_of, places
from kanviz.io.families.norms import apply_norms, on_inputs
from kanviz.io.families.runs import Run, list_runs
from kanviz.io.foreign import by_prefix, check_knots, expect, network, order_of, own_parts
from kanviz.io.layer_runs import number, refusal_of_gap
from kanviz.io.outline import LayerSizes, Outline, Shape, outline_of_efficient_kan
from kanviz.io.questions import BASE, Answers
from kanviz.text import listing, shown

_MASKS = ("spline_selector", "mask")  # what variants that prune call the mask
OWN = re.compile(r"(?<![^.])((layers\.)?(0|[1-9][0-9]{0,3})\.)?(grid|base_weight|spline_weight|spline_scaler)$")


def recognises(names: Iterable[str]) -> bool:
    return any(re.search(r"(?<![^.])spline_weight$", name) for name in names)


def groups(shapes: Mapping[str, Shape]) -> dict[str, dict[str, str]]:
    """Group the names of each network in a file: {prefix: {name without it: name}}.

    Layers of one list between whose numbers others are missing are networks of their own.
    """
    found: dict[str, dict[str, str]] = {}
    for prefix, names in by_prefix(OWN, shapes).items():
        run = network_run(prefix, names, shapes)
        if not run.has_gap:
            found[prefix] = names | {name.removeprefix(prefix): name for name in run.names_of_norms(shapes)}
            continue
        for short, name in names.items():
            head, _, part = short.rpartition(".")
            found.setdefault(f"{prefix}{head}.", {})[part] = name
    return found


def network_run(prefix: str, names: Iterable[str], shapes: Mapping[str, Shape]) -> Run:
    """Return the layers of one network and the norms between them; names: those of its tensors, without the prefix."""
    heads = [prefix + head for head in _heads(names)]
    runs = list_runs(heads, shapes)
    return runs[0] if len(runs) == 1 else Run(prefix, prefix, heads)


def outline(shapes: Mapping[str, Shape]) -> Outline | None:
    """Describe the network of one group by the shapes of its tensors."""
    found = outline_of_efficient_kan(shapes)
    run = network_run("", [name for name in shapes if OWN.fullmatch(name)], shapes)
    if found is None or not run.ends_in_layer_norm(shapes):
        return found
    width = found.layers[-1].nodes
    return Outline((*found.layers, LayerSizes(width, width, 1, 0)), found.parameters)


def _heads(names: Iterable[str]) -> list[str]:
    """Return the prefixes of the layers in ascending order of their numbers."""
    return sorted({name[: name.rfind(".") + 1] for name in names}, key=number)


def read(opened: Tensors, answers: Answers) -> KAN:
    """Read the network of an efficient-kan state_dict; its base function is asked, and is usually silu."""
    masks, shapes = edge_masks(opened), opened.shapes()
    runs = {prefix: network_run(prefix, names, shapes) for prefix, names in by_prefix(OWN, opened).items()}
    norm_names = [name for run in runs.values() for name in run.names_of_norms(shapes)]
    state, notes = own_parts(opened, OWN, "efficient-kan", frozenset([*masks.values(), *norm_names]))
    ((prefix, run),) = runs.items()
    heads = _heads(state)
    if run.has_gap:
        raise refusal_of_gap(run.heads, opened.block)
    dtype = torch.float64 if any(part.dtype == torch.float64 for part in state.values()) else torch.float32
    base = answers.choose(BASE)
    layers: list[Layer] = []
    for n, head in enumerate(heads):
        parts = {name.removeprefix(head): part for name, part in state.items() if name[: name.rfind(".") + 1] == head}
        layer, mask = _layer(n, head, parts, base, dtype), masks.get(prefix + head)
        if mask is not None:
            layer = replace(layer, active=_mask(opened, mask).T)
            pruned = int((~layer.active).sum())
            words = f"{shown(mask)} is read as a mask of pruned edges, as its name says: {pruned} of "
            notes.append(Caution(f"{words}{layer.active.numel()} edges of layer {n} are pruned."))
        layers.append(layer)
    for n, (before, after) in enumerate(pairwise(layers)):
        if before.targets != after.sources:
            raise LoadError(f"Layer {n} gives {before.targets} values, but layer {n + 1} takes {after.sources}.")
    read_off = ", ".join(sorted({f"grid {layer.grid}, order {layer.order}" for layer in layers}))
    notes.extend(note for n, layer in enumerate(layers) for note in _repeated(n, layer))
    norms = places(run, layers, opened, answers)
    notes += [f"Read as efficient-kan ({read_off} from the shapes).", *notes_of(norms, opened, len(layers))]
    layers, inputs = apply_norms(layers, norms, opened)
    return on_inputs(network(layers, notes), inputs)


def edge_masks(opened: Tensors) -> dict[str, str]:
    """Find the masks of pruned edges: {prefix of a layer: name of its mask}.

    A mask has a name that says so, one number for each edge, and holds 0 and 1 or truth values only.
    """
    shapes = opened.shapes()
    found: dict[str, str] = {}
    for head in [name.removesuffix("base_weight") for name in shapes if OWN.search(name) and "base_weight" in name]:
        edges = shapes[f"{head}base_weight"]
        for name in (head + mask for mask in _MASKS):
            if shapes.get(name) == edges and len(edges) == 2 and bool(_is_mask(opened, name)):
                found[head] = name
    return found


def _is_mask(opened: Tensors, name: str) -> bool:
    values = opened.tensors[name] if name in opened.tensors else opened.others[name].read()
    return bool(((values == 0) | (values == 1)).all())


def _mask(opened: Tensors, name: str) -> Tensor:
    """Return which edges are there, target before source."""
    return (opened.tensors[name] if name in opened.tensors else opened.others[name].read()) != 0


def _repeated(n: int, layer: Layer) -> list[str]:
    """Note repeated knots: efficient-kan divides by the width of every interval and has no value there."""
    inputs = (layer.knots.diff(dim=1) == 0).any(1).nonzero().flatten().tolist()
    names = listing([str(i) for i in inputs])
    words = f"Some knots of layer {n}, input {names} coincide: efficient-kan gives NaN there, kanviz a sharp bend."
    return [Caution(words)] if inputs else []


def _layer(n: int, head: str, parts: Mapping[str, Tensor], base: str, dtype: torch.dtype) -> Layer:
    knots, weight = parts.get("grid"), parts.get("spline_weight")
    if knots is not None and knots.ndim == 1:
        knots = knots[None]
    if knots is None or knots.ndim != 2 or parts.get("base_weight") is None or parts["base_weight"].ndim != 2:
        raise LoadError(
            f"{head}grid or {head}base_weight is missing or has the wrong shape. Save the whole state_dict."
        )
    targets, sources = parts["base_weight"].shape
    if not sources or not targets:
        raise LoadError(
            f"Layer {n} has {sources} inputs and {targets} outputs. Save a network with at least one of each."
        )
    basis = weight.shape[-1] if weight is not None and weight.ndim == 3 else knots.shape[1] - 4
    weight = expect(f"{head}spline_weight", weight, targets, sources, basis)
    if len(knots) == 1:  # one grid for all inputs
        knots = knots.expand(sources, -1)
    expect(f"{head}grid", knots, sources, knots.shape[1])
    if knots.shape[1] < basis:
        raise LoadError(
            f"{shown(head)}grid has {knots.shape[1]} knots, fewer than the {basis} coefficients of an edge: that "
            "variant continues the grid by itself, and the file does not say how. Store the whole grid in the model."
        )
    order_of(n, knots.shape[1], basis)
    check_knots(n, knots)
    flat = (knots[:, 0] == knots[:, -1]).nonzero().flatten().tolist()
    if flat:
        raise LoadError(
            f"The knots of layer {n}, input {flat[0]} are all equal ({float(knots[flat[0], 0]):g}): its splines "
            "divide by zero. Leave that constant input out and train again."
        )
    coef = weight.double()
    if "spline_scaler" in parts:
        coef = coef * expect(f"{head}spline_scaler", parts["spline_scaler"], targets, sources).double()[..., None]
    everywhere = torch.ones(sources, targets, dtype=torch.bool)
    return Layer(
        knots=knots.to(dtype).sort(dim=1).values,
        coef=coef.transpose(0, 1).to(dtype).contiguous(),
        base_weight=parts["base_weight"].T.to(dtype).contiguous(),
        active=everywhere,
        bias=torch.zeros(targets, dtype=dtype),
        offset=torch.zeros(targets, dtype=dtype),
        affine=torch.zeros(0, 4, dtype=dtype),
        frozen=~everywhere,
        base=base,
    )
