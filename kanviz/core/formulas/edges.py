"""Formulas of many edges at once: a primitive is evaluated on all edges that use it, a block of them at a time.

A value goes to its own edge or sum by its index and is never multiplied by what marks the others, so that a pole of one
edge stays where it is. Everything is differentiable, twice too, in x and in the four constants of every formula.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.core.formulas.formula import primitive

Formulas = tuple[tuple[int, int, str], ...]  # source, target and primitive, a row of `affine` each
BLOCK = 256  # formulas evaluated at once: on a thousand rows their values still fit a processor's cache


class Group(NamedTuple):
    """Formulas of one primitive: the row of `affine`, the source and the target of each."""

    primitive: str
    rows: Int[Tensor, " formula"]
    sources: Int[Tensor, " formula"]
    targets: Int[Tensor, " formula"]


@lru_cache(maxsize=256)
def groups(formulas: Formulas, device: torch.device) -> tuple[Group, ...]:
    """The same formulas by primitive, at most BLOCK in a group."""
    members: dict[str, list[tuple[int, int, int]]] = {}
    for row, (source, target, name) in enumerate(formulas):
        members.setdefault(name, []).append((row, source, target))
    return tuple(
        Group(name, *torch.tensor(found[at : at + BLOCK], dtype=torch.long, device=device).T.contiguous().unbind())
        for name, found in members.items()
        for at in range(0, len(found), BLOCK)
    )


def with_formulas_on_sums(
    sums: Float[Tensor, "rows target"],
    formulas: Formulas,
    affine: Float[Tensor, "formula 4"],
    x: Float[Tensor, "rows source"],
) -> Float[Tensor, "rows target"]:
    """The sums, each with the formulas of its edges added."""
    extra = sums.new_zeros(sums.T.shape)
    for group, values in _values(formulas, affine, x):
        extra = extra.index_add(0, group.targets, values)
    return sums + extra.T


def with_formulas_on_edges(
    edges: Float[Tensor, "rows source target"],
    formulas: Formulas,
    affine: Float[Tensor, "formula 4"],
    x: Float[Tensor, "rows source"],
    derivative: Literal[0, 1] = 0,
) -> Float[Tensor, "rows source target"]:
    """The activations (or their slopes), each with its own formula's added."""
    _, sources, targets = edges.shape
    found = list(_values(formulas, affine, x, derivative))
    places = torch.cat([group.sources * targets + group.targets for group, _ in found])
    values = torch.cat([values for _, values in found]).T.contiguous()
    return edges.flatten(1).index_add(1, places, values).unflatten(1, (sources, targets))


def _values(
    formulas: Formulas, affine: Tensor, x: Tensor, derivative: Literal[0, 1] = 0
) -> Iterator[tuple[Group, Float[Tensor, "formula rows"]]]:
    """c f(a x + b) + d, or its derivative, a row per formula of each group."""
    columns = x.T.contiguous()
    for group in groups(formulas, x.device):
        a, b, c, d = affine.index_select(0, group.rows)[..., None].unbind(1)
        inner = torch.addcmul(b, a, columns.index_select(0, group.sources))
        curve = primitive(group.primitive)
        yield group, c * a * curve.slope(inner) if derivative else torch.addcmul(d, c, curve.torch(inner))
