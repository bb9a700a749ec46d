"""Random networks with everything a KAN can hold: products, formulas, pruned and frozen edges, units, odd bits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ORDINARY = st.floats(-1e6, 1e6)
SCALES = ORDINARY.filter(lambda v: v != 0)
FORMULAS = ("sin", "x^2", "1/x", "exp", "x*exp(-x^2)", "gaussian")
# numbers whose bits a careless writer would lose: NaNs with a payload, minus zero, the smallest and the largest
ODD = {
    torch.float64: np.array([0x7FF8DEADBEEF0001, 0xFFF0000000000001, 1 << 63, 1, 0x7FEFFFFFFFFFFFFF], np.uint64),
    torch.float32: np.array([0x7FC0BEEF, 0xFF800001, 1 << 31, 1, 0x7F7FFFFF], np.uint32),
}


Draw = Callable[[st.SearchStrategy], Any]


def _layer(draw: Draw, sources: int, dtype: torch.dtype) -> Layer:
    arity = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    order, grid, targets = draw(st.integers(1, 4)), draw(st.integers(1, 5)), sum(arity)
    rng = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=rng, dtype=torch.float64).to(dtype)

    def coin(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=rng) < 0.5

    coef = normal(sources, targets, grid + order)
    odd = torch.from_numpy(ODD[dtype].view(np.float64 if dtype == torch.float64 else np.float32))
    if draw(st.booleans()):
        room = coef.flatten()
        room[: len(odd)] = odd[: len(room)]
        coef = room.reshape(coef.shape)
    layer = Layer(
        knots=normal(sources, grid + 2 * order + 1).sort(dim=1).values,
        coef=coef,
        base_weight=normal(sources, targets),
        active=coin(sources, targets),
        bias=normal(targets),
        offset=normal(len(arity)),
        affine=normal(0, 4),
        frozen=coin(sources, targets),
        arity=arity,
        base=draw(st.sampled_from(["silu", "identity", "zero"])),
        outside=draw(st.sampled_from(["zero", "linear"])),
    )
    for source, target in coin(sources, targets).nonzero().tolist():
        constants = [float(v) for v in normal(4)]
        layer = layer.with_formula(source, target, Formula(draw(st.sampled_from(FORMULAS)), *constants))
    return layer


def any_network(draw: Draw) -> KAN:
    """A network of drawn parts; made in the test itself, since the shape checks draw random numbers of their own."""
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    inputs = draw(st.integers(1, 3))
    layers, sources = [], inputs
    for _ in range(draw(st.integers(1, 3))):
        layers.append(_layer(draw, sources, dtype))
        sources = layers[-1].nodes
    variables = [Variable(draw(NAMES), draw(NAMES), draw(ORDINARY), draw(SCALES)) for _ in range(inputs + sources)]
    return KAN(
        tuple(layers),
        tuple(variables[:inputs]),
        tuple(variables[inputs:]),
        draw(st.sampled_from(["regression", "classification"])),
        tuple(draw(st.lists(NAMES, max_size=3))),
    )
