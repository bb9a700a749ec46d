"""Reads a text with a model before and after a lesson: what each character costs, what kept its bits, where the gate
is."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.entropy import GUESS
from kanviz.language.model import LanguageModel
from kanviz.language.symbols import decode, encode
from kanviz.language.teaching.gate import openings, places_on
from kanviz.language.teaching.measure import logits_of, same_predictions, text_windows, window_bits
from kanviz.language.teaching.model import TaughtModel


@dataclass(frozen=True, eq=False)
class TextChange:
    """A text as two models predict it, character by character; the first, which nothing precedes, counts as a guess.

    text: in the symbols of the models · before, after: bits that each character costs · identical: whether its
    prediction has the same bits · z, opening: of the last gate at the place from which it is predicted, in nats and
    from 0 to 1; None where the second model has no gate.

    >>> from kanviz.language import Corpus, LanguageModel, Sizes, teach, text_change
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> model = LanguageModel(Sizes("gelu", width=16, context=32, parameters=1_000))
    >>> *_, last = teach(model, new, keep=old, how="gate", steps=20)
    >>> found = text_change(model, last.model, new.held_out)
    >>> found.gain > 0, found.kept < 1, bool(found.identical[found.opening.cummax(0).values == 0].all())
    (True, True, True)
    """

    text: str
    before: Float[Tensor, "character"]
    after: Float[Tensor, "character"]
    identical: Bool[Tensor, "character"]
    z: Float[Tensor, "character"] | None
    opening: Float[Tensor, "character"] | None

    @property
    def gain(self) -> float:
        """Fall of the mean bits per character; negative where the text became dearer."""
        return float((self.before - self.after).double().mean())

    @property
    def kept(self) -> float:
        """Share of the predictions with the same bits, 0 to 1."""
        return float(self.identical.double().mean())


@on_one_thread
@torch.inference_mode()
def text_change(before: LanguageModel, after: LanguageModel, text: str) -> TextChange:
    """Read a text with both models, in windows of their context that follow one another.

    Raises UserError for models of different context, and for an empty text.

    >>> from kanviz.language import LanguageModel, Sizes, text_change
    >>> one, two = (LanguageModel(Sizes("gelu", width=16, parameters=1_000), seed=seed) for seed in (0, 1))
    >>> text_change(one, two, "To be").identical.tolist()
    [True, False, False, False, False]
    """
    context = before.sizes.context
    if after.sizes.context != context:
        raise UserError("These models read windows of different lengths; compare a model with one made of it.")
    if not text:
        raise UserError("There is no text to read; give at least one character.")
    numbers = encode(text)
    gates = [one.gate for one in after.all_additions] if isinstance(after, TaughtModel) else []
    gate = gates[-1] if gates else None
    guess = torch.full((1,), GUESS)
    parts: list[tuple[Tensor, ...]] = [(guess, guess, torch.ones(1, dtype=torch.bool), torch.zeros(1))]
    for rows in text_windows(numbers, context):
        one, two = logits_of(before, rows), logits_of(after, rows)
        z = torch.zeros(rows[:, 1:].shape) if gate is None else places_on(gate.ratios, rows[:, :-1])
        found = window_bits(one, rows), window_bits(two, rows), same_predictions(one, two), z
        parts.append(tuple(part.flatten() for part in found))
    old, new, same, z = (torch.cat(part) for part in zip(*parts, strict=True))
    opening = None if gate is None else openings(gate.heights, z[None])[0]
    return TextChange(decode(numbers), old, new, same, None if gate is None else z, opening)
