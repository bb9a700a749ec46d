"""Put predictions behind the columns of a table, under names that no column has."""

from typing import TYPE_CHECKING

import pyarrow as pa

from kanviz.core.prediction import Predictions, predictions
from kanviz.io.table_writing import as_csv, flat
from kanviz.text import distinct_names

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.io.tables import Table


def with_predictions(cells: pa.Table, found: Predictions, *, proba: bool = False) -> tuple[pa.Table, list[str]]:
    """Append a column for each output, and for the probability of each class; return the table and their names."""
    new = {f"{name}_predicted": values for name, values in found.columns().items()}
    if proba:
        new |= {f"{name}_probability": values for name, values in found.columns(proba=True).items()}
    names = distinct_names(list(new), cells.column_names)
    arrays = [pa.array(values, pa.string() if values.dtype == object else None) for values in new.values()]
    return pa.table([*cells.columns, *arrays], names=[*cells.column_names, *names]), names


def predicted_table(kan: "KAN", table: "Table") -> tuple[pa.Table, list[str], list[str]]:
    """Use the network on a table: the table with its predictions, their names, and remarks on rows without one.

    Columns are found by name. Raises TableError for columns that the network cannot take.
    """
    import torch

    from kanviz.core.columns.inputs import values_of_all

    x = values_of_all(table.named_for([v.name for v in kan.inputs]).frame, kan.inputs)
    found = predictions(kan, torch.from_numpy(x))
    cells = pa.Table.from_pandas(table.with_headings().frame, preserve_index=False).replace_schema_metadata(None)
    classes = kan.task == "classification"
    whole, names = with_predictions(cells.select(flat(cells)), found, proba=classes)
    return whole, names, found.gaps.notes(len(x), classes=classes)


def csv_bytes(table: pa.Table) -> bytes:
    """Write a table as the bytes of a CSV file."""
    return b"".join(as_csv([table]))
