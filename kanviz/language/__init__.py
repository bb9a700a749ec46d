"""Language models with learned functions: texts, models, training, and what one can see inside."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kanviz.language.comparison import Compared as Compared
    from kanviz.language.comparison import Comparison as Comparison
    from kanviz.language.comparison import Contest as Contest
    from kanviz.language.comparison import Run as Run
    from kanviz.language.comparison import Summary as Summary
    from kanviz.language.comparison import compare as compare
    from kanviz.language.corpus import Corpus as Corpus
    from kanviz.language.entropy import bits as bits
    from kanviz.language.entropy import character_bits as character_bits
    from kanviz.language.entropy import passage_bits as passage_bits
    from kanviz.language.letters.change import LettersChange as LettersChange
    from kanviz.language.letters.change import letters_change as letters_change
    from kanviz.language.letters.reading import letter_function as letter_function
    from kanviz.language.letters.reading import next_character as next_character
    from kanviz.language.letters.reading import strongest as strongest
    from kanviz.language.letters.reading import write_letters as write_letters
    from kanviz.language.letters.training import LettersConfig as LettersConfig
    from kanviz.language.letters.training import LettersProgress as LettersProgress
    from kanviz.language.letters.training import train_letters as train_letters
    from kanviz.language.letters.word import TaughtWord as TaughtWord
    from kanviz.language.letters.word import teach_word as teach_word
    from kanviz.language.model import LanguageModel as LanguageModel
    from kanviz.language.model import Sizes as Sizes
    from kanviz.language.sampling import characters_of as characters_of
    from kanviz.language.sampling import sample as sample
    from kanviz.language.saved import SavedModel as SavedModel
    from kanviz.language.teaching.certificate import certify_teaching as certify_teaching
    from kanviz.language.teaching.certificate import verify_teaching as verify_teaching
    from kanviz.language.teaching.claims import LanguageCertificate as LanguageCertificate
    from kanviz.language.teaching.gate import Gate as Gate
    from kanviz.language.teaching.gate import gate_between as gate_between
    from kanviz.language.teaching.measure import TeachPoint as TeachPoint
    from kanviz.language.teaching.measure import unchanged_predictions as unchanged_predictions
    from kanviz.language.teaching.model import TaughtModel as TaughtModel
    from kanviz.language.teaching.policy import TeachPolicy as TeachPolicy
    from kanviz.language.teaching.reading import TextChange as TextChange
    from kanviz.language.teaching.reading import text_change as text_change
    from kanviz.language.teaching.teach import TeachProgress as TeachProgress
    from kanviz.language.teaching.teach import teach as teach
    from kanviz.language.teaching.verdict import teach_verdict as teach_verdict
    from kanviz.language.teaching.view import GateView as GateView
    from kanviz.language.teaching.view import gate_view as gate_view
    from kanviz.language.training import LanguageProgress as LanguageProgress
    from kanviz.language.training import LanguageState as LanguageState
    from kanviz.language.training import LanguageTraining as LanguageTraining
    from kanviz.language.training import train as train

_HOMES = {
    "Compared": "kanviz.language.comparison",
    "Comparison": "kanviz.language.comparison",
    "Contest": "kanviz.language.comparison",
    "Run": "kanviz.language.comparison",
    "Summary": "kanviz.language.comparison",
    "compare": "kanviz.language.comparison",
    # of files, which this package must not import: they are above it
    "load": "kanviz.io.language_file",
    "save": "kanviz.io.language_file",
    "Corpus": "kanviz.language.corpus",
    "bits": "kanviz.language.entropy",
    "passage_bits": "kanviz.language.entropy",
    "character_bits": "kanviz.language.entropy",
    "LanguageModel": "kanviz.language.model",
    "Sizes": "kanviz.language.model",
    "characters_of": "kanviz.language.sampling",
    "sample": "kanviz.language.sampling",
    "SavedModel": "kanviz.language.saved",
    "LanguageProgress": "kanviz.language.training",
    "LanguageState": "kanviz.language.training",
    "LanguageTraining": "kanviz.language.training",
    "train": "kanviz.language.training",
    "letters_change": "kanviz.language.letters.change",
    "LettersChange": "kanviz.language.letters.change",
    "letter_function": "kanviz.language.letters.reading",
    "next_character": "kanviz.language.letters.reading",
    "strongest": "kanviz.language.letters.reading",
    "write_letters": "kanviz.language.letters.reading",
    "LettersConfig": "kanviz.language.letters.training",
    "LettersProgress": "kanviz.language.letters.training",
    "train_letters": "kanviz.language.letters.training",
    "TaughtWord": "kanviz.language.letters.word",
    "teach_word": "kanviz.language.letters.word",
    "certify_teaching": "kanviz.language.teaching.certificate",
    "verify_teaching": "kanviz.language.teaching.certificate",
    "LanguageCertificate": "kanviz.language.teaching.claims",
    "Gate": "kanviz.language.teaching.gate",
    "gate_between": "kanviz.language.teaching.gate",
    "TeachPoint": "kanviz.language.teaching.measure",
    "unchanged_predictions": "kanviz.language.teaching.measure",
    "TaughtModel": "kanviz.language.teaching.model",
    "TeachPolicy": "kanviz.language.teaching.policy",
    "TeachProgress": "kanviz.language.teaching.teach",
    "teach": "kanviz.language.teaching.teach",
    "GateView": "kanviz.language.teaching.view",
    "gate_view": "kanviz.language.teaching.view",
    "TextChange": "kanviz.language.teaching.reading",
    "text_change": "kanviz.language.teaching.reading",
    "teach_verdict": "kanviz.language.teaching.verdict",
}
__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Names are loaded when they are first used, as those of kanviz are."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kanviz.language' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
