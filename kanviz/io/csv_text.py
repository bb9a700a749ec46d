"""Reads a table in text, with any usual separator, as names and columns of text; every guess is reported in a note.

The layout is decided from the first lines; then the whole text is read at once.
"""

import csv
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

from kanviz.errors import TableError
from kanviz.io.csv_rows import dialect, quote_error, read_rows, split_at_gaps, split_line
from kanviz.io.rows import MAX_ROWS, Raw, Source, collect
from kanviz.io.table_body import Body, Row, body_of
from kanviz.io.table_reading import AS_FOUND, Reading

_SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "vertical bars", ",": "commas"}
_SAMPLE_LINES = 1_000
_SAMPLE_TEXT = 200_000
_SAMPLE_CELLS = 30_000
_SEPARATOR_LINES = 200
_MAX_PREAMBLE = 10_000
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_SEPARATOR_LINE = re.compile(r"sep=[,;|\t ]", re.IGNORECASE)
_WIDE_GAPS = re.compile(r"\t+|[ \t]{2,}")
_WORDS = re.compile(r"\S+")
_HEADING = 4  # lines directly above the values that may hold the names of their columns
_LONGEST_HEADING = 5_000  # characters of a line in which names with blanks are searched
_LINED_UP = 60  # lines of values that show where columns begin
_WITH_BRACKETS = re.compile(r"[^\s\[(][^\s]*(?:\s*[\[(][^\])]*[\])])?")
_EXCEL_ERROR = re.compile(r"#(?:N/A|NA\b|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!)", re.IGNORECASE)


@dataclass(frozen=True)
class Top:
    """The beginning of a text: the comments above the table, the line after them and its position, the separator if a
    line names it, and the first lines of the table.
    """

    comments: list[tuple[int, str]]
    line: int
    start: int
    separator: str | None
    lines: list[str]

    def at(self, line: int) -> int:
        """Return the position in the text where a line of the table begins."""
        return self.start + sum(map(len, self.lines[: line - self.line]))

    def rows(self, separator: str) -> list[Row]:
        """Cut the first lines into rows, as many as are needed to find the layout."""
        reader = csv.reader(split_at_gaps(self.lines) if separator == " " else iter(self.lines), **dialect(separator))
        found: list[Row] = []
        cells, line = 0, 0
        try:
            for row in reader:
                found.append((self.line + line, row))
                line, cells = reader.line_num, cells + len(row)
                if cells > _SAMPLE_CELLS and len(found) > 60:
                    break
        except csv.Error:
            pass
        usual = Counter(len(row) for _, row in found).most_common(1)
        width = usual[0][0] if usual else 0
        return [(at, [] if row and len(row) != width and _is_comment(row) else row) for at, row in found]


def read_text_table(text: str, how: Reading = AS_FOUND) -> Raw:
    """Read the names and text columns of a CSV-like text. Raises TableError, with the line, for rows that disagree."""
    lines = max(text.count("\n"), text.count("\r"))
    if lines > 2 * MAX_ROWS:
        raise TableError(f"The file has {lines:,} lines; the limit is {MAX_ROWS:,} rows. Take a sample of them.")
    top = _top(text)
    separator, rows, body = _separated(top)
    if separator == " " and body is not None:
        rows = _at_wide_gaps(top, rows, body)
    notes = []
    if separator == " ":
        notes.append("Read with spaces between the values.")
    elif separator != "," and not top.separator:
        notes.append(f"Read with {_SEPARATORS[separator]} between the values.")
    comments = [(line, _split_comment(words, separator, body)) for line, words in top.comments[-2:]]
    source = Source(
        rows, body, comments, _opener(text, top, separator), separator == ",", _quoted(top, separator),
        is_comment=_is_comment, lines=lines,
    )  # fmt: skip
    try:
        raw = collect(source, how)
    except csv.Error:
        raise quote_error(text, top.start, top.line - 1, separator) from None
    if top.comments:
        count = len(top.comments)
        notes.append(f"Skipped {count} comment line{'s' if count > 1 else ''} at the top.")
    return replace(raw, notes=[*notes, *raw.notes], separator=separator)


def _top(text: str) -> Top:
    comments: list[tuple[int, str]] = []
    separator = None
    for n, found in enumerate(_LINE.finditer(text), 1):
        line = found.group().strip()
        if n == 1 and _SEPARATOR_LINE.fullmatch(line):
            separator = line[-1]
        elif line.startswith(("#", "%", "//", "!")) and not _EXCEL_ERROR.match(line):
            comments.append((n, line))
        elif line:
            lines, size = [], 0
            for one in _LINE.finditer(text, found.start()):
                lines.append(one.group())
                size += len(one.group())
                if one.end() == len(text) or len(lines) >= _SAMPLE_LINES or (size > _SAMPLE_TEXT and len(lines) > 60):
                    break
            return Top(comments, n, found.start(), separator, lines)
        if n > _MAX_PREAMBLE:
            raise TableError(f"More than {_MAX_PREAMBLE:,} lines of comments come before the table; remove them.")
    raise TableError("The file holds only comments and empty lines; upload one with a table in it.")


