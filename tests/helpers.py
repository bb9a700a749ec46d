"""What the tests share: random networks, and the one check that every edit must pass."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, TypeVar

import torch
from hypothesis import strategies as st
from torch import Tensor

from kanviz.analysis.diff import diff
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from kanviz.edit.edits import Edit, edit_from_json
from kanviz.edit.history import History, replay

DTYPES = (torch.float64, torch.float32)
FORMULAS = ("sin", "x^2", "exp", "gaussian", "tanh", "x")
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-5}
T = TypeVar("T")


def random_knots(rng: torch.Generator, sources: int, grid: int, order: int, *, uniform: bool) -> Tensor:
    """Ascending knots, a row per source, every interval between 0.1 and 1.1 wide."""
    gaps = torch.rand(sources, grid + 2 * order, generator=rng, dtype=torch.float64) + 0.1
    if uniform:
        gaps = gaps[:, :1].expand_as(gaps)
    return torch.cat([torch.zeros(sources, 1, dtype=torch.float64), gaps.cumsum(1)], 1) - gaps.sum(1, keepdim=True) / 2


def random_layer(
    rng: torch.Generator,
    sources: int,
    arity: tuple[int, ...],
    *,
    order: int = 3,
    grid: int = 4,
    uniform: bool = True,
    base: str = "silu",
    outside: str = "zero",
    mixed: bool = False,
) -> Layer:
    """A layer of random numbers; with `mixed`, some edges are pruned, formulas, both, or frozen."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng, dtype=torch.float64)

    targets = sum(arity)
    draws = torch.rand(3, sources, targets, generator=rng)
    active = draws[0] < (0.6 if mixed else 2)
    symbolic = (draws[1] < (0.3 if mixed else 0)).nonzero().tolist()
    names = torch.randint(len(FORMULAS), (len(symbolic),), generator=rng).tolist()
    return Layer(
        knots=random_knots(rng, sources, grid, order, uniform=uniform),
        coef=normal(sources, targets, grid + order),
        base_weight=normal(sources, targets),
        active=active,
        bias=normal(targets),
        offset=normal(len(arity)) * torch.tensor([k > 1 for k in arity]),
        affine=0.5 * normal(len(symbolic), 4),
        frozen=draws[2] < (0.2 if mixed else 0),
        formulas=tuple((i, j, FORMULAS[k]) for (i, j), k in zip(symbolic, names, strict=True)),
        arity=arity,
        base=base,
        outside=outside,  # pyright: ignore[reportArgumentType]
    )


@contextmanager
def random_as_before() -> Iterator[None]:
    """The shape checks draw from `random`, which hypothesis forbids in a strategy, also in one that breaks off."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


@st.composite
def kans(draw, *, mixed: bool = True, dtypes: tuple[torch.dtype, ...] = DTYPES, deepest: int = 3) -> KAN:
    """Networks of every kind: order, knots, base, sums, products, pruned, formulas, frozen, both precisions."""
    rng = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    counts = [draw(st.integers(1, 3))]
    layers = []
    for _ in range(draw(st.integers(1, deepest))):
        arity = tuple(draw(st.lists(st.sampled_from((1, 1, 2, 3)), min_size=1, max_size=3)))
        with random_as_before():
            layers.append(
                random_layer(
                    rng,
                    counts[-1],
                    arity,
                    order=draw(st.integers(1, 5)),
                    grid=draw(st.integers(1, 6)),
                    uniform=draw(st.booleans()),
                    base=draw(st.sampled_from(("silu", "identity", "zero", "gelu", "relu"))),
                    outside=draw(st.sampled_from(("zero", "linear"))),
                    mixed=mixed,
                )
            )
        counts.append(len(arity))
    scaled = draw(st.booleans())
    inputs = tuple(Variable(f"x{i}", "m" if scaled else "", 0.5 * i, 2.0 if scaled else 1.0) for i in range(counts[0]))
    outputs = tuple(Variable(f"y{j}", "", 3.0 if scaled else 0.0, 0.5) for j in range(counts[-1]))
    with random_as_before():
        return KAN(tuple(layers), inputs, outputs).to(draw(st.sampled_from(dtypes)))


def stretches(least: float) -> st.SearchStrategy[tuple[float, float]]:
    """Begin and end of a stretch at least that wide, as shares of the whole."""
    width = st.floats(least, 1)
    return width.flatmap(lambda wide: st.floats(0, 1 - wide).map(lambda begin: (begin, min(begin + wide, 1.0))))


def rows_for(kan: KAN, count: int = 50, seed: int = 0) -> Tensor:
    """Rows in table units, most of them inside the first grid."""
    rng = torch.Generator().manual_seed(seed)
    scale, shift = (torch.tensor([getattr(v, part) for v in kan.inputs]) for part in ("scale", "shift"))
    return (torch.randn(count, len(kan.inputs), generator=rng, dtype=torch.float64) * scale + shift).double()


def table_for(kan: KAN, count: int = 40, seed: int = 0) -> Dataset:
    """A small random table that fits the network."""
    rng = torch.Generator().manual_seed(seed)
    y = torch.randn(count, len(kan.outputs), generator=rng, dtype=torch.float64)
    return Dataset.from_arrays(rows_for(kan, count, seed), y, seed=seed).matching(kan)


def digest(kan: KAN) -> str:
    """The digest as the tensors are now, not as it was once remembered."""
    return replace(kan).digest


def close(a: Tensor, b: Tensor, tolerance: float | None = None) -> bool:
    """Whether two tensors agree, relative to the largest value (at least 1)."""
    a, b = a.detach(), b.detach()
    tolerance = TOLERANCE[a.dtype] if tolerance is None else tolerance
    size = max(1.0, float(a.abs().max())) if a.numel() else 1.0
    return bool(((a - b).abs() <= tolerance * size).all())


def not_none(value: T | None) -> T:
    """Return a value that must be there by now; fail if it is None."""
    assert value is not None
    return value


def as_json(record: object) -> Any:
    """Return a record as it comes back from JSON."""
    return json.loads(json.dumps(record, allow_nan=False))


def check_edit(kan: KAN, edit: Edit, data: Dataset | None = None) -> KAN:
    """The laws every edit obeys; gives the edited network, for the test of what it is there for."""
    before, kept = digest(kan), {id(layer): [getattr(layer, f.name) for f in fields(layer)] for layer in kan.layers}
    after = edit.apply(kan, data)
    assert digest(kan) == before, "the input was changed"
    assert all(part is old for layer in kan.layers for part, old in zip(_parts(layer), kept[id(layer)], strict=True)), (
        "a part of the input was replaced"
    )
    assert {e.id for e in diff(kan, after).changed} <= edit.touches(kan), "an edge it does not touch changed"
    history = History.start(kan).apply(edit, data)
    assert history.undo().present is kan, "undo did not give the very same object"
    assert history.undo().redo().present is history.present
    again = edit_from_json(as_json(edit.to_json()))
    assert again == edit, "JSON there and back is not equal"
    assert digest(again.apply(kan, data)) == digest(after), "the JSON does not replay to the same network"
    assert digest(replay(kan, history.recipe(), data).present) == digest(after), "the recipe does not replay"
    assert len(str(edit)) > 5
    return after


def _parts(layer: Layer) -> list[object]:
    return [getattr(layer, f.name) for f in fields(layer)]
