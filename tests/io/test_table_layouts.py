"""Where names, units and values stand, in tables of many makers; what is told is followed; doubts are said."""

import io

import numpy as np
import openpyxl
import pytest

from kanviz.errors import TableError
from kanviz.io.heading_units import split_units
from kanviz.io.table_reading import Reading
from kanviz.io.tables import Table, read_table
from kanviz.io.unit_words import is_unit
from tests.corpus_runner import in_a_child
from tests.io.damage import answer
from tests.io.layouts import CASES, Case, lines


def read(text: str, **told) -> Table:
    return read_table(text.encode(), "table.csv", Reading(**told))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_names_units_and_rows_are_found(case: Case):
    found = read(case.text)
    if case.names is not None:
        assert list(found.frame.columns) == case.names
    if case.rows is not None:
        assert len(found.frame) == case.rows
    assert {name: found.units.get(name) for name in case.units} == case.units


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
@pytest.mark.parametrize("name", ["Campbell", "PicoScope", "settings right above"])
def test_line_ends_change_nothing(name, line_end):
    case = CASES[name]
    found = read(case.text.replace("\n", line_end))
    assert list(found.frame.columns) == case.names
    assert len(found.frame) == case.rows


def test_the_same_layout_is_found_in_a_workbook():
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Report of May"], [], ["Time", "U", "I"], ["s", "V", "A"], *([i, i * 0.5, i * 0.1] for i in range(9))):
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    found = read_table(target.getvalue(), "table.xlsx")
    assert (list(found.frame.columns), dict(found.units)) == (["Time", "U", "I"], {"Time": "s", "U": "V", "I": "A"})
    assert len(found.frame) == 9
    assert found.layout is not None
    assert (found.layout.names, found.layout.units) == ((3,), 4)
    told = read_table(target.getvalue(), "table.xlsx", Reading(header_rows=(4,), units_row=0))
    assert list(told.frame.columns) == ["s", "V", "A"]


THREE = "U,R,I\nV,Ohm,A\n1,10,0.1\n2,10,0.2\n3,20,0.15\n"
TOLD = {
    "nothing": ({}, ["U", "R", "I"], {"U": "V", "R": "Ohm", "I": "A"}, 3),
    "names alone": ({"header_rows": (1,)}, ["U", "R", "I"], {"U": "V", "R": "Ohm", "I": "A"}, 3),
    "names and units": ({"header_rows": (1,), "units_row": 2}, ["U", "R", "I"], {"U": "V", "R": "Ohm", "I": "A"}, 3),
    "no units": ({"units_row": 0}, ["U", "R", "I"], {}, 3),
    "names in two lines": ({"header_rows": (1, 2)}, ["U V", "R Ohm", "I A"], {}, 3),
    "other names": ({"header_rows": (2,)}, ["V", "Ohm", "A"], {}, 3),
    "no names": ({"header_rows": ()}, ["x1", "x2", "x3"], {}, 3),
    "a row of numbers": ({"header_rows": (3,)}, ["1", "10", "0.1"], {}, 2),
}


@pytest.mark.parametrize(("told", "names", "units", "rows"), TOLD.values(), ids=TOLD)
def test_what_is_told_of_a_table_is_followed(told, names, units, rows):
    found = read(THREE, **told)
    assert list(found.frame.columns) == names
    assert dict(found.units) == units
    assert len(found.frame) == rows


@pytest.mark.parametrize("told", [{"header_rows": (9,)}, {"units_row": 7}])
def test_a_line_that_is_not_there_is_refused(told):
    with pytest.raises(TableError, match="choose another"):
        read(THREE, **told)


def test_a_comment_can_hold_the_names_that_are_told():
    assert list(read("# a b\n0,1\n0.5,2\n1.5,3\n", header_rows=(1,)).frame.columns) == ["a", "b"]


def test_a_table_read_again_is_as_if_it_had_been_told_at_once():
    found = read(THREE).again(Reading(header_rows=()))
    assert list(found.frame.columns) == ["x1", "x2", "x3"]
    assert found.origin.how.header_rows == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Air,Relative,Wind\ntemperature,humidity,speed\n" + lines(3), "put together from lines 1 and 2"),
        ("Coupling,DC\nTime,CH1\n" + lines(2), "Line 1 (Coupling, DC) could be part of the names"),
        ("0,1,2,3\n" + lines(4), "The numbers in line 1 (0, 1, 2, 3) are taken as names"),
        ("a note\nx,y\n" + lines(2), "Skipped 1 line above the table"),
        ("x,y\ns,V\n" + lines(2), "The units are in line 2"),
    ],
)
def test_what_could_be_otherwise_is_said(text, note):
    assert note in " ".join(read(text).notes)


def test_a_table_larger_than_the_limit_is_said_with_the_lines_of_its_file():
    with pytest.raises(
        TableError, match=r"more than 1,000,000 rows; the limit is 1,000,000\. Its file has 1,200,001 lin"
    ):
        read("x,y\n" + "1,2\n" * 1_200_000)


