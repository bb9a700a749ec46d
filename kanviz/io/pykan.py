"""Reads networks of pykan 0.2: a state_dict of splines and a config of settings, combined to one weight per number.

pykan computes sum = S (sum over sources of mask (w b(x) + p spline(x)) + symbolic mask (c f(a x + b) + d)) + B,
node = N (sum, or product of sums) + M. Here a coefficient is the ordinate of its control point, so mask, p, S and N
are multiplied in. Source: kan/MultKAN.py and kan/KANLayer.py of pykan 0.2.8; the results were checked against pykan.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import BASES, EdgeId, Layer
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.foreign import check_knots, expect, network, order_of, own_parts
from kanviz.io.function_words import likely_base
from kanviz.io.pykan_functions import function_on, notes_on_unknown, primitive_of
from kanviz.io.pykan_settings import Column, Settings, oddities, settings_from
from kanviz.io.questions import BASE, Answers, Question
from kanviz.text import listing, shown

OWN = re.compile(
    r"(?<![^.])(act_fun\.(0|[1-9][0-9]{0,3})\.(grid|coef|mask|scale_base|scale_sp)"
    r"|symbolic_fun\.(0|[1-9][0-9]{0,3})\.(mask|affine)|(sub)?node_(bias|scale)_(0|[1-9][0-9]{0,3}))$"
)
_NODE_PARTS = ("node_bias", "node_scale", "subnode_bias", "subnode_scale")
_NUMBER = re.compile(r"[0-9]+")
_ALSO_CONFIG = "Also upload the _config.yml that pykan wrote next to it."


def recognises(names: Iterable[str]) -> bool:
    return any(re.search(r"(?<![^.])act_fun\.[0-9]{1,4}\.coef$", name) for name in names)


def read(opened: Tensors, answers: Answers, config: dict[str, object] | None) -> KAN:
    """Read the network of a pykan state with the settings of its config, or without if the weights are enough."""
    state, notes = own_parts(opened, OWN, "pykan 0.2")
    depth = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("act_fun."))
    _refuse_strays(state, depth)
    if config is None:
        settings = _settings_from_shapes(state, depth)
        notes.append("No _config.yml: read from the weights alone.")
    else:
        settings = settings_from(config)
        notes.extend(oddities(config, depth))
        if settings.device != "cpu":
            notes.append(f"Saved on {settings.device}; opened on the CPU.")
    _check_widths(settings, state, depth)
    _check_settings(settings, state, notes)
    _note_missing(state, depth, notes)
    settings = replace(settings, base=_base(settings, state, answers))
    if not settings.symbolic and any(_has_functions(state, n) for n in range(depth)):
        notes.append(
            Caution(
                "The config switches the symbolic functions off, as pykan's own autosave does; read as switched on."
            )
        )
    dtype = torch.float64 if any(part.dtype == torch.float64 for part in state.values()) else torch.float32
    return network([_layer(n, state, settings, answers, dtype, notes) for n in range(depth)], notes)


def _settings_from_shapes(state: Mapping[str, Tensor], depth: int) -> Settings:
    """Find the columns from the shapes; refuse a network whose products or functions would have to be guessed."""
    columns = [Column(_rows(state, "grid", 0))]
    for n in range(depth):
        targets = _rows(state, "coef", n, axis=1)
        nodes = _rows(state, "grid", n + 1) if n + 1 < depth else _outputs(state, n, targets)
        if nodes != targets:
            raise LoadError(f"Layer {n} ends in product nodes, and only the config says how. {_ALSO_CONFIG}")
        if _has_functions(state, n):
            raise LoadError(f"Layer {n} has symbolic functions, and only the config names them. {_ALSO_CONFIG}")
        columns.append(Column(targets))
    return Settings(tuple(columns), (), (), "", (None,) * depth, True, "cpu")


def _outputs(state: Mapping[str, Tensor], n: int, targets: int) -> int:
    bias = state.get(f"node_bias_{n}")
    return targets if bias is None else bias.numel()


def _has_functions(state: Mapping[str, Tensor], n: int) -> bool:
    mask = state.get(f"symbolic_fun.{n}.mask")
    return mask is not None and bool((mask != 0).any())


def _rows(state: Mapping[str, Tensor], part: str, n: int, axis: int = 0) -> int:
    """Return the length of an axis of layer n's grid (source, knot) or coef (source, target, basis)."""
    name = f"act_fun.{n}.{part}"
    tensor = state.get(name)
    if tensor is None:
        raise LoadError(f"{name} is missing from the weights. Save the whole state_dict again.")
    axes = 2 if part == "grid" else 3
    if tensor.ndim != axes or 0 in tensor.shape:
        raise LoadError(f"{name} has shape {tuple(tensor.shape)}; expected {axes} axes, none empty.")
    return tensor.shape[axis]


