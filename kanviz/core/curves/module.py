"""Offer learned functions of single units as a `torch.nn.Module`, in place of the activation of a neural network."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kanviz.core.curves import operation, record
from kanviz.core.curves.checks import sound
from kanviz.core.curves.layers import from_layer, to_layer
from kanviz.core.curves.pieces import MOST_ORDER, fitted
from kanviz.core.engine.bases import BASE_CURVES
from kanviz.core.extra_state import DescribedModule, version
from kanviz.core.init import MOST_COEFFICIENTS, MOST_GRID
from kanviz.core.layer import Layer
from kanviz.core.spline import uniform_knots
from kanviz.core.torch_modes import can_be_read
from kanviz.errors import LayerError, LoadError, UserError


class Curves(DescribedModule):
    """A torch module with one learned B-spline for each unit, in place of an activation such as GELU.

    x: (..., units) gives (..., units); with `unit_major`, (units, ...) gives (units, ...), which is what `W @ x.T`
    gives and is a little faster. `coef` (curve, basis) are the control points, the only parameters; `knots` is a
    buffer: `cells` equal intervals on [low, high], continued by `order` on each side. Outside [low, high] a curve goes
    on as a straight line. All curves begin as the least-squares fit of the base function `start`. share: so many
    neighbouring units have one curve. dtype: None takes torch's default. Learns with any optimiser; the control points
    take 6 to 12 times the learning rate of the weights (`kanviz.parameter_groups`). Raises UserError for sizes that
    are not possible. Source: de Boor, A Practical Guide to Splines, ch. IX-X.

    >>> import kanviz, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 64, bias=False), kanviz.Curves(64), torch.nn.Linear(64, 1))
    >>> model(torch.zeros(8, 3)).shape, model[1].coef.shape
    (torch.Size([8, 1]), torch.Size([64, 11]))
    >>> model[1]
    Curves(64, cells=8, order=3, low=-4, high=4, start='gelu')
    >>> layer = model[1].to_layer(units=[0, 5])  # a value: for figures, formulas, locks
    >>> layer.coef.shape, layer.present.tolist()
    (torch.Size([2, 2, 11]), [[True, False], [False, True]])
    >>> again = kanviz.Curves.from_layer(layer)
    >>> again.forward(torch.zeros(8, 2)).shape, again.borders()
    (torch.Size([8, 2]), (-4.0, 4.0))
    >>> kanviz.Curves(64, share=3)
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: 64 units cannot share curves by 3. Choose a number of units that `share` divides.
    """

    knots: Tensor
    coef: nn.Parameter

    def __init__(
        self,
        units: int,
        cells: int = 8,
        order: int = 3,
        low: float = -4.0,
        high: float = 4.0,
        start: str = "gelu",
        share: int = 1,
        dtype: torch.dtype | None = None,
        *,
        unit_major: bool = False,
    ):
        super().__init__()
        _check_sizes(units, cells, order, share)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UserError(f"Curves need a finite interval, low below high, and not {low} to {high}.")
        if start not in BASE_CURVES:
            raise UserError(f"There is no base function {start!r}. Choose one of {', '.join(BASE_CURVES)}.")
        dtype = dtype or torch.get_default_dtype()
        with torch.device("cpu"):
            coef = fitted(start, cells, order, low, high).to(dtype).expand(units // share, -1)
            knots = uniform_knots(low, high, cells, order, 1, dtype)[0]
        device = torch.get_default_device()
        self._take(units, start, coef.clone().to(device), knots.to(device), unit_major=unit_major)

    def _take(self, units: int, start: str, coef: Tensor, knots: Tensor, *, unit_major: bool) -> None:
        self.units, self.start, self.unit_major = units, start, unit_major
        self.coef = nn.Parameter(coef)
        self.register_buffer("knots", knots)
        self._look()

    def _look(self) -> None:
        """Check the knots; called when they change, not at every call."""
        self._sound = (self.knots, version(self.knots), sound(self.knots, self.coef))

    def _is_sound(self, knots: Tensor) -> bool:
        """Return whether the knots are as they should be, even if they were replaced or changed in place."""
        if not torch.compiler.is_compiling():
            seen, changes, _ = self._sound
            if seen is not knots or changes != version(knots):
                self._look()
        return self._sound[2]

    @property
    def share(self) -> int:
        """How many neighbouring units have one curve."""
        return self.units // self.coef.shape[0]

    @property
    def order(self) -> int:
        """Order (degree) of the curves."""
        return self.knots.shape[0] - self.coef.shape[1] - 1

    @property
    def cells(self) -> int:
        """Number of equal intervals between the borders."""
        return self.coef.shape[1] - self.order

    def borders(self) -> tuple[float, float]:
        """Return the least and the greatest x of the grid; beyond them a curve is a straight line."""
        return float(self.knots[self.order]), float(self.knots[self.coef.shape[1]])

    def forward(self, x: Tensor) -> Tensor:
        """Compute each unit's curve at x, in x's shape. Raises LayerError (a RuntimeError) where x does not fit."""
        if not isinstance(x, Tensor):
            raise LayerError(
                f"The curves take a tensor, not {type(x).__name__}. Give them torch.as_tensor(x, dtype=torch.float32)."
            )
        if x.ndim == 0:
            raise LayerError("The curves take a value for each unit, and x is a single number. Give them x.reshape(1).")
        knots, coef = self.knots, self.coef
        if not self._is_sound(knots):
            raise LayerError("The curves' knots are not evenly spaced, ascending numbers; load or set them again.")
        rows = x
        if x.ndim != 2:
            rest = math.prod(x.shape[1:] if self.unit_major else x.shape[:-1])
            rows = x.reshape((x.shape[0], rest) if self.unit_major else (rest, x.shape[-1]))
        out = operation.values(rows, knots, coef, self.units, by_unit=self.unit_major)
        return out if x.ndim == 2 else out.reshape(x.shape)

    @classmethod
    def from_layer(cls, layer: Layer) -> "Curves":
        """Return the curves of a layer whose only edges lead from each source to the target of the same number.

        Raises UserError for any other layer, and where knots are uneven or differ between sources.
        """
        coef, knots = from_layer(layer)
        module = cls.__new__(cls)
        nn.Module.__init__(module)
        module._take(len(coef), "zero", coef, knots, unit_major=False)
        return module

    def to_layer(self, units: Sequence[int] | None = None) -> Layer:
        """Return the curves as a layer, with an edge from each unit to itself and all other edges pruned.

        units: only these, in this order; None takes all. A layer has room for every pair of units, so it can be too
        large: then it raises UserError. The layer is a copy that later training does not change.
        """
        which = range(self.units) if units is None else units
        if any(not 0 <= u < self.units for u in which):
            raise UserError(f"The curves have units 0 to {self.units - 1}; choose among them.")
        rows = torch.tensor([u // self.share for u in which], device=self.coef.device)
        return to_layer(self.coef.detach()[rows], self.knots)

    def get_extra_state(self) -> Tensor:
        """Return the number of units and the start as the bytes of a JSON text; torch puts them into `state_dict`."""
        text = record.to_tensor(self.units, self.start)
        return text if self.coef.is_meta else text.to(self.coef.device)

    def set_extra_state(self, state: Any) -> None:
        """Take over the start of other curves; raises LayerError where the bytes cannot be read, or units differ.

        Bytes without values (meta device), and those of states that were averaged, change nothing.
        """
        if not isinstance(state, Tensor):
            raise LayerError("The description of curves is not a tensor of bytes. Save the model's state_dict again.")
        if not can_be_read(state):
            return
        try:
            found = record.from_tensor(state)
        except LoadError as problem:
            raise LayerError(str(problem)) from None
        if found is None:
            return
        units, start = found
        if units != self.units:
            raise LayerError(f"The saved curves have {units} units, these have {self.units}. Make as many units.")
        self.start = start

    def extra_repr(self) -> str:
        text = f"{self.units}, cells={self.cells}, order={self.order}"
        if can_be_read(self.knots):
            low, high = self.borders()
            text += f", low={low:g}, high={high:g}"
        text += f", start={self.start!r}"
        return text + (f", share={self.share}" if self.share > 1 else "") + (", unit_major=True" * self.unit_major)


def _check_sizes(units: int, cells: int, order: int, share: int) -> None:
    if not all(type(size) is int for size in (units, cells, order, share)) or units < 1 or share < 1:
        raise UserError("Curves have a whole number of units, cells, order and share, each at least 1.")
    if not (1 <= order <= MOST_ORDER and 1 <= cells <= MOST_GRID):
        raise UserError(f"Curves have 1 to {MOST_GRID:,} cells and an order of 1 to {MOST_ORDER}.")
    if units % share:
        raise UserError(f"{units} units cannot share curves by {share}. Choose a number of units that `share` divides.")
    if units // share * (cells + order) > MOST_COEFFICIENTS:
        raise UserError(
            f"These curves would have {units // share * (cells + order):,} control points; kanviz makes at most "
            f"{MOST_COEFFICIENTS:,}. Choose fewer units or cells."
        )
