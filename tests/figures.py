"""Figures as text that a person can read in a diff: arrays decoded, numbers at 4 significant digits, no template."""

import base64
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from kanviz.core.spline import uniform_knots


def readable(figure: go.Figure) -> str:
    """One line per property: `trace.property: value`, numbers rounded."""
    spec = json.loads(figure.to_json() or "{}")
    lines = []
    for n, trace in enumerate(spec["data"]):
        lines += _lines(f"trace {n}", _plain(trace))
    layout = {key: value for key, value in spec["layout"].items() if key != "template"}
    return "\n".join(lines + _lines("layout", _plain(layout)))


def traces(figure: go.Figure) -> tuple[Any, ...]:
    """The traces of a figure; plotly gives each its own properties, without types."""
    return tuple(figure.data)


def decoded(value: Any) -> Any:
    """plotly's {"dtype", "bdata"} as a list of numbers; anything else as it is."""
    if isinstance(value, dict) and {"dtype", "bdata"} <= set(value):
        array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = [int(n) for n in value["shape"].split(",")] if "shape" in value else [-1]
        return array.reshape(shape).tolist()
    return value


def _plain(value: Any) -> Any:
    value = decoded(value)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        rounded = float(f"{value:.4g}")
        return None if value != value else 0 if abs(value) < 1e-12 else int(rounded) if rounded % 1 == 0 else rounded
    return value


def _lines(path: str, value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        return [line for key in sorted(value) for line in _lines(f"{path}.{key}", value[key])]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [line for n, part in enumerate(value) for line in _lines(f"{path}[{n}]", part)]
    return [f"{path}: {json.dumps(value, ensure_ascii=False)}"]


def small_kan() -> KAN:
    """[2, 2, 1] with round numbers, an edge of every state: spline, frozen, both, formula, pruned."""
    knots = uniform_knots(-1.0, 1.0, 2, 2, 2)
    first = torch.tensor(
        [[[0.0, 1.0, 0.5, -0.5], [1.0, 0.0, 0.0, 1.0]], [[0.2, 0.4, 0.8, 0.6], [0.5, -0.5, 0.5, -0.5]]]
    )
    second = torch.tensor([[[-1.0, 0.0, 1.0, 2.0]], [[0.0, 0.3, 0.3, 0.0]]])

    def layer(coef: torch.Tensor, active: list, **parts: Any) -> Layer:
        sources, targets, _ = coef.shape
        zeros = torch.zeros(sources, targets, dtype=torch.float64)
        given: dict[str, Any] = {
            "base_weight": zeros + 0.25, "bias": torch.zeros(targets, dtype=torch.float64),
            "offset": torch.zeros(targets, dtype=torch.float64), "affine": torch.zeros(0, 4, dtype=torch.float64),
            "frozen": zeros.bool(),
        }  # fmt: skip
        return Layer(knots=knots, coef=coef.double(), active=torch.tensor(active), **(given | parts))

    frozen = torch.tensor([[False, True], [False, False]])
    layers = (
        layer(first, [[True, True], [True, False]], frozen=frozen).with_formula(1, 0, Formula("x^2", c=0.5)),
        layer(second, [[True], [False]]).with_formula(1, 0, Formula("sin", 2.0)),
    )
    inputs = (Variable("width", "mm", 10.0, 5.0), Variable("<b>age</b> $x$"))
    return KAN(layers, inputs, (Variable("force", "kN", 1.0, 2.0),))


def small_data(kan: KAN) -> Dataset:
    """Rows on a mesh over the inputs, the network's own outputs plus a small wave; every third is held out."""
    a, b = torch.meshgrid(torch.linspace(-1, 1, 7), torch.linspace(-0.5, 1.25, 6), indexing="ij")
    x = torch.stack([a.reshape(-1) * 5 + 10, b.reshape(-1)], 1).double()
    y = kan(x) + 0.1 * torch.sin(torch.arange(len(x), dtype=torch.float64))[:, None]
    rows = torch.arange(len(x))
    return Dataset(x, y, kan.inputs, kan.outputs, rows[rows % 3 > 0], rows[rows % 3 == 0])
