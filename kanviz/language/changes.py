"""Changes units of a language model, and compares its predictions before and after: other curves, fewer units."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.inside import Recorded, block_of, curves_of, strength
from kanviz.language.model import LanguageModel
from kanviz.language.symbols import SYMBOLS, encode
from kanviz.text import percent

BARS = 10  # symbols that are shown as the next ones
PASSAGES = 64  # on which pruning is measured


@dataclass(frozen=True, eq=False)
class Change:
    """What a change of a model does to the predictions of some passages. same: whether a prediction kept its bits."""

    before: float
    after: float
    same: Bool[Tensor, "passage place"]

    @property
    def kept(self) -> float:
        """Share of predictions that kept their bits."""
        return float(self.same.double().mean())

    @property
    def verdict(self) -> str:
        """What the change does, computed from these predictions."""
        if self.kept == 1:
            return "Every prediction here kept its bits: the change acts where none of their inputs lie."
        if self.kept >= 0.5:
            return (
                f"{percent(self.kept)}% of the predictions are the same to the last bit: the change is local, and "
                f"acts on {percent(1 - self.kept)}% of them."
            )
        return (
            f"Only {percent(self.kept)}% of the predictions are the same to the last bit: many inputs meet the change, "
            "or later blocks spread it."
        )


@dataclass(frozen=True, slots=True)
class NextSymbols:
    """The likeliest next characters after a text, with their probabilities before and after a change."""

    symbols: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Pruning:
    """Bits per character without a share of a block's units: the weakest ones; as many at random, with each seed."""

    shares: tuple[float, ...]
    weakest: tuple[float, ...]
    random: tuple[tuple[float, ...], ...]

    @property
    def verdict(self) -> str:
        """What can be concluded about removing half of the units (or the share next to that), from these numbers."""
        at = nearest_half(self.shares)
        whole, chance = self.weakest[0], self.random[at]
        words = (
            f"Without the weakest {self.shares[at]:.0%} of its units the model needs {self.weakest[at] - whole:+.3f} "
            f"bits per character, without as many random ones {sum(chance) / len(chance) - whole:+.3f}: "
        )
        return words + strength_words(self.weakest[at], chance, "units")


def nearest_half(shares: Sequence[float]) -> int:
    """Return the place of the share that is nearest to a half."""
    return min(range(len(shares)), key=lambda n: abs(shares[n] - 0.5))


def strength_words(weakest: float, chance: Sequence[float], noun: str) -> str:
    """Say whether removing the weakest costs less than each random choice did. noun: what is removed."""
    return f"strength {'tells' if weakest < min(chance) else 'does not tell'} which {noun} matter."


def with_curve(model: LanguageModel, block: int, unit: int, coef: Float[Tensor, " basis"]) -> LanguageModel:
    """Return a copy of the model in which a unit has these control points, and so have those that share its curve."""
    found = copy.deepcopy(model)
    curves = curves_of(found, block)
    with torch.no_grad():
        curves.coef[unit // curves.share] = coef.to(curves.coef.dtype)
    return found


@on_one_thread
@torch.no_grad()
def change(before: LanguageModel, after: LanguageModel, numbers: Int64[Tensor, "passage places"]) -> Change:
    """Return what becomes of the predictions on some passages when one model takes the place of another."""
    old, new = (model(numbers[:, :-1]) for model in (before, after))
    return Change(_bits(old, numbers), _bits(new, numbers), (old == new).all(-1))


def _bits(logits: Tensor, numbers: Tensor) -> float:
    return float(F.cross_entropy(logits.flatten(0, 1).double(), numbers[:, 1:].flatten())) / math.log(2)


@on_one_thread
@torch.no_grad()
def next_symbols(before: LanguageModel, after: LanguageModel, text: str) -> NextSymbols:
    """Return the likeliest next characters after a text, by the larger of both probabilities.

    Raises UserError for an empty text.
    """
    if not text:
        raise UserError("Type a text to see what the model expects after it.")
    numbers = encode(text)[-before.sizes.context :][None]
    old, new = (model(numbers)[0, -1].double().softmax(-1) for model in (before, after))
    top = torch.maximum(old, new).argsort(descending=True)[:BARS].tolist()
    return NextSymbols(
        tuple(SYMBOLS[n] for n in top), tuple(float(old[n]) for n in top), tuple(float(new[n]) for n in top)
    )


@on_one_thread
@torch.no_grad()
def pruning(found: Recorded, shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 0.9), seeds: int = 3) -> Pruning:
    """Return the bits without a share of the units: the weakest, and as many at random, with each seed."""
    model = copy.deepcopy(found.model)
    down = block_of(model, found.block).feed_forward.down
    weight = down.weight.detach().clone()  # pyright: ignore[reportCallIssue]
    numbers, order = found.numbers[:PASSAGES], strength(found).argsort()

    def without(gone: Int64[Tensor, " unit"]) -> float:
        left = weight.clone()
        left[:, gone] = 0
        down.weight.data = left  # pyright: ignore[reportAttributeAccessIssue]
        return _bits(model(numbers[:, :-1]), numbers)

    orders = [torch.randperm(len(order), generator=torch.Generator().manual_seed(seed)) for seed in range(seeds)]
    counts = [round(share * len(order)) for share in shares]
    return Pruning(
        shares,
        tuple(without(order[:count]) for count in counts),
        tuple(tuple(without(chance[:count]) for chance in orders) for count in counts),
    )
