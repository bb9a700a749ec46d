"""Groups the layers in a file to networks by the numbers in their names, and finds what may act between them."""

import re
from collections.abc import Callable, Collection, Iterable
from itertools import pairwise

from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.foreign import SeveralNetworks, module_name, numbers_of
from kanviz.text import listing, shown

_NUMBERED = re.compile(r"(?<![^.])(0|[1-9][0-9]{0,3})\.$")


def runs_of(heads: Iterable[str]) -> dict[str, list[str]]:
    """Group layers by what stands before their number: {prefix: heads, in ascending order of the numbers}.

    heads: the prefixes of layers, "" or ending with a dot.
    """
    found: dict[str, list[str]] = {}
    for head in heads:
        numbered = _NUMBERED.search(head)
        found.setdefault(head[: numbered.start()] if numbered else head, []).append(head)
    return {prefix: sorted(run, key=number) for prefix, run in found.items()}


def number(head: str) -> int:
    """Return the number at the end of a layer's prefix, -1 where there is none."""
    numbered = _NUMBERED.search(head)
    return int(numbered[1]) if numbered else -1


def gap(run: list[str]) -> bool:
    """Say whether a number is left out between the layers."""
    return any(number(b) - number(a) != 1 for a, b in pairwise(run))


def refusal_of_gap(heads: list[str], block: str) -> SeveralNetworks:
    """Return the refusal of layers whose numbers do not follow one another."""
    names = [module_name(block, head) for head in heads]
    return SeveralNetworks(
        f"The KAN layers are numbered {numbers_of(map(number, heads))}: what is between them is "
        "not in the file, so kanviz cannot know what the network computes. Open one of them "
        f'({listing(names)}) by its name: kanviz.load(path, block="{shown(names[0])}").'
    )


def check_they_meet(sizes: Iterable[tuple[int, int]], first: str, block: str) -> None:
    """Refuse layers of which one gives another number of values than the next takes.

    sizes: inputs and outputs of each layer · first: the prefix of the first layer, for the message.
    """
    for n, ((_, gives), (takes, _)) in enumerate(pairwise(sizes)):
        if gives != takes:
            raise SeveralNetworks(
                f"Layer {n} gives {gives} values, but layer {n + 1} takes {takes}: they do not follow "
                f'one another. Open one of them: kanviz.load(path, block="{shown(module_name(block, first))}").'
            )


def in_sequence(count: int, between: str = "nothing") -> list[str]:
    """Note that several layers are taken to follow one another."""
    if count < 2:
        return []
    return [f"The {numbered(list(range(count)))} are taken to follow one another with {between} between, as in "
            "nn.Sequential."]  # fmt: skip


def numbered(layers: list[int]) -> str:
    """Name layers by their numbers: "layers 0 and 2"."""
    return f"layer{'s' if len(layers) > 1 else ''} {listing([str(n) for n in layers])}"


def between(prefix: str, heads: list[str], widths: Collection[int], opened: Tensors) -> Callable[[str], bool]:
    """Return a function that says whether a name is of what may act between several layers.

    That is what is in the module that holds them and has no number, and a numbered list next to that module which has
    only vectors of the layers' widths, as a list of norms has.
    """
    if len(heads) < 2:
        return lambda name: False
    holder = prefix[: prefix.removesuffix(".").rfind(".") + 1]
    lists: dict[str, bool] = {}  # whether it has vectors of the widths only
    for name, values in opened.tensors.items():
        module, _, rest = name[len(holder) :].partition(".")
        has_number = rest.partition(".")[0].isdecimal()
        if prefix and has_number and name.startswith(holder) and not name.startswith(prefix):
            fits = values.ndim == 0 or (values.ndim == 1 and len(values) in widths)
            lists[module] = lists.get(module, True) and fits

    def inside(name: str) -> bool:
        if name.startswith(prefix):
            return not name[len(prefix) :].partition(".")[0].isdecimal()
        return name.startswith(holder) and lists.get(name[len(holder) :].partition(".")[0], False)

    return inside


def refuse_strays(prefix: str, heads: list[str], parts: Collection[str], names: Iterable[str], kind: str) -> None:
    """Refuse parts of a layer in the same list that was not recognised, since others of its parts are missing.

    prefix: what stands before the layers' numbers · parts: names that only layers of this kind have. Raises LoadError.
    """
    others = [name for name in names if name.startswith(prefix) and not name.startswith(tuple(heads))]
    in_list = [name for name in others if name[len(prefix) :].partition(".")[0].isdecimal()]
    stray = [name for name in in_list if name[len(prefix) :].partition(".")[2] in parts]
    if stray:
        are = "is" if len(stray) == 1 else "are"
        raise LoadError(
            f"{listing(stray)} {are} of a layer of {kind} that lacks other parts, or has them in other shapes. Save "
            "the whole state_dict."
        )
