"""Compute a network and its Jacobian without autograd: one forward and one backward sweep.

J has one row for every number and columns (outputs, rows), so that every pass is contiguous along the rows and J J' is
one symmetric product. The derivative of an output by a coefficient is the coefficient's basis function times the
output's derivative by the sum it belongs to; only those derivatives (`delta`) are propagated backwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from kanviz.core.engine.bases import BASE_CURVES
from kanviz.core.formulas.formula import primitive
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.core.training.solvers.working import Working, WorkingLayer


@dataclass(frozen=True, eq=False)
class Sweep:
    """The values of one layer in a forward sweep: basis and base function at its inputs, slopes, formulas, sums."""

    x: Array
    basis: Array
    slope: Array | None
    base: Array
    base_slope: Array | None
    formulas: tuple[tuple[Array, Array], ...]
    sums: Array


def _base(name: str, x: Array) -> tuple[Array, Array]:
    if name == "identity":
        return x, np.ones_like(x)
    if name == "zero":
        return np.zeros_like(x), np.zeros_like(x)
    if name != "silu":
        curve, places = BASE_CURVES[name], torch.from_numpy(np.ascontiguousarray(x))
        return curve.value(places).numpy(), curve.slope(places).numpy()
    share = np.where(x >= 0, 1.0, 0.0)
    small = np.exp(-np.abs(x))
    share = (share + (1 - share) * small) / (1 + small)
    return x * share, share * (1 + x * (1 - share))


def _formulas(work: WorkingLayer, x: Array, vector: Array) -> tuple[tuple[Array, Array], ...]:
    """Compute f and f' of every formula at a x + b."""
    found = []
    for (i, _, name), (a, b, _, _) in zip(work.layer.formulas, work.part(vector, "affine"), strict=True):
        u = torch.from_numpy(a * x[i] + b)
        row = primitive(name)
        found.append((row.torch(u).numpy(), row.slope(u).numpy()))
    return tuple(found)


def _combine(work: WorkingLayer, sums: Array, vector: Array) -> Array:
    arity = work.layer.arity
    if len(arity) == len(sums):
        return sums
    starts = np.cumsum([0, *arity[:-1]])
    nodes = [sums[at] if k == 1 else sums[at : at + k].prod(0) for at, k in zip(starts, arity, strict=True)]
    offset = work.part(vector, "offset")
    return np.stack([v + offset[n] if k > 1 else v for n, (v, k) in enumerate(zip(nodes, arity, strict=True))])


def at_inputs(work: Working, x: Array) -> tuple[Array, Array]:
    """Compute basis and base function of the first layer at x; they are valid as long as its grid does not change."""
    layer = work.layers[0]
    return layer.grid.basis(x, slope=False)[0], _base(layer.layer.base, x)[0]


def forward(work: Working, x: Array, first: tuple[Array, Array] | None = None) -> tuple[list[Sweep], Array]:
    """Compute all layers at x (source, rows) and the outputs (node, rows). first: result of `at_inputs`, if known."""
    sweeps, vector = [], work.vector
    for n, layer in enumerate(work.layers):
        if n == 0 and first is not None:
            (table, base), slope, base_slope = first, None, None
        else:
            table, slope = layer.grid.basis(x, slope=n > 0)
            base, base_slope = _base(layer.layer.base, x)
        coef, weight = layer.learned(vector)
        sums = coef.transpose(1, 0, 2).reshape(coef.shape[1], -1) @ table.reshape(-1, x.shape[1])
        sums += weight.T @ base
        sums += layer.part(vector, "bias")[:, None]
        formulas = _formulas(layer, x, vector)
        for (_, j, _), (_, _, c, d), (f, _) in zip(
            layer.layer.formulas, layer.part(vector, "affine"), formulas, strict=True
        ):
            sums[j] += c * f + d
        sweeps.append(Sweep(x, table, slope, base, base_slope, formulas, sums))
        x = _combine(layer, sums, vector)
    return sweeps, x


def outputs(work: Working, x: Array) -> Array:
    """Compute only the outputs (node, rows)."""
    return forward(work, x)[1]


def through_products(work: WorkingLayer, sums: Array, delta: Array) -> Array:
    """Compute the derivative by each sum from that by each node."""
    arity = work.layer.arity
    if len(arity) == len(sums):
        return delta
    rows, at = [], 0
    for node, k in enumerate(arity):
        for r in range(k):
            others = [at + q for q in range(k) if q != r]
            rows.append(delta[node] * sums[others].prod(0) if others else delta[node])
        at += k
    return np.stack(rows)


