"""List the addresses of a network's edges; the list stores one number for each edge, not an object."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from jaxtyping import Bool
from torch import Tensor

from kanviz.core.layer import EdgeId

AT_ONCE = 65_536  # addresses made at a time when the whole list is iterated


class EdgeList(Sequence[EdgeId]):
    """The sequence of all marked edges, in the order of their addresses. there: one mask of the edges per layer.

    >>> import kanviz
    >>> edges = kanviz.init([2, 3, 1]).edge_list()
    >>> len(edges), edges[4], edges[4] in edges, edges.index(edges[4])
    (9, EdgeId(layer=0, source=1, target=1), True, 4)
    """

    def __init__(self, there: Sequence[Bool[Tensor, "_source _target"]]):
        self._there = [mask.numpy() for mask in there]
        self._places = [np.flatnonzero(mask) for mask in self._there]
        self._starts = np.cumsum([0, *map(len, self._places)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, at: int) -> EdgeId: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[EdgeId, ...]: ...
    def __getitem__(self, at: int | slice) -> EdgeId | tuple[EdgeId, ...]:
        if isinstance(at, slice):
            return tuple(self[k] for k in range(*at.indices(len(self))))
        k = at + len(self) if at < 0 else at
        if not 0 <= k < len(self):
            raise IndexError(at)
        n = int(np.searchsorted(self._starts, k, "right")) - 1
        return EdgeId(n, *divmod(int(self._places[n][k - self._starts[n]]), self._there[n].shape[1]))

    def __iter__(self) -> Iterator[EdgeId]:
        for n, (places, mask) in enumerate(zip(self._places, self._there, strict=True)):
            for at in range(0, len(places), AT_ONCE):
                for i, j in zip(
                    *(part.tolist() for part in np.divmod(places[at : at + AT_ONCE], mask.shape[1])), strict=True
                ):
                    yield EdgeId(n, i, j)

    def __contains__(self, edge: object) -> bool:
        if not isinstance(edge, EdgeId) or not 0 <= edge.layer < len(self._there):
            return False
        mask = self._there[edge.layer]
        return 0 <= edge.source < mask.shape[0] and 0 <= edge.target < mask.shape[1] and bool(mask[edge[1:]])

    def index(self, value: EdgeId, start: int = 0, stop: int | None = None) -> int:
        """Return the position of an edge. Raises ValueError if the edge is not in the list."""
        if value in self:
            n, i, j = value
            at = int(self._starts[n] + np.searchsorted(self._places[n], i * self._there[n].shape[1] + j))
            if start <= at < (len(self) if stop is None else stop):
                return at
        raise ValueError(f"{value} is not in the list")
