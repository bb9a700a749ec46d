"""Guesses the encoding of a text table from how likely its words are: a real word is more likely than a nonsense one.

Words with bytes beyond ASCII are decoded in every encoding in common use, and scored by the letter frequencies of the
languages written in it (naive Bayes over `alphabets`). General detectors need more text than the headings of a table:
charset-normalizer 3.5 takes GBK headings for Korean.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from kanviz.io.alphabets import JAPANESE, KOREAN, LATIN, OTHERS, SIMPLIFIED, TRADITIONAL

_SAMPLE_WORDS = 600
_SURE = 5.0  # difference in log-likelihood between the best two guesses that read differently
_LATIN_LETTER = math.log(0.04)  # any ASCII letter
_STRANGE = -14.0
_NARROW_KANA = -3.0  # a word in half-width kana, which are rare
_BEYOND = re.compile(rb"[\x80-\xff]")
_LETTERS_BEFORE = re.compile(rb"[A-Za-z\x80-\xff]*$")
_REST_OF_WORD = re.compile(rb"[^\x00-\x2f\x3a-\x3f]{0,200}")
_LONGEST_START = 40
WEST = ("German", "French", "Spanish", "Portuguese", "Italian", "Swedish", "Danish", "Icelandic")
CENTRAL = ("Czech", "Slovak", "Polish", "Hungarian", "Romanian", "Croatian", "German")
CYRILLIC = ("Russian", "Ukrainian", "Bulgarian", "Serbian")


@dataclass(frozen=True)
class Encoding:
    """An encoding with its title, the languages written in it, and how rare it is (log of a share)."""

    name: str
    title: str
    languages: tuple[str, ...]
    prior: float
    wide: str = ""


ENCODINGS = (
    Encoding("cp1252", "Windows-1252 (Western European)", WEST, 0.0),
    Encoding("cp1250", "Windows-1250 (Central European)", CENTRAL, -2.0),
    Encoding("cp1251", "Windows-1251 (Cyrillic)", CYRILLIC, -1.5),
    Encoding("gb18030", "GBK (Chinese, simplified)", (), -1.5, SIMPLIFIED),
    Encoding("cp932", "Shift-JIS (Japanese)", (), -2.0, JAPANESE),
    Encoding("cp949", "EUC-KR (Korean)", (), -2.0, KOREAN),
    Encoding("big5", "Big5 (Chinese, traditional)", (), -2.0, TRADITIONAL),
    Encoding("cp1254", "Windows-1254 (Turkish)", ("Turkish",), -4.0),
    Encoding("koi8_r", "KOI8-R (Cyrillic)", CYRILLIC[:1], -2.5),
    Encoding("koi8_u", "KOI8-U (Cyrillic)", CYRILLIC[1:2], -4.0),
    Encoding("iso8859_2", "ISO-8859-2 (Central European)", CENTRAL, -2.5),
    Encoding("cp1257", "Windows-1257 (Baltic)", ("Lithuanian", "Latvian", "Estonian"), -3.0),
    Encoding("cp1253", "Windows-1253 (Greek)", ("Greek",), -3.0),
    Encoding("euc_jp", "EUC-JP (Japanese)", (), -3.5, JAPANESE),
    Encoding("cp866", "DOS 866 (Cyrillic)", CYRILLIC[:1], -3.5),
    Encoding("cp850", "DOS 850 (Western European)", WEST, -4.0),
    Encoding("cp437", "DOS 437", WEST, -4.5),
    Encoding("cp852", "DOS 852 (Central European)", CENTRAL, -4.5),
    Encoding("mac_roman", "Macintosh (Western European)", WEST, -4.5),
    Encoding("iso8859_5", "ISO-8859-5 (Cyrillic)", CYRILLIC, -5.0),
    Encoding("mac_cyrillic", "Macintosh (Cyrillic)", CYRILLIC[:1], -6.0),
    Encoding("cp1255", "Windows-1255 (Hebrew)", ("Hebrew",), -5.0),
    Encoding("cp1256", "Windows-1256 (Arabic)", ("Arabic",), -5.0),
    Encoding("cp874", "Windows-874 (Thai)", ("Thai",), -5.0),
)


@dataclass(frozen=True)
class Guess:
    """An encoding that can read a text, the words it gives, and its log-likelihood."""

    encoding: Encoding
    words: tuple[str, ...]
    score: float


def guesses(data: bytes) -> list[Guess]:
    """List all encodings that can read the text, the likeliest first; empty where none can."""
    words = _words(data)
    found = []
    for encoding in ENCODINGS:
        try:
            read = tuple(word.decode(encoding.name) for word in words)
        except UnicodeDecodeError:
            continue
        found.append(Guess(encoding, read, encoding.prior + _score(encoding, read)))
    return sorted(found, key=lambda guess: -guess.score)


def _words(data: bytes) -> list[bytes]:
    """Collect different words with bytes beyond ASCII from the beginning of a text."""
    found: dict[bytes, None] = {}
    at = 0
    for _ in range(20 * _SAMPLE_WORDS):
        beyond = _BEYOND.search(data, at)
        if beyond is None or len(found) >= _SAMPLE_WORDS:
            break
        before = _LETTERS_BEFORE.search(data[max(at, beyond.start() - _LONGEST_START) : beyond.start()])
        rest = _REST_OF_WORD.match(data, beyond.start())
        assert before is not None
        assert rest is not None
        found[before.group() + rest.group()] = None
        at = max(rest.end(), beyond.end())
    return list(found)


def alternatives(found: list[Guess]) -> list[Guess]:
    """List the guesses that read differently, each in its likeliest encoding."""
    seen: dict[tuple[str, ...], Guess] = {}
    for guess in found:
        seen.setdefault(guess.words, guess)
    return list(seen.values())


def is_sure(found: list[Guess]) -> bool:
    """Say whether the best guess is much likelier than any that reads differently."""
    others = alternatives(found)
    return len(others) < 2 or others[0].score - others[1].score > _SURE


def _score(encoding: Encoding, words: Iterable[str]) -> float:
    words = list(words)
    if encoding.wide:
        return sum(_wide(word, encoding) for word in words)
    return max(sum(_narrow(word, language) for word in words) for language in encoding.languages)


@cache
def _table(language: str) -> dict[str, float]:
    found = LATIN.get(language) or OTHERS[language]
    return {letter: math.log(share / 1000) for letter, share in found.items()}


def _narrow(word: str, language: str) -> float:
    """Compute the log-likelihood of a word in an alphabet."""
    table, latin = _table(language), language in LATIN
    total, previous = 0.0, ""
    others = any(letter.lower() in table for letter in word)
    for n, letter in enumerate(word):
        low = letter.lower()
        if low in table:
            total += table[low]
            if previous.islower() and letter.isupper():
                total -= 6.0
            elif letter.isupper() and n:
                total -= 4.0 if word[n + 1 : n + 2].islower() else 1.0
            if low in "ùìò" and n + 1 < len(word) and word[n + 1].isalpha():
                total -= 5.0
        elif letter.isascii():
            total += _LATIN_LETTER if latin or not letter.isalpha() or not others else -6.0
            if letter.isupper() and previous.islower() and not previous.isascii():
                total -= 6.0
        else:
            total += _sign(word, n)
        previous = letter if letter.isalpha() else ""
    return total


_SIGNS = {"±": -7.0, "·": -7.0, "×": -7.0, "€": -7.0, "–": -7.0, "—": -8.0, "’": -8.0, "“": -8.0, "”": -8.0, "„": -8.0,
          "№": -6.0, "\u00a0": -6.0, "«": -8.0, "»": -8.0, "′": -7.0, "‰": -7.0, "…": -8.0, "Å": -6.0, "Ω": -4.0,
          "Δ": -6.0, "σ": -7.0, "φ": -7.0, "α": -7.0, "β": -7.0, "θ": -7.0, "º": -7.0}  # fmt: skip


def _sign(word: str, n: int) -> float:
    """Compute the log-likelihood of a sign or a foreign letter from its neighbours."""
    sign, after, before = word[n], word[n + 1 : n + 2], word[n - 1 : n] if n else ""
    if sign == "°":
        return -2.0 if after in ("C", "F", "K", "", ")", "]") and not before.isalpha() else -6.0
    if sign in "µμ":
        return -3.0 if after and after in "mMsAVgGlLFHWNPSC" and not before.isalpha() else -7.0
    if sign in "²³":
        return -4.0 if (before.isalpha() or before == ")") and not after.isalpha() else _STRANGE
    if sign in "„“”«»‚" and before.isalpha() and after.isalpha():
        return _STRANGE
    return _SIGNS.get(sign, _STRANGE if not sign.isalpha() else -12.0)


@cache
def _common(encoding: Encoding) -> frozenset[str]:
    return frozenset(encoding.wide)


def _wide(word: str, encoding: Encoding) -> float:
    """Compute the log-likelihood of a word in an encoding with two-byte characters."""
    total = _NARROW_KANA if any("\uff61" <= letter <= "\uff9f" for letter in word) else 0.0
    for n, letter in enumerate(word):
        if letter.isascii():
            total += _LATIN_LETTER if letter.isalpha() or letter in "()[]/%" else -5.0
            continue
        total += _character(letter, encoding)
        total -= 4.0 * sum(
            neighbour.isascii() and neighbour.islower() for neighbour in (word[n - 1 : n], word[n + 1 : n + 2])
        )
    return total


def _character(letter: str, encoding: Encoding) -> float:
    code = ord(letter)
    if letter in _common(encoding):
        return -6.0
    if letter in "（）：，、。／％℃°Ω±²³·":
        return -6.5
    if encoding.wide is JAPANESE and 0x3040 <= code <= 0x30FF:
        return -4.5
    if encoding.wide is JAPANESE and 0xFF61 <= code <= 0xFF9F:
        return -4.0 if code > 0xFF65 else -9.0
    if encoding.wide is KOREAN:
        return -7.5 if 0xAC00 <= code <= 0xD7A3 and _lead(letter, "euc_kr") else -12.0
    if 0x4E00 <= code <= 0x9FFF:
        first = _lead(letter, {"gb18030": "gb2312"}.get(encoding.name, encoding.name))
        last = {"gb18030": 0xD7, "big5": 0xC6, "cp932": 0x98, "euc_jp": 0xCF}[encoding.name]
        return -8.5 if first and first <= last else -11.5
    return _STRANGE


def _lead(letter: str, encoding: str) -> int:
    """Return the first byte of a character in an encoding; 0 where it has no two-byte form."""
    try:
        found = letter.encode(encoding)
    except UnicodeEncodeError:
        return 0
    return found[0] if len(found) == 2 else 0
