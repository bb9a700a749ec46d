"""Finds which layers of a file are one network, and the name of the module that holds them."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from kanviz.io.families.norms import norm_heads
from kanviz.io.layer_runs import gap, number, runs_of
from kanviz.io.outline import Shape

_NUMBERED_STEM = re.compile(r"(?<![^.])([A-Za-z_]+)([0-9]{1,4})\.$")


@dataclass(frozen=True)
class Run:
    """Layers that follow one another, by their heads: the prefixes of their tensors.

    prefix: the module of the network · listed: what stands before the numbers · stems: the numbers end the layers' own
    names, as in kan1, kan2 · norms: the heads of the norms between them, with numbers in the same list · others: those
    with the numbers of the layers, in a list next to it, or as norm1, norm2.
    """

    prefix: str
    listed: str
    heads: list[str]
    stems: bool = False
    norms: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_gap(self) -> bool:
        """Say whether a number is left out between the layers."""
        return not self.stems and gap(sorted([*self.heads, *self.norms], key=number))

    @property
    def all_heads(self) -> list[str]:
        """The heads of its layers and norms."""
        return [*self.heads, *self.norms, *self.others]

    def ends_in_layer_norm(self, names: Collection[str]) -> bool:
        """Say whether a LayerNorm stands after the last layer, by its number; it is read as one more layer."""
        after = [head for head in self.norms if number(head) > number(self.heads[-1])]
        return any(f"{head}running_mean" not in names for head in after)

    def names_of_norms(self, names: Iterable[str]) -> list[str]:
        """Return the names, among those of the file, that belong to norms."""
        heads = (*self.norms, *self.others)
        return [name for name in names if name.startswith(heads)] if heads else []


@dataclass(frozen=True)
class _Names:
    """The names of a file in alphabetical order, and the norms among its modules: those of each list by its name."""

    ordered: list[str]
    norms: Mapping[str, list[str]]

    @classmethod
    def of(cls, names: Mapping[str, Shape]) -> "_Names":
        return cls(sorted(names), runs_of(norm_heads(names)))

    @cached_property
    def lists(self) -> Mapping[str, list[str]]:
        """The lists of norms alone, by the modules that hold them."""
        found: dict[str, list[str]] = {}
        for listed, heads in self.norms.items():
            if number(heads[0]) >= 0 and self.only(listed, heads):
                found.setdefault(_holder(listed), []).append(listed)
        return found

    @cached_property
    def stems(self) -> Mapping[str, list[tuple[str, int]]]:
        """The norms called norm1, norm2 .. of each module, with their numbers."""
        found: dict[str, list[tuple[str, int]]] = {}
        for head in self.norms:
            if match := _NUMBERED_STEM.search(head):
                found.setdefault(head[: match.start()], []).append((head, int(match[2])))
        return found

    def only(self, owner: str, heads: Iterable[str]) -> bool:
        """Say whether a module holds nothing but these layers and norms."""
        return self._below(owner) == sum(map(self._below, heads))

    def _below(self, prefix: str) -> int:
        """Count the names that begin with a prefix."""
        return bisect_left(self.ordered, prefix + chr(0x10FFFF)) - bisect_left(self.ordered, prefix)


def network_runs(heads: list[str], names: Mapping[str, Shape]) -> list[Run]:
    """Group layers to networks: those with numbers in one list, and kan1, kan2 in a module that holds nothing else.

    Norms may stand between them. names: all names of the file.
    """
    found, known = runs_of(heads), _Names.of(names)
    single = [prefix for prefix, heads in found.items() if heads == [prefix]]
    joined = {head: run for run in _by_stems(single, known) for head in run.heads}
    runs = [joined[heads[0]] if heads[0] in joined else _named(listed, heads, known) for listed, heads in found.items()]
    return [run for n, run in enumerate(runs) if run not in runs[:n]]


def list_runs(heads: list[str], names: Mapping[str, Shape]) -> list[Run]:
    """Group layers to networks by the numbers in their lists alone; norms may stand between several layers."""
    known = _Names.of(names)
    return [
        Run(
            listed,
            listed,
            run,
            norms=_in_list(listed, run, known) if len(run) > 1 else (),
            others=_next_to(listed, len(run), known) if len(run) > 1 else {},
        )
        for listed, run in runs_of(heads).items()
    ]


def _named(listed: str, heads: list[str], names: _Names) -> Run:
    """Name a network by its list, or by the module that holds the list `layers` and nothing else."""
    if number(heads[0]) < 0:
        return Run(heads[0], listed, heads)
    inside = _in_list(listed, heads, names)
    others = _next_to(listed, len(heads), names) if len(heads) > 1 else {}
    run = Run(listed if len(heads) > 1 or inside else heads[0], listed, heads, norms=inside, others=others)
    owner = listed.removesuffix("layers.")
    with_list = listed == "layers." or listed.endswith(".layers.")
    return replace(run, prefix=owner) if with_list and names.only(owner, run.all_heads) else run


def _in_list(listed: str, heads: list[str], names: _Names) -> tuple[str, ...]:
    """Return the norms in the list of the layers: those between them, or all where the list has nothing else."""
    inside = [head for head in names.norms.get(listed, []) if number(head) >= 0]
    if names.only(listed, [*heads, *inside]) and not gap(sorted([*heads, *inside], key=number)):
        return tuple(inside)
    return tuple(head for head in inside if number(heads[0]) < number(head) < number(heads[-1]))


def _next_to(listed: str, count: int, names: _Names) -> dict[str, int]:
    """Return the norms in lists of norms next to that of the layers, with their numbers there."""
    others = names.lists.get(_holder(listed), []) if listed else []
    heads = [head for other in others if other != listed for head in names.norms[other]]
    return {head: number(head) for head in heads if number(head) < count}


def _holder(listed: str) -> str:
    """Return the module that holds a list: "net." of "net.layers."."""
    return listed[: listed.removesuffix(".").rfind(".") + 1]


def _by_stems(heads: Iterable[str], names: _Names) -> list[Run]:
    """Join layers called kan1, kan2 .. in a module that holds nothing else but norms called norm1, norm2 .."""
    alike: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for head in heads:
        if match := _NUMBERED_STEM.search(head):
            alike.setdefault((head[: match.start()], match[1]), []).append((int(match[2]), head))
    found: list[Run] = []
    for (owner, _), layers in alike.items():
        layers.sort()
        in_order, first = [head for _, head in layers], layers[0][0]
        follow = all(b - a == 1 for (a, _), (b, _) in pairwise(layers))
        norms = {head: k - first for head, k in names.stems.get(owner, [])}
        run = Run(owner, owner, in_order, stems=True, others=norms)
        within = all(0 <= k < len(layers) for k in norms.values())
        if len(layers) > 1 and follow and within and names.only(owner, run.all_heads):
            found.append(run)
    return found