def _check_widths(settings: Settings, state: Mapping[str, Tensor], depth: int) -> None:
    given = [column.nodes for column in settings.columns]
    found = [*(_rows(state, "grid", n) for n in range(depth)), given[-1]]
    targets = [column.targets for column in settings.columns[1:]]
    if given != found or targets != [_rows(state, "coef", n, axis=1) for n in range(depth)]:
        into = [_rows(state, "coef", n, axis=1) for n in range(depth)]
        raise LoadError(
            f"The config says {'-'.join(map(str, given))} nodes with {'-'.join(map(str, targets))} sums, "
            f"the weights have {'-'.join(map(str, found[:-1]))} with {'-'.join(map(str, into))}. "
            "Upload the _config.yml and the _state that were saved together."
        )


def _check_settings(settings: Settings, state: Mapping[str, Tensor], notes: list[str]) -> None:
    """Check the order against the weights; the grid in the config may be outdated, since pykan does not update it."""
    stale = []
    for n, (grid, given) in enumerate(zip(settings.grid, settings.order, strict=True)):
        basis = _rows(state, "coef", n, axis=2)
        order = order_of(n, _rows(state, "grid", n, axis=1), basis)
        if order != given:
            raise LoadError(
                f"The config says splines of order {given}, the weights of layer {n} are of order {order}. "
                "Upload the _config.yml and the _state that were saved together."
            )
        if basis - order != grid:
            stale.append(f"{basis - order} instead of {grid} in layer {n}")
    if stale:
        notes.append(f"The grid is taken from the weights, the config has an older one: {listing(stale)}.")


def _refuse_strays(state: Mapping[str, Tensor], depth: int) -> None:
    """Refuse parts of layers whose splines are not in the file."""
    stray = [name for name in state if int(_NUMBER.findall(name)[0]) >= depth]
    if stray:
        raise LoadError(
            f"{listing(stray)} belongs to a layer whose splines are not among the weights: they end with layer "
            f"{depth - 1}. Save the whole state_dict again."
        )


def _note_missing(state: Mapping[str, Tensor], depth: int, notes: list[str]) -> None:
    """Note scales and biases that the weights lack."""
    wanted = {f"{kind}_{n}" for n in range(depth) for kind in _NODE_PARTS}
    if missing := sorted(wanted - set(state)):
        notes.append(Caution(f"{listing(missing)}: not among the weights; taken as 1 for a scale and 0 for a bias."))


def _base(settings: Settings, state: Mapping[str, Tensor], answers: Answers) -> str:
    """Return the base function: as the config names it, or as it is answered."""
    if settings.base in BASES:
        return settings.base
    if all(bool((part == 0).all()) for name, part in state.items() if name.endswith(".scale_base")):
        return "zero"
    if not settings.base:
        return answers.choose(BASE)
    text = f"which base function its config means by {shown(settings.base)}"
    return answers.choose(Question("base", text, tuple(BASES), likely_base(settings.base)))


