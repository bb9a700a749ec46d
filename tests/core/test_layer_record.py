"""The description of a layer: many formulas are written by their names, and only such a text is read."""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

import kanviz
from kanviz.core import layer_record
from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io import native, open_model

SOURCES, TARGETS = 40, 30


def layer() -> Layer:
    """A layer with a formula on nearly every edge, two kinds of them."""
    plain = kanviz.init([SOURCES, TARGETS], grid=1, order=1).layers[0]
    edges = [(i, j) for i in range(SOURCES) for j in range(TARGETS) if (i + j) % 7]
    names = tuple((i, j, "sin" if j < 20 else "exp") for i, j in edges)
    numbers = torch.randn(len(edges), 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return replace(plain, formulas=names, affine=numbers)


def record() -> dict[str, Any]:
    settings = {name: getattr(layer(), name) for name in layer_record.SETTINGS}
    return json.loads(layer_record.to_bytes(settings))


def read(changed: dict[str, Any]) -> tuple[tuple[int, int, str], ...]:
    return layer_record.from_bytes(json.dumps(changed).encode(), SOURCES, TARGETS, "0")["formulas"]


def test_many_formulas_are_read_as_they_were() -> None:
    assert layer().formulas == read(record())
    assert record()["format"] == 2
    kan = kanviz.init([SOURCES, TARGETS], grid=1, order=1).with_layers({0: layer()})
    assert open_model({"n.safetensors": native.to_bytes(kan)}).digest == kan.digest


def test_few_formulas_are_written_as_before() -> None:
    few = layer().with_formulas({(i, j): None for i in range(5, SOURCES) for j in range(TARGETS)})
    found = json.loads(layer_record.to_bytes({name: getattr(few, name) for name in layer_record.SETTINGS}))
    assert found["format"] == 1
    assert found["formulas"][0] == [0, 1, "sin"]


BAD = {
    "an edge twice": [["sin", [0, 5]], ["exp", [5, 9]]],
    "runs that overlap": [["sin", [0, 5, 3, 9]]],
    "a run that descends": [["sin", [5, 0]]],
    "runs that descend": [["sin", [8, 9, 0, 5]]],
    "a run without its end": [["sin", [0, 5, 7]]],
    "an edge that is not there": [["sin", [0, SOURCES * TARGETS]]],
    "no edge": [["sin", []]],
    "a formula that is none": [["__import__('os')", [0, 5]]],
    "a mixture": [["sin", [0, 5]], [1, 1, "exp"]],
    "a text for edges": [["sin", "0-5"]],
}


@pytest.mark.parametrize("case", BAD)
def test_formulas_that_are_not_as_written_are_refused(case: str) -> None:
    with pytest.raises(LoadError):
        read({**record(), "formulas": BAD[case]})
