"""Measures how well a model predicts a text, in bits per character; the same text gives the same number every time."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.model import LanguageModel
from kanviz.language.symbols import SYMBOLS, encode

AT_ONCE = 64  # windows in one pass
MOST_WINDOWS = 512  # of the held-out part, measured during a training
GUESS = math.log2(len(SYMBOLS))  # bits of a character of which nothing is known


def bits(model: LanguageModel, text: str) -> float:
    """Return the mean bits per character of a text: how many the model needs, on average, to tell the next one.

    The text is read in windows of `model.sizes.context` characters that follow one another, and each character is
    predicted from those before it in its window, as in training. Raises UserError for a text of less than 2 characters.

    >>> from kanviz.language import LanguageModel, bits
    >>> bits(LanguageModel("gelu"), "To be, or not to be") > 6  # before training; a blind guess needs log2(96) = 6.58
    True
    """
    return float(_bits(model, _numbers(text), model.sizes.context).double().mean())


def character_bits(model: LanguageModel, text: str) -> Float[Tensor, "characters"]:
    """Return the bits of every character of a text; the first, which nothing precedes, counts as a guess, log2(96).

    Windows overlap, so that all but the first characters are predicted from half a window or more. Raises UserError for
    a text of fewer than 2 characters.

    >>> from kanviz.language import LanguageModel, character_bits
    >>> character_bits(LanguageModel("gelu"), "To be, or not to be").shape
    torch.Size([19])
    """
    found = _bits(model, _numbers(text), max(model.sizes.context // 2, 1))
    return torch.cat([torch.full((1,), GUESS, dtype=found.dtype), found])


def passage_bits(model: LanguageModel, text: str, passages: int, seed: int = 0) -> tuple[float, float]:
    """Return the mean bits of passages drawn from a text, each as long as the context, and its standard error.

    Raises UserError for a text not longer than the context, and for less than 2 passages.

    >>> from kanviz.language import LanguageModel, passage_bits
    >>> mean, error = passage_bits(LanguageModel("gelu"), "To be, or not to be. " * 50, passages=8, seed=0)
    >>> 6 < mean < 9, error < 0.3
    (True, True)
    """
    context, numbers = model.sizes.context, _numbers(text)
    if len(numbers) <= context or passages < 2:
        raise UserError(
            f"Drawing needs 2 passages or more, from a text of at least {context + 1:,} characters. Measure it whole."
        )
    starts = torch.randint(len(numbers) - context, (passages,), generator=torch.Generator().manual_seed(seed))
    found = _at(model, numbers, starts).double().mean(1)
    return float(found.mean()), float(found.std() / math.sqrt(passages))


@on_one_thread
@torch.inference_mode()
def held_out_bits(model: LanguageModel, numbers: Int64[Tensor, "characters"]) -> float:
    """Return the mean bits of a text as `bits` does, of a long one on 512 windows spread over it evenly."""
    context = model.sizes.context
    if len(numbers) <= MOST_WINDOWS * context:
        return float(_bits(model, numbers, context).double().mean())
    starts = torch.linspace(0, len(numbers) - context - 1, MOST_WINDOWS).long()
    return float(_at(model, numbers, starts).double().mean())


@on_one_thread
@torch.inference_mode()
def _at(
    model: LanguageModel, numbers: Int64[Tensor, "characters"], starts: Int64[Tensor, "row"]
) -> Float[Tensor, "row predicted"]:
    """Return the bits in the windows that begin at these places."""
    window = torch.arange(model.sizes.context + 1)
    return torch.cat([_window_bits(model, numbers[some[:, None] + window]) for some in starts.split(AT_ONCE)])


@on_one_thread
@torch.inference_mode()
def _bits(model: LanguageModel, numbers: Int64[Tensor, "characters"], fresh: int) -> Float[Tensor, "predicted"]:
    """Return the bits of all characters but the first; each window predicts `fresh` of them, the first a whole one."""
    context, count = model.sizes.context, len(numbers) - 1
    if count <= context:
        return _window_bits(model, numbers[None])[0]
    ends = torch.arange(context, count + 1, fresh)
    parts = []
    for some in ends.split(AT_ONCE):
        rows = _window_bits(model, numbers[(some - context)[:, None] + torch.arange(context + 1)])
        parts += [rows[0]] if not parts else []
        parts.append(rows[(1 if len(parts) == 1 else 0) :, -fresh:].flatten())
    rest = count - int(ends[-1])
    if rest:
        parts.append(_window_bits(model, numbers[-min(context, rest + context - fresh) - 1 :][None])[0, -rest:])
    return torch.cat(parts)


def _window_bits(model: LanguageModel, rows: Int64[Tensor, "row places"]) -> Float[Tensor, "row predicted"]:
    logits = model(rows[:, :-1])
    losses = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    return losses.view(len(rows), -1) / math.log(2)


def _numbers(text: str) -> Int64[Tensor, "characters"]:
    if len(text) < 2:
        raise UserError("Bits per character need a text of at least 2 characters. Choose a longer one.")
    return encode(text)
