"""Compute the sums of a layer exactly, on the path that is fastest for its size; all paths agree up to rounding.

`native` is the local form in C; `dense` and `local` use only torch and run wherever torch does. Each has its own
backward pass, which needs only x and the layer's numbers. `reference` computes what those cannot: the gradient of the
gradient, forward-mode derivatives, `torch.func.vmap` over parameters, what `torch.compile` and `torch.jit.trace`
record, and tensors without values (the meta device, FakeTensor).
"""

import warnings
from typing import Any, Literal

import torch
from torch import Tensor

from kanviz.core.engine import dense, local, native, reference
from kanviz.core.engine.bases import BASE_CURVES
from kanviz.core.engine.checks import check, check_gradient, check_memory
from kanviz.core.engine.parts import Kind, Parts, evenly_spaced
from kanviz.core.torch_modes import (
    TracerWarning,
    forward_mode,
    has_numbers,
    is_autocast,
    is_tracing,
    is_transforming,
    recorded,
    without_autocast,
)
from kanviz.errors import LayerError

__all__ = ["BASE_CURVES", "PATHS", "Kind", "Parts", "Path", "chosen", "evenly_spaced", "release", "sums"]

Path = Literal["native", "dense", "local"]
PATHS: tuple[Path, ...] = ("native", "dense", "local")
HALVES = (torch.float16, torch.bfloat16)
COARSE = 16  # basis functions up to which `dense` is faster than `local` (docs/performance.md)


def sums(x: Tensor, parts: Parts, bias: Tensor, kind: Kind, path: Path | None = None) -> Tensor:
    """Compute each target's sum of activations plus its bias: x (rows, source) to (rows, target).

    path: None takes the fastest. In float32 or float64. Layers of half precision are computed in float32 and rounded
    once; under autocast a float32 layer takes x of any precision and returns float32, as torch's norms do. Raises
    LayerError where x or the parts do not fit.
    """
    if is_autocast():
        with without_autocast(x.device):
            return sums(x.to(parts.coef.dtype) if x.dtype in HALVES else x, parts, bias, kind, path)
    if x.dtype in HALVES and {one.dtype for one in (*parts, bias)} == {x.dtype}:
        wider = Parts(*(one.float() for one in parts))
        return sums(x.float(), wider, bias.float(), kind, path).to(x.dtype)
    if is_tracing():
        with warnings.catch_warnings():  # ignore the warning that the layer's sizes are constants of the trace
            warnings.simplefilter("ignore", TracerWarning)
            check(x, parts, bias)
            return reference.sums(x, parts, bias, kind)
    check(x, parts, bias)
    if recorded() or forward_mode() or not all(map(has_numbers, (x, *parts, bias))):
        return reference.sums(x, parts, bias, kind)  # plain operations
    function = _TransformedSums if is_transforming() else _Sums
    return function.apply(x, *parts, bias, kind, path)  # pyright: ignore[reportReturnType]


def release() -> None:
    """Free the scratch memory that this thread reuses between calls: some megabytes, at most 48 MiB in the kernel."""
    native.release()
    dense.release()


def chosen(x: Tensor, parts: Parts, base: str = "silu") -> Path:
    """Return the fastest path here: C if it was built and has this base, else by the number of basis functions."""
    if native.takes(x, parts, base):
        return "native"
    return "dense" if parts.coef.shape[2] <= COARSE else "local"


def _way(path: Path | None, x: Tensor, parts: Parts, base: str, other: Tensor) -> Any:
    takes = path in (None, "native") and native.takes(x, parts, base)
    if path == "native" and not takes:
        raise LayerError("The C kernel was not built here, or does not take these numbers; leave `path` to None.")
    if takes:
        return native  # it checks the memory itself
    check_memory(x, *parts, other)
    return local if path == "local" or (path is None and parts.coef.shape[2] > COARSE) else dense


def _forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind, path: Path | None) -> Tensor:
    return _way(path, x, parts, kind.base, bias).forward(x, parts, bias, kind)


def _backward(grad: Tensor, x: Tensor, parts: Parts, kind: Kind, path: Path | None, **wanted: bool) -> Any:
    check_gradient(grad, x, parts)
    with without_autocast(x.device):
        return _way(path, x, parts, kind.base, grad).backward(grad, x, parts, kind, **wanted)


