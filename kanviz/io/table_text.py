"""Decodes the bytes of a text table; refuses files that are no text table."""

import re
from contextlib import suppress
from dataclasses import dataclass

from kanviz.errors import TableError
from kanviz.io.encodings import Guess, alternatives, guesses, is_sure
from kanviz.text import shown

_SAVE_AS_CSV = "open it where it came from and save it as CSV"
_SIGNATURES = (
    (b"\x89PNG", "This is a PNG picture, not a table; upload a CSV, Parquet or Excel file."),
    (b"\xff\xd8\xff", "This is a JPEG picture, not a table; upload a CSV, Parquet or Excel file."),
    (b"GIF8", "This is a GIF picture, not a table; upload a CSV, Parquet or Excel file."),
    (b"%PDF", "This is a PDF document, not a table; upload a CSV, Parquet or Excel file."),
    (b"\x1f\x8b", "This is a gzip file; unpack it, or name it .csv.gz."),
    (b"BZh", "This is a bzip2 file; unpack it first."),
    (b"\xfd7zXZ\x00", "This is an xz file; unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "This is a 7z archive; unpack it first."),
    (b"Rar!", "This is a RAR archive; unpack it first."),
    (b"\x28\xb5\x2f\xfd", "This is a zstd file; unpack it first."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file (.xls) or another Office file; save it as .xlsx or CSV."),
    (b"PARE", "This is an encrypted Parquet file; save it without encryption."),
    (b"ARROW1", "This is an Arrow or Feather file; save it as Parquet or CSV."),
    (b"ORC", "This is an ORC file; save it as Parquet or CSV."),
    (b"\x89HDF", "This is an HDF5 file; save the table as Parquet or CSV."),
    (b"\x93NUMPY", "This is a NumPy array; save it with numpy.savetxt as CSV."),
    (b"SQLite format 3", "This is an SQLite database; save the table as CSV."),
    (b"MATLAB 5.0", "This is a MATLAB file; save the table with writetable as CSV."),
    (b"{\\rtf", f"This is a rich text document; {_SAVE_AS_CSV}."),
    (b"version https://git-lfs", "This is a Git LFS pointer, not the table; run 'git lfs pull' and upload again."),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05](?:[\x95}\]()cKqX\x8c]|$)")
_WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml|svg|table)\b", re.IGNORECASE)
_CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]+")
_SAMPLE = 100_000
_MANY_CONTROLS = 0.002


@dataclass(frozen=True)
class Text:
    """The text of a table file. encoding: by Python's name · others: other possible encodings, each with a word as that
    encoding reads it.
    """

    text: str
    encoding: str
    notes: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


def text_of(data: bytes, encoding: str | None = None) -> Text:
    """Decode a table file; encoding: None finds it. Raises TableError for a file that is not text, or not a table."""
    for signature, message in _SIGNATURES:
        if data.startswith(signature):
            raise TableError(message)
    if data[257:262] == b"ustar":
        raise TableError("This is a tar archive; unpack it first.")
    if _PICKLE.match(data):
        raise TableError("This is a Python pickle, which can hold code and is never opened; save the table as CSV.")
    found = _decoded(data) if encoding is None else _decoded_as(data, encoding)
    _check(found.text)
    return found


def _decoded_as(data: bytes, encoding: str) -> Text:
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise TableError(f"The file cannot be read as {shown(encoding, 30)}; choose another encoding.") from None
    others = () if data.isascii() else _others(guesses(data))
    return Text(text.removeprefix("\ufeff"), encoding, (), others)


