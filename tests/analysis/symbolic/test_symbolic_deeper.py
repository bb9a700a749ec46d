"""Two functions where one does not do: one inside the other, or a sum; offered only then, and written exactly."""

import json
from dataclasses import replace

import pytest
import sympy
import torch

from kanviz.analysis.symbolic import search_deeper, search_many, suggest
from kanviz.analysis.symbolic.samples import samples
from kanviz.analysis.symbolic.search import search
from kanviz.analysis.symbolic.spelled import affine, rounded, spelled, wave
from kanviz.core.formulas.formula import PRIMITIVES, Formula, primitive
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import FixFormula, edit_from_json

KNOWN = {
    "sin(x^2)": (-2, 3),
    "exp(sin(x))": (-3, 3),
    "sqrt(1.25 + cos(x))": (0, 6.2),
    "1/(2 + cos(x))": (0, 6.2),
    "sin(1/x)": (0.2, 2),
    "tanh(x^3)": (-1.5, 1.5),
    "exp(-abs(x))": (-2, 3),
    "log(x + 1) + log(1 + x^2)": (0, 2),
    "x + sin(2*x)": (-4, 4),
    "exp(-x) + exp(-4*x)": (0, 3),
    "sin(x) + 0.3*sin(3*x)": (0, 6),
    "x^2 + 1/x": (0.3, 3),
}


def curve(law: str, noise: float = 0.0, count: int = 600):
    low, high = KNOWN[law]
    rng = torch.Generator().manual_seed(7)
    x = low + (high - low) * torch.rand(count, generator=rng, dtype=torch.float64)
    y = 2.5 * primitive(law).torch(x) - 1
    return samples(x, y + noise * y.std(correction=0) * torch.randn(count, generator=rng, dtype=torch.float64))


@pytest.mark.parametrize("law", KNOWN)
def test_a_curve_of_two_functions_is_found_to_rounding(law):
    points = curve(law)
    best = search_deeper(points, 3)[0]
    assert best.error < 1e-11
    assert best.formula.primitive not in PRIMITIVES
    (merged,) = search_many([points], None, 3, deeper=True)
    assert merged[0].formula == best.formula


def test_the_text_of_a_pair_is_the_law():
    wave = search_deeper(curve("sin(x^2)"), 1)[0].formula
    assert (wave.primitive, wave.a, wave.b, round(wave.c, 12), round(wave.d, 12)) == ("sin(x^2)", 1, 0, 2.5, -1)
    found = search_deeper(curve("log(x + 1) + log(1 + x^2)"), 1)[0].formula
    assert found.primitive == "log(x + 1) + log(1+x^2)"


def test_noise_leaves_few_digits():
    best = search_deeper(curve("sin(x^2)", 0.01), 1)[0]
    assert best.formula.primitive == "sin(x^2)"
    assert 0.008 < best.error < 0.012


@pytest.mark.parametrize("name", ["sin", "x^2", "exp", "gaussian"])
def test_two_functions_are_not_tried_where_one_does(name):
    x = torch.linspace(-1, 2, 300, dtype=torch.float64)
    found = suggest(x, Formula(name, 1.3, 0.2)(x))
    assert all(c.complexity <= 5 for c in found)
    assert found[0].formula.primitive in PRIMITIVES


def test_a_curve_that_is_close_enough_is_left_to_one_function():
    x = torch.linspace(-1, 1, 300, dtype=torch.float64)
    bent = samples(x, torch.sin(2 * x) + 1e-3 * torch.sin(30 * x))
    one, two = (search(points, None, 1, deeper=True)[0] for points in (replace(bent, enough=0.01), bent))
    assert one.formula.primitive == "sin"
    assert two.error < 0.1 * one.error


def test_a_special_function_inside_another_costs_more_than_beside_it():
    best = {law: search_deeper(curve(law), 1)[0] for law in ("exp(sin(x))", "sin(x^2)", "x + sin(2*x)")}
    nested, plain, summed = best["exp(sin(x))"], best["sin(x^2)"], best["x + sin(2*x)"]
    assert nested.complexity > plain.complexity > summed.complexity
    assert plain.complexity > PRIMITIVES["sin"].complexity + PRIMITIVES["x^2"].complexity


@pytest.mark.parametrize("law", ["exp(sin(x))", "x + sin(2*x)"])
def test_a_pair_is_the_same_edge_when_read_back(law):
    found = search_deeper(curve(law), 4)
    for one in found:
        fixed = FixFormula(EdgeId(0, 0, 0), one.formula)
        assert edit_from_json(json.loads(json.dumps(fixed.to_json()))) == fixed
    x = curve(law).x
    symbol = sympy.Symbol("x", real=True)
    exact = [float(found[0].formula.sympy(symbol).subs(symbol, float(v)).evalf(20)) for v in x[:20]]
    torch.testing.assert_close(
        found[0].formula(x[:20]), torch.tensor(exact, dtype=torch.float64), rtol=1e-12, atol=1e-12
    )


def test_what_does_not_vary_and_a_handful_of_points_have_no_pair():
    assert search_deeper(samples(torch.arange(30.0), torch.ones(30)), 3) == ()
    assert search_deeper(samples(torch.arange(9.0), torch.tensor([3.0, 1, 4, 1, 5, 9, 2, 6, 5])), 3) == ()


@pytest.mark.parametrize("name", [name for name in PRIMITIVES if name not in ("0", "J0")])
def test_a_primitive_of_an_argument_is_read_as_that(name):
    u = torch.linspace(0.3, 0.8, 9, dtype=torch.float64)
    inner = spelled(name, affine(0.5, "x", 0.25))
    torch.testing.assert_close(
        primitive(inner).torch(u), PRIMITIVES[name].torch(0.5 * u + 0.25), rtol=1e-14, atol=1e-15
    )


@pytest.mark.parametrize("shift", [0, 0.3, 1.5707, 2, 3.1416, 4, -1, -2.5, -9, 40])
def test_a_shifted_wave_is_a_wave_with_a_small_shift(shift):
    name, rest, sign = wave(shift)
    u = torch.linspace(-4, 4, 30, dtype=torch.float64)
    torch.testing.assert_close(sign * primitive(name).torch(u + rest), torch.sin(u + shift), rtol=0, atol=1e-13)
    assert abs(rest) <= 0.7854


def test_digits_count_from_what_a_number_is_added_to():
    assert rounded(3.14159, 0.0, 3) == 3.14
    assert rounded(3e-9, 2.0, 5) == 0
    assert rounded(123456.0, 0.0, 2) == 123456
    assert rounded(0.0, 0.0, 4) == 0
