"""What an original gave is read from an .npz or a table, columns by name or in their order, or refused in words."""

import io

import numpy as np
import pandas as pd
import pytest

import kanviz
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.errors import LoadError, TableError
from kanviz.io import original
from kanviz.io.original import Original, read_original

X = np.random.default_rng(0).uniform(-1, 1, (6, 2))
Y = X.sum(1, keepdims=True)
KAN_OF_TWO = kanviz.init([2, 1])


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def csv(columns: dict[str, np.ndarray], **how) -> bytes:
    return pd.DataFrame(columns).to_csv(index=False, **how).encode()


def read(content: bytes, name: str = "original.csv", kan: KAN = KAN_OF_TWO) -> Original:
    return read_original(kan, content, name)


def test_arrays_keep_their_precision_and_others_are_ignored():
    found = read(npz(x=X.astype(np.float32), y=Y.astype(np.float32), loss=Y), "original.npz")
    assert found.x.dtype == found.y.dtype == np.float32
    assert np.array_equal(found.x, X.astype(np.float32))
    assert np.array_equal(found.y, Y.astype(np.float32))
    assert found.notes == ()


def test_arrays_are_known_by_their_content():
    assert np.array_equal(read(npz(x=X, y=Y), "original").y, Y)


@pytest.mark.parametrize("names", [("x1", "x2", "y"), ("y", "x2", "x1"), ("row", "x2", "y", "x1")])
def test_columns_are_found_by_name_in_any_order(names: tuple[str, ...]):
    there = {"x1": X[:, 0], "x2": X[:, 1], "y": Y[:, 0], "row": np.arange(6.0)}
    found = read(csv({name: there[name] for name in names}))
    assert np.array_equal(found.x, X)
    assert np.array_equal(found.y, Y)
    assert not any("taken as" in note for note in found.notes)


def test_without_the_names_the_inputs_come_first_and_a_note_says_so():
    found = read(csv({"length": X[:, 0], "width": X[:, 1], "area": Y[:, 0]}))
    assert np.array_equal(found.x, X)
    assert np.array_equal(found.y, Y)
    assert found.notes[-2:] == (
        "length and width of the table are taken as x1 and x2.", "area of the table is taken as y."
    )  # fmt: skip


def test_outputs_may_have_other_names_where_the_inputs_have_theirs():
    found = read(csv({"area": Y[:, 0], "x2": X[:, 1], "x1": X[:, 0]}))
    assert np.array_equal(found.x, X)
    assert np.array_equal(found.y, Y)


def test_a_table_without_names_is_taken_in_order():
    file = io.StringIO()
    np.savetxt(file, np.hstack([X, Y]), delimiter=",")
    found = read(file.getvalue().encode())
    assert np.array_equal(found.x, X)
    assert np.array_equal(found.y, Y)


def test_units_in_headings_belong_to_the_name():
    kan = kanviz.init([2, 1], inputs=[Variable("a", "m"), Variable("b")], outputs=[Variable("c", "N")])
    found = read(csv({"c (N)": Y[:, 0], "b": X[:, 1], "a (m)": X[:, 0]}), kan=kan)
    assert np.array_equal(found.x, X)
    assert np.array_equal(found.y, Y)


def test_no_number_is_taken_for_a_missing_value():
    y = Y[:, 0].copy()
    y[2:4] = -999
    found = read(csv({"x1": X[:, 0], "x2": X[:, 1], "y": y}))
    assert (found.y == -999).sum() == 2


def test_an_empty_cell_is_nan_and_a_single_row_is_enough():
    found = read(b"x1,x2,y\n0.5,0.25,\n0.5,0.25,1\n")
    assert np.isnan(found.y[0, 0])
    assert read(b"x1,x2,y\n0.5,0.25,1\n").y.tolist() == [[1.0]]


def test_more_numbers_than_a_table_may_have_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(original, "MOST", 17)
    with pytest.raises(LoadError, match="18 numbers; the limit is 17"):
        read(npz(x=X, y=Y))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (("x1", "y", "z"), "no column 'x2'"),
        (
            ("a", "b"),
            "The table has 2 columns (a and b). The network takes 2 inputs (x1 and x2) and gives 1 output (y)",
        ),
        (("a", "b", "c", "d"), "keep only theirs, inputs first"),
        (("x1", "x2", "c", "d"), "keep only theirs, inputs first"),
        (("x1", "x2"), "The table has 2 columns"),
    ],
)
def test_columns_that_do_not_fit_are_refused_in_words(columns: tuple[str, ...], words: str):
    with pytest.raises(TableError) as refusal:
        read(csv({name: X[:, 0] + n for n, name in enumerate(columns)}))
    assert words in str(refusal.value)


def test_one_missing_output_of_several_is_named():
    with pytest.raises(TableError, match="no column 'y2'"):
        read(csv({"x1": X[:, 0], "x2": X[:, 1], "y1": Y[:, 0]}), kan=kanviz.init([2, 2]))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (npz(x=X), "original.npz", "no array y"),
        (npz(inputs=X, outputs=Y), "original.npz", "its arrays are inputs and outputs"),
        (npz(x=X, y=np.array(["a"] * 6)), "original.npz", "text, not numbers"),
        (npz(x=X, y=Y)[:-40], "original.npz", "damaged"),
        (b"", "original.npz", "no .npz file"),
        (b"x,y\n1,2\n", "original.npz", "no .npz file"),
        (b"\x93NUMPY\x01\x00", "y.npy", "single array"),
    ],
)  # fmt: skip
def test_a_file_of_arrays_that_does_not_hold_them_is_refused_in_words(content: bytes, name: str, words: str):
    with pytest.raises(LoadError) as refusal:
        read(content, name)
    assert words in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"x1,x2,y\n", b"x1,x2,y\na,b,c\nd,e,f\n", b"\x00\x01\x02" * 20])
def test_what_is_no_table_of_numbers_is_refused(content: bytes):
    with pytest.raises(TableError):
        read(content)
