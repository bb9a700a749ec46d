"""`kanviz predict`: new rows in, the same rows with predictions out, whole or not at all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import kanviz
from kanviz.cli import main
from kanviz.core.layer import Variable
from kanviz.io import table_pieces
from tests.cli.conftest import Run

ENERGY = kanviz.from_formula({"energy": "m*v**2/2"}, {"m": (0, 5), "v": (0, 5)})
ROWS = pd.DataFrame(
    {"name": ["007", "=1+1", "c,d"], "v": [2.0, 4.0, 1.0], "energy": [6.0, 8.0, 1.0], "m": [3.0, 1.0, 2.0]}
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    kan = replace(ENERGY, outputs=(Variable("energy", "J"),))
    kanviz.save(kan, path := tmp_path / "energy.safetensors")
    return path


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    two = kanviz.from_formula({"warm": "m*v**2/2", "cold": "m+v"}, {"m": (0, 5), "v": (0, 5)})
    kanviz.save(replace(two, task="classification"), path := tmp_path / "classes.safetensors")
    return path


def written(folder: Path, ending: str, frame: pd.DataFrame = ROWS) -> Path:
    path = folder / f"rows.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path, index=False)
    return path


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("target", ["csv", "parquet"])
@pytest.mark.parametrize("large", [False, True])
def test_the_table_comes_back_with_predictions_behind_its_columns(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, target: str, large: bool
):
    if large:
        monkeypatch.setattr(table_pieces, "MAX_BYTES", 0)
    output = tmp_path / f"out.{target}"
    status, out, err = run("predict", model, written(tmp_path, source), "-o", output)
    assert status == 0
    assert out == f"{output}: 3 rows with energy_predicted\n"
    assert "note: energy_predicted is in J.\n" in err
    found = pd.read_csv(output, dtype={"name": str}) if target == "csv" else pd.read_parquet(output)
    protected = ROWS.assign(name=["007", "'=1+1", "c,d"]) if target == "csv" else ROWS
    pd.testing.assert_frame_equal(found, protected.assign(energy_predicted=[6.0, 8.0, 1.0]), check_dtype=False)


def test_cells_of_a_text_stand_in_the_result_as_they_stood(run: Run, model: Path, tmp_path: Path):
    (path := tmp_path / "lab.csv").write_text("m;v;day;energy_predicted\n3,0;2,0;31.01.2024;-5\n1,0;4,0;01.02.2024;x\n")
    run("predict", model, path, "-o", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "m,v,day,energy_predicted,energy_predicted_2", '"3,0","2,0",31.01.2024,-5,6', '"1,0","4,0",01.02.2024,x,8',
    ]  # fmt: skip


def test_rows_that_lack_a_value_stay_and_are_counted(run: Run, model: Path, tmp_path: Path):
    path = written(tmp_path, "csv", ROWS.assign(v=[2.0, np.nan, 1.0]))
    status, _, err = run("predict", model, path, "-o", tmp_path / "out.csv")
    assert status == 0
    assert "note: 1 of 3 rows lack a finite value in v; their predictions are NaN.\n" in err
    assert pd.read_csv(tmp_path / "out.csv")["energy_predicted"].isna().tolist() == [False, True, False]


def test_classes_come_as_labels_and_with_proba_also_as_probabilities(run: Run, classes: Path, tmp_path: Path):
    path = written(tmp_path, "parquet")
    run("predict", classes, path, "-o", tmp_path / "out.parquet", "--proba", "--only")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names == ["class_predicted", "warm_probability", "cold_probability"]
    assert found["class_predicted"].to_pylist() == ["warm", "warm", "cold"]
    assert np.allclose(found["warm_probability"].to_numpy() + found["cold_probability"].to_numpy(), 1)


def test_inputs_can_be_named_in_the_network_s_order(run: Run, model: Path, tmp_path: Path):
    path = written(tmp_path, "csv", ROWS.rename(columns={"m": "mass", "v": "speed"}))
    assert run("predict", model, path, "-o", tmp_path / "o.csv")[0] == 1
    assert run("predict", model, path, "-o", tmp_path / "o.csv", "--inputs", "mass", "speed")[0] == 0
    assert pd.read_csv(tmp_path / "o.csv")["energy_predicted"].tolist() == [6.0, 8.0, 1.0]


def test_a_csv_leaves_out_what_it_cannot_hold_and_says_so(run: Run, model: Path, tmp_path: Path):
    pq.write_table(
        pa.table({"m": [3.0, 1.0], "v": [2.0, 4.0], "list": [[1], [2]]}), path := tmp_path / "nested.parquet"
    )
    err = run("predict", model, path, "-o", tmp_path / "out.csv")[2]
    assert "note: A .csv cannot hold list; they are left out. A .parquet can.\n" in err
    assert list(pd.read_csv(tmp_path / "out.csv")) == ["m", "v", "energy_predicted"]


def test_predictions_can_go_into_a_pipe(model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    main(["predict", str(model), str(written(tmp_path, "csv")), "-o", "/dev/stdout", "--only"])
    assert capfd.readouterr().out.splitlines() == ["energy_predicted", "6", "8", "1"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("o.xlsx", (), "The predictions are written as .csv or .parquet, not 'o.xlsx'."),
        ("o.csv", ("--proba",), "leave out --proba"),
        ("o.csv", ("--inputs", "m"), "The network has 2 inputs; --inputs names 1 columns."),
        ("o.csv", ("--inputs", "m", "w"), "There is no column 'w'"),
    ],
)
def test_what_cannot_be_predicted_is_refused_and_nothing_is_written(
    run: Run, model: Path, tmp_path: Path, name: str, arguments: tuple[str, ...], words: str
):
    status, out, err = run("predict", model, written(tmp_path, "csv"), "-o", tmp_path / name, *arguments)
    assert status in (1, 2)
    assert out == ""
    assert words in err
    assert not (tmp_path / name).exists()


def test_a_fault_late_in_a_file_leaves_the_old_result_as_it_was(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(table_pieces, "MAX_BYTES", 0)
    monkeypatch.setattr(table_pieces, "BLOCK", 200)
    path = written(tmp_path, "csv", pd.concat([ROWS] * 40))
    path.write_text(path.read_text() + "last,two,1,2\n")
    (output := tmp_path / "out.csv").write_text("old")
    status, _, err = run("predict", model, path, "-o", output)
    assert status == 1
    assert "'v' holds text, not numbers" in err
    assert output.read_text() == "old"


def test_a_text_column_that_begins_with_numbers_is_refused_for_parquet(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(table_pieces, "MAX_BYTES", 0)
    monkeypatch.setattr(table_pieces, "BLOCK", 200)
    frame = pd.DataFrame({"id": [str(n) for n in range(50)], "m": [1.0] * 50, "v": [2.0] * 50})
    frame.loc[49, "id"] = "x"
    err = run("predict", model, written(tmp_path, "csv", frame), "-o", tmp_path / "out.parquet")[2]
    assert "Column 'id' begins with numbers and has something else later; write a .csv" in err
