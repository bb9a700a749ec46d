"""Offer the feed-forward block of a transformer in five kinds with equal numbers of parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from kanviz.core.curves import rational
from kanviz.core.curves.module import Curves
from kanviz.core.curves.rational import Rational
from kanviz.core.module import KANLayer
from kanviz.errors import LayerError, UserError

Kind = Literal["curves", "gelu", "swiglu", "gr-kan", "kan"]


class Parts(NamedTuple):
    """The modules of a block: into the units, from them, the function of each unit, and what multiplies the units."""

    up: nn.Module
    down: nn.Module
    curve: nn.Module | None = None
    gate: nn.Module | None = None


@dataclass(frozen=True)
class Plan:
    """A kind of block.

    usual: its settings, where the caller gives none · cost: the parameters of one more group of units, how many units
    that are, and the parameters of a block without units; from d and the settings · parts: the modules of a block,
    from d, the number of units, the settings and a source of random weights.
    """

    usual: dict[str, Any]
    cost: Callable[[int, dict[str, Any]], tuple[int, int, int]]
    parts: Callable[[int, int, dict[str, Any], "_Weights"], Parts]


class _Weights:
    """Random weights of a dtype; without a seed from torch's own random numbers."""

    def __init__(self, seed: int | None, dtype: torch.dtype):
        self._rng = None if seed is None else torch.Generator().manual_seed(seed)
        self.dtype = dtype

    def linear(self, inputs: int, outputs: int) -> nn.Linear:
        """Return a linear map without biases; its weights are normal with standard deviation 1 / sqrt(inputs)."""
        part = nn.Linear(inputs, outputs, bias=False, dtype=self.dtype)
        with torch.device("cpu"):
            weight = torch.randn(outputs, inputs, generator=self._rng, dtype=torch.float64) / inputs**0.5
        part.weight.data = weight.to(self.dtype).to(part.weight.device)
        return part

    def seed(self) -> int:
        """Draw the seed of a layer."""
        with torch.device("cpu"):
            return int(torch.randint(2**31, (), generator=self._rng))


def _curves(d: int, units: int, how: dict[str, Any], weights: _Weights) -> Parts:
    return Parts(weights.linear(d, units), weights.linear(units, d), Curves(units, dtype=weights.dtype, **how))


def _gelu(d: int, units: int, how: dict[str, Any], weights: _Weights) -> Parts:
    return Parts(weights.linear(d, units), weights.linear(units, d), nn.GELU(**how))


def _swiglu(d: int, units: int, how: dict[str, Any], weights: _Weights) -> Parts:
    return Parts(weights.linear(d, units), weights.linear(units, d), gate=weights.linear(d, units))


def _rational(d: int, units: int, how: dict[str, Any], weights: _Weights) -> Parts:
    return Parts(weights.linear(d, units), weights.linear(units, d), Rational(units, dtype=weights.dtype, **how))


def _edges(d: int, units: int, how: dict[str, Any], weights: _Weights) -> Parts:
    up, down = (KANLayer(*sizes, dtype=weights.dtype, seed=weights.seed(), **how) for sizes in ((d, units), (units, d)))
    return Parts(up, down)


_COUNTS = {"cells", "order", "share", "grid"}  # settings that a block's number of parameters depends on
KINDS: dict[str, Plan] = {
    "curves": Plan(
        {"cells": 8, "order": 3, "low": -4.0, "high": 4.0, "start": "gelu", "share": 1},
        lambda d, how: (2 * d * how["share"] + how["cells"] + how["order"], how["share"], 0),
        _curves,
    ),
    "gelu": Plan({"approximate": "none"}, lambda d, how: (2 * d, 1, 0), _gelu),
    "swiglu": Plan({}, lambda d, how: (3 * d, 1, 0), _swiglu),
    "gr-kan": Plan(
        {"share": 4},
        lambda d, how: (2 * d * how["share"] + rational.ABOVE + rational.BELOW, how["share"], 0),
        _rational,
    ),
    "kan": Plan(  # a KANLayer has a bias and an offset for each target
        {"grid": 4, "order": 3, "base": "silu", "low": -4.0, "high": 4.0, "noise": 0.3},
        lambda d, how: (2 * d * (how["grid"] + how["order"] + 1) + 2, 1, 2 * d),
        _edges,
    ),
}


