"""Many curves searched at once: each as if it were alone, whatever its units, noise or number of points."""

import json
import math
from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from kanviz.analysis.symbolic import fit_formula, search_many, suggest, suggest_all, suggest_edge
from kanviz.analysis.symbolic.samples import Curves, samples
from kanviz.analysis.symbolic.search import search
from kanviz.analysis.symbolic.shapes import POWER, SEARCHED
from kanviz.core.formulas.formula import Formula, exponent, primitive
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.core.spline import fit
from kanviz.edit.edits import FixFormula, edit_from_json
from kanviz.errors import FormulaError

CURVES = {
    "sin": lambda x: torch.sin(3 * x - 1),
    "gaussian": lambda x: torch.exp(-2 * (x - 0.3) ** 2),
    "x^2": lambda x: (x + 0.4) ** 2,
    "log": lambda x: torch.log(x + 1.7),
    "x/(1+x^2)": lambda x: (2 * x + 0.5) / (1 + (2 * x + 0.5) ** 2),
    "J0": lambda x: Formula("J0", 3, 1)(x),
    "x^2.4": lambda x: (x + 1.5) ** 2.4,
    "1/(exp(x)-1)": lambda x: 1 / torch.expm1(x + 1.3),
}


def points(name: str, count: int = 300, noise: float = 0.0):
    rng = torch.Generator().manual_seed(len(name))
    x = 2 * torch.rand(count, generator=rng, dtype=torch.float64) - 1
    y = CURVES[name](x)
    return samples(x, y + noise * y.std(correction=0) * torch.randn(count, generator=rng, dtype=torch.float64))


