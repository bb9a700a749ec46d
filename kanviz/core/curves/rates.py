"""Group a model's parameters for an optimiser: control points take larger steps than weights."""

from typing import Any

from torch import nn

from kanviz.core.curves.module import Curves
from kanviz.errors import UserError

FACTOR = 8.0


def parameter_groups(model: nn.Module, lr: float, factor: float = FACTOR) -> list[dict[str, Any]]:
    """Return groups for a torch optimiser: the control points of all curves with `factor * lr`, the rest with `lr`.

    A control point moves its curve on a few cells only and gets a gradient from the inputs there alone, so it needs
    larger steps: 6 to 12 times those of the weights were best in small language models. They do not decay, for a
    curve at 0 is no simpler than another. Parameters that do not learn are left out. Raises UserError where a rate is
    not positive.

    >>> import kanviz, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 64), kanviz.Curves(64), torch.nn.Linear(64, 1))
    >>> steps = torch.optim.AdamW(kanviz.parameter_groups(model, lr=0.003), weight_decay=0.1)
    >>> [(len(group["params"]), group["lr"], group["weight_decay"]) for group in steps.param_groups]
    [(4, 0.003, 0.1), (1, 0.024, 0.0)]
    >>> kanviz.parameter_groups(model, lr=0.003, factor=0)
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: The learning rate and the factor of control points are positive numbers.
    """
    if not (lr > 0 and factor > 0):
        raise UserError("The learning rate and the factor of control points are positive numbers.")
    points = {id(one.coef): one.coef for one in model.modules() if isinstance(one, Curves) and one.coef.requires_grad}
    weights = [one for one in model.parameters() if one.requires_grad and id(one) not in points]
    groups = [{"params": weights, "lr": lr}, {"params": [*points.values()], "lr": factor * lr, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
