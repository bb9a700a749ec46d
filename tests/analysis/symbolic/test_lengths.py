"""The parts of a description's length add up to what candidates are ranked by."""

import pytest
import torch

from kanviz.analysis.symbolic import suggest
from kanviz.analysis.symbolic.lengths import lengths
from kanviz.analysis.symbolic.samples import samples

CURVES = {
    "sine": lambda x: torch.sin(2 * x) + 1,
    "noise": lambda x: x**3 + 0.05 * torch.cos(1e4 * x),
}


@pytest.mark.parametrize("name", CURVES)
def test_differences_of_the_parts_are_differences_of_the_scores(name: str):
    x = torch.linspace(-1, 2, 300, dtype=torch.float64)
    y = CURVES[name](x)
    found = suggest(x, y)
    parts = lengths(found, samples(x, y))
    for one, part in zip(found, parts, strict=True):
        assert part.total - parts[0].total == pytest.approx(one.score - found[0].score, abs=1e-6)
        assert min(part.misfit, part.constants, part.function) >= 0
