"""Measures what a model gained on a new text, what it forgot of an old one, and which predictions kept their bits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.corpus import Corpus
from kanviz.language.model import LanguageModel
from kanviz.language.symbols import encode

ON_THE_WAY, AT_THE_END = 96, 512  # windows of each held-out text
_AT_ONCE = 64  # windows


@dataclass(frozen=True, slots=True)
class TeachPoint:
    """A point of the trajectory of a lesson, all measured on held-out text.

    gain: fall of the new text's bits per character · forgetting: rise of the old text's · identical: share of the
    predictions of the old text that are bit-identical, 0 to 1.

    >>> from kanviz.language import TeachPoint
    >>> TeachPoint(10, gain=1.2, forgetting=0.002, identical=0.94).gain
    1.2
    """

    step: int
    gain: float
    forgetting: float
    identical: float


class Ruler:
    """The held-out windows of two texts, with what the model made of them before the lesson."""

    def __init__(self, model: LanguageModel, new: Corpus, old: Corpus, most: int):
        self._new, self._old = (_windows(encode(part.held_out), model.sizes.context, most) for part in (new, old))
        self._new_bits = _mean(window_bits(logits_of(model, self._new), self._new))
        self._logits = logits_of(model, self._old)
        self._old_bits = _mean(window_bits(self._logits, self._old))

    def point(self, step: int, model: LanguageModel) -> TeachPoint:
        """Measure the model after a step."""
        logits = logits_of(model, self._old)
        return TeachPoint(
            step,
            self._new_bits - _mean(window_bits(logits_of(model, self._new), self._new)),
            _mean(window_bits(logits, self._old)) - self._old_bits,
            float(same_predictions(self._logits, logits).double().mean()),
        )


def forgetting_at(trajectory: Sequence[TeachPoint], gain: float) -> float | None:
    """Return the forgetting where the gain is first reached, on straight lines between points; None where it is not.

    >>> from kanviz.language.teaching.measure import TeachPoint, forgetting_at
    >>> run = [TeachPoint(0, 0.0, 0.0, 1.0), TeachPoint(10, 2.0, 0.5, 0.0)]
    >>> forgetting_at(run, 1.0), forgetting_at(run, 3.0)
    (0.25, None)
    """
    last = None
    for point in trajectory:
        if point.gain >= gain:
            if last is None or point.gain == gain:
                return point.forgetting
            share = (gain - last.gain) / (point.gain - last.gain)
            return last.forgetting + share * (point.forgetting - last.forgetting)
        last = point
    return None


@on_one_thread
@torch.inference_mode()
def unchanged_predictions(before: LanguageModel, after: LanguageModel, text: str) -> Bool[Tensor, "characters"]:
    """Return for each character of a text whether its prediction is bit-identical under both models.

    The text is read in windows of the models' context that follow one another; the first character, which nothing
    precedes, counts as unchanged. Raises UserError for models of different context, or a text of fewer than 2
    characters.

    >>> from kanviz.language import LanguageModel, Sizes
    >>> from kanviz.language.teaching.measure import unchanged_predictions
    >>> one, two = (LanguageModel(Sizes("gelu", width=16, parameters=1_000), seed=seed) for seed in (0, 1))
    >>> unchanged_predictions(one, two, "To be").tolist()
    [True, False, False, False, False]
    """
    context = before.sizes.context
    if after.sizes.context != context:
        raise UserError("These models read windows of different lengths; compare a model with one made of it.")
    if len(text) < 2:
        raise UserError("To compare predictions takes a text of at least 2 characters. Choose a longer one.")
    rows = text_windows(encode(text), context)
    same = [same_predictions(logits_of(before, part), logits_of(after, part)).flatten() for part in rows]
    return torch.cat([torch.ones(1, dtype=torch.bool), *same])


def text_windows(numbers: Int64[Tensor, "characters"], context: int) -> list[Int64[Tensor, "_row _places"]]:
    """Cut a text into windows in which every character but the first is predicted once; the last may be shorter."""
    whole = (len(numbers) - 1) // context * context
    found = [numbers[: whole + 1].unfold(0, context + 1, context)] if whole else []
    return found + ([numbers[None, whole:]] if whole < len(numbers) - 1 else [])


@on_one_thread
@torch.inference_mode()
def logits_of(model: LanguageModel, rows: Int64[Tensor, "row places"]) -> Float[Tensor, "row predicted symbol"]:
    """Compute the logits of every character of windows but the first, always as many windows at once."""
    return torch.cat([model(part[:, :-1]) for part in rows.split(_AT_ONCE)])


def window_bits(
    logits: Float[Tensor, "row predicted symbol"], rows: Int64[Tensor, "row places"]
) -> Float[Tensor, "row predicted"]:
    """Compute the bits of every character of windows but the first."""
    losses = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    return losses.view(len(rows), -1) / math.log(2)


def same_predictions(
    one: Float[Tensor, "row predicted symbol"], two: Float[Tensor, "row predicted symbol"]
) -> Bool[Tensor, "row predicted"]:
    """Return which predictions have the same bits in all their logits."""
    kinds = {torch.float32: torch.int32, torch.float64: torch.int64}
    return (one.view(kinds[one.dtype]) == two.view(kinds[two.dtype])).all(-1)


def _mean(bits: Tensor) -> float:
    return float(bits.double().mean())


def _windows(numbers: Int64[Tensor, "characters"], context: int, most: int) -> Int64[Tensor, "row places"]:
    """Cut a held-out text into windows that follow one another; of a long one, those spread evenly over it."""
    context = min(context, len(numbers) - 1)
    count = (len(numbers) - 1) // context
    starts = torch.linspace(0, count - 1, min(count, most)).long() * context
    return numbers[starts[:, None] + torch.arange(context + 1)]