def _decoded(data: bytes) -> Text:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise TableError("The file is UTF-32; save it as UTF-8.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Text(_utf16(data, "utf-16"), "utf-16", ("The file is UTF-16; it was converted.",))
    head = data[:_SAMPLE]
    zeros, half = head.count(0), len(head) // 2
    if zeros > 0.3 * len(head) and half:
        for parity, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if head[parity::2].count(0) > 0.7 * half and head[1 - parity :: 2].count(0) < 0.1 * half:
                note = "The file looks like UTF-16 without a mark; it was read as such."
                return Text(_utf16(data, encoding), encoding, (note,))
    if zeros and _is_damaged_text(head):
        line = head[: head.index(0)].count(b"\n") + 1
        raise TableError(f"Line {line:,} has binary zero bytes; the file is damaged. Save it again where it came from.")
    if b"\x1b$B" in head or b"\x1b$@" in head:
        with suppress(UnicodeDecodeError):
            note = "The file is not UTF-8; it was read as ISO-2022-JP (Japanese)."
            return Text(data.decode("iso2022_jp"), "iso2022_jp", (note,))
    try:
        return Text(data.decode("utf-8-sig"), "utf-8")
    except UnicodeDecodeError as problem:
        return _not_utf8(data, problem)


def _not_utf8(data: bytes, problem: UnicodeDecodeError) -> Text:
    """Decode the text in the likeliest other encoding; nearly valid UTF-8 is read as damaged UTF-8."""
    whole = data.decode("utf-8", errors="replace")
    damaged, right = whole.count("\ufffd"), sum(map(len, _BEYOND_ASCII.findall(whole[:_SAMPLE])))
    if right > 20 * damaged:
        at = data.count(b"\n", 0, problem.start) + 1
        note = f"{damaged:,} characters are damaged (the first in line {at:,}) and shown as \ufffd."
        return Text(whole.removeprefix("\ufeff"), "utf-8", (note,))
    found = guesses(data)
    for guess in found:
        with suppress(UnicodeDecodeError):
            text = data.decode(guess.encoding.name)
            word = next((word for word in guess.words if any(c.isalpha() and not c.isascii() for c in word)), "")
            example = f", so that it has {shown(word, 24)!r}" if word else ""
            doubt = "" if is_sure(found) else " If words look wrong, choose another encoding."
            note = f"The file is not UTF-8; it was read as {guess.encoding.title}{example}.{doubt}"
            return Text(text, guess.encoding.name, (note,), _others(found))
    raise _no_text() from None


def _others(found: list[Guess]) -> tuple[tuple[str, str], ...]:
    """List encodings to choose from, each with a word as that encoding reads it."""
    return tuple((guess.encoding.name, guess.words[0] if guess.words else "") for guess in alternatives(found)[:8])


def _utf16(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise TableError("The file starts like UTF-16 text but is damaged; save it again as UTF-8.") from None


def _is_damaged_text(head: bytes) -> bool:
    """Say whether the bytes are mostly printable, and so a damaged text rather than a binary file."""
    printable = sum(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)
    return printable + head.count(0) > 0.9 * len(head)


def _no_text() -> TableError:
    return TableError("This is not a text table: it holds binary data. Upload a CSV, Parquet or Excel file.")


def _check(text: str) -> None:
    head = text[:_SAMPLE]
    if not text.strip():
        raise TableError("The file is empty; upload one with a table in it.")
    if len(_CONTROL.findall(head)) > max(_MANY_CONTROLS * len(head), 2):
        raise _no_text()
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise TableError(f"Line {line:,} has binary zero bytes; the file is damaged. Save it again where it came from.")
    if _WEB_PAGE.match(head):
        raise TableError(
            "This is a web page or XML, not a table; perhaps the link led to a login page instead of the file."
        )
    begin, end = text[:200].lstrip()[:1], text[-200:].rstrip()[-1:]
    if begin + end in ("{}", "[]"):
        raise TableError("This is JSON, not a table; save it as CSV or Parquet.")
    conflict = _CONFLICT.search(text) if "<<<<<<< " in text or ">>>>>>> " in text else None
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise TableError(
            f"Line {line:,} is a mark of an unfinished Git merge ({shown(conflict.group().strip())}); resolve it first."
        )
