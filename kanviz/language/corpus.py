"""Defines the texts that a language model learns from: a name, a part to train on, a part held out."""

import codecs
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kanviz.errors import UserError
from kanviz.language.interpreter import interpreter_code, interpreter_documentation
from kanviz.language.symbols import OTHER, SYMBOLS
from kanviz.text import shown, size_words

SHORTEST = 1_000  # characters: a tenth is held out, and must hold at least one window of the model
LONGEST = 5_000_000  # characters; a training of minutes sees less
LONGEST_NAME = 200
HELD_OUT = 10  # the last 1 / 10 of the text
MOST_UNKNOWN = 0.5  # share of characters that are no symbols above which a text is refused
NOTED_UNKNOWN = 0.01  # above which this is noted
_TEXTS = Path(__file__).with_name("texts")
_SNAPSHOT = "CPython 3.11.7, as shipped with kanviz"
_OWN: dict[str, Callable[[], str]] = {"documentation": interpreter_documentation, "code": interpreter_code}
TEXTS = tuple(_OWN)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = bytes(n for n in range(32) if n not in b"\t\n\v\f\r\x1b") + b"\x7f"


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text in two parts, the last tenth held out, both of the 96 symbols alone.

    sha256: of the whole text in hexadecimal · source: where it is from, for people · notes: what was changed or left
    out when it was read.

    >>> from kanviz.language.corpus import Corpus
    >>> corpus = Corpus.from_text("A text of one's own, long enough to hold some of it out. " * 40, name="own")
    >>> len(corpus.train), len(corpus.held_out), corpus.train[:6]
    (2052, 228, 'A text')
    """

    name: str
    train: str
    held_out: str
    sha256: str
    source: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.train) + len(self.held_out)

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, {len(self):,} characters, {self.source})"

    @classmethod
    def named(cls, name: str, *, own: bool = False) -> "Corpus":
        """Return "documentation" (Python's, without code) or "code" (Python's, without documentation).

        own: extract it from the interpreter that runs; otherwise it is the snapshot that came with kanviz, the same
        everywhere. Raises UserError for another name, and where the interpreter came without such a text.

        >>> from kanviz.language.corpus import Corpus
        >>> Corpus.named("documentation")
        Corpus('documentation', 324,138 characters, CPython 3.11.7, as shipped with kanviz)
        """
        if name not in _OWN:
            raise UserError(f"There is no text {shown(name)!r}; choose {' or '.join(TEXTS)}, or a file of your own.")
        if own:
            return cls.from_text(_OWN[name](), name=name, source="the Python that runs kanviz")
        text = gzip.decompress((_TEXTS / f"{name}.txt.gz").read_bytes()).decode("ascii")
        return cls.from_text(text, name=name, source=_SNAPSHOT)

    @classmethod
    def from_text(cls, text: str, *, name: str = "text", source: str = "a text of your own") -> "Corpus":
        """Make a corpus of a text. Tabs become spaces and line ends newlines; what is no symbol becomes "?".

        Raises UserError where the text is too short, repeats one symbol, or is for the most part in characters that a
        model of these symbols cannot tell apart.

        >>> from kanviz.errors import UserError
        >>> from kanviz.language.corpus import Corpus
        >>> try:
        ...     Corpus.from_text("too short")
        ... except UserError as refusal:
        ...     print(refusal)
        text has 9 characters; a model needs at least 1,000. Choose a longer text.
        """
        name = name[:LONGEST_NAME].encode("utf-8", "replace").decode("utf-8")  # without the halves of odd file names
        label, notes = shown(name), []
        if len(text) > LONGEST:
            notes.append(f"{label} is long: only its first {LONGEST:,} characters are used.")
            text = text[:LONGEST]
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        if len(text) < SHORTEST:
            have = "is empty" if not text else f"has {len(text):,} character{'s' * (len(text) > 1)}"
            raise UserError(f"{label} {have}; a model needs at least {SHORTEST:,}. Choose a longer text.")
        plain = _plain(text)
        unknown = plain.count(OTHER) - text.count(OTHER)
        if unknown > MOST_UNKNOWN * len(text):
            raise UserError(
                f"{unknown / len(text):.0%} of the characters of {label} are none of the {len(SYMBOLS)} symbols that "
                "the model knows (printable ASCII and newline); it would see only question marks. Choose a text in "
                "Latin letters, or transliterate it first."
            )
        if unknown > NOTED_UNKNOWN * len(text):
            notes.append(
                f"{unknown / len(text):.1%} of the characters of {label} are none of the {len(SYMBOLS)} symbols that "
                f"the model knows (printable ASCII and newline), and became {OTHER!r}."
            )
        cut = len(plain) - len(plain) // HELD_OUT
        for part, words in ((plain[:cut], "training part"), (plain[cut:], f"held-out part (its last 1/{HELD_OUT})")):
            if len(set(part)) < 2:
                raise UserError(
                    f"The {words} of {label} is one symbol, repeated; there is nothing to learn or to test. Choose "
                    "another text."
                )
        digest = hashlib.sha256(plain.encode("ascii")).hexdigest()
        return cls(name, plain[:cut], plain[cut:], digest, source, tuple(notes))

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "text", source: str = "a text of your own") -> "Corpus":
        """Make a corpus of the bytes of a text file: UTF-8, UTF-16 with its mark, or another encoding based on ASCII.

        Raises UserError where they are no text, and as `from_text` does.

        >>> from kanviz.language.corpus import Corpus
        >>> Corpus.from_bytes(b"To be, or not to be. " * 100, name="hamlet.txt")
        Corpus('hamlet.txt', 2,100 characters, a text of your own)
        """
        text, notes = _decoded(data, shown(name))
        found = cls.from_text(text, name=name, source=source)
        return cls(found.name, found.train, found.held_out, found.sha256, found.source, (*notes, *found.notes))

    @classmethod
    def from_file(cls, path: str | Path) -> "Corpus":
        """Make a corpus of a text file; of a large one its beginning is read.

        Raises UserError where it cannot be read, is no text, and as `from_text` does.

        >>> import pathlib, tempfile
        >>> from kanviz.language.corpus import Corpus
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "notes.txt")
        ...     _ = file.write_text("Words in a file, often repeated.\\n" * 50)
        ...     Corpus.from_file(file)
        Corpus('notes.txt', 1,650 characters, a text of your own)
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                data = file.read(4 * LONGEST + 4)  # the most that so many characters take
        except OSError as problem:
            why = (problem.strerror or "the system refused").lower()
            raise UserError(f"{shown(str(path), 200)} cannot be read: {why}. Choose a text file.") from None
        return cls.from_bytes(data, name=path.name)


def _plain(text: str) -> str:
    """Replace each character that is no symbol."""
    known = set(SYMBOLS)
    return text.translate({ord(character): OTHER for character in set(text) - known})


def _decoded(data: bytes, label: str) -> tuple[str, tuple[str, ...]]:
    """Decode a file's bytes; also return notes about that. The end may be cut within a character."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return codecs.getincrementaldecoder(encoding)("replace").decode(data), ()
    head = data[:1_000_000]
    if head.count(0) > len(head) // 4:
        raise UserError(f"{label} looks like UTF-16 without its mark, or is no text. Save it again as UTF-8.")
    if len(head.translate(None, _CONTROLS)) < 0.999 * len(head):
        raise UserError(f"{label} is binary ({size_words(len(data))}), no text. Choose a plain text file.")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data), ()
    except UnicodeDecodeError:
        return data.decode("latin-1"), (f"{label} is not in UTF-8; its letters outside ASCII became {OTHER!r}.",)
