"""A search that finds given laws, one after the other: for tests of what shows them."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import sympy

from kanviz.core.data.dataset import Dataset
from kanviz.core.training.ending import Ending
from kanviz.laws.expressions.template import Rows
from kanviz.laws.front import Entry, Scale, front
from kanviz.laws.law import Law, measured
from kanviz.laws.search.record import Discovery, Tried

A, B, R = (sympy.Symbol(name, real=True) for name in ("m_1", "m_2", "r"))
LAWS = (
    sympy.Float(1.1),
    sympy.Float(2.45) / R**2,
    sympy.Float(0.85) * (A + B) / R**2 - sympy.Float(0.1),
    A * B / R**2,
)


def gravity(rows: int = 80, noise: float = 0.0) -> Dataset:
    """F = m_1 m_2 / r^2 with units."""
    draw = np.random.default_rng(0)
    x = draw.uniform(1, 2, (rows, 3))
    y = x[:, 0] * x[:, 1] / x[:, 2] ** 2 * (1 + noise * draw.standard_normal(rows))
    data = Dataset.from_arrays(x, y, inputs=("m_1", "m_2", "r"), outputs=("F",))
    inputs = tuple(replace(v, unit=unit) for v, unit in zip(data.inputs, ("kg", "kg", "m"), strict=True))
    return replace(data, inputs=inputs, outputs=(replace(data.outputs[0], unit="N"),))


def law(expression: sympy.Expr, data: Dataset) -> Law:
    inputs = tuple(sympy.Symbol(v.name, real=True) for v in data.inputs)
    parts = (data.rows("train"), data.rows("test"))
    learned, held = (Rows(inputs, x, y[:, 0]) for x, y in parts)
    return measured(expression, learned, held)


def discovery(data: Dataset, laws: Sequence[sympy.Expr] = LAWS, why: Ending = Ending.TIME_UP) -> Discovery:
    """The laws as they would be reported, each found by an attempt of its own."""
    made = [law(expression, data) for expression in laws]
    learned, held = data.rows("train")[1], data.rows("test")[1]
    scale = Scale(float(held.std(correction=0)), len(learned), len(held))
    entries = [
        Entry(one, one.train_rmse, one.test_rmse, 1.5, (*one.notes, *(["It bends the wrong way."] if k == 1 else [])))
        for k, one in enumerate(made)
    ]
    return Discovery(
        target="F", unit="N", inputs=("m_1", "m_2", "r"), units=("kg", "kg", "m"), scale=scale,
        front=front(entries, scale),
        attempts=tuple(Tried(f"seed {k}", 1, 1e-3, one.test_rmse, 1.5) for k, one in enumerate(made)),
        seconds=4.2, stopped_because=why,
    )  # fmt: skip


def search(data: Dataset, go_on: threading.Event) -> Iterator[Discovery | None]:
    """All laws but the last at once; then nothing new until it may go on; then the last."""
    yield discovery(data, LAWS[:-1], Ending.RUNNING)
    while not go_on.wait(0.02):
        yield None
    yield discovery(data)
