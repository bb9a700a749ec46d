"""What is done to a stretch of a curve stays there, and is as near to the formula as control points can be."""

import pytest
import torch
from hypothesis import assume, given, reject

from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Batch, FixFormula, MoveControlPoint, Prune
from kanviz.edit.stretches import Snap, finer, snaps
from kanviz.errors import EditError, FormulaError
from tests.helpers import kans, stretches

EDGE = EdgeId(0, 0, 0)


def waving(grid: int = 16, noise: float = 0.03) -> KAN:
    """An edge near sin 3x on [-1, 1]."""
    kan = init([2, 2, 1], grid=grid, seed=0)
    kan = kan.with_layer(0, base_weight=torch.zeros(2, 2).double())
    view, rng = kan.edge(EDGE), torch.Generator().manual_seed(1)
    coef = torch.sin(3 * view.abscissae) + noise * torch.randn(len(view.coef), generator=rng, dtype=torch.float64)
    moves = tuple(MoveControlPoint(EDGE, m, float(c)) for m, c in enumerate(coef))
    return Batch(moves, "Wave").apply(kan)


def snap(kan, edge, low: float, high: float) -> Snap:
    return snaps(kan, edge, low, high)[0]


def test_the_whole_curve_takes_the_values_of_the_formula_it_is_near():
    kan = waving()
    found = snap(kan, EDGE, -1, 1)
    assert found.formula.primitive in ("sin", "cos")
    assert abs(found.formula.a) == pytest.approx(3, rel=0.05)
    assert 0.001 < found.before < 0.05
    assert found.after < 1e-4
    after = Batch(found.moves, "Snap").apply(kan)
    x = torch.linspace(-1, 1, 301, dtype=torch.float64)
    gap = (after.edge(EDGE)(x) - found.formula(x)).square().mean().sqrt()
    assert float(gap / kan.edge(EDGE)(x).std()) == pytest.approx(found.after, rel=0.05)


def test_any_of_the_formulas_that_are_near_can_be_taken():
    kan = waving()
    every = snaps(kan, EDGE, -1, 1)
    assert len(every) > 2
    assert len({str(one.formula) for one in every}) == len(every)
    assert min(one.before for one in every) == pytest.approx(every[0].before, rel=0.2)
    assert all([move.point for move in one.moves] == [move.point for move in every[0].moves] for one in every)


def test_a_part_of_the_curve_takes_them_alone_and_the_rest_stays():
    kan = waving()
    found = snap(kan, EDGE, -0.25, 0.25)
    after, view = Batch(found.moves, "Snap").apply(kan), kan.edge(EDGE)
    x = torch.linspace(-1.2, 1.2, 481, dtype=torch.float64)
    moved = (after.edge(EDGE)(x) - view(x)).abs()
    reach = 3 * 2 / 16
    assert float(moved[(x < -0.25 - reach - 1e-9) | (x > 0.25 + reach + 1e-9)].max()) == 0
    assert float(moved.max()) > 0.001
    beside = [m.point for m in found.moves]
    assert beside == list(range(beside[0], beside[-1] + 1))
    for m in beside:
        assert view.knots[m] < 0.25
        assert view.knots[m + view.order + 1] > -0.25


@given(kans(), stretches(0.05))
def test_what_was_snapped_is_nearer_to_the_formula_than_it_was_or_as_near(kan, stretch):
    edges = [id for id in kan.edges() if kan.edge(id).active]
    assume(edges)
    low, high = kan.edge(edges[0]).domain
    try:
        found = snap(kan, edges[0], *(low + (high - low) * share for share in stretch))
    except FormulaError:
        reject()
    assert all(torch.tensor(move.height).isfinite() for move in found.moves)
    assert found.after <= found.before + 0.02


def test_a_level_stretch_stays_level():
    kan = init([1, 1], grid=8, seed=0)
    kan = kan.with_layer(0, coef=torch.full_like(kan.layers[0].coef, 0.5), base_weight=torch.zeros(1, 1).double())
    found = snap(kan, EDGE, -1, 1)
    assert (found.formula.primitive, found.before, found.after) == ("0", 0.0, 0.0)
    assert all(abs(move.height - 0.5) < 1e-9 for move in found.moves)


@pytest.mark.parametrize("how", [snap, finer])
def test_a_stretch_without_control_points_is_refused(how):
    kan = waving()
    with pytest.raises(EditError, match="outside the grid"):
        how(kan, EDGE, 1.5, 2)
    with pytest.raises(EditError, match="Release its formula first"):
        how(FixFormula(EDGE, Formula("sin")).apply(kan), EDGE, -1, 1)
    with pytest.raises(EditError, match="Restore it first"):
        how(Prune((EDGE,), (0.0,)).apply(kan), EDGE, -1, 1)


def test_intervals_as_fine_as_the_numbers_are_refused():
    kan = init([1, 1], grid=4, seed=0, dtype=torch.float32)

    def always_finer(kan: KAN) -> None:
        for _ in range(40):
            kan = finer(kan, EDGE, 0.3, 0.300003).apply(kan)

    with pytest.raises(EditError, match="between knots"):
        always_finer(kan)
