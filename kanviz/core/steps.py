"""Define what may stand between the nodes of a column and the edges that leave it: nothing, tanh, or a LayerNorm.

A step is no edge: each value that a LayerNorm gives depends on all nodes of the column.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

Step = Literal["", "tanh", "norm", "raw and norm"]
STEPS: tuple[Step, ...] = get_args(Step)
EPSILON = 1e-5  # torch.nn.LayerNorm's own; no file holds it
USUAL = 2.0  # without rows, nodes before a step are taken to be between -2 and 2


def normalised(step: Step) -> bool:
    """Return whether the step has a LayerNorm, with its weight and bias."""
    return step in ("norm", "raw and norm")


def step_words(step: Step) -> str:
    """Return what a step does, for a label: "tanh", "LayerNorm", "raw + LayerNorm"; "" for nothing."""
    return {"": "", "tanh": "tanh", "norm": "LayerNorm", "raw and norm": "raw + LayerNorm"}[step]


def nodes_before(step: Step, sources: int) -> int | None:
    """Return how many nodes give so many sources; None where no number does."""
    if step == "raw and norm":
        return sources // 2 if sources % 2 == 0 else None
    return sources


def enter(step: Step, norm: Float[Tensor, "2 _"], nodes: Float[Tensor, "rows before"]) -> Float[Tensor, "rows source"]:
    """Compute what the edges get from the nodes. norm: weight and bias of a LayerNorm, by node.

    "raw and norm" gives the nodes themselves, then the normalised ones. Source: Ba et al., Layer Normalization, 2016.
    """
    if step == "":
        return nodes
    if step == "tanh":
        return nodes.tanh()
    out = torch.nn.functional.layer_norm(nodes, nodes.shape[1:], norm[0], norm[1], EPSILON)
    return torch.cat([nodes, out], 1) if step == "raw and norm" else out


def prefix_of(step: Step, second: bool) -> str:
    """Return the word in front of a node's name that says what the step makes of it; "" for nothing.

    second: whether it is one of the second half that "raw and norm" gives.
    """
    if step == "tanh":
        return "tanh "
    return "norm " if step == "norm" or second else ""
