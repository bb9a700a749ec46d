"""Checks places that must be evenly spaced, and continues them to the knots of splines."""

import torch
from torch import Tensor

from kanviz.errors import LoadError

_UNEVEN = 0.01  # of a step; half precision rounds places by less


def even_step(name: str, places: Tensor) -> float:
    """Return the distance between neighbours. Raises LoadError unless places are finite, ascend, and are even.

    name: that of their tensor, for the message.
    """
    if not bool(places.isfinite().all()):
        raise LoadError(f"{name} holds NaN or infinity. Save the network before that.")
    if len(places) < 2:
        raise LoadError(f"{name} has only one place, so the width of a step is not known. Save the whole state_dict.")
    steps = places.double().diff()
    step = float(steps.mean())
    if bool((steps <= 0).any()):
        raise LoadError(f"The numbers of {name} do not ascend. Save the network again.")
    if bool(((steps - step).abs() > _UNEVEN * step).any()):
        raise LoadError(
            f"The numbers of {name} are not evenly spaced, as the library's formula needs them, so what the network "
            "computes is not known. Save it again."
        )
    return step


def continued(places: Tensor, step: float, before: int, after: int) -> Tensor:
    """Return places with more of them, a step apart, before the first and after the last; in float64."""
    places = places.double()
    left = places[0] + step * torch.arange(-before, 0, dtype=torch.float64)
    right = places[-1] + step * torch.arange(1, after + 1, dtype=torch.float64)
    return torch.cat([left, places, right])


def check_cubic(n: int, basis: int) -> None:
    """Refuse a layer with too few functions for a cubic spline. Raises LoadError."""
    if basis < 4:
        raise LoadError(f"Layer {n} has {basis} spline functions for each edge; cubic splines have at least 4.")
