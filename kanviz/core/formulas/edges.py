"""Evaluate the formulas of many edges at once: each primitive on all edges that use it, a block of them at a time.

Each value is added to its own edge or sum by index, never multiplied by a mask, so that a pole of one edge does not
affect others. Everything is differentiable, also twice, in x and in the four constants of every formula.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.core.formulas.formula import primitive
from kanviz.core.torch_modes import is_tracing, recorded

Formulas = tuple[tuple[int, int, str], ...]  # source, target and primitive of each row of `affine`
BLOCK = 256  # formulas evaluated at once: on a thousand rows their values still fit a processor's cache


class Group(NamedTuple):
    """A group of formulas with one primitive: the row of `affine`, the source and the target of each."""

    primitive: str
    rows: Int[Tensor, " formula"]
    sources: Int[Tensor, " formula"]
    targets: Int[Tensor, " formula"]


def groups(formulas: Formulas, device: torch.device) -> tuple[Group, ...]:
    """Group the formulas by primitive, at most BLOCK in a group.

    While operations are recorded they are made anew: tensors of a recording must not reach later calls.
    """
    return _grouped(formulas, device) if recorded() else _known(formulas, device)


def _grouped(formulas: Formulas, device: torch.device) -> tuple[Group, ...]:
    members: dict[str, list[tuple[int, int, int]]] = {}
    for row, (source, target, name) in enumerate(formulas):
        members.setdefault(name, []).append((row, source, target))
    return tuple(
        Group(name, *torch.tensor(found[at : at + BLOCK], dtype=torch.long, device=device).T.contiguous().unbind())
        for name, found in members.items()
        for at in range(0, len(found), BLOCK)
    )


_known = lru_cache(maxsize=256)(_grouped)


def with_formulas_on_sums(
    sums: Float[Tensor, "rows target"],
    formulas: Formulas,
    affine: Float[Tensor, "formula 4"],
    x: Float[Tensor, "rows source"],
) -> Float[Tensor, "rows target"]:
    """Add to each sum the formulas of its edges."""
    extra = sums.new_zeros(sums.T.shape)
    for group, values in _values(formulas, affine, x):
        extra = _added(extra, group.targets, values)
    return sums + extra.T


def _added(extra: Tensor, targets: Tensor, values: Tensor) -> Tensor:
    """Add each row of values to the row of its target.

    While operations are traced, by sums: torch's old ONNX exporter writes `index_add` as something that forgets all but
    one of the rows of a target.
    """
    if not is_tracing():
        return extra.index_add(0, targets, values)
    own = targets.tolist()
    rows = [[k for k, target in enumerate(own) if target == j] for j in range(extra.shape[0])]
    return torch.stack([extra[j] + values[k].sum(0) if k else extra[j] for j, k in enumerate(rows)])


def with_formulas_on_edges(
    edges: Float[Tensor, "rows source target"],
    formulas: Formulas,
    affine: Float[Tensor, "formula 4"],
    x: Float[Tensor, "rows source"],
    derivative: Literal[0, 1] = 0,
) -> Float[Tensor, "rows source target"]:
    """Add to each activation (or slope) its own formula (or the formula's slope)."""
    _, sources, targets = edges.shape
    found = list(_values(formulas, affine, x, derivative))
    places = torch.cat([group.sources * targets + group.targets for group, _ in found])
    values = torch.cat([values for _, values in found]).T.contiguous()
    return edges.flatten(1).index_add(1, places, values).unflatten(1, (sources, targets))


def _values(
    formulas: Formulas, affine: Tensor, x: Tensor, derivative: Literal[0, 1] = 0
) -> Iterator[tuple[Group, Float[Tensor, "formula rows"]]]:
    """Yield c f(a x + b) + d, or its derivative, for each group, a row per formula."""
    columns = x.T.contiguous()
    for group in groups(formulas, x.device):
        a, b, c, d = affine.index_select(0, group.rows)[..., None].unbind(1)
        inner = torch.addcmul(b, a, columns.index_select(0, group.sources))
        curve = primitive(group.primitive)
        yield group, c * a * curve.slope(inner) if derivative else torch.addcmul(d, c, curve.torch(inner))
