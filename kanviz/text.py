"""How names and sizes from a file nobody vouches for appear in our sentences, in Markdown, in LaTeX and in formulas."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

NAME_LIMIT = 80
SOLVER_TITLES = {"auto": "Automatic", "lm": "Levenberg-Marquardt", "lbfgs": "L-BFGS", "adam": "Adam"}
PICKED = {  # why "auto" takes a solver
    "lm": "the network is small enough",
    "lbfgs": "too large for Levenberg-Marquardt, or held back by L1 or entropy",
    "adam": "too large for anything but some rows at a time",
}


def shown(text: str, limit: int = NAME_LIMIT) -> str:
    """A name from a file, safe inside a sentence: hidden characters escaped, long names cut.

    HTML and Markdown are left as they are: whoever draws the sentence shows it as plain text.
    """
    visible = "".join(c if c.isprintable() else _escape(c) for c in text[:limit])
    if len(text) <= limit and len(visible) <= limit:
        return visible
    return f"{visible[:limit]}... ({len(text):,} characters)"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def size_words(count: int) -> str:
    """A number of bytes in words: 4 bytes, 12 kB, 3.5 MB."""
    if count < 1000:
        return "1 byte" if count == 1 else f"{count} bytes"
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def counted(count: int, noun: str) -> str:
    """ "1 note", "3 notes"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(names: list[str], most: int = 3) -> str:
    """The first few names in a sentence: `a, b, c and 4 more`."""
    head = [shown(name) or "(no name)" for name in names[:most]]
    rest = len(names) - len(head)
    if rest:
        return f"{', '.join(head)} and {rest:,} more"
    return " and ".join([", ".join(head[:-1]), head[-1]]) if len(head) > 1 else "".join(head)


def written_names(names: Sequence[str], taken: Collection[str] = ()) -> tuple[str, ...]:
    """The names as words that SymPy and Python can read, no two alike and none of `taken`.

    Those that are such words already stay, as Python reads them.
    """
    plain = [unicodedata.normalize("NFKC", name) for name in names]
    own, found = set(plain), dict.fromkeys(taken)
    for name in plain:
        word = "_".join("".join(c if f"x{c}".isidentifier() else " " for c in name).split()) or "x"
        word = word if word.isidentifier() else f"x_{word}"
        while keyword.iskeyword(word) or word in found or (word != name and word in own):
            word += "_"
        found[word] = None
    return tuple(found)[-len(plain) :] if plain else ()


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def no_formula(cell: Any) -> Any:
    """A cell for a CSV file: a text that a spreadsheet would run as a formula gets a ' in front, all else stays."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def protection_dropped(cell: str) -> str:
    """The text that `no_formula` protected."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")
_ADDRESS = re.compile(r"://|www(?=\.)|[\w.+-](?=@)|xmpp:|mailto:", re.IGNORECASE)  # what addresses are told by
_JOINER = "\u2060"
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip


def escape_markdown(text: str) -> str:
    """Text that Markdown, Streamlit's colours, icons and formulas included, shows as it is, and addresses as no links.

    Browsers' Markdown looks for addresses after it has taken the backslashes away, so a word joiner, which nobody sees,
    keeps their parts apart.
    """
    return _MARKDOWN.sub(r"\\\1", _ADDRESS.sub(f"\\g<0>{_JOINER}", text))


def latex_escape(text: str) -> str:
    """Text for use inside LaTeX's `\\text{...}`."""
    return "".join(_LATEX.get(c, c) for c in text)
