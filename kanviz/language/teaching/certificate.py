"""Certify which predictions of a taught language model cannot have changed, and verify such certificates.

The proof: the taught model has every number of the old one, bit for bit, and gates in front of all that was added.
Where all gates are 0 at every place of a window up to a character, no block adds anything there, and attention sees
nothing else; so the prediction after it is that of the old model.
"""

from collections.abc import Iterator
from dataclasses import fields

import torch
from jaxtyping import Bool
from torch import Tensor

from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.digest import model_digest
from kanviz.language.model import LanguageModel
from kanviz.language.symbols import encode
from kanviz.language.teaching.claims import EMBEDDED, GateClaim, LanguageCertificate, TextClaim, text_digest
from kanviz.language.teaching.gate import openings, places_on
from kanviz.language.teaching.measure import logits_of, same_predictions, text_windows
from kanviz.language.teaching.model import Addition, TaughtModel
from kanviz.text import shown
from kanviz.version import VERSION

CLOSE = 1e-6  # relative tolerance of recomputed figures


@on_one_thread
@torch.no_grad()
def certify_teaching(before: LanguageModel, after: LanguageModel, text: str) -> LanguageCertificate:
    """Certify what teaching left unchanged of `before`, on a text read in windows of the model's context.

    Raises UserError for models of different sizes, and for a text of fewer than 2 characters.

    >>> from kanviz.language import Corpus, LanguageModel, Sizes, teach
    >>> from kanviz.language.teaching.certificate import certify_teaching
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> model = LanguageModel(Sizes("gelu", width=16, context=32, parameters=1_000))
    >>> *_, last = teach(model, new, keep=old, how="gate", steps=3)
    >>> found = certify_teaching(model, last.model, old.held_out)
    >>> found.proven, found.text.certain == found.text.identical == found.text.predictions
    (True, True)
    """
    if before.sizes != after.sizes:
        raise UserError(f"Models of different sizes cannot be compared: {before.sizes} and {after.sizes}.")
    if len(text) < 2:
        raise UserError("A certificate needs a text of at least 2 characters. Choose a longer one.")
    old, new = before.state_dict(), after.state_dict()
    same = sum(int(_same(value, new[name]).sum()) for name, value in old.items() if name in new)
    added = _added(before, after)
    gates = tuple(
        GateClaim(addition.gate.closed_until, len(addition.gate.heights), int(addition.gate.locked.sum()))
        for addition in added if addition.gate is not None
    )  # fmt: skip
    numbers = sum(value.numel() for value in old.values())
    proven = same == numbers and len(gates) == len(added)
    claim = _of_text(before, after, text, added if proven else None)
    return LanguageCertificate(
        VERSION, model_digest(before), model_digest(after), numbers, same, gates, len(added) - len(gates), claim
    ).sealed()


def verify_teaching(
    certificate: LanguageCertificate, before: LanguageModel, after: LanguageModel, text: str | None = None
) -> tuple[str, ...]:
    """Compute a certificate again, and return in sentences what is wrong with it; none where it holds.

    text: where the certificate does not store it. Raises UserError where it is missing.

    >>> from kanviz.language import LanguageModel, Sizes
    >>> from kanviz.language.teaching.certificate import certify_teaching, verify_teaching
    >>> model, other = (LanguageModel(Sizes("gelu", width=16, parameters=1_000), seed=seed) for seed in (0, 1))
    >>> found = certify_teaching(model, model, "To be, or not to be")
    >>> verify_teaching(found, model, model), len(verify_teaching(found, model, other))
    ((), 1)
    """
    wrong = [
        f"It was written for another model {word} the lesson: digest {claimed[:12]}..., not {digest[:12]}...."
        for word, claimed, digest in (
            ("before", certificate.before, model_digest(before)), ("after", certificate.after, model_digest(after))
        )
        if claimed != digest
    ]  # fmt: skip
    if wrong:
        return tuple(wrong)
    if certificate.seal != certificate.sealed().seal:
        wrong.append("It was edited after it was written: its seal (a checksum) does not match its content.")
    claim = certificate.text
    whole = claim.text if claim.text is not None else text
    if whole is None:
        raise UserError(
            f"The certificate covers {claim.characters:,} characters that it does not store; give their text."
        )
    if any(text_digest(part) != claim.sha256 for part in (whole, text) if part is not None):
        return (*wrong, "It was written for another text than this: their digests differ.")
    return (*wrong, *_differences(certificate, certify_teaching(before, after, whole)))


def certain_predictions(added: list[Addition], text: str, context: int) -> Bool[Tensor, "predicted"]:
    """Return for each character of a text but the first whether every gate is 0 over its window up to there."""
    found = []
    for rows in text_windows(encode(text), context):
        closed = torch.ones(rows[:, :-1].shape, dtype=torch.bool)
        for addition in added:
            closed &= openings(addition.heights, places_on(addition.ratios, rows[:, :-1])) == 0
        found.append(closed.cummin(1).values.flatten())
    return torch.cat(found)


def _of_text(before: LanguageModel, after: LanguageModel, text: str, added: list[Addition] | None) -> TextClaim:
    """Count the predictions that are certain, and those found identical. added: None where nothing is proven."""
    context = before.sizes.context
    same, largest = [], 0.0
    for rows in text_windows(encode(text), context):
        one, two = logits_of(before, rows), logits_of(after, rows)
        same.append(same_predictions(one, two).flatten())
        largest = max(largest, float((one.softmax(-1) - two.softmax(-1)).abs().max()))
    identical = torch.cat(same)
    certain = 0 if added is None else int(certain_predictions(added, text, context).sum())
    stored = text if len(text) <= EMBEDDED else None
    return TextClaim(
        len(text), text_digest(text), context, len(identical), certain, int(identical.sum()), largest, stored
    )


def _added(before: LanguageModel, after: LanguageModel) -> list[Addition]:
    """Return what `after` has in addition to `before`."""
    old, new = (list(model.additions) if isinstance(model, TaughtModel) else [] for model in (before, after))
    return new[len(old) :]  # pyright: ignore[reportReturnType]


def _same(one: Tensor, two: Tensor) -> Tensor:
    """Return which numbers have the same bits; none where shapes or precisions differ."""
    if one.shape != two.shape or one.dtype != two.dtype:
        return torch.zeros(1, dtype=torch.bool)
    size = one.element_size()
    return (
        (one.contiguous().view(-1).view(torch.uint8) == two.contiguous().view(-1).view(torch.uint8))
        .view(-1, size)
        .all(1)
    )


def _differences(claimed: LanguageCertificate, found: LanguageCertificate) -> Iterator[str]:
    pairs = [("", claimed, found), ("text.", claimed.text, found.text)]
    for where, one, two in pairs:
        for part in fields(one):
            a, b = getattr(one, part.name), getattr(two, part.name)
            close = isinstance(a, float) and abs(a - b) <= CLOSE * max(abs(a), abs(b))
            if part.name not in ("version", "seal", "text") and a != b and not close:
                given, computed = shown(str(a), 120), shown(str(b), 120)
                yield f"Its {where}{part.name} is given as {given}, but is computed as {computed}."
