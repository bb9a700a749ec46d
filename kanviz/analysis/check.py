"""Compare a network with the outputs that its original computed."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.check_hints import hints
from kanviz.analysis.check_record import Check
from kanviz.core.columns.frames import as_frame, is_frame
from kanviz.core.columns.inputs import values_of_all
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from kanviz.text import counted, listing

SINGLE, DOUBLE = 1e-5, 1e-9  # tolerances
DIGITS = 9  # that tell numbers of float32 apart
SAMPLE = 200  # outputs whose digits are counted


@torch.no_grad()
def check(kan: KAN, x: Any, y: Any, *, tolerance: float | None = None) -> Check:
    """Compare a network with the outputs that its original gave for the same inputs.

    x: (rows, inputs) in table units, or a table with the inputs' columns · y: (rows, outputs), or a table with the
    outputs' columns; of arrays with more axes the last one counts · tolerance: a share of the original's largest
    |output|. None takes 1e-5 if the network or the outputs have the precision of float32 (or outputs are written with
    9 digits at most), else 1e-9. The network computes in its own precision. Raises UserError for arrays that do not fit
    the network or each other, or have no rows.

    >>> import kanviz
    >>> kan = kanviz.init([1, 1], seed=0)
    >>> x, y = [[0.0], [0.25], [0.5]], kan([[0.0], [0.25], [0.5]])
    >>> print(kanviz.check(kan, x, y).verdict)
    Agrees with the original on 3 rows: largest gap 0.
    >>> y[1] *= 2
    >>> print(kanviz.check(kan, x, y).verdict)
    Differs from the original: largest gap 50 % of the largest output, on row 2.
    """
    inputs = kan.rows(x if _has_names(x) else _matrix(x, kan.inputs, "inputs"))
    original = _matrix(values_of_all(as_frame(y), kan.outputs) if _has_names(y) else y, kan.outputs, "outputs")
    if len(inputs) != len(original):
        raise UserError(
            f"There are {counted(len(inputs), 'row')} of inputs and {len(original):,} of outputs; give the outputs of "
            "the same rows."
        )
    if not len(inputs):
        raise UserError("There are no rows to compare. Give at least one row of inputs with its outputs.")
    if tolerance is None:
        tolerance = SINGLE if kan.dtype == torch.float32 or _is_single(original) else DOUBLE
    elif not 0 <= tolerance < math.inf:
        raise UserError(f"The tolerance must be a number from 0 on, such as 1e-5; got {tolerance}.")
    found = Check(inputs, original.double(), kan(inputs).double(), tolerance)
    if found.agrees:
        return found
    return replace(found, hints=hints(kan, inputs, found.original, found.ours, tolerance))


def _has_names(values: Any) -> bool:
    """Return whether something is a table of named columns; a single column (a Series) counts as an array."""
    return is_frame(values) and not hasattr(values, "to_frame")


def _matrix(values: Any, variables: tuple[Variable, ...], what: str) -> Float[Tensor, "rows column"]:
    """Return numbers as a tensor (rows, column). Raises UserError for another width, or for values of another kind."""
    try:
        if not isinstance(values, Tensor):
            values = np.asarray(values)
            kind = np.float32 if values.dtype in (np.float16, np.float32) else np.float64
            values = torch.from_numpy(values.astype(kind, casting="same_kind"))
        if values.is_complex():
            raise TypeError
    except (TypeError, ValueError):
        raise UserError(f"The {what} must be numbers, a row per case and a column per variable.") from None
    values = values.detach().cpu()
    values = values if values.is_floating_point() else values.double()
    if values.ndim == 1 and len(variables) == 1:
        return values[:, None]
    if values.ndim < 2 or values.shape[-1] != len(variables):
        columns = f"{counted(len(variables), 'column')} ({listing([v.name for v in variables], 8)})"
        raise UserError(f"The {what} must have {columns}; their shape is {tuple(values.shape)}.")
    return values.flatten(0, -2)


def _is_single(y: Float[Tensor, "rows output"]) -> bool:
    """Return whether numbers have no more digits than float32: stored so, or written so in a table."""
    if y.dtype != torch.float64:
        return True
    sample = y[y.isfinite()][:SAMPLE]
    return torch.equal(sample.float().double(), sample) or all(
        float(f"{value:.{DIGITS}g}") == value for value in sample.tolist()
    )
