"""List the samples that come with the app, without importing torch, and open one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.ui.server.start import app_folder

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session


@dataclass(frozen=True)
class Sample:
    """One row of samples.json.

    thumbnail: a list of curves, each a list of heights from 0 to 1 · new: a table of rows to learn next, for the
    Retrain page.
    """

    title: str
    shows: str
    file: Path
    table: Path | None
    target: str
    edge: tuple[int, int, int] | None
    thumbnail: tuple[tuple[float, ...], ...]
    new: Path | None = None


def samples() -> list[Sample]:
    root = app_folder() / "sample_models"
    rows = json.loads((root / "samples.json").read_text(encoding="utf-8"))
    return [
        Sample(
            row["title"],
            row["shows"],
            root / row["file"],
            root / row["data"] if row.get("data") else None,
            row.get("target", ""),
            tuple(row["edge"]) if row.get("edge") else None,
            tuple(tuple(curve) for curve in row.get("thumbnail", ())),
            root / row["new"] if row.get("new") else None,
        )
        for row in rows
    ]


def open_sample(s: "Session", sample: Sample, *, aside: bool = True, kept: bool = True) -> None:
    """Open a sample with its table and choose its most interesting edge. aside, kept: see `Session.open`."""
    from kanviz.core.layer import EdgeId
    from kanviz.io import load

    kan = load(sample.file)
    data = rows_of(sample, sample.table, kan) if sample.table is not None else None
    edge = EdgeId(*sample.edge) if sample.edge else None
    rows_from = sample.table.name if sample.table else ""
    s.open(kan, sample.title, data=data, rows_from=rows_from, edge=edge, sample=sample.file.stem,
           aside=aside, kept=kept)  # fmt: skip


def rows_of(sample: Sample, path: Path, kan: "KAN") -> "Dataset":
    """Read a table of a sample for its network."""
    from kanviz.core.data.dataset import Dataset
    from kanviz.io.tables import open_table

    table = open_table(path)
    inputs = [v.name for v in kan.inputs]
    targets = [sample.target] if sample.target else [v.name for v in kan.outputs]
    return Dataset.from_frame(table.frame, targets, inputs).matching(kan)
