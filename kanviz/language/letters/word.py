"""Teaches Letters a word: only control points of the word's own characters move."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.letters.change import LettersChange, letters_change
from kanviz.language.letters.network import CHARACTERS, PLACES, rows_of, table_of, with_table
from kanviz.language.symbols import decode, encode

_LONGEST = 200  # characters
_RATE = 0.5
_MOST_STEPS = 2_000


@dataclass(frozen=True, eq=False)
class TaughtWord:
    """Letters while it is taught a word. kan: the network so far · change: what that did to functions and predictions.

    bits: what each character of the word costs after the characters before it, a space first; bits_before: the same
    before teaching · done: whether the word is learned, or the steps are spent.

    >>> from kanviz.language import Corpus, LettersConfig, teach_word, train_letters
    >>> corpus = Corpus.from_text("the cat sat on the mat. " * 50)
    >>> *_, last = train_letters(corpus, LettersConfig(steps=60))
    >>> *_, taught = teach_word(last.kan, "dog", corpus.held_out)
    >>> taught.done, taught.bits <= 0.1 < taught.bits_before
    (True, True)
    """

    word: str
    step: int
    kan: KAN
    change: LettersChange
    bits_before: float
    bits: float
    cpu_seconds: float
    done: bool

    def summary(self) -> str:
        """Return in two sentences what was learned and what it did to the rest."""
        return (
            f"{self.word!r} costs {self.bits_before:.2f} bits per character before and {self.bits:.2f} after. "
            f"{self.change.summary()}"
        )


@on_one_thread
@torch.no_grad()
def teach_word(kan: KAN, word: str, text: str, *, enough: float = 0.1, every: int = 1) -> Iterator[TaughtWord]:
    """Teach Letters a word, which is read again and again with a space before it, and yield the progress.

    It ends when the word costs at most `enough` bits per character. text: what held-out predictions are compared on ·
    every: steps from one item to the next. Gradient descent on the softmax cross-entropy of the word's windows; the
    control points of all other characters, and the constants, are not touched. Raises UserError for an empty word or
    one of more than 200 characters, and for a network that is not one of Letters.

    >>> from kanviz.language.corpus import Corpus
    >>> from kanviz.language.letters.training import LettersConfig, train_letters
    >>> from kanviz.language.letters.word import teach_word
    >>> corpus = Corpus.from_text("the cat sat on the mat. " * 50)
    >>> *_, last = train_letters(corpus, LettersConfig(steps=60))
    >>> *_, taught = teach_word(last.kan, "dog", corpus.held_out)
    >>> taught.bits <= 0.1, taught.change.changed_characters
    (True, ' odg')
    """
    if not word or len(word) > _LONGEST:
        raise UserError(f"A word to teach has 1 to {_LONGEST} characters; this has {len(word)}.")
    table, word = table_of(kan), decode(encode(word))  # what is no symbol becomes "?"
    before, following = _windows(encode(" " + word))
    rows, own = rows_of(before).unique(return_inverse=True)
    points, rest = table[rows], table[-1]
    free = (kan.layers[0].active & ~kan.layers[0].frozen)[rows // CHARACTERS]
    spent, bits_before = 0.0, _bits(points, own, rest, following)
    step, done = 0, bits_before <= enough
    while True:
        now = table.clone()
        now[rows] = points
        taught = with_table(kan, now)
        bits = _bits(points, own, rest, following)
        yield TaughtWord(word, step, taught, letters_change(kan, taught, text), bits_before, bits, spent, done)
        if done:
            return
        start = time.thread_time()
        for _ in range(every):
            points.sub_(_slope(points, own, rest, following) * free, alpha=_RATE)
            step += 1
            done = step >= _MOST_STEPS or _bits(points, own, rest, following) <= enough
            if done:
                break
        spent += time.thread_time() - start


def _windows(numbers: Int64[Tensor, "characters"]) -> tuple[Int64[Tensor, "windows places"], Int64[Tensor, "windows"]]:
    """Cut a text that repeats without end: a window before each of its characters, the nearest first."""
    count = len(numbers)
    at = torch.arange(count)[:, None] - 1 - torch.arange(PLACES)
    return numbers[at % count], numbers


def _logs(points: Tensor, own: Tensor, rest: Tensor) -> Float32[Tensor, "windows next"]:
    return (points[own].sum(1) + rest).log_softmax(1)


def _bits(points: Tensor, own: Tensor, rest: Tensor, following: Tensor) -> float:
    return float(-_logs(points, own, rest).gather(1, following[:, None]).mean()) / math.log(2)


def _slope(points: Tensor, own: Tensor, rest: Tensor, following: Tensor) -> Float32[Tensor, "rows next"]:
    """Compute the gradient of the mean loss for the control points."""
    count = len(following)
    error = _logs(points, own, rest).exp()
    error[torch.arange(count), following] -= 1
    return torch.zeros_like(points).index_add_(0, own.flatten(), error.repeat_interleave(PLACES, 0) / count)
