"""Compares lessons at equal gain, in one sentence computed from the runs."""

from collections.abc import Sequence

from kanviz.language.teaching.outcome import Outcome
from kanviz.language.teaching.teach import TeachProgress
from kanviz.text import listing, percent

GAINS = (1.0, 1.2)  # bits per character at which lessons are compared


def teach_verdict(runs: Sequence[TeachProgress | Outcome], gain: float = GAINS[1]) -> str:
    """Say which lesson forgot least where it reached a gain, which comes next, and which did not reach it.

    >>> from kanviz.language import Corpus, LanguageModel, Sizes, teach
    >>> from kanviz.language.teaching.verdict import teach_verdict
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> model = LanguageModel(Sizes("gelu", width=16, context=32, parameters=1_000))
    >>> *_, last = teach(model, new, keep=old, how="gate", steps=2)
    >>> teach_verdict([last], gain=5)
    'No way of teaching reached a gain of 5 bits per character: take more steps.'
    """
    found = [(run.forgetting_at(gain), run) for run in runs]
    reached = sorted(((value, run) for value, run in found if value is not None), key=lambda pair: pair[0])
    if not reached:
        return f"No way of teaching reached a gain of {gain:g} bits per character: take more steps."
    (least, best), rest = reached[0], reached[1:]
    words = f"At a gain of {gain:g} bits per character, {best.policy.name} forgets least: {least:z.3f}"
    if rest:
        words += f", then {rest[0][1].policy.name} with {rest[0][0]:z.3f}"
    missing = [run.policy.name for value, run in found if value is None]
    if missing:
        words += f"; not reached by {listing(missing, 8)}"
    kept = f"{percent(best.now.identical)}% of the old text's predictions are bit-identical at the end"
    return f"{words}. With {best.policy.name}, {kept}."
