"""Runs jaxKAN's spline layers, compiled by jax: timed separately from torch, since jax has threads of its own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kanviz.bench.workloads import ORDER, Workload

NAME, COMPUTES = "jaxKAN (jit)", "cubic B-spline, base silu"


def jax_runs(work: Workload) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return (forward and backward, forward alone), float32, waiting for the result; ImportError without jaxKAN."""
    import jax  # pyright: ignore[reportMissingImports]  (all three: installed by hand)
    from flax import nnx  # pyright: ignore[reportMissingImports]
    from jaxkan.layers.Spline import SplineLayer  # pyright: ignore[reportMissingImports]

    parts = [SplineLayer(n_in=a, n_out=b, k=ORDER, G=work.grid, grid_range=(-1, 1)) for a, b in work.pairs]
    split = [nnx.split(part, nnx.Param, ...) for part in parts]
    params = [found[1] for found in split]

    def network(params: Any, x: Any) -> Any:
        for (graph, _, rest), numbers in zip(split, params, strict=True):
            x = nnx.merge(graph, numbers, rest)(x)
        return x

    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (work.rows, work.shape[0])).astype(np.float32)
    upstream = rng.normal(size=(work.rows, work.shape[-1])).astype(np.float32)
    forward = jax.jit(network)
    both = jax.jit(lambda params, x, g: jax.vjp(network, params, x)[1](g))
    return (
        lambda: jax.block_until_ready(both(params, x, upstream)),
        lambda: jax.block_until_ready(forward(params, x)),
    )
