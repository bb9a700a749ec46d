"""Interpolation by cubic splines on uneven and multiple knots."""

import pytest
import torch

from kanviz.core.conversion.interpolation import Interpolation, continued, sites
from kanviz.core.spline import domain, spline

INNER = torch.tensor(
    [[-1.0, -0.5, 0.0, 0.0, 0.0, 0.25, 0.5, 1.0], [0.0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 1.0]], dtype=torch.float64
)


def curves(x: torch.Tensor) -> torch.Tensor:
    """Return curves that are splines on these knots: with a corner at 0, and a cubic."""
    return torch.stack([x[:, 0].abs() + x[:, 0] ** 3, x[:, 1] ** 3 - x[:, 1]], 1)[..., None]


@pytest.mark.parametrize("grid", [[0, 1], [0, 1, 1, 0]])
def test_a_spline_is_found_again(grid):
    knots, grid = continued(INNER), torch.tensor(grid)
    heights = curves(sites(knots).T)[:, grid]
    coef = Interpolation(knots).coefficients(heights, grid).permute(1, 2, 0)
    low, high = domain(knots, 3)
    x = low + (high - low) * torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
    found = spline(x[:, grid], knots[grid], coef, outside="linear")
    assert found == pytest.approx(curves(x)[:, grid], abs=1e-14)


def test_places_are_inside_the_domain_and_ascend():
    knots = continued(INNER)
    places = sites(knots)
    assert bool((places.diff(dim=1) > 0).all())
    assert torch.equal(places[:, 0], INNER[:, 0])
    assert torch.equal(places[:, -1], INNER[:, -1])
