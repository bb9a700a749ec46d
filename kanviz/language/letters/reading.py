"""Reads Letters: what comes next after a text and why, one function over the axis, and the strongest control points."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from kanviz.core.edge import EdgeId
from kanviz.core.kan import KAN
from kanviz.errors import UserError
from kanviz.language.letters.network import CHARACTERS, PLACES, Windows, place_name, rows_of, scores, table_of
from kanviz.language.symbols import SYMBOLS, decode, encode, shown_symbol
from kanviz.text import shown

_BEFORE_ALL = SYMBOLS.index("\n")  # what stands before the first character of a text


@dataclass(frozen=True, eq=False)
class NextCharacter:
    """What Letters expects after a text. before: the six characters it reads · probabilities: of each next character ·
    parts: what each of the six adds to each next character's score; the nearest first.

    >>> from kanviz.language import Corpus, LettersConfig, next_character, train_letters
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> next_character(last.kan, "the c").likeliest(1)[0][0]
    'a'
    """

    before: str
    probabilities: Float32[Tensor, "next"]
    parts: Float32[Tensor, "places next"]

    def likeliest(self, count: int = 10) -> list[tuple[str, float]]:
        """Return the likeliest next characters with their probabilities."""
        found = self.probabilities.topk(min(count, CHARACTERS))
        return [(SYMBOLS[int(n)], float(p)) for p, n in zip(found.values, found.indices, strict=True)]


@torch.no_grad()
def next_character(kan: KAN, text: str) -> NextCharacter:
    """Compute what Letters expects after a text; a text of fewer than six characters is taken to follow empty lines.

    Raises UserError for a network that is not one of Letters.

    >>> from kanviz.language.corpus import Corpus
    >>> from kanviz.language.letters.reading import next_character
    >>> from kanviz.language.letters.training import LettersConfig, train_letters
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> found = next_character(last.kan, "the c")
    >>> found.likeliest(1)[0][0], found.parts.shape, found.before
    ('a', torch.Size([6, 96]), '\\nthe c')
    """
    table, before = table_of(kan), _last(encode(text[-PLACES:]))
    return NextCharacter(decode(before[0].flip(0)), scores(table, before)[0].softmax(0), table[rows_of(before)[0]])


def _last(numbers: Int64[Tensor, "characters"]) -> Windows:
    """Return the window of the last six characters."""
    return torch.cat([torch.full((PLACES,), _BEFORE_ALL), numbers])[-PLACES:].flip(0)[None]


@dataclass(frozen=True, eq=False)
class LetterFunction:
    """One function of Letters: what a character at a place adds to the score of a next character.

    edge: its address in the network · place, next: in words · heights: its control points, by the character's place on
    the axis of `kanviz.language.symbols`.

    >>> from kanviz.language import Corpus, LettersConfig, letter_function, train_letters
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> letter_function(last.kan, 1, "e").next
    'e'
    """

    edge: EdgeId
    place: str
    next: str
    heights: Float32[Tensor, "characters"]


def letter_function(kan: KAN, place: int, following: str) -> LetterFunction:
    """Return the function of a place (0 for the nearest character, to 5) and a next character.

    Raises UserError for another place or character, and for a network that is not one of Letters.

    >>> from kanviz.language.corpus import Corpus
    >>> from kanviz.language.letters.reading import letter_function
    >>> from kanviz.language.letters.training import LettersConfig, train_letters
    >>> from kanviz.language.symbols import SYMBOLS
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> found = letter_function(last.kan, 0, "h")
    >>> found.edge, SYMBOLS[int(found.heights.argmax())], found.place
    (EdgeId(layer=0, source=0, target=12), 't', '1 back')
    """
    if not 0 <= place < PLACES:
        raise UserError(f"Letters reads places 0 to {PLACES - 1} back from the next character; there is no {place}.")
    if len(following) != 1 or following not in SYMBOLS:
        raise UserError(f"{shown(following)!r} is not one of the {CHARACTERS} symbols of Letters; give one of those.")
    number = SYMBOLS.index(following)
    heights = table_of(kan)[place * CHARACTERS : (place + 1) * CHARACTERS, number]
    return LetterFunction(EdgeId(0, place, number), place_name(place), shown_symbol(number), heights)


class Strong(NamedTuple):
    """A control point: the character at a place, the next character whose score it raises, and by how much.

    >>> from kanviz.language import Corpus, LettersConfig, strongest, train_letters
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> strongest(last.kan, 1)[0].height > 0
    True
    """

    place: int
    character: str
    next: str
    height: float


def strongest(kan: KAN, count: int = 12, place: int | None = None) -> list[Strong]:
    """Return the highest control points, of one place or of all.

    Raises UserError for a network that is not one of Letters.

    >>> from kanviz.language.corpus import Corpus
    >>> from kanviz.language.letters.reading import strongest
    >>> from kanviz.language.letters.training import LettersConfig, train_letters
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> [(pair.character, pair.next) for pair in strongest(last.kan, 20, place=0) if pair.character == "h"]
    [('h', 'e')]
    """
    points = table_of(kan)[:-1].unflatten(0, (PLACES, CHARACTERS))
    here = points if place is None else points[place : place + 1]
    found = here.flatten().topk(min(count, here.numel()))
    rows = []
    for height, at in zip(found.values.tolist(), found.indices.tolist(), strict=True):
        at, following = divmod(at, CHARACTERS)
        which, character = divmod(at, CHARACTERS)
        rows.append(Strong(which if place is None else place, SYMBOLS[character], SYMBOLS[following], height))
    return rows


def write_letters(kan: KAN, start: str, characters: int = 200, seed: int = 0) -> str:
    """Write a text that Letters makes up after `start`, character by character.

    Raises UserError for a network that is not one of Letters.

    >>> from kanviz.language.corpus import Corpus
    >>> from kanviz.language.letters.reading import write_letters
    >>> from kanviz.language.letters.training import LettersConfig, train_letters
    >>> *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> len(write_letters(last.kan, "the ", 30))
    30
    """
    table, rng = table_of(kan), torch.Generator().manual_seed(seed)
    window, found = _last(encode(start)), []
    for _ in range(characters):
        number = torch.multinomial(scores(table, window)[0].softmax(0), 1, generator=rng)
        window = torch.cat([number[None], window[:, :-1]], 1)
        found.append(number)
    return decode(torch.cat(found)) if found else ""