class _Sums(torch.autograd.Function):
    """The sums as a function for autograd, which saves only its arguments."""

    @staticmethod
    def forward(ctx, x, knots, coef, weight, bias, kind: Kind, path: Path | None) -> Tensor:  # pyright: ignore
        ctx.save_for_backward(x, knots, coef, weight)
        ctx.kind, ctx.path = kind, path
        return _forward(x, Parts(knots, coef, weight), bias, kind, path)

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        of_x, _, *of_parts = ctx.needs_input_grad[:5]
        x, knots, coef, weight = ctx.saved_tensors
        wanted = {"of_x": of_x, "of_parts": any(of_parts)}
        if is_transforming():
            found = _TransformedGradients.apply(grad, x, knots, coef, weight, ctx.kind, ctx.path, *wanted.values())
        elif torch.is_grad_enabled():
            found = _Gradients.apply(grad, x, knots, coef, weight, ctx.kind, ctx.path, *wanted.values())
        else:  # the gradient need not be differentiable
            found = _backward(grad, x, Parts(knots, coef, weight), ctx.kind, ctx.path, **wanted)
        into_x, *into = found  # pyright: ignore[reportGeneralTypeIssues]
        return into_x, None, *(one if want else None for one, want in zip(into, of_parts, strict=True)), None, None


class _Gradients(torch.autograd.Function):
    """The gradients of x, coef, weight and bias as a function for autograd, so that they are differentiable too."""

    @staticmethod
    def forward(ctx, grad, x, knots, coef, weight, kind: Kind, path, of_x: bool, of_parts: bool):  # pyright: ignore
        ctx.save_for_backward(grad, x, knots, coef, weight)
        ctx.kind = kind
        return _backward(grad, x, Parts(knots, coef, weight), kind, path, of_x=of_x, of_parts=of_parts)

    @staticmethod
    def backward(ctx, *along):  # pyright: ignore[reportIncompatibleMethodOverride]
        grad, x, knots, coef, weight = ctx.saved_tensors
        shapes = (x, coef, weight, grad[0])
        full = tuple(torch.zeros_like(like) if one is None else one for one, like in zip(along, shapes, strict=True))
        of_grad, of_x, *of_parts = reference.second(full, grad, x, Parts(knots, coef, weight), ctx.kind)  # pyright: ignore
        return of_grad, of_x, None, *of_parts, None, None, None, None


class _TransformedSums(_Sums):
    """The sums under torch.func's transforms, which need a separate `setup_context`; a call is a few times slower."""

    @staticmethod
    def forward(x, knots, coef, weight, bias, kind: Kind, path: Path | None) -> Tensor:  # pyright: ignore
        return _forward(x, Parts(knots, coef, weight), bias, kind, path)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        ctx.save_for_backward(*inputs[:4])
        ctx.kind, ctx.path = inputs[5:]

    @staticmethod
    def vmap(info, in_dims, x, knots, coef, weight, bias, kind: Kind, path: Path | None):  # pyright: ignore
        """Compute a batch: a batch of only x becomes more rows, a batch of parameters uses the reference."""
        if in_dims[0] is not None and all(dim is None for dim in in_dims[1:5]):
            rows = x.movedim(in_dims[0], 0)
            out = sums(rows.flatten(0, 1), Parts(knots, coef, weight), bias, kind, path)
            return out.view(*rows.shape[:2], -1), 0

        def one(x, knots, coef, weight, bias):
            return reference.sums(x, Parts(knots, coef, weight), bias, kind)

        return torch.vmap(one, in_dims[:5])(x, knots, coef, weight, bias), 0


class _TransformedGradients(_Gradients):
    """The gradients under torch.func's transforms."""

    @staticmethod
    def forward(grad, x, knots, coef, weight, kind: Kind, path, of_x: bool, of_parts: bool):  # pyright: ignore
        return _backward(grad, x, Parts(knots, coef, weight), kind, path, of_x=of_x, of_parts=of_parts)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        ctx.save_for_backward(*inputs[:5])
        ctx.kind = inputs[5]

    @staticmethod
    def vmap(info, in_dims, grad, x, knots, coef, weight, kind: Kind, path, of_x: bool, of_parts: bool):  # pyright: ignore
        def one(grad, x, knots, coef, weight):
            return reference.gradients(grad, x, Parts(knots, coef, weight), kind)

        found = torch.vmap(one, in_dims[:5])(grad, x, knots, coef, weight)
        wanted = (of_x, of_parts, of_parts, of_parts)
        out = tuple(part if want else None for part, want in zip(found, wanted, strict=True))
        return out, tuple(0 if want else None for want in wanted)
