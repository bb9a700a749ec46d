"""Define the record of all values inside a network for some rows."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Trace:
    """The values inside a network for some rows, in network units.

    nodes: nodes[n] (rows, source) is what the edges of layer n get, the last item is the output · activations: per
    layer (rows, source, target) · sums: per layer (rows, target).

    >>> import kanviz
    >>> inside = kanviz.init([2, 3, 1]).trace([[0.5, -0.5]])
    >>> [values.shape[1] for values in inside.nodes], len(inside.sums)
    ([2, 3, 1], 2)
    """

    nodes: tuple[Tensor, ...]
    activations: tuple[Tensor, ...]
    sums: tuple[Tensor, ...]