def _layer(
    n: int, state: Mapping[str, Tensor], settings: Settings, answers: Answers, dtype: torch.dtype, notes: list[str]
) -> Layer:
    """Make layer n with all factors multiplied in; computed in float64, stored in the precision of the file."""
    column = settings.columns[n + 1]
    sources, targets = settings.columns[n].nodes, column.targets
    here = f"act_fun.{n}"
    basis = _rows(state, "coef", n, axis=2)
    knots = state[f"{here}.grid"]
    order_of(n, knots.shape[1], basis)
    check_knots(n, knots)

    def part(name: str, *shape: int) -> Tensor:
        return expect(name, state.get(name), *shape).double()

    def affine(name: str, length: int, usual: float) -> Tensor:
        given = state.get(name)
        return torch.full((length,), usual).double() if given is None else expect(name, given, length).double()

    coef = part(f"{here}.coef", sources, targets, basis)
    mask = part(f"{here}.mask", sources, targets)
    scale, bias = affine(f"subnode_scale_{n}", targets, 1.0), affine(f"subnode_bias_{n}", targets, 0.0)
    node_scale, node_bias = affine(f"node_scale_{n}", column.nodes, 1.0), affine(f"node_bias_{n}", column.nodes, 0.0)
    arity = (1,) * column.sums + column.arities
    # the scale of a node applies to its only sum, or to the first factor of its product
    first = [sum(arity[:node]) for node in range(len(arity))]
    outer = torch.ones(targets).double()
    outer[first] = node_scale
    bias = outer * bias
    offset = node_bias.clone()
    for node, k in enumerate(arity):
        if k == 1:
            bias[first[node]] += node_bias[node]
            offset[node] = 0.0
    factor = outer * scale
    shown_mask = torch.where(mask == 0, 1.0, mask)
    note_masks(n, "Mask", mask, notes)
    names, table, unknown = _formulas(n, state, settings.functions[n], factor, answers, notes)
    active = mask != 0
    for i, j in unknown:
        active[i, j] = True
    return Layer(
        knots=_sound(n, knots.to(dtype), notes),
        coef=(coef * (factor * shown_mask * part(f"{here}.scale_sp", sources, targets))[..., None]).to(dtype),
        base_weight=(factor * shown_mask * part(f"{here}.scale_base", sources, targets)).to(dtype),
        active=active,
        bias=bias.to(dtype),
        offset=offset.to(dtype),
        affine=table.to(dtype),
        frozen=torch.zeros(sources, targets, dtype=torch.bool),
        formulas=names,
        arity=arity,
        base=settings.base,
    )


def _formulas(
    n: int,
    state: Mapping[str, Tensor],
    given: list[list[str]] | None,
    factor: Tensor,
    answers: Answers,
    notes: list[str],
) -> tuple[tuple[tuple[int, int, str], ...], Tensor, list[tuple[int, int]]]:
    """Read the active functions: (source, target, primitive) of each, their a, b, c, d, and edges with unknown
    functions.

    pykan has target before source.
    """
    targets, sources = len(factor), _rows(state, "grid", n)
    mask, affine = (state.get(f"symbolic_fun.{n}.{part}") for part in ("mask", "affine"))
    if mask is None and affine is None and not any(name != "0" for row in given or [] for name in row):
        return (), torch.zeros(0, 4).double(), []
    mask = expect(f"symbolic_fun.{n}.mask", mask, targets, sources).double()
    affine = expect(f"symbolic_fun.{n}.affine", affine, targets, sources, 4).double()
    counts = [(i, j) for i, j in (mask != 0).T.nonzero().tolist()]
    if given is None and counts:
        raise LoadError(f"symbolic.funs_name.{n} is missing from the config, but layer {n} has symbolic functions.")
    if given is not None and (len(given) != targets or any(len(row) != sources for row in given)):
        raise LoadError(f"symbolic.funs_name.{n} does not have {targets} rows of {sources} names. Check the config.")
    read = [
        [primitive_of(name, f"edge {n},{i},{j}") for i, name in enumerate(row)] for j, row in enumerate(given or [])
    ]
    names, rows, unknown = [], [], []
    for i, j in counts:
        name = function_on(EdgeId(n, i, j), given[j][i], answers) if given else None
        if name is None:
            unknown.append((i, j))
            continue
        names.append((i, j, name))
        a, b, c, d = affine[j, i]
        whole = factor[j] * mask[j, i]
        rows.append(torch.stack([a, b, whole * c, whole * d]))
    notes.extend(notes_on_unknown(n, given or [], read, counts, unknown))
    note_masks(n, "Symbolic mask", mask, notes)
    return tuple(names), torch.stack(rows) if rows else torch.zeros(0, 4).double(), unknown


def note_masks(n: int, words: str, mask: Tensor, notes: list[str]) -> None:
    """Note values of a mask that are neither 0 nor 1."""
    odd = mask[(mask != 0) & (mask != 1)].unique().tolist()
    if odd:
        values = listing(list(dict.fromkeys(f"{value:.4g}" for value in odd)))
        notes.append(f"{words} of layer {n} holds {values}; multiplied into the weights.")


def _sound(n: int, knots: Tensor, notes: list[str]) -> Tensor:
    """Sort the knots in ascending order; note rows without width, where pykan's splines are 0 nearly everywhere."""
    flat = ((knots[:, -1] - knots[:, 0]) <= 1e-6 * knots.abs().amax(1)).nonzero().flatten().tolist()
    if flat:
        notes.append(
            f"The grid of layer {n}, {'inputs' if len(flat) > 1 else 'input'} {listing([str(i) for i in flat])} "
            "has nearly no width: that input was constant in training, and its splines are 0 next to that value."
        )
    return knots.sort(dim=1).values
