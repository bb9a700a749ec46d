"""Formats names and sizes from untrusted files for messages, Markdown, LaTeX and formulas."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

NAME_LIMIT = 80
SOLVER_TITLES = {"auto": "Automatic", "lm": "Levenberg-Marquardt", "lbfgs": "L-BFGS", "adam": "Adam"}
PICKED = {  # why "auto" chooses a solver
    "lm": "the network is small enough",
    "lbfgs": "too large for Levenberg-Marquardt, or held back by L1 or entropy",
    "adam": "too large to use all rows in each step",
}

# kinds of feed-forward blocks, as kanviz.FeedForward has them
BLOCK_KINDS = ("curves", "gelu", "swiglu", "gr-kan", "kan")


def shown(text: str, limit: int = NAME_LIMIT) -> str:
    """Make a name from a file safe inside a sentence: escape hidden characters, cut long names.

    HTML and Markdown are not escaped: the caller must show the sentence as plain text.
    """
    visible = "".join(c if c.isprintable() else _escape(c) for c in text[:limit])
    if len(text) <= limit and len(visible) <= limit:
        return visible
    return f"{visible[:limit]}... ({len(text):,} characters)"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def size_words(count: int) -> str:
    """Format a number of bytes: 4 bytes, 12 kB, 3.5 MB."""
    if count < 1000:
        return "1 byte" if count == 1 else f"{count} bytes"
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def counted(count: int, noun: str) -> str:
    """Format a count with its noun: "1 note", "3 notes"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(names: list[str], most: int = 3) -> str:
    """List the first few names for a sentence: `a, b, c and 4 more`."""
    head = [shown(name) or "(no name)" for name in names[:most]]
    rest = len(names) - len(head)
    if rest:
        return f"{', '.join(head)} and {rest:,} more"
    return " and ".join([", ".join(head[:-1]), head[-1]]) if len(head) > 1 else "".join(head)


def distinct_names(names: Sequence[str], taken: Collection[str] = ()) -> list[str]:
    """Give every name that is there before, or in `taken`, a number: y and y as y and y_2."""
    found = dict.fromkeys(taken)
    start = len(found)
    for name in names:
        count, one = 1, name
        while one in found:
            count += 1
            one = f"{name}_{count}"
        found[one] = None
    return list(found)[start:]


def written_names(names: Sequence[str], taken: Collection[str] = ()) -> tuple[str, ...]:
    """Turn names into distinct identifiers that SymPy and Python can read, none of them in `taken`.

    Names that are valid identifiers already are unchanged, except for Python's normalization (NFKC).
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
    """Put ' before a CSV cell with a text that a spreadsheet would run as a formula; leave all others unchanged."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def protection_dropped(cell: str) -> str:
    """Return the text as it was before `no_formula` protected it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")
_ADDRESS = re.compile(r"://|www(?=\.)|[\w.+-](?=@)|xmpp:|mailto:", re.IGNORECASE)  # marks of an address
_JOINER = "\u2060"
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip


def escape_markdown(text: str) -> str:
    """Escape text so that Markdown shows it unchanged: no colours, icons or formulas of Streamlit, no links.

    Browsers' Markdown looks for addresses after it has removed the backslashes. An invisible word joiner therefore
    separates the parts of an address.
    """
    return _MARKDOWN.sub(r"\\\1", _ADDRESS.sub(f"\\g<0>{_JOINER}", text))


def latex_escape(text: str) -> str:
    """Escape text for use inside LaTeX's `\\text{...}`."""
    return "".join(_LATEX.get(c, c) for c in text)


def percent(share: float) -> str:
    """Return a share as percent, without the sign; never rounded up to 100, and never down to 0."""
    return f"{100 * share:.0f}" if share in (0, 1) else f"{min(max(100 * share, 0.001), 99.9):.3g}"