def same(one, other, tolerance: float = 1e-6) -> bool:
    """Whether two answers offer the same functions in the same order, with the same curves."""
    if [c.formula.primitive for c in one] != [c.formula.primitive for c in other]:
        return False
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)
    return all(
        float((a.formula(x) - b.formula(x)).abs().max()) < tolerance and a.rivals == b.rivals
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_curve_has_the_same_candidates_alone_and_in_company(noise):
    company = [points(name, 300 if n % 3 else 177, noise) for n, name in enumerate(CURVES)]
    for one, found in zip(company, search_many(company, None, 12), strict=True):
        assert same(search(one, None, 12), found)


def test_every_curve_gets_its_own_answer_in_the_order_asked():
    line = samples(torch.arange(9.0), torch.ones(9))
    company = [points("sin"), line, points("gaussian"), points("x^2")]
    first = [found[0].formula.primitive for found in search_many(company, None, 3)]
    assert first == ["cos", "0", "gaussian", "x^2"]
    assert search_many([], None, 3) == ()


@pytest.mark.parametrize("name", ["sin", "gaussian", "x^2", "log", "x/(1+x^2)", "J0"])
def test_units_change_the_constants_and_nothing_else(name):
    x = torch.linspace(-1, 1, 300, dtype=torch.float64)
    y = CURVES[name](x)
    plain, moved = suggest(x, y)[0], suggest(1e4 + 30 * x, -7 + 1e-3 * y)[0]
    assert plain.formula.primitive in (name, "cos")
    assert {plain.formula.primitive, moved.formula.primitive} in ({name}, {"cos"}, {"sin", "cos"})
    torch.testing.assert_close(-7 + 1e-3 * plain.formula(x), moved.formula(1e4 + 30 * x), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SEARCHED)
def test_one_function_alone_is_fitted_to_its_own_samples(name):
    low, high = (0.4, 0.9) if primitive(name).domain[1] <= 1 else (-0.4, 2.5) if name == "abs" else (0.4, 1.5)
    x = torch.linspace(low, high, 200, dtype=torch.float64)
    found = fit_formula(x, Formula(name, 1.0, 0.0, -2.0, 5.0)(x), name)
    assert found.error < 1e-7
    assert found.formula.primitive == name


@pytest.mark.parametrize("power", [1.37, -0.8, 0.25, 2.4, 3.7])
def test_an_exponent_is_fitted_and_written_with_no_more_digits_than_it_has(power):
    x = torch.linspace(0.2, 4, 400, dtype=torch.float64)
    best = suggest(x, 3 * (x + 0.5) ** power - 1)[0].formula
    assert exponent(best.primitive) == power
    assert (best.b, best.c, best.d) == (pytest.approx(0.5), pytest.approx(3), pytest.approx(-1))


def test_an_exponent_that_noise_hides_keeps_few_digits():
    x = torch.linspace(0.2, 4, 800, dtype=torch.float64)
    noise = 0.02 * torch.randn(800, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = fit_formula(x, x**1.37 + noise, POWER).formula.primitive
    assert len(found) <= len("x^1.374")
    assert exponent(found) == pytest.approx(1.37, abs=0.1)


def test_a_power_of_the_table_is_not_offered_a_second_time_with_a_fitted_exponent():
    x = torch.linspace(0.2, 4, 400, dtype=torch.float64)
    names = [c.formula.primitive for c in suggest(x, (x + 1) ** 2)]
    assert names[0] == "x^2"
    assert not any(name.startswith("x^2.0") or name.startswith("x^1.9") for name in names)


def network(functions):
    kan = init([len(functions), 1], grid=14, base="zero")
    layer = kan.layers[0]
    x = torch.linspace(-1, 1, 400, dtype=torch.float64)[:, None].expand(-1, len(functions)).contiguous()
    y = torch.stack([f(x[:, 0]) for f in functions], 1)[:, :, None]
    return kan.with_layer(0, coef=fit(x, y, layer.knots, layer.order))


def test_all_edges_are_told_what_each_is_told_alone():
    kan = network([lambda x: torch.sin(3 * x), torch.exp, lambda x: x**2, lambda x: x, torch.tanh])
    coef = kan.layers[0].coef.clone()
    coef[3] = math.nan
    kan = kan.with_layer(0, coef=coef, active=torch.tensor([True, True, True, True, False])[:, None])
    found = dict(suggest_all(kan))
    assert list(found) == [EdgeId(0, n, 0) for n in range(4)]
    assert found[EdgeId(0, 3, 0)] == ()
    assert all(same(found[edge], suggest_edge(kan, edge, deeper=False)) for edge in list(found)[:3])


@pytest.mark.parametrize("name", ["x^2.4", "J0", "1/(exp(x)-1)"])
def test_a_formula_found_is_the_same_edge_when_read_back(name):
    kan = network([CURVES[name]])
    best = search(points(name), None, 1)[0]
    fixed = FixFormula(EdgeId(0, 0, 0), best.formula)
    again = edit_from_json(json.loads(json.dumps(fixed.to_json())))
    assert again == fixed
    assert again.apply(kan).digest == fixed.apply(kan).digest
    assert best.error < 1e-12


def test_points_that_are_too_many_are_looked_at_evenly():
    many = points("sin", 5_000)
    look = Curves.of([many], 400)
    assert look.t.shape == (1, 400)
    assert (float(look.t[0, 0]), float(look.t[0, -1])) == (-1, 1)
    assert float((look.y * look.w).sum()) == pytest.approx(0, abs=1e-12)
    assert float((look.y**2 * look.w).sum()) == pytest.approx(1)
    assert search(many, None, 1)[0].error < 1e-12


@pytest.mark.parametrize("name", ["sin", "x^2", "log", "gaussian"])
@pytest.mark.parametrize("noise", [1e-4, 1e-3, 0.03])
def test_noise_is_measured_as_large_as_it_is(name, noise):
    assert points(name, 1000, noise).noise == pytest.approx(noise, rel=0.15)


def test_the_bends_of_a_smooth_curve_are_hardly_taken_for_noise():
    x = torch.linspace(-1, 1, 1000, dtype=torch.float64)
    assert samples(x, torch.sin(20 * x)).noise < 1e-9


def test_rounding_is_not_taken_for_a_curve():
    x = torch.linspace(-1, 1, 300, dtype=torch.float64)
    assert suggest(x, 1e6 + 1e-5 * x)[0].formula.primitive == "x"


def test_what_is_known_to_be_noisy_has_more_rivals():
    sure = points("gaussian")
    few, many = (search(replace(sure, noise=noise), None, 12)[0].rivals for noise in (1e-9, 0.02))
    assert set(few) < set(many)


@pytest.mark.parametrize("size", [1e308, 1e300, 1e-300, 1e-310])
def test_numbers_at_the_ends_of_their_range_are_answered_or_refused(size):
    x = torch.linspace(-1, 1, 40, dtype=torch.float64)
    for y in (x, x.sign(), x.exp()):
        with suppress(FormulaError):  # "None of the functions fits": nothing else may be raised
            assert suggest(x, y * size)


@pytest.mark.parametrize("count", [2, 4, 5, 8, 13])
def test_few_points_are_fitted_too(count):
    x = torch.linspace(0, 1, count, dtype=torch.float64)
    best = suggest(x, 2 * x - 1)[0]
    assert (best.formula.primitive, best.formula.c, best.error < 1e-12) == ("x", pytest.approx(2), True)


def test_a_name_that_is_no_function_is_refused():
    with pytest.raises(FormulaError):
        search_many([points("sin")], ("sin", "sinn(x)"), 3)
