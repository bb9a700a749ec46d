"""Looks inside a language model with curves: its units by strength, and the texts at which each is strong."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from kanviz.core.curves.module import Curves
from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.model import Block, LanguageModel
from kanviz.language.symbols import decode, encode

WINDOWS = 128  # of the text that is looked at
PLACES = 100  # the strongest, whose texts are compared with those of random places
TEXTS = 6  # shown at an end of a unit
SHOWN = 28  # characters of such a text
ALIKE = 0.6  # entropy of the texts, as a share of that of random places, below which they are alike


@dataclass(frozen=True, eq=False)
class Recorded:
    """What a block's units get and give on a text. numbers: the passages, each one symbol longer than the context ·
    inputs, values: of each unit at each place, passage after passage.
    """

    model: LanguageModel
    block: int
    numbers: Int64[Tensor, "passage places"]
    inputs: Float[Tensor, "row unit"]
    values: Float[Tensor, "row unit"]

    def text(self, row: int, length: int = SHOWN) -> tuple[str, str]:
        """Return the text that ends at a place, and the character after it."""
        passage, place = divmod(row, self.numbers.shape[1] - 1)
        line = self.numbers[passage]
        return decode(line[max(place + 1 - length, 0) : place + 1]), decode(line[place + 1 : place + 2])


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a block. share: of what all units add to the block's output, by variance · outside: share of its inputs
    beyond the grid, where its curve is a straight line.
    """

    number: int
    share: float
    outside: float


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the text: what stands before it, the character after it, and the unit's input there."""

    text: str
    after: str
    value: float


@dataclass(frozen=True, slots=True)
class End:
    """The texts at one end of a unit, no two alike in their last five characters. entropy: in bits, of the last two
    characters at the 100 strongest places · random: the same at random places.
    """

    places: tuple[Place, ...]
    entropy: float
    random: float

    @property
    def alike(self) -> bool:
        """Whether these texts are more alike than random ones."""
        return self.entropy < ALIKE * self.random


def curves_of(model: LanguageModel, block: int) -> Curves:
    """Return the curves of a block. Raises UserError where the model has other blocks."""
    found = block_of(model, block).feed_forward.curve
    if not isinstance(found, Curves):
        raise UserError(
            f"This model has blocks of the kind {model.kind}, without curves to look at. Open or train one with curves."
        )
    return found


def block_of(model: LanguageModel, number: int) -> Block:
    """Return a block by its number, from 0."""
    found = model.blocks[number]
    assert isinstance(found, Block)
    return found


@on_one_thread
@torch.no_grad()
def record(model: LanguageModel, text: str, block: int, passages: int = WINDOWS) -> Recorded:
    """Record the units of a block on passages spread over a text.

    Raises UserError for blocks of another kind, and for a text not longer than the context.
    """
    curves_of(model, block)
    context = model.sizes.context
    if len(text) <= context:
        raise UserError(f"The model reads {context:,} characters at once; choose a text of at least {context + 1:,}.")
    count = max(min(passages, len(text) // context), 1)
    starts = torch.linspace(0, len(text) - context - 1, count).long()
    numbers = encode(text)[starts[:, None] + torch.arange(context + 1)]
    inputs = _inputs(model, numbers[:, :-1], block).flatten(0, 1)
    return Recorded(model, block, numbers, inputs, curves_of(model, block)(inputs))


def _inputs(model: LanguageModel, numbers: Tensor, block: int) -> Float[Tensor, "row place unit"]:
    x = model.first(numbers)
    for one in model.blocks[:block]:
        x = one(x)
    last = block_of(model, block)
    return last.feed_forward.up(last.forward_norm(x + last.attended(x)))


def units(found: Recorded) -> tuple[Unit, ...]:
    """Return the units of a recorded block, strongest first."""
    curves = curves_of(found.model, found.block)
    low, high = curves.borders()
    outside = ((found.inputs < low) | (found.inputs > high)).double().mean(0)
    strengths = strength(found)
    shares = strengths / strengths.sum().clamp(min=1e-300)
    return tuple(Unit(n, float(shares[n]), float(outside[n])) for n in strengths.argsort(descending=True).tolist())


def strength(found: Recorded) -> Float[Tensor, "unit"]:
    """Return the variance that each unit adds to the numbers of a place."""
    weight = weights_of(found.model, found.block)
    return found.values.double().var(0) * weight.double().square().sum(0)


def weights_of(model: LanguageModel, block: int) -> Float[Tensor, "width unit"]:
    """Return what each unit adds to the numbers of a place, for a value of 1."""
    weight = block_of(model, block).feed_forward.down.weight
    assert isinstance(weight, Tensor)
    return weight.detach()


@on_one_thread
@torch.no_grad()
def units_for(found: Recorded, text: str) -> tuple[int, ...]:
    """Return the units by how much each adds at the end of a text, compared with its mean; the strongest first.

    Raises UserError for an empty text.
    """
    if not text:
        raise UserError("Type a text to see which units it makes strong.")
    numbers = encode(text)[-found.model.sizes.context :][None]
    values = curves_of(found.model, found.block)(_inputs(found.model, numbers, found.block)[0, -1:])[0]
    away = (values - found.values.mean(0)).abs() * weights_of(found.model, found.block).square().sum(0).sqrt()
    return tuple(away.argsort(descending=True).tolist())


def ends(found: Recorded, unit: int, seed: int = 0) -> tuple[End, End]:
    """Return the texts where a unit's input is least, and those where it is greatest."""
    column = found.inputs[:, unit]
    order = column.argsort()
    chance = torch.randperm(len(order), generator=torch.Generator().manual_seed(seed))[:PLACES]
    random = _entropy(found, chance)
    return (
        End(_places(found, order, column), _entropy(found, order[:PLACES]), random),
        End(_places(found, order.flip(0), column), _entropy(found, order.flip(0)[:PLACES]), random),
    )


def _places(found: Recorded, order: Int64[Tensor, " row"], column: Float[Tensor, " row"]) -> tuple[Place, ...]:
    places: dict[str, Place] = {}
    for row in order.tolist():
        text, after = found.text(row)
        places.setdefault(text[-5:], Place(text, after, float(column[row])))
        if len(places) == TEXTS:
            break
    return tuple(places.values())


def _entropy(found: Recorded, rows: Int64[Tensor, " row"]) -> float:
    """Return the entropy of the last two characters at these places, in bits."""
    counts: dict[str, int] = {}
    for row in rows.tolist():
        pair = found.text(row, 2)[0]
        counts[pair] = counts.get(pair, 0) + 1
    return sum(n / len(rows) * math.log2(len(rows) / n) for n in counts.values())
