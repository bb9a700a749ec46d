"""Networks of libraries that have no splines, made here: random weights as a library names them, and what it computes.

The formulas are those of the libraries' own code, evaluated in float64 and without anything of kanviz.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, silu, softplus

Weights = dict[str, Tensor]
Compute = Callable[[Weights, Tensor], Tensor]


@dataclass(frozen=True)
class Library:
    """layer: the weights of one layer, by sources, targets and a generator · compute: what a layer computes ·
    name: a tensor's name, from the layer's number and its name in the layer · between: what the library computes
    between its layers · kind: what kanviz.blocks calls it."""

    kind: str
    layer: Callable[[int, int, torch.Generator], Weights]
    compute: Compute
    name: str = "layers.{}.{}"
    first: int = 0
    between: Callable[[Tensor], Tensor] = field(default=lambda x: x)

    def weights(self, *shape: int, dtype: torch.dtype = torch.float64, seed: int = 5) -> Weights:
        rng = torch.Generator().manual_seed(seed)
        state: Weights = {}
        for n, (sources, targets) in enumerate(pairwise(shape), self.first):
            parts = self.layer(sources, targets, rng)
            state |= {self.named(n, part): values.to(dtype) for part, values in parts.items()}
        return state

    def named(self, n: int, part: str) -> str:
        """Return the whole name; a part "act|weight" is of a module whose name takes the number."""
        module, _, last = part.partition("|")
        return f"{module}{n}.{last}" if last else self.name.format(n, part)

    def outputs(self, state: Weights, x: Tensor) -> Tensor:
        n = self.first
        while here := self._of(state, n):
            x = self.compute(here, x if n == self.first else self.between(x))
            n += 1
        return x

    def _of(self, state: Weights, n: int) -> Weights:
        parts = self.layer(2, 2, torch.Generator())
        return {part: state[name].double() for part in parts if (name := self.named(n, part)) in state}


def normal(rng: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


# --- bells ------------------------------------------------------------------------------------------------------


def _fast(*, norm: bool, base: bool) -> Callable[[int, int, torch.Generator], Weights]:
    def layer(sources: int, targets: int, rng: torch.Generator) -> Weights:
        found = {"rbf.grid": torch.linspace(-1.5, 2.5, 6).double()}
        found["spline_linear.weight"] = normal(rng, targets, sources * 6)
        if norm:
            found |= {"layernorm.weight": normal(rng, sources), "layernorm.bias": normal(rng, sources)}
        if base:
            found |= {"base_linear.weight": normal(rng, targets, sources), "base_linear.bias": normal(rng, targets)}
        return found

    return layer


def fast_computes(part: Weights, x: Tensor) -> Tensor:
    u = _normalised(part, x)
    grid = part["rbf.grid"]
    h = (grid[-1] - grid[0]) / (len(grid) - 1)
    y = torch.exp(-(((u[..., None] - grid) / h) ** 2)).flatten(1) @ part["spline_linear.weight"].T
    return y + _linear(part, silu(x)) if "base_linear.weight" in part else y


def _normalised(part: Weights, x: Tensor) -> Tensor:
    if "layernorm.weight" not in part:
        return x
    return layer_norm(x, x.shape[1:], part["layernorm.weight"], part["layernorm.bias"])


def _linear(part: Weights, x: Tensor) -> Tensor:
    return x @ part["base_linear.weight"].T + part["base_linear.bias"]


def _faster(sources: int, targets: int, rng: torch.Generator) -> Weights:
    found = _fast(norm=True, base=False)(sources, targets, rng)
    return {**found, "rbf.inv_denominator": torch.tensor(0.5)}


def faster_computes(part: Weights, x: Tensor) -> Tensor:
    bells = 1 - torch.tanh(_normalised(part, x)[..., None] - part["rbf.grid"]) ** 2
    return bells.flatten(1) @ part["spline_linear.weight"].T


def _okan(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        "grid": torch.linspace(-1, 1, 7).double(),
        "rbf_weight": normal(rng, sources * 7, targets),
        "base_linear.weight": normal(rng, targets, sources),
        "base_linear.bias": normal(rng, targets),
    }


def okan_computes(part: Weights, x: Tensor) -> Tensor:
    bells = torch.exp(-(((x[..., None] - part["grid"]) * 3) ** 2))
    return bells.flatten(1) @ part["rbf_weight"] + _linear(part, silu(x))


# --- quotients --------------------------------------------------------------------------------------------------


def _kat(act: str, linear: str, *, own: bool) -> Callable[[int, int, torch.Generator], Weights]:
    """own: every group has a numerator of its own."""

    def layer(sources: int, targets: int, rng: torch.Generator) -> Weights:
        groups = 3
        return {
            f"{act}weight_numerator": normal(rng, groups if own else 1, 6),
            f"{act}weight_denominator": 0.1 * normal(rng, groups, 4),
            f"{linear}weight": normal(rng, targets, sources),
            f"{linear}bias": normal(rng, targets),
        }

    return layer


def rational(x: Tensor, above: Tensor, below: Tensor, form: str) -> Tensor:
    """R of every group; x (rows, source), above (1 or group, power), below (group, power)."""
    groups = len(below)
    a, b = (part.expand(groups, -1).repeat_interleave(x.shape[1] // groups, 0) for part in (above, below))
    p = sum(a[:, k] * x**k for k in range(a.shape[1]))
    terms = [b[:, k] * x ** (k + 1) for k in range(b.shape[1])]
    sizes = [b[:, k].abs() * x ** (k + 1) for k in range(b.shape[1])]
    q = {"cpu": sum(sizes), "kernel": sum(term.abs() for term in terms), "safe": torch.stack(terms).sum(0).abs()}[form]
    return p / (1 + q)


def _kat_computes(act: str, linear: str) -> Compute:
    def compute(part: Weights, x: Tensor) -> Tensor:
        above, below = part[f"{act}weight_numerator"], part[f"{act}weight_denominator"]
        return rational(x, above, below, "cpu") @ part[f"{linear}weight"].T + part[f"{linear}bias"]

    return compute


def _rat(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        "rat|a": normal(rng, 4),
        "rat|b": normal(rng, 3, 5),
        "linear|weight": normal(rng, targets, sources),
        "linear|bias": normal(rng, targets),
    }


def _rat_computes(part: Weights, x: Tensor) -> Tensor:
    return rational(x, part["rat|a"][None], part["rat|b"], "safe") @ part["linear|weight"].T + part["linear|bias"]


# --- one number, or a small network, on every edge --------------------------------------------------------------


def _skan(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {"weight": normal(rng, targets, sources + 1)}


SKAN_FUNCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "lshifted_softplus": lambda x, k: (1 + (k * x).exp()).log() - math.log(2),
    "lsoftplus": lambda x, k: (1 + (k * x).exp()).log(),
    "lrelu": lambda x, k: (k * x).clamp(min=0),
    "lswish": lambda x, k: x / (1 + (-k * x).exp()),
    "lmish": lambda x, k: x * softplus(k * x).tanh(),
    "lgelup": lambda x, k: 0.5 * x * (1 + (math.sqrt(2 / math.pi) * (k * x + 0.044715 * k**3 * x**3)).tanh()),
    "lhard_sigmoid": lambda x, k: (k * x + 0.5).clamp(0, 1),
    "lsin": lambda x, k: k * x.sin(),
    "lcos": lambda x, k: k * x.cos(),
    "larctan": lambda x, k: k * x.atan(),
    "sin(kx)": lambda x, k: (k * x).sin(),
    "cos(kx)": lambda x, k: (k * x).cos(),
    "arctan(kx)": lambda x, k: (k * x).atan(),
}


def skan_computes(function: str, *, bias: bool = True) -> Compute:
    def compute(part: Weights, x: Tensor) -> Tensor:
        x = torch.cat([x, torch.ones_like(x[:, :1])], 1) if bias else x
        return SKAN_FUNCTIONS[function](x[:, None], part["weight"]).sum(2)

    return compute


def _net(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        "W1": 0.5 * normal(rng, sources, targets, 4, 5),
        "W2": normal(rng, sources, targets, 1, 4),
        "B1": normal(rng, sources, targets, 4),
        "B2": normal(rng, sources, targets, 1),
    }


def net_computes(part: Weights, x: Tensor, first: float = 1.0) -> Tensor:
    angle = x[..., None] * first * 2 ** torch.arange((part["W1"].shape[3] - 1) // 2)
    features = torch.cat([x[..., None], angle.sin(), angle.cos()], -1)
    hidden = silu(torch.einsum("rsf,sthf->rsth", features, part["W1"]) + part["B1"])
    return (torch.einsum("rsth,stoh->rsto", hidden, part["W2"]) + part["B2"])[..., 0].sum(1)


def _edges(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        "W1": normal(rng, sources, 5),
        "b1": normal(rng, sources, 5),
        "W2": normal(rng, targets, sources, 5),
        "b_out": normal(rng, targets),
    }


def _edges_computes(part: Weights, x: Tensor) -> Tensor:
    hidden = silu(torch.einsum("bi,ih->bih", x, part["W1"]) + part["b1"])
    return torch.einsum("bih,oih->bo", hidden, part["W2"]) + part["b_out"]


LIBRARIES = {
    "fast-kan": Library("fast-kan", _fast(norm=True, base=True), fast_computes),
    "fast-kan without LayerNorm": Library("fast-kan", _fast(norm=False, base=True), fast_computes),
    "fast-kan without base": Library("fast-kan", _fast(norm=True, base=False), fast_computes),
    "fast-kan, Gaussians alone": Library("fast-kan", _fast(norm=False, base=False), fast_computes),
    "FasterKAN": Library("FasterKAN", _faster, faster_computes),
    "DeepOKAN": Library("DeepOKAN", _okan, okan_computes, between=torch.tanh),
    "KAT": Library("GR-KAN", _kat("act|", "fc|", own=False), _kat_computes("act|", "fc|"), first=1),
    "ikan": Library("GR-KAN", _kat("act.", "linear.", own=True), _kat_computes("act.", "linear.")),
    "kan-lm-study": Library("GR-KAN", _rat, _rat_computes, first=1),
    "SKAN": Library("SKAN", _skan, skan_computes("lshifted_softplus")),
    "mlp-kan": Library("mlp-kan's networks", _net, net_computes, "{}.{}"),
    "kan-lm-study's edges": Library("kan-lm-study's edges", _edges, _edges_computes),
}
