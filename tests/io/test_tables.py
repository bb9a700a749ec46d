"""Tables: what is understood, what is mended with a note, what is refused, and that nothing else can happen."""

import gzip
import io
import zipfile
from datetime import datetime
from decimal import Decimal

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanviz.errors import TableError
from kanviz.io import excel, rows
from kanviz.io.table_reading import Reading
from kanviz.io.tables import read_table, write_csv
from tests.io.damage import answer, damaged


def read(text: str | bytes, name: str = "table.csv"):
    return read_table(text.encode() if isinstance(text, str) else text, name)


def columns(table) -> dict[str, list]:
    return {name: table.frame[name].tolist() for name in table.frame}


def notes(table) -> str:
    return " ".join(table.notes)


PLAIN = {"x": [1.5, 2.0, -3.0], "y": [4.0, 5e-3, 6.0]}
SAME = {
    "commas": "x,y\n1.5,4\n2,5e-3\n-3,6\n",
    "semicolons and decimal commas": "x;y\n1,5;4\n2;5e-3\n-3;6\n",
    "tabs": "x\ty\n1.5\t4\n2\t5e-3\n-3\t6\n",
    "vertical bars": "x|y\n1.5|4\n2|5e-3\n-3|6\n",
    "gaps": "  x   y\n1.5  4 \n2\t5e-3\n  -3 6\n",
    "quotes": '"x","y"\n"1.5","4"\n"2","5e-3"\n"-3","6"\n',
    "spaces around": " x , y \n 1.5 , 4 \n2, 5e-3\n-3,6",
    "old Mac line ends": "x,y\r1.5,4\r2,5e-3\r-3,6\r",
    "mixed line ends": "x,y\r\n1.5,4\n2,5e-3\r\n-3,6",
    "a byte order mark": "\ufeffx,y\n1.5,4\n2,5e-3\n-3,6\n",
    "comments above": "# made by hand, twice\n%\n// v2\nx,y\n1.5,4\n2,5e-3\n-3,6\n",
    "comments between": "x,y\n1.5,4\n# a pause\n2,5e-3\n-3,6\n",
    "names in a comment": "# x y\n1.5 4\n2 5e-3\n-3 6\n",
    "Excel's separator line": "sep=;\nx;y\n1.5;4\n2;5e-3\n-3;6\n",
    "a header in the middle": "x,y\n1.5,4\nx,y\n2,5e-3\n-3,6\n",
    "empty lines": "\n\nx,y\n1.5,4\n\n,\n2,5e-3\n-3,6\n\n",
    "extra separators": "x,y\n1.5,4,\n2,5e-3,\n-3,6,\n",
    "extra separators, in the header too": "x,y,\n1.5,4,\n2,5e-3,\n-3,6,\n",
    "row numbers": ",x,y\n0,1.5,4\n1,2,5e-3\n2,-3,6\n",
    "a printed minus": "x,y\n1.5,4\n2,5e-3\n−3,6\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_one_table_in_many_spellings(text):
    assert columns(read(text)) == PLAIN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_recognised_and_said(encoding):
    table = read("größe,y\n1,2\n3,4\n".encode(encoding))
    assert table.numeric == ("größe", "y")
    assert bool(table.notes) == (encoding != "utf-8")


SPELLINGS = {
    "thousands": ('"1,234",2\n"2,345",3', [1234, 2345], "commas between thousands"),
    "percent": ("10%,2\n20.5 %,3", [10, 20.5], "percent"),
    "currency": ("$10.50,2\n-$3,3", [10.5, -3], "currency signs are dropped ($)"),
    "inner decimal comma": ('"1,5",2\n"2,75",3', [1.5, 2.75], "decimal comma"),
    "truth": ("True,2\nfalse,3", [1, 0], "true and false"),
    "overflow": ("1e400,2\n1,3", [np.inf, 1], "Infinite"),
    "missing": ("?,2\nN/A,3\n1,4\n2,5", [np.nan, np.nan, 1, 2], "'?' and 'N/A'"),
    "a slip": ("1,2\n2,3\n3,3\n4,3\noops,4\n5,5", [1, 2, 3, 4, np.nan, 5], "first in row 5: oops"),
    "short row": ("1,2\n3\n5,6", [1, 3, 5], "fewer values"),
    "beyond single precision": ("1e39,2\n1,3", [1e39, 1], "single precision"),
    "fine whole numbers": ("20000001,2\n20000000,3", [20000001, 20000000], "less than single precision"),
    "huge whole numbers": ("99999999999999999999999,2\n1,3", [1e23, 1], "2^53"),
    "one value": ("7,2\n7,3", [7, 7], "Only one value"),
}


@pytest.mark.parametrize(("body", "values", "note"), SPELLINGS.values(), ids=SPELLINGS)
def test_numbers_as_people_write_them(body, values, note):
    table = read(f"x,y\n{body}\n")
    np.testing.assert_array_equal(table.frame["x"], values)
    assert table.frame["x"].dtype == np.float64
    assert note in notes(table)


def test_points_between_thousands_and_a_decimal_comma():
    assert columns(read("x;y\n1.234,5;1\n12.345.678;2\n"))["x"] == [1234.5, 12345678]


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("red\nblue", "words (blue and red)"), ("2024-01-05\n2024-02-06 12:00", "dates"), ("0x1F\n0x2A", "hexadecimal"),
        ("$5\n€6", "currencies"), ("1\nred", "mixed"), ("1_000\n2_000", "words"), ("１\n２", "words"),
        ("=cmd|' /C calc'!A0\n@SUM(A1)", "words"),
    ],
)  # fmt: skip
def test_what_is_no_number_stays_the_text_it_was(body, note):
    table = read("t,y\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(body.split("\n"))))
    assert columns(table)["t"] == body.split("\n")
    assert table.numeric == ("y",)
    assert note in notes(table)


def test_dates_without_separators_are_dates_and_other_whole_numbers_are_not():
    days = [f"202301{n:02}" for n in range(28, 32)]
    table = read("day,hour,id,y\n" + "".join(f"{d},{d}12,{20230128 + 50 * n},{n}\n" for n, d in enumerate(days)))
    assert columns(table)["day"] == days
    assert table.numeric == ("id", "y")
    assert "Columns day and hour: dates or times" in notes(table)


def test_line_ends_and_separators_inside_quotes_belong_to_the_value():
    table = read('t,y\n"a, ""b""\nc",1\nd,2\n')
    assert columns(table) == {"t": ['a, "b"\nc', "d"], "y": [1, 2]}


def test_a_text_column_keeps_its_gaps_and_shares_its_words():
    table = read("t,y\nno,1\n,2\nno,3\n")
    assert columns(table)["t"] == ["no", None, "no"]
    assert table.frame["t"][0] is table.frame["t"][2]


def test_rows_without_names_are_all_kept():
    table = read("5.1,3.5,setosa\n4.9,3.0,setosa\n")
    assert columns(table)["x1"] == [5.1, 4.9]
    assert "columns were named" in notes(table)


@pytest.mark.parametrize("header", ["id,2019,2020", "e1,e2,e3", "x 1,2nd,3D"])
def test_names_with_digits_are_names(header):
    assert list(read(f"{header}\n1,2,3\n4,5,6\n").frame) == header.split(",")


def test_missing_and_repeated_names_are_mended_and_said():
    table = read("x,,x,x (2),x\n1,2,3,4,5\n6,7,8,9,1\n")
    assert list(table.frame) == ["x", "column_2", "x (3)", "x (2)", "x (4)"]
    assert "column_2" in notes(table)
    assert "x is now x (3)" in notes(table)


def test_hostile_names_are_only_text():
    names = ["__import__('os').system('id')", "<script>alert(1)</script>", "\u202eevil", "x" * 9000]
    table = read(",".join(f'"{name}"' for name in names) + "\n1,2,3,4\n5,6,7,8\n")
    assert list(table.frame) == names


REFUSED = {
    "nothing": (b"", "is empty"),
    "a mark": (b"\xef\xbb\xbf", "is empty"),
    "empty lines": (b"\n" * 99, "is empty"),
    "only comments": (b"# a\n# b\n", "only comments"),
    "names alone": (b"x,y\n", "(x, y) but no rows"),
    "a single row": (b"x,y\n7,2\n", "single row"),
    "one column": (b"x\n1\n2\n", "only x can be used"),
    "no target": (b"x,y\n1,\n2,nan\n", "Empty and left out: y"),
    "no numbers": (b"a,b\nred,x\nblue,y\n", "No column holds numbers"),
    "complex": (b"x,y\n1+2j,2\n3-1j,3\n", "complex numbers"),
    "a long row": (b'x,y\n"a\nb",2\n3,4\n5,6,7\n', "Line 5 has 3 values"),
    "a long row, late": (b"x,y\n" + b"1,2\n" * 120_000 + b"1,2,3\n", "Line 120,002 has 3 values"),
    "a name too few": (b"x,y\n1,2,3\n4,5,6\n", "Give every column a name"),
    "decimal commas": (b"x,y\n1,5,2,5\n3,5,4,5\n", "decimal commas?"),
    "an open quote": (b'x,y\n1,2\n"3,4\n5,6\n', "opened on line 3"),
    "text after a quote": (b'x,y\n1,2\n"3"4,5\n', "Line 3 has more text after"),
    "a long value": (b"x,y\n1,2\n3," + b"9" * 200_000 + b"\n", "Line 3 has a value of more than"),
    "too wide": (b"x," * 2001 + b"\n" + b"1," * 2001, "limit is 2,000"),
    "too many lines": (b"x,y\n" + b"\n" * (2 * rows.MAX_ROWS + 1) + b"1,2\n", "lines; the limit"),
    "endless comments": (b"#\n" * 20_000 + b"x,y\n1,2\n", "lines of comments"),
    "too large": (b"x" * 50_000_001, "the limit is 50"),
    "UTF-32": ("x,y\n1,2\n".encode("utf-32"), "UTF-32"),
    "half UTF-16": (b"\xff\xfex\x00,", "damaged"),
    "zero bytes": (b"x,y\n1,2\n\0\0,3\n4,5\n", "Line 3 has binary zero bytes"),
    "noise": (bytes(range(256)) * 20, "binary data"),
    "PNG": (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    "gzip under another name": (gzip.compress(b"x,y\n1,2\n"), "gzip"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
    "pickle": (b"\x80\x04\x95\x10\x00", "pickle"),
    "web page": (b"\n<!DOCTYPE html><html>", "web page"),
    "JSON": (b'[{"x": 1}]', "JSON"),
    "Git merge": (b"x,y\n<<<<<<< HEAD\n1,2\n=======\n1,3\n>>>>>>> b\n", "Line 2 is a mark"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
    "prose": (b"It was a dark night.\nThe rain fell.\n", "No column holds numbers"),
    "another zip": (b"PK\x05\x06" + bytes(18), "zip archive"),
    "Parquet cut off": (b"PAR1" + bytes(40), "damaged"),
}


@pytest.mark.parametrize(("data", "part"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_what_is_wrong_and_where(data, part):
    with pytest.raises(TableError) as refusal:
        read(data)
    assert part in str(refusal.value)
    assert 12 <= len(str(refusal.value)) <= 400


def test_too_many_rows_and_cells_are_refused(monkeypatch):
    monkeypatch.setattr(rows, "MAX_ROWS", 3)
    with pytest.raises(TableError, match="rows; the limit is 3"):
        read("x,y\n" + "1,2\n" * 5)
    monkeypatch.setattr(rows, "MAX_ROWS", 100)
    monkeypatch.setattr(rows, "MAX_CELLS", 9)
    with pytest.raises(TableError, match="limit is 9 cells"):
        read("x,y\n" + "1,2\n" * 5)


def test_a_packed_table_is_unpacked_up_to_the_limit():
    assert columns(read(gzip.compress(b"x,y\n1,2\n3,4\n"), "table.csv.gz")) == {"x": [1, 3], "y": [2, 4]}
    with pytest.raises(TableError, match="expands to more than"):
        read(gzip.compress(bytes(60_000_000)), "table.csv.gz")
    with pytest.raises(TableError, match="damaged"):
        read(gzip.compress(b"x,y\n1,2\n")[:-9], "table.csv.gz")


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    for number, lines in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for line in lines:
            sheet.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def repacked(data: bytes, part: str, change) -> bytes:
    """The same archive with one part changed, or added."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in {*source.namelist(), part}:
            content = source.read(name) if name in source.namelist() else b""
            archive.writestr(name, change(content) if name == part else content)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
LINES = [["x", "label", "when", "ok"], [1, "a", datetime(2024, 1, 5), True], [2.5, "b", None, False]]


def test_the_first_sheet_with_data_is_read():
    table = read(workbook([], [[None], [None, "Report"], [None, *LINES[0]], *([None, *line] for line in LINES[1:])]))
    assert columns(table)["x"] == [1, 2.5]
    assert columns(table)["label"] == ["a", "b"]
    assert columns(table)["ok"] == [1, 0]
    assert columns(table)["when"] == ["2024-01-05T00:00:00", None]
    assert "Read sheet Sheet 1, not Sheet 0" in notes(table)
    assert "above the table" in notes(table)


def test_a_formula_counts_by_its_stored_value():
    formulas = workbook([["x", "y"], [1, "=A2*2"], [3, 4]])
    table = read(formulas)
    np.testing.assert_array_equal(table.frame["y"], [np.nan, 4])
    assert "1 formulas have no stored value" in notes(table)
    stored = repacked(formulas, SHEET, lambda xml: xml.replace(b"<v />", b"<v>2</v>").replace(b"<v/>", b"<v>2</v>"))
    assert columns(read(stored))["y"] == [2, 4]


BOOKS = {
    "a bomb": (lambda xml: xml + b" " * 50_000_000, SHEET, "expands to"),
    "entities": (lambda xml: b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + xml, SHEET, "XML entities"),
    "broken XML": (lambda xml: xml[:-20], SHEET, "damaged"),
    "a far row": (lambda xml: xml.replace(b'<row r="3"', b'<row r="99999999999"'), SHEET, "rows or"),
    "a far column": (lambda xml: xml.replace(b'r="D3"', b'r="XFD3"'), SHEET, "16,384 columns"),
    "a macro is ignored": (lambda none: b"code", "xl/vbaProject.bin", None),
    "OpenDocument": (lambda none: b"", "content.xml", None),
    "binary workbook": (lambda none: b"", "xl/workbook.bin", ".xlsb"),
}


@pytest.mark.parametrize(("change", "part", "refusal"), BOOKS.values(), ids=BOOKS)
def test_hostile_workbooks(change, part, refusal):
    data = repacked(workbook(LINES), part, change)
    if refusal is None:
        assert columns(read(data))["x"] == [1, 2.5]
        return
    with pytest.raises(TableError, match=refusal):
        read(data)


def test_large_and_empty_workbooks_are_refused(monkeypatch):
    with pytest.raises(TableError, match="no cells with values"):
        read(workbook([]))
    monkeypatch.setattr(excel, "_MAX_CELLS", 8)
    with pytest.raises(TableError, match="8 cells"):
        read(workbook(LINES))


@pytest.mark.parametrize("error", [KeyError, TypeError, ValueError])
def test_a_mistake_of_ours_is_not_called_a_damaged_file(monkeypatch, error):
    def mistaken(value: object) -> str:
        raise error("ours")

    monkeypatch.setattr(excel, "_text", mistaken)
    with pytest.raises(error, match="ours"):
        read(workbook(LINES))


def parquet(table: dict, **options) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(table), target, **options)
    return target.getvalue()


def test_parquet_columns_by_type():
    table = read(
        parquet(
            {
                "n": pa.array([1, None, 3], pa.int32()),
                "half": pa.array(np.array([1, 2, 3], dtype=np.float16)),
                "price": [Decimal("1.25"), None, Decimal("2.50")],
                "flag": [True, False, None],
                "word": ["a", "b", None],
                "spelled": ["1,5", "2,5", "3"],
                "kind": pa.array(["u", "v", "u"]).dictionary_encode(),
                "when": pa.array([1, 2, 3], pa.timestamp("us")),
                "list": [[1], [2], []],
                "bytes": [b"a", b"b", b"c"],
                "__index_level_0__": [0, 1, 2],
            },
            row_group_size=2,
        )
    )
    assert table.numeric == ("n", "half", "price", "flag", "spelled")
    np.testing.assert_array_equal(table.frame["price"], [1.25, np.nan, 2.5])
    np.testing.assert_array_equal(table.frame["flag"], [1, 0, np.nan])
    assert columns(table)["word"] == ["a", "b", None]
    assert columns(table)["kind"] == ["u", "v", "u"]
    for word in ("dates", "lists", "binary", "row numbers", "decimal comma"):
        assert word in notes(table)


def test_a_parquet_file_is_weighed_by_its_footer():
    zeros = pa.array(np.zeros(rows.MAX_ROWS + 1, dtype=np.int8))
    with pytest.raises(TableError, match="rows; the limit"):
        read(parquet({"x": zeros, "y": zeros}))


def test_one_long_text_repeated_is_not_spelled_out():
    repeated = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000, dtype=np.int32)), ["x" * 100_000])
    count = pa.array(np.arange(20_000.0))
    table = read(parquet({"t": repeated, "x": count, "y": count}, store_schema=False))
    assert table.numeric == ("x", "y")
    assert "very long texts" in notes(table)


def test_what_is_written_is_read_again():
    numbers, words = [0.1, -2.5, np.nan, 1e-300], ["a, b", "c\r\nd", None, '"q"']
    table = read(write_csv(pd.DataFrame({"x": numbers, "label": words, "y": [1, 2, 3, 4]})))
    np.testing.assert_array_equal(table.frame["x"], numbers)
    assert columns(table)["label"] == words


def test_written_text_is_no_formula_and_numbers_stay_numbers():
    frame = pd.DataFrame({"=1+1": ["=cmd", "+1", "-1+1", "@x", "\t=1", "safe"], "y": [-2.5, 1, 2, 3, 4, 5]})
    text = write_csv(frame).decode()
    assert text.splitlines()[:3] == ["'=1+1,y", "'=cmd,-2.5", "'+1,1.0"]
    assert all(line.startswith("'") for line in text.splitlines()[:6])
    assert text.splitlines()[6] == "safe,5.0"


def test_protected_text_is_read_as_the_text_it_was():
    frame = pd.DataFrame({"=1+1": ["=cmd", "+1 a", "-1+1", "@x", "safe", "'quoted"], "-y": [-2.5, 1, 2, 3, 4, 5]})
    table = read(write_csv(frame))
    assert columns(table) == {name: frame[name].tolist() for name in frame}


@given(st.lists(st.tuples(st.floats(width=64, allow_nan=False), st.floats(-1e3, 1e3)), min_size=2, max_size=20))
def test_every_number_survives_writing_and_reading(pairs):
    frame = pd.DataFrame(pairs, columns=["x", "y"])
    np.testing.assert_array_equal(
        read_table(write_csv(frame), "t.csv", Reading(missing=())).frame.to_numpy(), frame.to_numpy()
    )


GOOD = {
    "csv": SAME["commas"].encode() * 3,
    "semicolons": SAME["semicolons and decimal commas"].encode("utf-16"),
    "quotes": b'a;"b\nc";d\r\n"1,5";2;"x ""y"""\r\n# c\r\n;3;-\r\n' * 3,
    "workbook": workbook(LINES),
    "parquet": parquet({"x": [1.0, 2.0, 3.0], "t": ["a", "b", None], "n": pa.array([1, None, 2])}),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
@given(data=st.data())
def test_damaged_tables_are_read_or_refused(good, data):
    answer(read_table, data.draw(damaged(good)), "table")


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.text('x1,;\t\n"#.-', max_size=80).map(str.encode)
)
def test_any_bytes_are_a_table_or_a_table_error(data):
    answer(read_table, data, "table")
