"""Split a typed formula into tokens: numbers, names and signs; refuse anything else, and say what to write instead."""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from kanviz.core.formulas.expression import CONSTANTS, FUNCTIONS, OTHER_NAMES
from kanviz.errors import FormulaError
from kanviz.text import listing, shown

MAX_LENGTH = 4000
MAX_DIGITS = 40
MAX_DECADES = 300
INFINITIES = ("inf", "infinity", "oo", "nan")

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGNS = {"**": "^"} | {c: c for c in "+-*/^(),"}
_SIGNS |= {"−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "⁄": "/"}
_SUPERSCRIPT = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_LOOKALIKES = dict(zip("асеорхуіјѕԁһαορχνγ", "aceopxyijsdhaopxvy", strict=True))
_REFUSED = {
    "=": "An equals sign is not part of a formula; type only what is to the right of it.",
    "<": "Comparisons are not formulas; use sign or abs instead.",
    ">": "Comparisons are not formulas; use sign or abs instead.",
    "!": "Factorials and 'not' are not known; write the number itself.",
    "|": "Bars are not known; write abs(x) instead of |x|.",
    "%": "Percent signs and remainders are not known; write 0.05 instead of 5%.",
    "'": "Text in quotes is not allowed in a formula; use numbers and names.",
    '"': "Text in quotes is not allowed in a formula; use numbers and names.",
    "[": "Square brackets are not allowed in a formula; use ( and ).",
    "]": "Square brackets are not allowed in a formula; use ( and ).",
    "{": "Curly brackets are not allowed in a formula; use ( and ).",
    "}": "Curly brackets are not allowed in a formula; use ( and ).",
    ".": "A point belongs inside a number, such as 0.5; a formula has no attributes.",
    "_": "Names that begin with _ are not allowed in a formula; use the names of your columns.",
    ";": "Only one formula at a time; leave out the ;.",
    "∞": "Infinity is not a number to calculate with; use a large number.",
    "√": "The root sign is not known; write sqrt(x).",
    "\\": "LaTeX and backslashes are not known; write sqrt(x) or x/y.",
    "$": "LaTeX and $ are not known; write the formula by itself.",
    "\n": "Only one formula at a time; write it on one line.",
}


@dataclass(frozen=True)
class Token:
    """A token. kind: number, name, superscript, end, or the sign itself; text: in kanviz's spelling; [start, end): its
    position in the typed text.
    """

    kind: str
    text: str
    start: int
    end: int
    spaced: bool  # white space before it


def tokens(text: str, names: Sequence[str]) -> list[Token]:
    """Split a formula into tokens, with an end mark. Raises FormulaError at the first text that is no token."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            f"The formula is {len(text):,} characters long; the limit is {MAX_LENGTH:,}. Shorten it or split it."
        )
    found: list[Token] = []
    known = {unicodedata.normalize("NFC", name) for name in names}
    at, last = len(text) - len(text.lstrip()), len(text.rstrip())
    while at < last:
        before = at
        while text[at] in " \t" or unicodedata.category(text[at]) == "Zs":
            at += 1
        token = _word(text, at, known, spaced=at > before)
        if token is None:
            raise unknown_character(text, at, names)
        found.append(token)
        at = token.end
    return [*found, Token("end", "", last, last, False)]


def _word(text: str, at: int, known: set[str], *, spaced: bool) -> Token | None:
    number = _NUMBER.match(text, at)
    if number:
        return _number(text, number, spaced)
    c = text[at]
    if c.isidentifier() and (c != "_" or _name(text, at) in known):
        name = _name(text, at)
        return Token("name", name, at, at + len(name), spaced)
    if c in _SUPERSCRIPT:
        end = at
        while end < len(text) and text[end] in _SUPERSCRIPT:
            end += 1
        return Token("superscript", "".join(_SUPERSCRIPT[s] for s in text[at:end]), at, end, spaced)
    for sign in (text[at : at + 2], c):
        if sign in _SIGNS:
            return Token(_SIGNS[sign], _SIGNS[sign], at, at + len(sign), spaced)
    return None


def _name(text: str, at: int) -> str:
    """Return the longest name that starts at `at`; superscript digits and signs end it, the dot in x·y too."""
    end = at + 1
    while end < len(text) and text[end] not in (*_SUPERSCRIPT, *_SIGNS) and ("a" + text[end]).isidentifier():
        end += 1
    return text[at:end]


def _number(text: str, found: re.Match[str], spaced: bool) -> Token:
    word, at, end = found.group(), found.start(), found.end()
    after = text[end : end + 1]
    where = f"(position {at + 1})"
    if word == "0" and after in tuple("xXoObB") and text[end + 1 : end + 2].isalnum():
        raise FormulaError(f"Hexadecimal and binary numbers are not read {where}; write the number in decimal.")
    if after == "_":
        raise FormulaError(f"Numbers are written without _ {where}; write 1000 instead of 1_000.")
    if after in ("j", "J") and not _name(text, end)[1:]:
        raise FormulaError(f"Complex numbers are not supported {where}; use real numbers only.")
    mantissa, _, exponent = word.lower().partition("e")
    digits = sum(c.isdigit() for c in mantissa)
    if digits > MAX_DIGITS:
        raise FormulaError(f"A number has {digits:,} digits {where}; the limit is {MAX_DIGITS}. Round it.")
    if len(exponent) > 6 or abs(int(exponent or 0)) > MAX_DECADES or (float(word) == 0) != (not mantissa.strip("0.")):
        raise FormulaError(
            f"The number {shown(word, 20)} {where} is out of range; use 1e-{MAX_DECADES} to 1e{MAX_DECADES}."
        )
    return Token("number", word, at, end, spaced)


def unknown_character(text: str, at: int, names: Sequence[str]) -> FormulaError:
    """Make the error for the character at `at`; its text says what a formula may contain."""
    c = text[at]
    where = f"(position {at + 1})"
    category = unicodedata.category(c)
    if c in _REFUSED:
        reason, _, remedy = _REFUSED[c].partition(";")
        return FormulaError(f"{reason} {where};{remedy}")
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return FormulaError(
            f"There is a hidden character U+{ord(c):04X} {where}; delete it and type the formula again."
        )
    if c.isnumeric():
        return FormulaError(f"The character {c} {where} is not a digit from 0 to 9; type the number with those.")
    return FormulaError(f"{shown(c)} {where} is not known in a formula; use {vocabulary(names)}.")


def vocabulary(names: Sequence[str]) -> str:
    """List what a formula may contain, as part of a sentence."""
    variables = f"{listing(list(names), 4)}, " if names else ""
    return f"numbers, {variables}+ - * / ^ ( ) and functions such as sin, exp, log and sqrt"


def unknown_name(token: Token, names: Sequence[str], *, called: bool) -> FormulaError:
    """Make the error for a name that is no variable, constant or function; its text suggests the most similar one."""
    name, where = token.text, f"(position {token.start + 1})"
    for position, letter in enumerate(name, token.start + 1):
        if not letter.isascii():
            twin = _LOOKALIKES.get(letter) or unicodedata.normalize("NFKC", letter)
            alike = f" looks like {twin} but is another letter" if twin.isascii() else " is not in any known name"
            return FormulaError(
                f"The letter {letter} (U+{ord(letter):04X}, position {position}){alike}; type it again, using "
                f"{vocabulary(names)}."
            )
    if not called and name.lower() in INFINITIES:
        return FormulaError(f"{name} {where} is not a number to calculate with; use a finite number.")
    if not called and name in ("i", "I", "j", "J"):
        return FormulaError(f"Complex numbers, such as {name} {where}, are not supported; use {vocabulary(names)}.")
    functions = [*FUNCTIONS, *OTHER_NAMES]
    candidates = functions if called else [*names, *CONSTANTS, *functions]
    near = difflib.get_close_matches(name.lower()[:60], candidates, 1, 0.7)
    kind = "function" if called else "variable"
    hint = f"did you mean {shown(near[0])}?" if near else f"use {vocabulary(names)}."
    return FormulaError(f"{shown(name, 30)} {where} is not a known {kind}; {hint}")
