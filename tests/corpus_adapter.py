"""The product's own readers, as the corpus of bad inputs calls them: `run_corpus.py tests/corpus_adapter.py FOLDER`."""

from collections.abc import Callable

import torch

from kanviz.core.formulas.parser import parse
from kanviz.errors import UserError
from kanviz.io import open_model as open_network
from kanviz.io.tables import read_table as read_data

__all__ = ["UserError", "open_model", "read_formula", "read_table"]

torch.set_num_threads(1)
FORMULA_NAMES = ("x", "y")

Note = Callable[[str], object]


def open_model(data: bytes | None, name: str, config: bytes | None, note: Note) -> None:
    files = {} if data is None else {name: data}
    if config is not None:
        files["model_config.yml"] = config
    for words in open_network(files).notes:
        note(words)


def read_table(data: bytes, name: str, note: Note) -> None:
    for words in read_data(data, name).notes:
        note(words)


def read_formula(text: str, note: Note) -> None:
    for words in parse(text, FORMULA_NAMES).warnings:
        note(words)
