"""A table for a network in pieces: the same values whether a file is read whole or, larger than memory, in pieces."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kanviz.core.layer import Variable
from kanviz.errors import TableError
from kanviz.io import table_pieces
from kanviz.io.table_pieces import Piece, pieces_of

INPUTS = (
    Variable("mass", "kg"),
    Variable("smoker", "yes = 1"),
    Variable("region = north"),
    Variable("day", "days since 2024-01-01"),
)
ROWS = 25
FRAME = pd.DataFrame(
    {
        "code": [f"{n:04}" for n in range(ROWS)],
        "day": pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"),
        "mass (kg)": np.random.default_rng(0).uniform(1, 2, ROWS).round(6),
        "smoker": ["yes", "no", "no", "yes", "no"] * 5,
        "region": ["north", "south", "north", "north", "south"] * 5,
    }
)
TRUE = np.column_stack(
    [FRAME["mass (kg)"], FRAME["smoker"] == "yes", FRAME["region"] == "north", np.arange(ROWS)]
).astype(float)


@pytest.fixture(params=["whole", "in pieces"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read a file whole, or in many pieces as if it were huge."""
    monkeypatch.setattr(table_pieces, "ROWS", 7)
    if request.param == "in pieces":
        monkeypatch.setattr(table_pieces, "MAX_BYTES", 0)
        monkeypatch.setattr(table_pieces, "BLOCK", 300)
        monkeypatch.setattr(table_pieces, "HEAD", 600)
    return request.param


def written(folder: Path, kind: str, frame: pd.DataFrame = FRAME) -> Path:
    path = folder / f"table.{kind.partition(' ')[0]}"
    if kind.startswith("parquet"):
        table = frame.assign(day=pd.to_datetime(frame["day"])) if "typed" in kind else frame
        table.to_parquet(path, index=False)
    else:
        frame.to_csv(path, sep=";" if "semicolons" in kind else ",", index=False)
    return path


def values(pieces: list[Piece]) -> np.ndarray:
    return np.concatenate([piece.x for piece in pieces])


@pytest.mark.parametrize("kind", ["csv", "csv with semicolons", "parquet", "parquet typed"])
def test_every_way_gives_the_same_values_and_the_cells_as_they_stand(tmp_path: Path, way: str, kind: str):
    found = list(pieces_of(written(tmp_path, kind), INPUTS))
    assert len(found) > 2
    assert np.array_equal(values(found), TRUE)
    cells = pa.concat_tables([piece.cells for piece in found])
    assert cells.column_names == list(FRAME.columns)
    assert cells.column("code").to_pylist() == FRAME["code"].to_list()
    assert found[-1].share in (0.0, 1.0)


def test_missing_values_are_nan_in_every_way(tmp_path: Path, way: str):
    frame = FRAME.astype(object)
    frame.iloc[::5, 1:] = None
    x = values(list(pieces_of(written(tmp_path, "csv", frame), INPUTS)))
    assert np.isnan(x[::5]).all()
    rest = np.arange(ROWS) % 5 > 0
    assert np.array_equal(x[rest], TRUE[rest])


def test_columns_can_be_named_in_the_order_of_the_inputs(tmp_path: Path, way: str):
    frame = pd.DataFrame({"b": np.arange(30.0), "a": np.arange(30.0) ** 2})
    found = pieces_of(written(tmp_path, "csv", frame), (Variable("x1"), Variable("x2")), ["a", "b"])
    assert np.array_equal(values(list(found)), frame[["a", "b"]].to_numpy())


def test_a_column_that_is_not_there_is_refused(tmp_path: Path, way: str):
    with pytest.raises(TableError, match="no column 'weight'"):
        list(pieces_of(written(tmp_path, "csv"), (Variable("weight"),)))


@pytest.mark.parametrize(
    ("at", "cell", "words"),
    [
        ("mass (kg)", "1,5", r"Rows 1\d to \d+ of table.csv.*'mass'.*text.*decimal point"),
        ("day", "31.01.2024", "'day' has dates that do not begin as 2024-01-31 does"),
        ("smoker", "often", "'smoker' has more than two words: no, often and yes"),
    ],
)
def test_a_later_cell_that_cannot_be_read_in_pieces_is_refused_with_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, cell: str, words: str
):
    monkeypatch.setattr(table_pieces, "MAX_BYTES", 0)
    monkeypatch.setattr(table_pieces, "BLOCK", 300)
    frame = FRAME.astype(object)
    frame.loc[20, at] = cell
    with pytest.raises(TableError, match=words):
        list(pieces_of(written(tmp_path, "csv", frame), INPUTS))


def test_a_row_of_another_length_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table_pieces, "MAX_BYTES", 0)
    path = written(tmp_path, "csv")
    path.write_text(path.read_text() + "1,2\n")
    with pytest.raises(TableError, match=r"table.csv cannot be read to its end: .*Expected 5 columns, got 2"):
        list(pieces_of(path, INPUTS))


def test_numbers_that_stand_for_missing_values_can_be_named(tmp_path: Path, way: str):
    frame = pd.DataFrame({"a": [1.0, -99.0] * 15, "b": [2.0] * 30})
    how = table_pieces.Reading(missing=(-99.0,))
    x = values(list(pieces_of(written(tmp_path, "csv", frame), (Variable("a"),), how=how)))
    assert np.isnan(x[1::2]).all()
    assert (x[::2] == 1).all()


def test_one_column_and_one_row_are_enough(tmp_path: Path):
    (path := tmp_path / "one.csv").write_text("length\n0.5\n")
    assert [piece.x.tolist() for piece in pieces_of(path, (Variable("length"),))] == [[[0.5]]]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path, way: str):
    path = written(tmp_path, "parquet")
    path.write_bytes(path.read_bytes()[:-20] + b"\0" * 20)
    with pytest.raises(TableError, match="damaged"):
        list(pieces_of(path, INPUTS))


def test_a_large_parquet_file_keeps_columns_that_no_input_needs(tmp_path: Path, way: str):
    table = pa.table({"a": np.arange(30.0), "list": [[1, 2]] * 30, "raw": [b"x"] * 30})
    pq.write_table(table, path := tmp_path / "nested.parquet")
    found = list(pieces_of(path, (Variable("a"),)))
    assert pa.concat_tables([piece.cells for piece in found]).equals(table)