def back(work: WorkingLayer, sweep: Sweep, delta: Array, vector: Array) -> Array:
    """Compute the derivative by each input (source, seed, rows) from that by each sum (target, seed, rows)."""
    assert sweep.slope is not None
    assert sweep.base_slope is not None
    coef, weight = work.learned(vector)
    slope = coef @ sweep.slope + weight[..., None] * sweep.base_slope[:, None]
    for (i, j, _), (a, _, c, _), (_, df) in zip(
        work.layer.formulas, work.part(vector, "affine"), sweep.formulas, strict=True
    ):
        slope[i, j] += a * c * df
    if delta.shape[0] == 1:
        return slope * delta
    return (slope[:, :, None] * delta).sum(1)


def _rows(work: WorkingLayer, sweep: Sweep, node: Array, delta: Array, vector: Array, out: Array) -> None:
    """Write the rows of J that belong to one layer."""
    s, t, k = work.layer.coef.shape
    shape = delta.shape[1:]

    def room(name: str, *axes: int) -> Array:
        return out[work.places[name]].reshape(*axes, *shape)

    np.multiply(sweep.basis[:, None, :, None, :], delta[None, :, None], out=room("coef", s, t, k))
    np.multiply(sweep.base[:, None, None, :], delta[None], out=room("base_weight", s, t))
    room("bias", t)[...] = delta
    room("offset", len(work.layer.arity))[...] = node
    affine = room("affine", len(sweep.formulas), 4)
    for n, ((i, j, _), (_, _, c, _), (f, df)) in enumerate(
        zip(work.layer.formulas, work.part(vector, "affine"), sweep.formulas, strict=True)
    ):
        affine[n, 1] = c * df * delta[j]
        affine[n, 0] = affine[n, 1] * sweep.x[i]
        affine[n, 2] = f * delta[j]
        affine[n, 3] = delta[j]


def jacobian(work: Working, sweeps: Sequence[Sweep], seeds: Array) -> Array:
    """Compute the derivative of sum_o seeds[o] y_o by every number of the network: (number, seed, rows).

    seeds: (node, seed, rows); the identity for the plain Jacobian of all outputs.
    """
    out = np.empty((len(work.vector), *seeds.shape[1:]))
    delta = seeds
    for n in range(len(sweeps) - 1, -1, -1):
        layer, sweep = work.layers[n], sweeps[n]
        node, delta = delta, through_products(layer, sweep.sums, delta)
        _rows(layer, sweep, node, delta, work.vector, out)
        if n:
            delta = back(layer, sweep, delta, work.vector)
    return out


def squares(work: Working, sweeps: Sequence[Sweep], seeds: Array) -> Array:
    """Compute the sum of squares of `jacobian` over seeds and rows, for every number, without computing J.

    The squared derivative by a coefficient is its squared basis function times the squared `delta`, so each layer needs
    one product of matrices.
    """
    out = np.empty(len(work.vector))
    delta = seeds
    for n in range(len(sweeps) - 1, -1, -1):
        layer, sweep = work.layers[n], sweeps[n]
        node, delta = delta, through_products(layer, sweep.sums, delta)
        s, t, k = layer.layer.coef.shape
        size = np.square(delta).sum(1)
        table = np.square(sweep.basis).reshape(s * k, -1) @ size.T
        out[layer.places["coef"]] = table.reshape(s, k, t).transpose(0, 2, 1).reshape(-1)
        out[layer.places["base_weight"]] = (np.square(sweep.base) @ size.T).reshape(-1)
        out[layer.places["bias"]] = size.sum(1)
        out[layer.places["offset"]] = np.square(node).sum((1, 2))
        affine = out[layer.places["affine"]].reshape(-1, 4)
        for row, (i, j, _), (_, _, c, _), (f, df) in zip(
            affine, layer.layer.formulas, layer.part(work.vector, "affine"), sweep.formulas, strict=True
        ):
            row[:] = [np.square(part) @ size[j] for part in (c * df * sweep.x[i], c * df, f, np.ones_like(f))]
        if n:
            delta = back(layer, sweep, delta, work.vector)
    return out