class FeedForward(nn.Module):
    """A torch module, the feed-forward block of a transformer: (..., d) to (..., d), with a number of parameters.

    kind: "curves" W2 s(W1 x), s a learned B-spline for each unit (`kanviz.Curves`) · "gelu" W2 gelu(W1 x) · "swiglu"
    W2 (silu(W1 x) * W3 x) · "gr-kan" W2 r(W1 x), r a learned quotient of polynomials for each 4 units · "kan" two
    layers with learned functions on the edges (`kanviz.KANLayer`). parameters: the block has as many hidden units as
    that allows, never more parameters; None takes 8 d^2, as the usual block of 4 d units has. how: settings of
    `Curves` (cells, order, low, high, start, share), of the quotients (share), or of `KANLayer` (grid, order, base,
    low, high, noise). There are no biases, except in a "kan", and no LayerNorm: put it in front. Weights begin normal
    with standard deviation 1 / sqrt(inputs) (LeCun). seed: None draws from torch's own random numbers. Raises UserError
    where the parameters do not suffice for a unit. Sources: Shazeer, GLU variants improve transformer, 2020, arXiv
    2002.05202; Yang and Wang, Kolmogorov-Arnold Transformer, 2024, arXiv 2409.10594.

    >>> import kanviz, torch
    >>> for kind in ("curves", "gelu", "swiglu", "gr-kan", "kan"):
    ...     block = kanviz.FeedForward(64, parameters=32_600, kind=kind, seed=0)
    ...     print(kind, block.hidden, sum(p.numel() for p in block.parameters()))
    curves 234 32526
    gelu 254 32512
    swiglu 169 32448
    gr-kan 248 32364
    kan 31 31934
    >>> block.forward(torch.zeros(2, 10, 64)).shape
    torch.Size([2, 10, 64])
    >>> kanviz.FeedForward(64, parameters=50)
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: A block "curves" of width 64 has at least 139 parameters, and 50 were given.
    """

    def __init__(
        self,
        d: int,
        parameters: int | None = None,
        kind: Kind = "curves",
        dtype: torch.dtype | None = None,
        *,
        seed: int | None = None,
        **how: Any,
    ):
        super().__init__()
        if kind not in KINDS:
            raise UserError(f"There is no block {kind!r}. Choose one of {', '.join(KINDS)}.")
        if type(d) is not int or d < 1 or type(parameters) not in (int, type(None)):
            raise UserError("The width and the parameters of a block are whole numbers, the width at least 1.")
        plan = KINDS[kind]
        unknown = sorted(set(how) - set(plan.usual))
        if unknown:
            known = ", ".join(plan.usual) or "none"
            raise UserError(f'A block "{kind}" has no setting {", ".join(unknown)}; its settings are: {known}.')
        settings = {**plan.usual, **how}
        for name in _COUNTS & set(settings):
            if type(settings[name]) is not int or settings[name] < 1:
                raise UserError(f"The setting {name} of a block is a whole number, at least 1.")
        each, units, fixed = plan.cost(d, settings)
        groups = ((8 * d * d if parameters is None else parameters) - fixed) // each
        if groups < 1:
            raise UserError(
                f'A block "{kind}" of width {d} has at least {fixed + each} parameters, and {parameters} were given.'
            )
        self.d, self.kind, self.hidden = d, kind, groups * units
        parts = plan.parts(d, self.hidden, settings, _Weights(seed, dtype or torch.get_default_dtype()))
        self.up, self.down, self.curve, self.gate = parts

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block at x (..., d). Raises LayerError (a RuntimeError) where x does not fit."""
        if x.ndim == 0 or x.shape[-1] != self.d:
            raise LayerError(f"The block takes {self.d} values a row, and x has shape {tuple(x.shape)}.")
        hidden = self.up(x)
        if self.gate is not None:
            hidden = functional.silu(hidden) * self.gate(x)
        return self.down(hidden if self.curve is None else self.curve(hidden))

    def extra_repr(self) -> str:
        return f"{self.d}, kind={self.kind!r}, hidden={self.hidden}"
