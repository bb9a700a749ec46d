"""Helps the readers of other programs' files: removes prefixes of names, checks knots, writes notes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer, Variable
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.text import listing, shown

HUGE = 1e30
MANY_EDGES = 20_000
PROBES = 16  # places at which a network is evaluated when it is opened


def by_prefix(own: re.Pattern[str], names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Group the names of a format by what stands before them: {prefix: {name without it: name}}."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = own.search(name)
        if match is not None:
            found.setdefault(name[: match.start()], {})[match.group()] = name
    return found


def own_parts(
    opened: Tensors, own: re.Pattern[str], format: str, more: frozenset[str] = frozenset()
) -> tuple[dict[str, Tensor], list[str]]:
    """Select the tensors of the format, named without their prefix; note what was cut off or left out.

    more: names that the reader uses besides.
    Raises LoadError for two networks with different prefixes, for a part that is no weight, or for an unknown tensor
    inside the network: in a layer, or in the module that holds the layers, where it may act between them.
    """
    found = by_prefix(own, opened)
    if len(found) > 1:
        raise several(list(found), opened.block)
    ((prefix, names),) = found.items()
    heads = tuple({name[: name.rindex(".") + 1] for short, name in names.items() if "." in short}) or (prefix,)
    notes = removed(prefix) + left_out(opened, {*names.values(), *more}, heads, lambda n: n.startswith(prefix), format)
    return {short: weight(opened, name) for short, name in names.items()}, notes


class SeveralNetworks(LoadError):
    """A refused file with several networks, where none was named."""


def several(prefixes: list[str], block: str = "") -> SeveralNetworks:
    """Return the refusal of a file, or of a block of it, with several networks, by their prefixes."""
    names = [_end_of(module_name(block, prefix)) for prefix in prefixes]
    example = next((name for name in names if name), "")
    return SeveralNetworks(
        f"The file holds several KANs ({listing([name or 'one without a name' for name in names], 6)}). Open one of "
        f'them by its name: kanviz.load(path, block="{shown(example)}"), or --block {shown(example)}.'
    )


def numbers_of(layers: Iterable[int], most: int = 12) -> str:
    """List the numbers of layers for a sentence."""
    words = [str(n) for n in layers]
    return ", ".join([*words[:most], *(["..."] if len(words) > most else [])])


def module_name(block: str, prefix: str) -> str:
    """Return the whole name of a module with this prefix in a block."""
    return ".".join(part for part in (block, prefix.removesuffix(".")) if part)


def _end_of(name: str, most: int = 30) -> str:
    """Return a name, or the end of a long one."""
    return name if len(name) <= most else f"...{name[-most:]}"


def removed(prefix: str) -> list[str]:
    """Note that a prefix was removed from the names of a network."""
    return [f"Removed the prefix '{shown(prefix)}' from every name."] if prefix else []


def weight(opened: Tensors, name: str) -> Tensor:
    """Return a weight by its name. Raises LoadError where the entry of this name is no weight."""
    why = opened.why_not(name)
    if why is not None:
        raise LoadError(f"{shown(name)} {why}")
    return opened.tensors[name]


def left_out(
    opened: Tensors, used: set[str], heads: tuple[str, ...], inside: Callable[[str], bool], format: str
) -> list[str]:
    """Note which entries of the file are not used; refuse one that may change what the network computes.

    heads: prefixes of the layers, where every entry counts · inside: says whether a name is in the network, where
    weights other than zero count, and what is no dense tensor; whole numbers and truth values are noted there.
    """
    rest = [name for name in opened if name not in used]
    here = [name for name in rest if name.startswith(heads) or inside(name)]
    numbers = [name for name in here if name in opened.tensors]
    # zeros add nothing; and a factor of zero would leave no useful network
    unused = [name for name in numbers if bool((opened.tensors[name] != 0).any())]
    alone = heads == ("",)  # a layer without a name: counters of the whole file are among its parts
    marks = [name for name in here if name not in opened.tensors]
    unused += [
        name
        for name in marks
        if name in opened.odd or (name.startswith(heads) and not (alone and _is_count(opened, name)))
    ]
    if unused:
        why = opened.why_not(unused[0]) if len(unused) == 1 else None
        raise LoadError(
            f"{listing(unused)} {'is' if len(unused) == 1 else 'are'} not part of {format}: this variant computes "
            "something else, which kanviz cannot know. Save the KAN alone, or train it without that part."
            + (f" ({shown(unused[0])} {why})" if why else "")
        )
    zeros = [name for name in numbers if name not in unused]
    odd = [name for name in marks if not _is_count(opened, name)]
    outside = [name for name in rest if name not in here]
    around = [name for name in outside if name in opened.tensors]
    harmless = [name for name in (*marks, *outside) if name not in odd and name not in around]
    notes: list[str] = []
    if zeros:
        notes.append(Caution(f"Ignored {listing(zeros)} (not part of a KAN layer; all zeros)."))
    if odd:
        notes.append(Caution(f"Ignored {listing(odd)} (not weights); what the model does with them is not known."))
    if harmless:
        notes.append(f"Ignored {listing(harmless)} (not weights of a KAN).")
    if around:
        notes.append(
            Caution(f"Ignored {listing(around)} (not part of a KAN layer): the KAN is shown, not what is around it.")
        )
    return notes


def _is_count(opened: Tensors, name: str) -> bool:
    """Say whether an entry is a single whole number or truth value, as counters of steps are."""
    return name in opened.others and opened.others[name].shape == ()


def expect(name: str, tensor: Tensor | None, *shape: int) -> Tensor:
    """Return the tensor if it exists and has that shape."""
    if tensor is None:
        raise LoadError(f"{shown(name)} is missing from the weights. Save the whole state_dict again.")
    if tuple(tensor.shape) != shape:
        found = ", ".join(map(str, tensor.shape))
        raise LoadError(f"{shown(name)} has shape ({found}); expected ({', '.join(map(str, shape))}).")
    return tensor


def order_of(n: int, knots: int, basis: int) -> int:
    """Compute the spline order from the numbers of knots and coefficients; LoadError if it is not a possible order."""
    order = knots - basis - 1
    if not 1 <= order <= 10 or basis <= order:
        raise LoadError(
            f"Layer {n} has {knots} knots and {basis} coefficients, which would be splines of order {order}; "
            "kanviz reads orders 1 to 10. Check that these are the weights of one KAN."
        )
    return order


def check_knots(n: int, knots: Float[Tensor, "source knot"]) -> None:
    """Refuse knots that are NaN or infinite, or that descend by more than rounding."""
    bad = (~torch.isfinite(knots)).any(1).nonzero().flatten().tolist()
    if bad:
        raise LoadError(f"The knots of layer {n}, input {bad[0]} hold NaN or infinity. Save the network before that.")
    back = (knots.diff(dim=1) < -1e-6 * knots.abs().amax(1, keepdim=True)).any(1).nonzero().flatten().tolist()
    if back:
        raise LoadError(f"The knots of layer {n}, input {back[0]} do not ascend. Save the network again.")


def network(layers: list[Layer], notes: list[str]) -> KAN:
    """Make a KAN of these layers, with variables x1.. and y, and warnings in its notes."""
    ins, outs = layers[0].takes, layers[-1].nodes
    edges = sum(layer.sources * layer.targets for layer in layers)
    many = [f"This network has {edges:,} edges; pictures show the strongest."] if edges > MANY_EDGES else []
    kan = KAN(
        tuple(layers),
        tuple(Variable(f"x{i + 1}") for i in range(ins)),
        tuple(Variable("y" if outs == 1 else f"y{j + 1}") for j in range(outs)),
    )
    unsound = [note for n, layer in enumerate(layers) for note in _unsound(n, layer)]
    return replace(kan, notes=(*notes, *(unsound or _unbounded(kan)), *many))


def _unbounded(kan: KAN) -> list[str]:
    """Note if outputs are not finite at some places inside the grids, although every weight is."""
    first = kan.layers[0]
    low, high = (first.knots[:, 0], first.knots[:, -1]) if first.family == SPLINE else first.domain
    low, high = low[: first.takes], high[: first.takes]
    places = torch.rand(PROBES, first.takes, generator=torch.Generator().manual_seed(0)).to(kan.dtype)
    outputs = kan.run(low + places * (high - low))
    bad = int((~outputs.isfinite()).any(1).sum())
    words = (
        f"At {bad} of {PROBES} places inside the grids an output is not a finite number: it overflows, or a function "
    )
    return [Caution(words + "has no value there.")] if bad else []


def _unsound(n: int, layer: Layer) -> list[str]:
    """Note numbers that are NaN, infinite or near the largest float, with the first place of each."""
    parts = (
        (layer.base_weight, "base weights", lambda at: f"edge {n},{at[0]},{at[1]}"),
        (layer.coef.flatten(2), "coefficients", lambda at: f"edge {n},{at[0]},{at[1]}"),
        (layer.affine, "formula constants", lambda at: "edge {},{},{}".format(n, *layer.formulas[at[0]][:2])),
        (layer.bias, "biases", lambda at: f"sum {at[0]}"),
        (layer.offset, "node biases", lambda at: f"node {at[0]}"),
        (layer.knots, "knots" if layer.family == SPLINE else "parameters", lambda at: f"input {at[0]}"),
        (layer.norm, "numbers of the LayerNorm", lambda at: f"node {at[1]}"),
    )
    notes = []
    for part, words, place in parts:
        for bad, verb in ((part.isnan(), "NaN"), (part.isinf(), "infinite")):
            if bad.any():
                count, first = int(bad.sum()), place(bad.nonzero()[0].tolist())
                notes.append(
                    Caution(
                        f"{count} of {part.numel()} {words} in layer {n} {'is' if count == 1 else 'are'} {verb} (first "
                        f"on {first}); what depends on it has no value until it is pruned or replaced."
                    )
                )
        largest = part[part.isfinite()].abs().max() if part.isfinite().any() else part.new_zeros(())
        if largest >= HUGE:
            notes.append(Caution(f"The {words} of layer {n} reach {largest:.0e}; outputs may overflow to infinity."))
    return notes
