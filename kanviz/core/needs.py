"""Refuse in words what a network with other functions than splines, or with steps between its columns, cannot do."""

from kanviz.core.kan import KAN
from kanviz.errors import UserError


def need_splines(kan: KAN) -> None:
    """Raise UserError unless the curves of every layer are splines."""
    for layer in kan.layers:
        _ = layer.order


def need_no_steps(kan: KAN, what: str) -> None:
    """Raise UserError where a layer has a step; what: the subject of the sentence."""
    n = next((n for n, layer in enumerate(kan.layers) if layer.step), None)
    if n is not None:
        word = "tanh" if kan.layers[n].step == "tanh" else "LayerNorm"
        raise UserError(
            f"{what} is made for layers that follow one another directly, and there is a {word} before layer {n}. "
            "Curves, scores, pruning, editing and training work with it."
        )
