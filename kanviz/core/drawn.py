"""Give networks a notebook's display and a figure, by the door to what stands above core."""

from collections.abc import Sequence
from typing import Any, Literal

from kanviz.door import Displayed, room


class DrawnKAN(Displayed):
    """What a network shows of itself."""

    def plot(
        self, data: Any = None, *, edge: Sequence[int] | None = None, theme: Literal["light", "dark"] = "light"
    ) -> Any:
        """Return plotly's figure of the whole network, or of one edge, given by layer, source and target.

        data: a `Dataset`, whose training rows then give the ranges, the scores and the distribution below a curve.
        Raises UserError for an edge that is not there, TableError for rows that do not fit.

        >>> import kanviz
        >>> kan = kanviz.init([2, 3, 1], seed=0)
        >>> kan.plot(edge=[0, 1, 2]).layout.title.text
        '<b>x2 → h1,2</b> · spline'
        >>> sorted({tuple(edge) for edge in kan.plot().data[-1].customdata})[:2]
        [(0, 0, 0), (0, 0, 1)]
        """
        return room(self).plot(self, data, edge=edge, theme=theme)
