"""Writes an edited KAN back into a copy of the model's file that it came from; everything else stays as it was."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kanviz.core.extra_state import EXTRA
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.layer_record import SETTINGS, to_bytes
from kanviz.errors import UserError
from kanviz.io import efficient_kan, own_layers
from kanviz.io.containers import open_contents, storages_of
from kanviz.io.contents import NUMPY_TYPES, Part, Tensors
from kanviz.io.families.runs import Run, list_runs
from kanviz.io.file_view import Source, content_of
from kanviz.io.foreign import by_prefix
from kanviz.io.importers import import_network
from kanviz.io.model_blocks import find_blocks, select
from kanviz.io.questions import Answers
from kanviz.text import shown
from kanviz.writing import write

PIECE = 4_000_000  # bytes that are copied at a time
_FLOATS = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}


def replace(path: str | os.PathLike[str], block: str, kan: KAN, out: str | os.PathLike[str]) -> None:
    """Write a copy of a model's .pt or .safetensors file in which the KAN of this name is `kan`.

    block: a prefix of `kanviz.blocks(path)`, of kind KANLayer or efficient-kan; "" for a file that is one network.
    kan: has the sizes of the block (nodes, grid, order, formulas) and no scaled variables. Numbers get the precision of
    the file, and every other byte of the file stays as it was. Raises UserError where the block cannot hold `kan`, and
    LoadError for a file or a name that cannot be read.

    >>> import kanviz, pathlib, tempfile, torch
    >>> model = torch.nn.ModuleDict({"kan": kanviz.KANLayer(2, 1), "out": torch.nn.Linear(1, 1)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(model.state_dict(), path := pathlib.Path(folder, "model.pt"))
    ...     kan = kanviz.load(path, block="kan")
    ...     kanviz.replace(path, "kan", kan.with_layer(0, coef=2 * kan.layers[0].coef), path)
    ...     torch.equal(kanviz.load(path, block="kan").layers[0].coef, 2 * model["kan"].coef)
    True
    """
    data = content_of(Path(path), whole=False)
    contents = open_contents(data, Path(path).name)
    chosen = select(contents, block)
    kinds = [one.kind for one in find_blocks(chosen)]
    if len(kinds) != 1 or kinds[0] not in _WRITERS:
        found = f"of {kinds[0]}" if kinds else "no KAN that kanviz knows"
        raise UserError(
            f"The block {shown(block or 'of the whole file')} is {found}; networks of KANLayer and efficient-kan are "
            "written back. Save the network with kanviz.save instead."
        )
    opened = chosen.read()
    first = kan.layers[0]  # what the file does not say is as in the network that goes back
    before = import_network(opened, Answers({"base": first.base, "outside": first.outside}, spare=True), None)
    _check_sizes(before, kan)
    users = Counter(part.storage for part in contents.parts.values() if part.storage)
    patches: dict[int, bytes] = {}
    for name, values in _WRITERS[kinds[0]](kan, before, opened).items():
        part = chosen.parts[name]
        if _same(part.read(), values):
            continue
        if users[part.storage] > 1:
            raise UserError(
                f"{shown(name)} shares its memory with another tensor of the model, which would change, too. Save the "
                "model with tensors of their own (clone them) first."
            )
        patches |= _patches(name, part, values, data)
    write(out, _patched(data, patches))


def _check_sizes(before: KAN, kan: KAN) -> None:
    """Refuse a network whose arrays do not have the sizes of those in the file, or that scales its variables."""
    scaled = [v.name for v in (*kan.inputs, *kan.outputs) if (v.shift, v.scale) != (0, 1)]
    if scaled:
        raise UserError(f"The network scales {shown(scaled[0])}, which a block of a model does not. Use one that was "
                        "opened from the block.")  # fmt: skip
    if len(kan.layers) != len(before.layers):
        raise UserError(f"The network has {len(kan.layers)} layers, the block has {len(before.layers)}.")
    for n, (old, new) in enumerate(zip(before.layers, kan.layers, strict=True)):
        if old.step != new.step or not torch.equal(old.norm, new.norm.to(old.norm)):
            raise UserError(f"Layer {n} has another norm before it than the block. Use one opened from the block.")
        sizes = [
            (layer.sources, layer.targets, layer.nodes, layer.grid, layer.order, len(layer.formulas))
            for layer in (old, new)
        ]
        if sizes[0] != sizes[1] or old.arity != new.arity:
            words = ("sources", "sums", "nodes", "intervals", "order", "formulas")
            what = next((w for w, a, b in zip(words, *sizes, strict=True) if a != b), "product nodes")
            raise UserError(
                f"Layer {n} of the network and of the block differ in {what}; the model's code could not load it. A "
                "block is written back with the sizes that it had."
            )


def _own(kan: KAN, before: KAN, opened: Tensors) -> dict[str, Tensor]:
    """Return the tensors of a run of KANLayers by their names."""
    found: dict[str, Tensor] = {}
    (run,) = list_runs(own_layers.heads_in_order(opened), opened.shapes())
    _check_no_batch_norm(run, opened)
    for n, head in enumerate(run.heads):
        layer = kan.layers[n]
        found |= {head + name: getattr(layer, name) for name in own_layers.NUMBERS}
        old, new = ({name: getattr(one.layers[n], name) for name in SETTINGS} for one in (before, kan))
        if old == new:
            continue
        room = opened.others[head + EXTRA].shape[0] if head + EXTRA in opened.others else 0
        text = to_bytes(new)
        if len(text) > room:
            raise UserError(
                f"Layer {n} has another base function, continuation or formulas than in the file, which has no room "
                "for their names. Load the model, set its layer with KANLayer.from_layer, and save it from there."
            )
        found[head + EXTRA] = torch.tensor(list(text.ljust(room)), dtype=torch.uint8)
    return found


def _check_no_batch_norm(run: Run, opened: Tensors) -> None:
    """Refuse to write back layers that a BatchNorm was multiplied into. Raises UserError."""
    if any(name.endswith("running_mean") for name in run.names_of_norms(opened)):
        raise UserError(
            "This block has a BatchNorm, whose numbers are multiplied into those of its layers: they cannot be written "
            "back one by one. Save the network with kanviz.save instead."
        )


def _efficient(kan: KAN, before: KAN, opened: Tensors) -> dict[str, Tensor]:
    """Return the tensors of an efficient-kan by their names; an edge that changed has the scale 1."""
    found: dict[str, Tensor] = {}
    ((prefix, names),) = by_prefix(efficient_kan.OWN, opened).items()
    masks = efficient_kan.edge_masks(opened)
    run = efficient_kan.network_run(prefix, names, opened.shapes())
    _check_no_batch_norm(run, opened)
    for n, head in enumerate(run.heads):
        old, layer = before.layers[n], kan.layers[n]
        if bool((layer.bias != 0).any()) or bool((layer.offset != 0).any()):
            raise UserError(
                f"Layer {n} has biases, as pruning with averages makes them, and efficient-kan has none. Undo that."
            )
        if (layer.base, layer.outside) != (old.base, old.outside):
            raise UserError(f"Layer {n} has another base function than layer 0, or does not end where its knots do.")
        (coef, base), (coef_before, _) = _learned(layer), _learned(old)
        weight = opened.tensors[f"{head}spline_weight"].double()
        changed = (coef.double() != coef_before.double()).any(2).T  # target, source
        found[f"{head}spline_weight"] = torch.where(changed[..., None], coef.double().transpose(0, 1), weight)
        if f"{head}spline_scaler" in opened:
            scaler = opened.tensors[f"{head}spline_scaler"].double()
            found[f"{head}spline_scaler"] = torch.where(changed, torch.ones_like(scaler), scaler)
        mask = masks.get(head)
        if mask is not None:  # what it hides stays as it was
            hidden = opened.tensors[f"{head}base_weight"].double()
            base = torch.where(layer.active | old.active, base.double(), hidden.T)
            found[mask] = layer.active.T
        found[f"{head}base_weight"] = base.T
        found[f"{head}grid"] = _grid(n, layer, opened.tensors[f"{head}grid"])
    return found


def _grid(n: int, layer: Layer, before: Tensor) -> Tensor:
    """Return the knots in the shape of the file, which may have one row for all inputs."""
    if before.shape == layer.knots.shape:
        return layer.knots
    if not bool((layer.knots == layer.knots[:1]).all()):
        raise UserError(f"The inputs of layer {n} have grids of their own, and the file has one grid for all of them.")
    return layer.knots[0].reshape(before.shape)


def _learned(layer: Layer) -> tuple[Tensor, Tensor]:
    """Return coefficients and base weights, 0 for pruned edges."""
    none = torch.zeros((), dtype=layer.coef.dtype)
    return torch.where(layer.active[..., None], layer.coef, none), torch.where(layer.active, layer.base_weight, none)


_WRITERS = {"KANLayer": _own, "efficient-kan": _efficient}


def _same(before: Tensor, values: Tensor) -> bool:
    """Say whether two tensors have the same numbers, also where these are NaN."""
    return torch.equal(before.double().nan_to_num(1e308), values.double().nan_to_num(1e308))


def _patches(name: str, part: Part, values: Tensor, data: Source) -> dict[int, bytes]:
    """Return what to write, by positions in the file, so that a tensor has these values."""
    new = _encoded(name, values, part.dtype)
    spot = part.spot
    if not spot.member:
        return {spot.at: new.tobytes()}
    members = storages_of(data)
    content = np.frombuffer(members[spot.member], dtype=NUMPY_TYPES[part.dtype]).copy()
    strides = tuple(step * content.itemsize for step in spot.strides or ())
    view = np.lib.stride_tricks.as_strided(content[spot.offset :], part.shape, strides)
    view[...] = new
    if not np.array_equal(view.view(f"u{view.itemsize}"), new.view(f"u{new.itemsize}")):
        raise UserError(f"{shown(name)} repeats its numbers in the file, so they cannot be changed one by one.")
    return members.patches(spot.member, content.tobytes())


def _encoded(name: str, values: Tensor, dtype: str) -> np.ndarray:
    """Return numbers as they stand in a file of this type. Raises UserError where one is too large for it."""
    dense = values.detach().cpu().contiguous()
    if dtype in _FLOATS:
        narrow = dense.to(_FLOATS[dtype])
        if bool((narrow.isinf() & dense.isfinite()).any()):
            raise UserError(f"A number of {shown(name)} is too large for {dtype}, which the file has. Make it smaller.")
        dense = narrow.view(torch.uint16) if dtype == "bfloat16" else narrow
    return dense.numpy().astype(NUMPY_TYPES[dtype], copy=False)


def _patched(data: Source, patches: Mapping[int, bytes]) -> Iterator[bytes]:
    """Yield the content of the file in pieces, with the patches in place of what stands there."""
    at = 0
    for start, content in sorted(patches.items()):
        yield from _pieces(data, at, start)
        yield content
        at = start + len(content)
    yield from _pieces(data, at, len(data))


def _pieces(data: Source, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, PIECE):
        yield data[at : min(at + PIECE, end)]
