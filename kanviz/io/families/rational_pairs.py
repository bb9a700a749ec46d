"""Finds the layers of GR-KAN in a file: a rational function for each group of inputs, then a linear map.

The two are modules of their own. A function and the map after it are act and fc, act1 and fc1, rat1 and linear1 in one
module, or follow one another in a numbered list, as in nn.Sequential.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kanviz.io.families.runs import network_runs
from kanviz.io.outline import Shape

_NAME = re.compile(r"(.*?)([0-9]{0,4})")  # a module's own name: letters, then its number
# the two parts of a rational function, the numbers of axes of the first, and the names of modules that have them
ACTS = (
    ("weight_numerator", "weight_denominator", (2,), re.compile(r".*")),
    ("a", "b", (1, 2), re.compile(r"rat(ional)?_?[0-9]*")),
)


@dataclass(frozen=True)
class Pair:
    """A rational function and the linear map after it, by the prefixes of their tensors; linear: "" where none is."""

    act: str
    above: str
    below: str
    linear: str

    @property
    def numbers(self) -> list[str]:
        """Its places in a list, or the number in the names of both; [] where they have none."""
        found = [_number(self.act), *([_number(self.linear)] if _own(self.act).isdecimal() else [])]
        return [number for number in found if number]

    def names(self, shapes: Mapping[str, Shape]) -> list[str]:
        """Return the names of all its tensors."""
        parts = (self.act + self.above, self.act + self.below, self.linear + "weight", self.linear + "bias")
        return [name for name in parts if name in shapes]


@dataclass(frozen=True)
class Network:
    """The pairs of one network in their order. prefix: its module · listed, heads: as in `Run`, of the modules with one
    pair each; () where all pairs are in one module."""

    prefix: str
    pairs: tuple[Pair, ...]
    listed: str = ""
    heads: tuple[str, ...] = ()


def networks(shapes: Mapping[str, Shape]) -> list[Network]:
    """Group the rational functions of a file, with their linear maps, to networks."""
    children = _children(shapes)
    inside: dict[str, list[Pair]] = {}  # by the module that holds them
    for act, above, below in _acts(shapes):
        parent = act[: act.rstrip(".").rfind(".") + 1]
        inside.setdefault(parent, []).append(Pair(act, above, below, _linear(act, parent, children, shapes)))
    single = {parent: pairs[0] for parent, pairs in inside.items() if len(pairs) == 1 and not _number(pairs[0].act)}
    found = [Network(parent, tuple(_sorted(pairs))) for parent, pairs in inside.items() if parent not in single]
    runs = network_runs(list(single), shapes)
    return found + [
        Network(run.prefix, tuple(single[head] for head in run.heads), run.listed, tuple(run.heads)) for run in runs
    ]


def _acts(shapes: Mapping[str, Shape]) -> list[tuple[str, str, str]]:
    """Return prefix and names of the parts of each rational function, in the order of the file."""
    found: list[tuple[str, str, str]] = []
    for name in shapes:
        for above, below, axes, module in ACTS:
            head = name.removesuffix(above)
            if name != above and not name.endswith(f".{above}"):
                continue
            fits = len(shapes[name]) in axes and len(shapes.get(head + below, ())) == 2
            if fits and module.fullmatch(_own(head)):
                found.append((head, above, below))
    return found


def _own(head: str) -> str:
    return head.removesuffix(".").rpartition(".")[2]


def _number(head: str) -> str:
    match = _NAME.fullmatch(_own(head))
    return match[2] if match else ""


def _sorted(pairs: list[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: int(_number(pair.act) or -1))


def _children(shapes: Mapping[str, Shape]) -> dict[str, list[str]]:
    """Return the prefixes of the modules directly inside each module, "" being the whole file."""
    found: dict[str, dict[str, None]] = {}
    for name in shapes:
        steps = name.split(".")[:-1]
        for n in range(len(steps)):
            parent = "".join(f"{step}." for step in steps[:n])
            found.setdefault(parent, {})[f"{parent}{steps[n]}."] = None
    return {parent: list(inside) for parent, inside in found.items()}


def _linear(act: str, parent: str, children: Mapping[str, list[str]], shapes: Mapping[str, Shape]) -> str:
    """Return the prefix of the linear map after a rational function, "" where there is none or more than one."""
    siblings = [head for head in children.get(parent, []) if head != act]
    if _own(act).isdecimal():  # in a list: the next module that has tensors
        after = [head for head in siblings if _own(head).isdecimal() and int(_own(head)) > int(_own(act))]
        after = sorted(after, key=lambda head: int(_own(head)))[:1]
    else:
        after = [head for head in siblings if _number(head) == _number(act)]
    maps = [head for head in after if len(shapes.get(head + "weight", ())) == 2]
    return maps[0] if len(maps) == 1 else ""