WRITTEN = {
    "np.float64": ("np.float64(1.5),np.float64(-2e-3)", [1.5, -2e-3]),
    "numpy.int64": ("numpy.int64(7),float32(0.5)", [7, 0.5]),
    "lists": ("[1.5],[[2.5]]", [1.5, 2.5]),
    "tensors": ('"tensor(1.5, dtype=torch.float64)",array([2.5])', [1.5, 2.5]),
    "tuples": ('"(1.5,)","(2.5,)"', [1.5, 2.5]),
    "Excel's quotes": ('"=""1.5""",\'2.5', [1.5, 2.5]),
    "Fortran": ("1.5D+01,2.5d-1", [15, 0.25]),
    "endless": ("∞,-∞", [np.inf, -np.inf]),
    "an error behind": ("1.5 ± 0.1,2.5 +/- 0.2", [1.5, 2.5]),
    "a unit behind": ("1.5 V,2.5 V", [1.5, 2.5]),
}


@pytest.mark.parametrize(("cells", "values"), WRITTEN.values(), ids=WRITTEN)
def test_numbers_in_wrappers_are_numbers(cells, values):
    one, two = (
        cells.rsplit(",", 1)
        if cells.count(",") == 1
        else cells.split('","')
        if '","' in cells
        else cells.rsplit(",", 1)
    )
    one, two = (one + '"', '"' + two) if '","' in cells else (one, two)
    found = read(f"x,y\n{one},1\n{two},2\n{one},3\n")
    assert found.frame["x"].tolist() == [*values, values[0]]


def test_numbers_in_parentheses_are_negative_beside_plain_ones():
    assert read("x,y\n1.5,1\n(2.5),2\n3,3\n").frame["x"].tolist() == [1.5, -2.5, 3]
    assert "negative" in " ".join(read("x,y\n1.5,1\n(2.5),2\n3,3\n").notes)


def test_a_unit_behind_every_number_is_the_column_s():
    assert dict(read("U,n\n1.5 V,1\n2.5 V,2\n").units) == {"U": "V"}
    assert read("what,n\n2D,1\n3D,2\n").numeric == ("n",)


HEADINGS = {
    ("Velocity (m/s)", "流速(m/s)", "Débit [m3/h]"): {
        "Velocity (m/s)": ("Velocity", "m/s"),
        "流速(m/s)": ("流速", "m/s"),
        "Débit [m3/h]": ("Débit", "m3/h"),
    },
    ("Flow, l/min", "Dichte in g/cm³", "Расход, м3/ч"): {
        "Flow, l/min": ("Flow", "l/min"),
        "Dichte in g/cm³": ("Dichte", "g/cm³"),
        "Расход, м3/ч": ("Расход", "м3/ч"),
    },
    ("Precio €/m²", "CO(GT)"): {},
    ("length (m)", "mass [kg]"): {"length (m)": ("length", "m"), "mass [kg]": ("mass", "kg")},
    ("x (2)", "x"): {},
    ("run (2)",): {},
    ("smoker (yes = 1)",): {},
    ("v (left)", "v (right)"): {},
    ("l/cm", "T/s"): {"l/cm": ("l", "cm"), "T/s": ("T", "s")},
    ("Temperatur/°C",): {"Temperatur/°C": ("Temperatur", "°C")},
    ("v/(m/s)", "t/s"): {"v/(m/s)": ("v", "m/s"), "t/s": ("t", "s")},
    ("m/s",): {},
    ("C/N",): {},
    ("Zeit in s",): {"Zeit in s": ("Zeit", "s")},
    ("born in Rome",): {},
    ("t, s",): {"t, s": ("t", "s")},
}


@pytest.mark.parametrize(("names", "found"), HEADINGS.items(), ids=map(str, HEADINGS))
def test_units_in_headings(names, found):
    assert split_units(names) == found


@pytest.mark.parametrize(
    "text", ["s", "ms", "m/s^2", "kg m-3", "W/m²", "°C", "Deg C", "Ohm", "kΩ", "%", "µg/m3", "mol/(l s)", "1/s",
             "V vs. SCE", "hPa", "counts", "a.u.", "(V)", "[mm]", "second", "Volts", "rpm", "мА"]
)  # fmt: skip
def test_units_are_known(text):
    assert is_unit(text)


@pytest.mark.parametrize(
    "text", ["", "Time", "CH1", "temperature", "left", "x", "yes = 1", "2", "Sequence", "U", "name"]
)
def test_words_are_no_units(text):
    assert not is_unit(text)


LONG = {
    "numbers in one cell": "1,2,3 " * 15_000 + "x",
    "digits": "1" * 100_000 + "x",
    "blanks in brackets": "(" + " " * 100_000 + "x",
    "brackets": "a (" * 30_000,
    "slashes and blanks": "a" + " " * 50_000 + "/ " * 20_000,
    "digits and blanks": "1" + " " * 100_000 + "x",
}


@pytest.mark.parametrize("cell", LONG.values(), ids=LONG)
@pytest.mark.parametrize("place", ["name", "units", "cell", "line"])
def test_long_cells_are_gone_through_once(cell, place):
    text = {
        "name": f'"{cell}",y\n1,2\n3,4\n',
        "units": f'x,y\n"{cell}",V\n1,2\n3,4\n',
        "cell": f'x,y,z\n1,2,"{cell}"\n3,4,"{cell}"\n',
        "line": f"{cell}\nx y\n1 2\n3 4\n5 6\n",
    }[place]
    found = in_a_child(lambda: [(answer(read, text) and "read") or "refused"])
    assert found["outcome"] == "opened", found  # and not ended by the limit on CPU time
