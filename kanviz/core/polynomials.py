"""Write the functions of a B-spline basis as polynomials on each interval between two knots."""

import numpy as np
import torch
from numpy.typing import NDArray

from kanviz.core.spline import local_basis


def cell_polynomials(knots: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Compute the polynomial coefficients of the basis functions on every interval, (source, cell, function, power).

    The variable is the local coordinate, 0 to 1 in each interval. Intervals without width get 0.
    """
    f = 0.5 - 0.5 * np.cos(np.pi * (np.arange(order + 1) + 0.5) / (order + 1))
    width = np.diff(knots)
    points = knots[:, :-1, None] + width[..., None] * f
    values, _ = local_basis(torch.from_numpy(points.reshape(len(knots), -1).T.copy()), torch.from_numpy(knots), order)
    table = values.numpy().reshape(width.shape[1], order + 1, len(knots), order + 1).transpose(2, 0, 3, 1)
    powers = table @ np.linalg.inv(np.vander(f, increasing=True)).T
    return np.where((width > 0)[..., None, None], powers, 0.0)
