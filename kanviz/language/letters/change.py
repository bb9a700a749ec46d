"""Compares two networks of Letters: which functions and which predictions kept their bits, and what that cost."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.language.letters.network import bits_of, same_rows, scores, table_of, windows
from kanviz.language.symbols import SYMBOLS, encode
from kanviz.text import percent


@dataclass(frozen=True, eq=False)
class LettersChange:
    """What a change of Letters did.

    moved, points: control points with other bits, and all · functions: by place and character, whether what that
    character adds there to all next characters has the same bits · predictions: of each held-out character, whether the
    scores have the same bits · before, after: bits that each held-out character costs.

    >>> from kanviz.language import Corpus, LettersConfig, letters_change, train_letters
    >>> corpus = Corpus.from_text("the cat sat on the mat. " * 50)
    >>> first, second = (train_letters(corpus, LettersConfig(steps=60, every=n)) for n in (30, 60))
    >>> found = letters_change(next(first).kan, next(second).kan, corpus.held_out)
    >>> found.bits_after < found.bits_before, found.functions_kept > 0.5, found.predictions_kept
    (True, True, 0.0)
    """

    moved: int
    points: int
    functions: Bool[Tensor, "places characters"]
    predictions: Bool[Tensor, "windows"]
    before: Float32[Tensor, "windows"]
    after: Float32[Tensor, "windows"]

    @property
    def functions_kept(self) -> float:
        """Share of the functions' values (one at each control point) that kept their bits, 0 to 1."""
        return 1 - self.moved / self.points

    @property
    def predictions_kept(self) -> float:
        """Share of the held-out predictions that kept their bits, 0 to 1."""
        return float(self.predictions.double().mean())

    @property
    def bits_before(self) -> float:
        """Bits per held-out character before the change."""
        return float(self.before.double().mean())

    @property
    def bits_after(self) -> float:
        """Bits per held-out character after the change."""
        return float(self.after.double().mean())

    @property
    def changed_characters(self) -> str:
        """The characters of which a function changed, in the order of the axis."""
        return "".join(SYMBOLS[number] for number in (~self.functions).any(0).nonzero().flatten().tolist())

    @property
    def verdict(self) -> str:
        """What became of functions and of behaviour, in a sentence."""
        functions, predictions = (f"{percent(share)} %" for share in (self.functions_kept, self.predictions_kept))
        if not self.moved and self.predictions_kept == 1:
            return "Nothing was changed: every function and every prediction is bit-identical."
        most = self.functions_kept > 0.5, self.predictions_kept > 0.5
        found = {
            (True, True): "Functions are kept, and most of the behaviour is too",
            (True, False): "Functions are kept, behaviour is not",
            (False, True): "Most of the behaviour is kept, most functions are not",
            (False, False): "Neither functions nor behaviour are kept",
        }[most]
        rise = self.bits_after - self.bits_before
        words = f"{abs(rise):.3f} bits per character {'more' if rise > 0 else 'less'}"
        cost = "the same to a thousandth of a bit" if abs(rise) < 0.0005 else words
        return (
            f"{found}: {functions} of the functions' values and {predictions} of the held-out predictions are "
            f"bit-identical, and held-out text costs {cost}."
        )

    def summary(self) -> str:
        """Return the change in one sentence."""
        return (
            f"{percent(self.functions_kept)} % of the functions' values and {percent(self.predictions_kept)} % of the "
            f"held-out predictions are bit-identical; held-out text costs {self.bits_before:.3f} bits per character "
            f"before and {self.bits_after:.3f} after."
        )


@torch.no_grad()
def letters_change(before: KAN, after: KAN, text: str) -> LettersChange:
    """Compare two networks of Letters on a held-out text.

    Raises UserError for networks that are not of Letters, and for a text of fewer than seven characters.

    >>> import kanviz
    >>> from kanviz.edit import MoveControlPoint
    >>> from kanviz.language.corpus import Corpus
    >>> from kanviz.language.letters.change import letters_change
    >>> from kanviz.language.letters.training import LettersConfig, train_letters
    >>> from kanviz.language.symbols import SYMBOLS
    >>> corpus = Corpus.from_text("the cat sat on the mat. " * 50)
    >>> *_, last = train_letters(corpus, LettersConfig(steps=60))
    >>> edit = MoveControlPoint(kanviz.EdgeId(0, 0, SYMBOLS.index("a")), SYMBOLS.index("c"), 9.0)  # "a" after "c"
    >>> found = letters_change(last.kan, edit.apply(last.kan), corpus.held_out)
    >>> found.moved, found.changed_characters, round(found.predictions_kept, 3)
    (1, 'c', 0.965)
    """
    one, two = table_of(before), table_of(after)
    first, following = windows(encode(text))
    scored = [scores(table, first).view(torch.int32) for table in (one, two)]
    moved = int((one[:-1].view(torch.int32) != two[:-1].view(torch.int32)).sum())
    return LettersChange(
        moved, one[:-1].numel(), same_rows(one, two), (scored[0] == scored[1]).all(1),
        bits_of(one, first, following), bits_of(two, first, following),
    )  # fmt: skip
