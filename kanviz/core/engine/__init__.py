"""The sums of a layer, exactly, by the way that is fastest for its size; the same values to rounding by each.

`native` is the local form in C, `dense` and `local` are torch alone and run wherever torch does. Each has a backward
pass by hand that keeps nothing but x. The gradient of the gradient, and transforms that the hand-written passes do not
know (`torch.func.vmap` over parameters, `torch.compile`), go through `reference`.
"""

from typing import Any, Literal

import torch
from torch import Tensor

from kanviz.core.engine import dense, local, native, reference
from kanviz.core.engine.parts import BASE_CURVES, Kind, Parts, evenly_spaced

__all__ = ["BASE_CURVES", "PATHS", "Kind", "Parts", "Path", "chosen", "evenly_spaced", "release", "sums"]

Path = Literal["native", "dense", "local"]
PATHS: tuple[Path, ...] = ("native", "dense", "local")
COARSE = 16  # basis functions up to which, in torch alone, products over all of them win (docs/performance.md)


def sums(x: Tensor, parts: Parts, bias: Tensor, kind: Kind, path: Path | None = None) -> Tensor:
    """Each target's sum of activations plus its bias, (rows, source) to (rows, target); path: None chooses."""
    if torch.compiler.is_compiling():
        return reference.sums(x, parts, bias, kind)  # plain operations, which the compiler fuses itself
    function = _TransformedSums if torch._C._are_functorch_transforms_active() else _Sums
    return function.apply(x, *parts, bias, kind, path)  # pyright: ignore[reportReturnType]


def release() -> None:
    """Give back the scratch memory that this thread keeps between calls: megabytes, at most 48 MiB in the kernel."""
    native.release()
    dense.release()


def chosen(x: Tensor, parts: Parts) -> Path:
    """The way that is fastest here: C where it was built, else by the number of basis functions."""
    if native.takes(x, parts):
        return "native"
    return "dense" if parts.coef.shape[2] <= COARSE else "local"


def _way(path: Path | None, x: Tensor, parts: Parts) -> Any:
    path = path or chosen(x, parts)
    if path == "native" and not native.takes(x, parts):
        raise RuntimeError("The C kernel was not built here, or does not take these numbers; leave `path` to None.")
    return {"native": native, "dense": dense, "local": local}[path]


def _forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind, path: Path | None) -> Tensor:
    return _way(path, x, parts).forward(x, parts, bias, kind)


def _backward(grad: Tensor, x: Tensor, parts: Parts, kind: Kind, path: Path | None, **wanted: bool) -> Any:
    return _way(path, x, parts).backward(grad, x, parts, kind, **wanted)


class _Sums(torch.autograd.Function):
    """Saves its arguments alone."""

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
        if torch._C._are_functorch_transforms_active():
            found = _TransformedGradients.apply(grad, x, knots, coef, weight, ctx.kind, ctx.path, *wanted.values())
        elif torch.is_grad_enabled():
            found = _Gradients.apply(grad, x, knots, coef, weight, ctx.kind, ctx.path, *wanted.values())
        else:  # nobody will differentiate the gradient
            found = _backward(grad, x, Parts(knots, coef, weight), ctx.kind, ctx.path, **wanted)
        into_x, *into = found  # pyright: ignore[reportGeneralTypeIssues]
        return into_x, None, *(one if want else None for one, want in zip(into, of_parts, strict=True)), None, None


class _Gradients(torch.autograd.Function):
    """Gradients of x, coef, weight and bias, themselves differentiable."""

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
    """The same under torch.func's transforms, which want a context set up apart; a few times slower to call."""

    @staticmethod
    def forward(x, knots, coef, weight, bias, kind: Kind, path: Path | None) -> Tensor:  # pyright: ignore
        return _forward(x, Parts(knots, coef, weight), bias, kind, path)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        ctx.save_for_backward(*inputs[:4])
        ctx.kind, ctx.path = inputs[5:]

    @staticmethod
    def vmap(info, in_dims, x, knots, coef, weight, bias, kind: Kind, path: Path | None):  # pyright: ignore
        """A batch of x alone is more rows; a batch of parameters goes through the reference."""
        if in_dims[0] is not None and all(dim is None for dim in in_dims[1:5]):
            rows = x.movedim(in_dims[0], 0)
            out = sums(rows.flatten(0, 1), Parts(knots, coef, weight), bias, kind, path)
            return out.view(*rows.shape[:2], -1), 0

        def one(x, knots, coef, weight, bias):
            return reference.sums(x, Parts(knots, coef, weight), bias, kind)

        return torch.vmap(one, in_dims[:5])(x, knots, coef, weight, bias), 0


class _TransformedGradients(_Gradients):
    """The same under torch.func's transforms."""

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
