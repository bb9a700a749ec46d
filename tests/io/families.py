"""Networks of other libraries, made here: random weights as a library names them, and what that library computes.

The formulas are those of the libraries' own code, evaluated in float64 and without anything of kanviz.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import silu

Weights = dict[str, Tensor]
Compute = Callable[[Weights, Tensor], Tensor]


@dataclass(frozen=True)
class Library:
    """layer: the weights of one layer by sources, targets and a generator · compute: what a layer computes."""

    layer: Callable[[int, int, torch.Generator], Weights]
    compute: Compute
    list: str = "layers.{}."

    def weights(self, *shape: int, dtype: torch.dtype = torch.float64, seed: int = 5) -> Weights:
        rng = torch.Generator().manual_seed(seed)
        state: Weights = {}
        for n, (sources, targets) in enumerate(pairwise(shape)):
            state |= {self.list.format(n) + name: part for name, part in self.layer(sources, targets, rng).items()}
        return {name: part.to(dtype) if part.is_floating_point() else part for name, part in state.items()}

    def outputs(self, state: Weights, x: Tensor) -> Tensor:
        n = 0
        while here := {k.removeprefix(head): v for k, v in state.items() if k.startswith(head := self.list.format(n))}:
            x = self.compute({k: v.double() for k, v in here.items()}, x)
            n += 1
        return x


def _normal(rng: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def _starts(grid: int, low: float, high: float) -> Tensor:
    h = (high - low) / grid
    return torch.arange(grid + 3).double() * h + low - 3 * h


def _truncated_powers(x: Tensor, starts: Tensor) -> Tensor:
    u = (x[..., None] - starts) / (starts[1] - starts[0])
    powers = [(u - m).clamp(min=0) ** 3 for m in range(5)]
    return (powers[0] - 4 * powers[1] + 6 * powers[2] - 4 * powers[3] + powers[4]) / 6


def _flashkan(sources: int, targets: int, rng: torch.Generator) -> Weights:
    starts = _starts(7, -2.0, 1.5)
    coef, base = _normal(rng, targets, sources, 10), _normal(rng, targets, sources)
    return {"spline_weight": coef, "base_weight": base, "grid_starts": starts}


def _flashkan_computes(part: Weights, x: Tensor) -> Tensor:
    bases = _truncated_powers(x, part["grid_starts"])
    return torch.einsum("rsk,tsk->rt", bases, part["spline_weight"]) + silu(x) @ part["base_weight"].T


def _inkan(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {"weight": _normal(rng, targets, sources * 9 + sources), "grid_starts": _starts(6, -1.0, 2.0)}


def _inkan_computes(part: Weights, x: Tensor) -> Tensor:
    features = torch.cat([_truncated_powers(x, part["grid_starts"]).flatten(1), silu(x)], 1)
    return features @ part["weight"].T


def _deep_kan(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        "base_weights": _normal(rng, targets, sources),
        "spline_weights": _normal(rng, targets, sources, 11),
        "spline_scales": _normal(rng, targets, sources),
    }


def _deep_kan_computes(part: Weights, x: Tensor) -> Tensor:
    coef = part["spline_weights"] * part["spline_scales"][..., None]
    knots = (torch.arange(-3, 12) * 2 / 8 - 1).double().expand(x.shape[1], -1)
    return silu(x) @ part["base_weights"].T + torch.einsum("rsk,tsk->rt", cox_de_boor(x, knots, 3), coef)


def cox_de_boor(x: Tensor, knots: Tensor, order: int) -> Tensor:
    """The recursion as these libraries write it: rows, source, basis."""
    x = x[..., None]
    bases = ((x >= knots[:, :-1]) & (x < knots[:, 1:])).double()
    for k in range(1, order + 1):
        rising = (x - knots[:, : -(k + 1)]) / (knots[:, k:-1] - knots[:, : -(k + 1)])
        falling = (knots[:, k + 1 :] - x) / (knots[:, k + 1 :] - knots[:, 1:-k])
        bases = rising * bases[..., :-1] + falling * bases[..., 1:]
    return bases


def _interpolation(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {"Y": _normal(rng, sources, targets, 9), "X": torch.linspace(-1.5, 2.0, 9).double()}


def _interpolation_computes(part: Weights, x: Tensor) -> Tensor:
    places, r = part["X"], float(part["X"][1] - part["X"][0])
    from_place = x[..., None] - places
    hats = ((from_place + r).clamp(0, r) - from_place.clamp(0, r)) / r
    return torch.einsum("rsn,stn->rt", hats, part["Y"])


def _kanditioned(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        "kan_weight": _normal(rng, sources, 12, targets),
        "local_bias": torch.arange(12).view(1, -1, 1),
        "feature_offset": torch.arange(sources).view(1, -1) * 12,
    }


def _kanditioned_computes(part: Weights, x: Tensor) -> Tensor:
    at = (x + 2) * 11 / 4
    low = at.floor().clamp(0, 10)
    rows = (low + part["feature_offset"]).long()
    table = part["kan_weight"].flatten(0, 1)
    return torch.lerp(table[rows], table[rows + 1], (at - low)[..., None]).sum(1)


def _pykan_layer(sources: int, targets: int, rng: torch.Generator) -> Weights:
    steps = 0.2 + torch.rand(sources, 12, generator=rng, dtype=torch.float64)
    mask = torch.ones(sources, targets)
    mask[0, 0] = 0.5
    mask[-1, -1] = 0.0
    return {
        "grid": torch.cat([torch.zeros(sources, 1), steps.cumsum(1)], 1) - 3.5,
        "coef": _normal(rng, sources, targets, 10),
        "mask": mask,
        "scale_base": _normal(rng, sources, targets),
        "scale_sp": _normal(rng, sources, targets),
    }


def _pykan_layer_computes(part: Weights, x: Tensor) -> Tensor:
    order = part["grid"].shape[1] - part["coef"].shape[2] - 1
    curves = torch.einsum("rsk,stk->rst", cox_de_boor(x, part["grid"], order), part["coef"])
    return (part["mask"] * (part["scale_base"] * silu(x)[..., None] + part["scale_sp"] * curves)).sum(1)


def pykan_0_0(*shape: int, own_grids: bool = False, dtype: torch.dtype = torch.float64, seed: int = 3) -> Weights:
    """A network of pykan 0.0; own_grids: every edge has a grid of its own."""
    rng = torch.Generator().manual_seed(seed)
    state: Weights = {}
    for n, (sources, targets) in enumerate(pairwise(shape)):
        rows = targets if own_grids else 1
        steps = 0.2 + torch.rand(rows, sources, 4, generator=rng, dtype=torch.float64)
        grid = torch.cat([torch.zeros(rows, sources, 1), steps.cumsum(2)], 2) - 1.2
        edges = targets * sources
        mask = torch.ones(edges)
        mask[0], mask[-1] = 0.25, 0.0
        state |= {
            f"act_fun.{n}.grid": grid.expand(targets, sources, 5).reshape(edges, 5),
            f"act_fun.{n}.coef": _normal(rng, edges, 6),
            f"act_fun.{n}.scale_base": _normal(rng, edges),
            f"act_fun.{n}.scale_sp": _normal(rng, edges),
            f"act_fun.{n}.mask": mask,
            f"biases.{n}.weight": _normal(rng, 1, targets),
            f"symbolic_fun.{n}.mask": torch.zeros(targets, sources),
            f"symbolic_fun.{n}.affine": torch.zeros(targets, sources, 4),
        }
    return {name: part.to(dtype).contiguous() for name, part in state.items()}


def pykan_0_0_computes(state: Weights, x: Tensor) -> Tensor:
    for n in range(sum(name.endswith(".coef") for name in state)):
        grid, coef, base, scale, mask = (
            state[f"act_fun.{n}.{name}"].double() for name in ("grid", "coef", "scale_base", "scale_sp", "mask")
        )
        bias = state[f"biases.{n}.weight"].double()
        order = coef.shape[1] - grid.shape[1] + 1
        h = (grid[:, -1:] - grid[:, :1]) / (grid.shape[1] - 1)
        steps = torch.arange(1, order + 1)
        knots = torch.cat([grid[:, :1] - h * steps.flip(0), grid, grid[:, -1:] + h * steps], 1)
        by_edge = x.repeat(1, bias.shape[1])
        curves = torch.einsum("rek,ek->re", cox_de_boor(by_edge, knots, order), coef)
        values = mask * (base * silu(by_edge) + scale * curves)
        x = values.reshape(len(x), bias.shape[1], -1).sum(2) + bias
    return x


LIBRARIES = {
    "flashkan": Library(_flashkan, _flashkan_computes),
    "inkan": Library(_inkan, _inkan_computes),
    "Deep-KAN": Library(_deep_kan, _deep_kan_computes),
    "mlp-kan": Library(_interpolation, _interpolation_computes, "{}."),
    "KANditioned": Library(_kanditioned, _kanditioned_computes, "{}."),
    "pykan's layer": Library(_pykan_layer, _pykan_layer_computes, "kan{}."),
}
