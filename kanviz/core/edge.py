"""One edge of a network: its address, its function as a read-only view, and the variables at the network's ends."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core import engine
from kanviz.core.families import FAMILIES, SPLINE, functions
from kanviz.core.formulas.formula import Formula
from kanviz.core.spline import Outside, domain, greville, spline
from kanviz.door import Displayed
from kanviz.errors import UserError
from kanviz.text import shown

STATES = {(True, True): "both", (True, False): "spline", (False, True): "formula", (False, False): "pruned"}


class EdgeId(NamedTuple):
    """The address of an edge. It never changes: pruning hides an edge and does not renumber the others.

    >>> import kanviz
    >>> edge = kanviz.EdgeId(0, 1, 2)
    >>> str(edge), edge.source, edge == (0, 1, 2)
    ('edge 0,1,2', 1, True)
    """

    layer: int
    source: int
    target: int

    def __str__(self) -> str:
        return f"edge {self.layer},{self.source},{self.target}"


@dataclass(frozen=True)
class Variable:
    """A named input or output, and its map from table units to network units: (value - shift) / scale.

    Raises UserError where shift or scale is not finite, or scale is 0.

    >>> from kanviz.core.edge import Variable
    >>> length = Variable("length", "m", shift=2.0, scale=0.5)
    >>> str(length), (3.0 - length.shift) / length.scale
    ('length (m)', 2.0)
    """

    name: str
    unit: str = ""
    shift: float = 0.0
    scale: float = 1.0

    def __post_init__(self):
        # plain floats, so that equal variables have equal digests and survive JSON bit by bit
        object.__setattr__(self, "shift", float(self.shift))
        object.__setattr__(self, "scale", float(self.scale))
        if not (math.isfinite(self.shift) and math.isfinite(self.scale) and self.scale != 0):
            raise UserError(
                f"The scaling of {shown(self.name)} is shift {self.shift:g}, scale {self.scale:g}; "
                "both must be finite, and the scale not 0."
            )

    def __str__(self) -> str:
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Edge(Displayed):
    """A read-only view of one edge: its parts, its names, and its value at any x (network units).

    >>> import kanviz, torch
    >>> edge = kanviz.init([2, 1], grid=4).edge([0, 1, 0])
    >>> edge.source, edge.target, edge.state, edge.domain, len(edge.abscissae)
    ('x2', 'y', 'spline', (-1.0, 1.0), 7)
    >>> x = torch.tensor([-0.5, 0.5], dtype=torch.float64)
    >>> torch.equal(edge(x), edge.base_part(x) + edge.spline_part(x)), edge(x, derivative=1).shape
    (True, torch.Size([2]))
    """

    id: EdgeId
    knots: Float[Tensor, " knot"]
    coef: Float[Tensor, " basis"]
    base: str
    base_weight: float
    active: bool
    formula: Formula | None
    frozen: bool
    outside: Outside
    source: str
    target: str
    family: str = SPLINE

    @property
    def order(self) -> int:
        """Order of the spline; 0 for a curve of another family."""
        return 0 if self.family != SPLINE else len(self.knots) - len(self.coef) - 1

    @property
    def state(self) -> str:
        """The parts that the edge has: "spline", "formula", "both", or "pruned" if none."""
        return STATES[self.active, self.formula is not None]

    @property
    def abscissae(self) -> Float[Tensor, " basis"]:
        """Abscissae of the control points (Greville), whose ordinates are the coefficients; none in other families."""
        return greville(self.knots[None], self.order)[0] if self.family == SPLINE else self.knots[:0]

    @property
    def domain(self) -> tuple[float, float]:
        """The least and greatest x of the grid; in other families, of what is worth drawing."""
        row = self.knots[None]
        low, high = domain(row, self.order) if self.family == SPLINE else FAMILIES[self.family].span(row)
        return float(low), float(high)

    def spline_part(self, x: Tensor, derivative: Literal[0, 1] = 0) -> Tensor:
        """Compute the spline (or other family), or its slope, at x of any shape, whether or not it is in use."""
        row, coef = self.knots[None], self.coef[None, None]
        if self.family == SPLINE:
            return spline(x.reshape(-1, 1), row, coef, derivative, self.outside).reshape(x.shape)
        return (functions(self.family, x.reshape(-1, 1), row, len(self.coef), derivative) @ self.coef).reshape(x.shape)

    def base_part(self, x: Tensor, derivative: Literal[0, 1] = 0) -> Tensor:
        """Compute the weighted base function or its first derivative at x, in the same way."""
        return self.base_weight * engine.BASE_CURVES[self.base].curves[derivative](x)

    def __call__(self, x: Tensor, derivative: Literal[0, 1] = 0) -> Tensor:
        """Compute phi(x), or its first derivative."""
        x = torch.as_tensor(x, dtype=self.coef.dtype)
        y = torch.zeros_like(x)
        if self.active:
            y = self.base_part(x, derivative) + self.spline_part(x, derivative)
        if self.formula is not None:
            y = y + (self.formula.derivative(x) if derivative else self.formula(x))
        return y
