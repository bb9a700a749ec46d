"""Defines what is saved of a language model: the model, what it learned from, and how long."""

from dataclasses import dataclass

from kanviz.language.corpus import Corpus
from kanviz.language.model import LanguageModel
from kanviz.language.training import LanguageProgress, LanguageState


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A language model with what is known about it.

    text, sha256, source: name, digest and origin of what it learned from · steps, seconds: of its training, in CPU
    seconds · bits: per character of the held-out part, None where that was not measured · state: to go on with the
    training, None where that was not saved.
    """

    model: LanguageModel
    text: str
    sha256: str
    source: str
    steps: int
    seconds: float
    bits: float | None
    state: LanguageState | None = None

    @classmethod
    def of(cls, progress: LanguageProgress, corpus: Corpus, *, resumable: bool = False) -> "SavedModel":
        """Return what is to be saved at this point of a training. resumable: with its state, three times as large.

        >>> from kanviz.language import Corpus, LanguageModel, LanguageTraining, SavedModel, Sizes, train
        >>> tiny, text = Sizes("gelu", width=16, parameters=1_000), Corpus.from_text("To be, or not to be. " * 60)
        >>> *_, last = train(LanguageModel(tiny), text, LanguageTraining(steps=3))
        >>> saved = SavedModel.of(last, text)
        >>> saved.steps, saved.text, saved.state
        (3, 'text', None)
        """
        return cls(
            progress.model, corpus.name, corpus.sha256, corpus.source, progress.step, progress.seconds,
            progress.held_out_bits, progress.state if resumable else None,
        )  # fmt: skip
