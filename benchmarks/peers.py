"""Defines other people's KAN layers, as installed from PyPI: how to call each, and what it computes. No code is copied.

A peer that is not installed is left out of the tables and named below them; `benchmarks/peers.txt` lists what to
install. `python -m benchmarks.exactness` tests those that claim B-splines.
"""

import contextlib
import importlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kanviz.bench.workloads import ORDER, Workload

STAND_INS = str(Path(__file__).parent / "stand_ins")
Make = Callable[[int, int, int], nn.Module]  # sources, targets, grid intervals


@dataclass(frozen=True)
class Peer:
    """A layer to stack, or a whole network to build.

    computes: the function on an edge. exact: it claims cubic B-splines on a uniform grid and a base function, like
    kanviz. held: numbers in memory for every row and edge in a layer that works edge by edge, or for every row, edge
    and basis function (`per_basis`); 0 for the others.
    """

    name: str
    pip: str
    computes: str
    layer: Make | None = None
    network: Callable[[Workload], nn.Module] | None = None
    exact: bool = False
    held: float = 0
    per_basis: bool = False

    def build(self, work: Workload, dtype: torch.dtype, device: str = "cpu") -> nn.Module:
        torch.manual_seed(0)
        with contextlib.redirect_stdout(io.StringIO()):
            if self.network:
                network = self.network(work)
            else:
                assert self.layer is not None
                network = nn.Sequential(*(self.layer(a, b, work.grid) for a, b in work.pairs))
        return (network.double() if dtype == torch.float64 else network.float()).to(device)

    def gigabytes(self, work: Workload, dtype: torch.dtype) -> float:
        """Estimate the memory between forward and backward in gigabytes."""
        edges = sum(a * b for a, b in work.pairs) * (work.grid + ORDER if self.per_basis else 1)
        return self.held * edges * work.rows * dtype.itemsize / 1e9

    @property
    def version(self) -> str | None:
        """The installed version; None when it is not installed."""
        try:
            return metadata.version(self.pip)
        except metadata.PackageNotFoundError:
            return None


class Called(nn.Module):
    """A layer with an adapted call, so that it takes rows and returns rows."""

    def __init__(self, layer: nn.Module, call: Callable[[nn.Module, Tensor], Tensor]):
        super().__init__()
        self.layer, self.call = layer, call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(self.layer, x)


def _pykan(work: Workload, *, fast: bool) -> nn.Module:
    kan = importlib.import_module("kan")
    network = kan.KAN(width=list(work.shape), grid=work.grid, k=ORDER, auto_save=False)
    return network.speed() if fast else network


def _deepkan(name: str) -> Any:
    if STAND_INS not in sys.path:
        sys.path.append(STAND_INS)
    return getattr(importlib.import_module("deepkan.deepkan"), name)


def _convkan(a: int, b: int, grid: int) -> nn.Module:
    layer = importlib.import_module("convkan.kanlinear").KANLinear(a, b, grid_size=grid)
    return Called(layer, lambda layer, x: layer(x[None])[0])


def _microkan(a: int, b: int, grid: int) -> nn.Module:
    layer = importlib.import_module("microkan.KANLayer").KANLayer(a, b, num=grid, k=ORDER)
    return Called(layer, lambda layer, x: layer(x)[0])


def _kanditioned(a: int, b: int, grid: int) -> nn.Module:
    return importlib.import_module("KANditioned").KANLayer(
        a, b, init="random_normal", num_control_points=grid + ORDER, spline_width=2.0, impl="embedding_bag"
    )


def _interpolated(a: int, b: int, grid: int) -> nn.Module:
    return importlib.import_module("mlp_kan").KANInterpoLayer(a, b, num_x=grid + ORDER, x_min=-1.0, x_max=1.0)


def _inkan(a: int, b: int, grid: int, *, compiled: bool) -> nn.Module:
    return importlib.import_module("inkan").KANLayer(a, b, grid_size=grid, compile_basis=compiled)


SPLINE = "cubic B-spline, base silu"
PEERS = (
    Peer("pykan", "pykan", SPLINE, network=lambda w: _pykan(w, fast=False), exact=True, held=9),
    Peer("pykan (speed)", "pykan", SPLINE, network=lambda w: _pykan(w, fast=True), exact=True, held=6),
    Peer("convkan (efficient-kan's layer)", "convkan", SPLINE, _convkan, exact=True),
    Peer(
        "Deep-KAN", "Deep-KAN", SPLINE, lambda a, b, g: _deepkan("SplineLinearLayer")(a, b, num_knots=g), exact=True
    ),
    Peer("inkan (eager)", "inkan", SPLINE, lambda a, b, g: _inkan(a, b, g, compiled=False), exact=True),
    Peer("inkan (compiled)", "inkan", SPLINE, lambda a, b, g: _inkan(a, b, g, compiled=True), exact=True),
    Peer(
        "flashkan (compiled)", "flashkan", f"{SPLINE}, by truncated powers",
        lambda a, b, g: importlib.import_module("flashkan").KANLayer(a, b, grid_size=g), exact=True,
    ),
    Peer("microkan", "microkan", SPLINE, _microkan, exact=True, held=6),
    Peer(
        "kan-mlp-hybrid", "kan-mlp-hybrid", SPLINE,
        lambda a, b, g: importlib.import_module("kan_mlp_hybrid.layers.kan_layer").SimpleKANLayer(a, b, grid_size=g),
        exact=True, held=5,
    ),
    Peer("KANditioned (embedding_bag)", "KANditioned", "straight pieces (degree 1), no base", _kanditioned),
    Peer("mlp-kan KANInterpoLayer", "mlp-kan", "straight pieces (degree 1), no base", _interpolated, held=12),
    Peer(
        "Deep-KAN RBFKANLayer", "Deep-KAN", "Gaussian bumps, base silu",
        lambda a, b, g: _deepkan("RBFKANLayer")(a, b, -1.0, 1.0, g + ORDER),
    ),
    Peer(
        "Deep-KAN ChebyshevKANLayer", "Deep-KAN", "Chebyshev polynomial of degree G + 2, of tanh x",
        lambda a, b, g: _deepkan("ChebyshevKANLayer")(a, b, g + ORDER - 1),
    ),
    Peer(
        "torch-wavelet-kan", "torch-wavelet-kan", "G + 3 Morlet wavelets of its own on every edge, base silu",
        lambda a, b, g: importlib.import_module("torch_wavelet_kan").WaveletKANLayer(a, b, num_wavelets=g + ORDER),
        held=8, per_basis=True,
    ),
)  # fmt: skip

NOT_TIMED = {
    "torchkan": "its distribution holds no module to import",
    "kaconv": "its distribution holds no module to import",
    "efficient-kan, fast-kan, torch-conv-kan": "not on PyPI; efficient-kan's layer is measured as convkan ships it",
    "kolmarn": "installs a package `kan`, on top of pykan's: the two cannot be had together",
    "ikan": "cannot be imported without triton, which comes with torch for GPUs alone",
    "kanx": "cannot be imported without tensorflow, its torch layers neither",
    "fkan, rkan": "one activation for a whole layer, not one an edge",
    "unikan": "one number an edge: no grid to choose",
    "kanrbfpoly": "radial functions of the whole input row, not functions on edges",
    "qkan": "activations are simulated quantum circuits: no grid to choose",
    "mlp-kan's KANLayer": "a small MLP on every edge: no grid to choose",
}
