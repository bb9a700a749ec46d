"""Rows inside a network's file: there only when asked for, the same to the bit, and refused when they do not fit."""

import json

import numpy as np
import pytest
import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.errors import LoadError, TableError
from kanviz.io import open_model
from kanviz.io.containers import open_tensors
from kanviz.io.native import checksum, rows_of, to_bytes
from kanviz.io.safetensors_file import write_safetensors


def table(columns: int = 2, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset.from_arrays(rng.normal(size=(30, columns)), rng.normal(size=30))


def network(data: Dataset):
    return init([len(data.inputs), 1], inputs=data.inputs, outputs=data.outputs)


def test_rows_come_back_bit_by_bit_with_their_split_and_name():
    data = table()
    kan = network(data)
    found = rows_of(to_bytes(kan, rows=data, rows_from="a.csv"))
    assert found is not None
    assert found[0].digest == data.digest
    assert found[1] == "a.csv"
    assert open_model({"k.safetensors": to_bytes(kan, rows=data)}).digest == kan.digest


def test_without_being_asked_no_row_is_in_the_file():
    data = table()
    plain = to_bytes(network(data))
    assert rows_of(plain) is None
    assert not [name for name in open_tensors(plain, "k").tensors if name.startswith("rows")]


def test_columns_are_stored_in_the_order_of_the_network():
    data = table()
    kan = init([2, 1], inputs=data.inputs[::-1], outputs=data.outputs)
    found = rows_of(to_bytes(kan, rows=data))
    assert found is not None
    assert torch.equal(found[0].x, data.x.flip(1))


def test_rows_of_another_table_are_refused_when_saved():
    with pytest.raises(TableError):
        to_bytes(network(table()), rows=table(3))


def forged(change) -> bytes:
    """A file with rows, its tensors and header changed and signed again."""
    data = table()
    opened = open_tensors(to_bytes(network(data), rows=data, rows_from="a.csv"), "k")
    tensors, header = dict(opened.tensors), json.loads(opened.metadata["kanviz"])
    change(tensors, header)
    text = json.dumps(header)
    return write_safetensors(tensors, {"kanviz": text, "sha256": checksum(text, tensors)})


def put(name: str, value):
    return lambda tensors, header: tensors.update({name: value})


ONE = torch.ones(1, dtype=torch.float64)
FORGED = {
    "no words": lambda tensors, header: header.update(rows=3),
    "no name": lambda tensors, header: header["rows"].pop("name"),
    "no columns": put("rows.x", torch.zeros(30, dtype=torch.float64)),
    "other columns": put("rows.x", torch.zeros(30, 5, dtype=torch.float64)),
    "fewer targets": put("rows.y", torch.zeros(29, 1, dtype=torch.float64)),
    "other precision": put("rows.x", torch.zeros(30, 2)),
    "not a number": put("rows.y", torch.full((30, 1), torch.nan, dtype=torch.float64)),
    "a row that is not there": put("rows.train", 40 * ONE),
    "a row before the first": put("rows.train", -ONE),
    "half a row": put("rows.test", 0.5 * ONE),
    "a row twice": put("rows.test", torch.cat([ONE, ONE])),
    "a split with two axes": put("rows.test", ONE[None]),
    "no split": lambda tensors, header: tensors.pop("rows.test"),
    "rows nobody tells of": lambda tensors, header: header.pop("rows"),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_rows_are_refused_in_words(case: str):
    with pytest.raises(LoadError, match=r"\w+ \w+"):
        rows_of(forged(FORGED[case]))