def _separated(top: Top) -> tuple[str, list[Row], Body | None]:
    """Find the separator that cuts the first lines into most columns of numbers; the first usual one among equals.

    Gaps are the separator where the others leave several numbers in a cell, or find no numbers.
    """
    if top.separator:
        rows = top.rows(top.separator)
        return top.separator, rows, body_of(rows)
    text = "".join(top.lines)
    found = []
    for place, separator in enumerate(_SEPARATORS):
        if separator in text:
            rows = top.rows(separator)
            body = body_of(rows)
            if body is not None and body.width > 1:
                found.append(((len(body.values), body.regular, -place), separator, rows, body))
    best = max(found, default=None, key=lambda one: one[0])
    if best is None or best[3].chained or best[3].regular < 0.5:
        rows = top.rows(" ")
        body = body_of(rows)
        if (
            body is not None
            and body.width > 1
            and (best is None or (body.regular > 0.8 and len(body.values) >= len(best[3].values)))
        ):
            return " ", rows, body
    if best is not None:
        return best[1], best[2], best[3]
    separator = _regular_separator(top)
    rows = top.rows(separator)
    return separator, rows, body_of(rows)


def _regular_separator(top: Top) -> str:
    """Find the separator that gives lines without numbers equally many values; a space where only gaps do."""
    lines = [line for line in top.lines[:_SEPARATOR_LINES] if line.strip()]
    best, best_share = None, 0.5
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            continue
        width, count = Counter(widths).most_common(1)[0]
        if min(width, widths[0]) > 1 and count / len(widths) > best_share:
            best, best_share = separator, count / len(widths)
    if best:
        return best
    widths = [len(line.split()) for line in lines]
    width, count = Counter(widths).most_common(1)[0]
    return " " if min(width, widths[0]) > 1 and count > 0.8 * len(widths) else ","


def _at_wide_gaps(top: Top, rows: list[Row], body: Body) -> list[Row]:
    """Cut the rows above the values at wide gaps, where that gives them as many cells as the table has columns: names
    between wide gaps may contain blanks, and names may extend over several lines.
    """
    found, places = list(rows), _places(top, rows, body)
    for n, (line, cells) in enumerate(rows[: body.begin]):
        text = top.lines[line - top.line]
        names = _names_with_blanks(text, body.width)
        if len(cells) == body.width + 1 and cells[0].endswith(":"):  # a label, as in "Data:   y   x"
            names = cells[1:]
        if n >= body.begin - _HEADING and not names and len(cells) != body.width:
            names = _names_by_place(text, places)
        if names and (len(cells) > body.width or n >= body.begin - _HEADING):
            found[n] = (line, names)
        elif len(cells) > max(body.width + 2, 1.5 * body.width):  # a sentence
            found[n] = (line, [text.strip()])
    return found


def _places(top: Top, rows: list[Row], body: Body) -> list[tuple[int, int]]:
    """Find where each column of values begins and ends in its lines; empty where the lines do not line up."""
    spans = []
    for line, cells in rows[body.begin : body.begin + _LINED_UP]:
        words = [word.span() for word in _WORDS.finditer(top.lines[line - top.line].expandtabs())]
        wide = any(two[0] - one[1] > 1 for one, two in pairwise(words))  # single blanks do not align columns
        if wide and len(cells) == len(words) == body.width:
            spans.append(words)
    columns = [(min(a for a, _ in column), max(b for _, b in column)) for column in zip(*spans, strict=True)]
    apart = all(one[1] <= two[0] for one, two in pairwise(columns))
    return columns if apart and len(spans) > 2 else []


def _names_by_place(text: str, places: list[tuple[int, int]]) -> list[str]:
    """Assign the words of a line to the columns below them; empty where the line does not look like names."""
    words = list(_WORDS.finditer(text.expandtabs()))
    if not places or not 2 <= len(words) <= len(places) + 2:
        return []
    found: list[list[str]] = [[] for _ in places]
    for word in words:
        begin, end = word.span()
        distance = [max(a - end, begin - b, -1) + abs(begin + end - a - b) / 1000 for a, b in places]
        found[distance.index(min(distance))].append(word.group())
    if sum(map(bool, found)) < max(2, 0.6 * len(places)):
        return []
    return [" ".join(part) for part in found]


def _names_with_blanks(line: str, width: int) -> list[str]:
    """Return the names in a line, cut at wide gaps or before words without brackets; empty if not `width` of them."""
    if len(line) > _LONGEST_HEADING:
        return []
    for names in (_WIDE_GAPS.split(line.strip()), _WITH_BRACKETS.findall(line)):
        if len(names) == width:
            return names
    return []


def _split_comment(words: str, separator: str, body: Body | None) -> list[str]:
    """Cut a comment by the table's separator; at wide gaps where that gives one name for each column."""
    words = words.lstrip("#%/! \t")
    names = _names_with_blanks(words, body.width) if separator == " " and body is not None else []
    return names or split_line(words, separator)


def _is_comment(cells: list[str]) -> bool:
    return cells[0].startswith("#") and not _EXCEL_ERROR.match(cells[0])


def _quoted(top: Top, separator: str) -> bool:
    """Say whether every cell of the first line is in quotes, and none of the second."""
    filled = [line.strip() for line in top.lines[:5] if line.strip()][:2]
    if len(filled) < 2 or '"' in filled[1]:
        return False
    cells = filled[0].split() if separator == " " else filled[0].split(separator)
    return all(len(cell.strip()) >= 2 and cell.strip()[0] == cell.strip()[-1] == '"' for cell in cells)


def _opener(text: str, top: Top, separator: str):
    """Return a function that opens the rows from a line on; it gives the rows and the last line's number."""

    def rows_from(line: int):
        started = line - 1
        rows = read_rows(text, top.at(line), separator)
        return rows, lambda: started + rows.line_num

    return rows_from
