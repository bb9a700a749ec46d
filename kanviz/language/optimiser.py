"""AdamW on one vector of all numbers, as values: a step gives new numbers and moments and changes none in place."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

BETAS = 0.9, 0.99
EPSILON = 1e-8
DECAY = 0.01  # of weights of matrices, times the rate
CLIP = 1.0  # the longest gradient


@dataclass(frozen=True, eq=False, slots=True)
class Numbers:
    """The numbers a model learns, as one vector, with AdamW's moments. step: how many steps made them."""

    theta: Float[Tensor, "number"]
    first: Float[Tensor, "number"]
    second: Float[Tensor, "number"]
    step: int = 0

    def stepped(
        self, gradient: Float[Tensor, "number"], rates: Float[Tensor, "number"], decay: Float[Tensor, "number"]
    ) -> "Numbers":
        """Return the numbers after a step down the gradient, shortened to length 1.

        rates: of each number · decay: what each shrinks by, times its rate. Source: Loshchilov & Hutter 2019.
        """
        step = self.step + 1
        gradient = gradient * (CLIP / gradient.norm().clamp(min=CLIP))
        first = self.first.lerp(gradient, 1 - BETAS[0])
        second = torch.addcmul(self.second * BETAS[1], gradient, gradient, value=1 - BETAS[1])
        root = (second / (1 - BETAS[1] ** step)).sqrt_().add_(EPSILON)
        moved = torch.addcdiv(self.theta * (1 - rates * decay), rates * first, root, value=-1 / (1 - BETAS[0] ** step))
        return Numbers(moved, first, second, step)


class Flat:
    """A module whose learned numbers are views of one vector, and its gradients of another.

    The vectors have the module's parameters that require gradients, in its order.
    """

    def __init__(self, module: nn.Module):
        self.module = module
        self._learned = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self._sizes = [parameter.numel() for parameter in self._learned]
        like = self._learned[0]
        self.gradient = torch.zeros(sum(self._sizes), dtype=like.dtype)
        for parameter, part in zip(self._learned, self.gradient.split(self._sizes), strict=True):
            parameter.grad = part.view(parameter.shape)

    def start(self) -> Numbers:
        """Return the module's present numbers, with moments of zero."""
        theta = torch.cat([parameter.detach().flatten() for parameter in self._learned])
        return Numbers(theta, torch.zeros_like(theta), torch.zeros_like(theta))

    def put(self, theta: Float[Tensor, "number"]) -> None:
        """Let the module compute with these numbers."""
        for parameter, part in zip(self._learned, theta.split(self._sizes), strict=True):
            parameter.data = part.view(parameter.shape)

    def each(self, values: Mapping[nn.Parameter, float]) -> Float[Tensor, "number"]:
        """Return a vector with each parameter's value at all its numbers."""
        parts = [torch.full((n,), values[p]) for p, n in zip(self._learned, self._sizes, strict=True)]
        return torch.cat(parts).to(self.gradient.dtype)
