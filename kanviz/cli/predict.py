"""Implements `kanviz predict`, which uses a network on the rows of a table of any length."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanviz.cli.command import Command
from kanviz.cli.console import UsageError, bar, bar_end, out, say_notes
from kanviz.cli.options import reads_table, takes_block, takes_model
from kanviz.cli.outputs import writable
from kanviz.cli.tables import read_network, reading
from kanviz.errors import UserError
from kanviz.text import counted, listing, shown
from kanviz.writing import write

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.core.prediction import Predictions
    from kanviz.io.table_pieces import Piece

ENDINGS = (".csv", ".parquet")


class Run:
    """Makes the tables to write, and counts on the way: rows, gaps, and the names of the new columns."""

    def __init__(self, kan: "KAN", options: argparse.Namespace, text: bool):
        from kanviz.core.prediction import Gaps

        self.kan, self.options, self.text = kan, options, text
        self.gaps: Gaps = Gaps()
        self.rows, self.names, self.left_out = 0, list[str](), list[str]()

    def tables(self) -> Iterator[Any]:
        """Generate the columns of every piece of the file with the predictions behind them."""
        import torch

        from kanviz.core.prediction import predictions
        from kanviz.io.table_pieces import pieces_of

        notes: tuple[str, ...] = ()
        given = self.options.inputs
        how = reading(self.options)
        for piece in pieces_of(Path(self.options.table), self.kan.inputs, given, how):
            say_notes([note for note in piece.notes if note not in notes])
            notes = piece.notes
            found = predictions(self.kan, torch.from_numpy(piece.x))
            self.rows, self.gaps = self.rows + len(piece.x), self.gaps + found.gaps
            yield self._joined(piece, found)
            bar(round(100 * piece.share), 100, counted(self.rows, "row"))
        bar_end()

    def _joined(self, piece: "Piece", found: "Predictions") -> Any:
        from kanviz.io.predicted_columns import with_predictions
        from kanviz.io.table_writing import flat

        kept = piece.cells.select([]) if self.options.only else piece.cells
        if self.text:
            names = flat(kept)
            self.left_out = [name for name in kept.column_names if name not in names]
            kept = kept.select(names)
        whole, self.names = with_predictions(kept, found, proba=self.options.proba)
        return whole


def predict(options: argparse.Namespace) -> None:
    """Predict every row and write the table; report rows without a prediction."""
    from kanviz.io.table_writing import as_csv, as_parquet, typed

    output = writable(options.output)
    if output.suffix.lower() not in ENDINGS and not str(output).startswith("/dev/"):
        raise UsageError(f"The predictions are written as .csv or .parquet, not {shown(output.name)!r}.")
    kan = read_network(options.model, options)
    if options.proba and kan.task != "classification":
        raise UserError("This network predicts numbers, not classes, so there are no probabilities; leave out --proba.")
    if options.inputs and len(options.inputs) != len(kan.inputs):
        raise UserError(f"The network has {len(kan.inputs)} inputs; --inputs names {len(options.inputs)} columns.")
    text = output.suffix.lower() != ".parquet"
    run = Run(kan, options, text)
    write(output, as_csv(run.tables()) if text else as_parquet(typed(run.tables())))
    _report(run, output)


def _report(run: Run, output: Path) -> None:
    notes = run.gaps.notes(run.rows, classes=run.kan.task == "classification")
    if run.left_out:
        notes.append(f"A .csv cannot hold {listing(run.left_out, 8)}; they are left out. A .parquet can.")
    units = [f"{name} is in {shown(v.unit)}." for name, v in zip(run.names, run.kan.outputs, strict=False) if v.unit]
    say_notes([*notes, *units])
    if not str(output).startswith("/dev/"):
        out(f"{output}: {counted(run.rows, 'row')} with {listing(run.names, 8)}")


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub)
    sub.add_argument("table", metavar="TABLE", help="rows to predict: CSV or Parquet of any length; also Excel")
    takes_block(sub)
    sub.add_argument(
        "-o", "--output", required=True, metavar="FILE",
        help="where to write the table with its predictions, .csv or .parquet",
    )  # fmt: skip
    sub.add_argument("--proba", action="store_true", help="also the probability of each class")
    sub.add_argument("--only", action="store_true", help="only the predictions, without the table's own columns")
    sub.add_argument("--inputs", nargs="+", metavar="COLUMN", help="the table's columns for the inputs, in order")
    reads_table(sub)


COMMAND = Command(
    "predict",
    "Use a network on new rows: a table with the predictions behind its own columns.",
    options,
    predict,
    examples=("kanviz predict sample_models/gravity.safetensors sample_models/gravity.csv -o predicted.csv",),
)
