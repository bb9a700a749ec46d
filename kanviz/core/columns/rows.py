"""Take the inputs of a network from a table of named columns, or from an array, as one tensor of rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.columns.frames import as_frame, is_frame
from kanviz.core.columns.inputs import values_of_all
from kanviz.errors import TableError, UserError

if TYPE_CHECKING:
    from kanviz.core.layer import Variable


def rows_of(x: Any, inputs: "Sequence[Variable]") -> Float[Tensor, "rows source"]:
    """Return the inputs in table units; columns of a table are found by name, those of an array are taken in order.

    Raises UserError, TableError for a table, where they do not fit.
    """
    if is_frame(x):
        try:
            x = torch.from_numpy(values_of_all(as_frame(x), inputs))
        except TableError as problem:
            names = ", ".join(v.name for v in inputs[:8])
            raise TableError(
                f"{problem} The network takes {names}, by name; an array of values is taken in that order."
            ) from None
    if not isinstance(x, Tensor):
        try:
            x = torch.tensor(np.asarray(x, dtype=float))
        except (TypeError, ValueError):
            raise UserError("The inputs must be numbers, a row per case and a column per input.") from None
    if x.ndim != 2 or x.shape[1] != len(inputs):
        raise UserError(
            f"The network takes a table of {len(inputs)} columns "
            f"({', '.join(v.name for v in inputs[:8])}); it got an array of shape {tuple(x.shape)}."
        )
    return x
