"""Networks of other families than splines, and with steps between their columns, made by hand."""

import torch

import kanviz
from kanviz.core.families import SPLINE
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer, Variable
from kanviz.core.steps import STEPS, Step, normalised
from kanviz.edit.edits import FixFormula, FreezeEdge, Prune
from tests.core.test_families import ROWS, layer

KINDS = [*((family, "") for family in ROWS), *(("gaussian", step) for step in STEPS[1:]), ("chebyshev", "tanh")]
BOTH = [*KINDS, *((SPLINE, step) for step in STEPS[1:])]


def one(family: str, sources: int, targets: int, step: Step, dtype: torch.dtype) -> Layer:
    """Return a layer; its coefficients are small, so that values stay where the functions are worth drawing."""
    from dataclasses import replace

    parts = {
        "step": step,
        "norm": torch.linspace(0.5, 1.0, 6, dtype=dtype).reshape(2, 3) if normalised(step) else torch.empty(2, 0),
    }
    if family == SPLINE:
        return replace(kanviz.init([sources, targets], seed=1, dtype=dtype).layers[0], **parts)
    made = layer(family, sources=sources, targets=targets, dtype=dtype, **parts)
    return replace(made, coef=0.3 * made.coef, base_weight=0.3 * made.base_weight)


def network(family: str, step: Step = "", dtype: torch.dtype = torch.float64) -> KAN:
    """Return a network [2, 3, 1] with a step before its second layer; an edge is pruned, one a formula, one frozen."""
    layers = one(family, 2, 3, "", dtype), one(family, 6 if step == "raw and norm" else 3, 1, step, dtype)
    kan = KAN(layers, (Variable("x1", "m"), Variable("x2")), (Variable("y"),))
    kan = Prune((EdgeId(0, 1, 1),), (0.25,)).apply(kan)
    return FreezeEdge((EdgeId(0, 0, 2),)).apply(FixFormula(EdgeId(0, 1, 2), Formula("sin", 0.5)).apply(kan))


def gaussian() -> KAN:
    """Return a small Gaussian network as fast-kan makes them: 8 centres from -2 to 2."""
    draw = torch.Generator().manual_seed(0)

    def numbers(*shape: int) -> torch.Tensor:
        return 0.5 * torch.randn(*shape, generator=draw)

    def bells(sources: int, targets: int) -> Layer:
        return Layer(
            knots=torch.cat([torch.linspace(-2, 2, 8), torch.tensor([4 / 7])]).repeat(sources, 1),
            coef=numbers(sources, targets, 8), base_weight=numbers(sources, targets),
            active=torch.ones(sources, targets, dtype=torch.bool), bias=torch.zeros(targets),
            offset=torch.zeros(targets), affine=torch.empty(0, 4),
            frozen=torch.zeros(sources, targets, dtype=torch.bool), family="gaussian",
        )  # fmt: skip

    return KAN((bells(2, 3), bells(3, 1)), (Variable("x1"), Variable("x2")), (Variable("y"),))
