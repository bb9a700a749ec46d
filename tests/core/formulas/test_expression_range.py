"""Where a formula is no finite number on a stretch: what is named is there, and nothing is missed."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kanviz.core.formulas.expression_range import doubts, gaps
from kanviz.core.formulas.parser import evaluate, parse
from kanviz.errors import FormulaError

LOW, HIGH = -1.0, 2.0


def gaps_of(text: str) -> list[tuple[float, float]]:
    return gaps(parse(text, ("x",)).tree, LOW, HIGH)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("tan(x)", [math.pi / 2]),
        ("1/(x-0.3)", [0.3]),
        ("(x-0.3)^-2", [0.3]),
        ("1/(x^2-0.25)", [-0.5, 0.5]),
        ("1/sin(3x) + 1/(x-1.5)", [0, math.pi / 3, 1.5]),
        ("log(abs(x))", [0]),
        ("1/(exp(x)-1)", [0]),
        ("abs(x-1)^-0.5", [1]),
    ],
)
def test_every_pole_is_found_at_its_place(text: str, places: list[float]) -> None:
    found = gaps_of(text)
    assert all(high - low < 1e-6 for low, high in found)
    assert [(low + high) / 2 for low, high in found] == pytest.approx(places, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "stretch"),
    [("log(x)", (LOW, 0)), ("sqrt(x-0.5)", (LOW, 0.5)), ("exp(1000x)", (0.7097, HIGH)), ("0.5/(x-x)", (LOW, HIGH))],
)
def test_a_stretch_without_values_is_found_with_its_ends(text: str, stretch: tuple[float, float]) -> None:
    (found,) = gaps_of(text)
    assert found == pytest.approx(stretch, abs=0.03)


@pytest.mark.parametrize(
    "text",
    ["1/(x^2-2x+2)", "sqrt(2+sin(x))", "1/(3+sin(x)+sin(2x))", "x exp(-x^2)", "1/(x-2.1)", "tan(x/2)", "(x+1.5)^-1.5",
     "acos(x/3)", "2^(x^3)", "cosh(x)^-2", "1/(1.1-gaussian(x))", "1/(x^4-2x^2+1.01)", "sinc(x)/(x-3)"],
)  # fmt: skip
def test_a_formula_that_is_finite_throughout_has_none(text: str) -> None:
    assert gaps_of(text) == []


ATOMS = st.sampled_from(["x", "0.5", "2", "(x-0.37)", "x^2", "x^3"])
FORMULAS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({}+{})".format, inner, inner),
        st.builds("({}-{})".format, inner, inner),
        st.builds("({}*{})".format, inner, inner),
        st.builds("({}/(1.3+{}))".format, inner, inner),
        st.builds("{}({})".format, st.sampled_from(
            ["sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh", "asin", "gaussian", "cosh", "silu", "sinc"]
        ), inner),
        st.builds("({})^{}".format, inner, st.sampled_from(["2", "3", "(-1)", "(-2)", "0.5", "(-1.5)"])),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=200)
@given(text=FORMULAS)
def test_what_is_no_finite_number_lies_in_a_gap(text: str) -> None:
    try:
        tree = parse(text, ("x",)).tree
    except FormulaError:  # a constant in it has no value
        assume(False)
    found = gaps(tree, LOW, HIGH)
    x = torch.linspace(LOW, HIGH, 1501, dtype=torch.float64)
    y = torch.as_tensor(evaluate(tree, {"x": x}))
    outside = torch.ones_like(x, dtype=torch.bool)
    for low, high in found:
        outside &= (x < low) | (x > high)
    assert bool(y.expand_as(x)[outside].isfinite().all())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1/x", ["where x is 0"]),
        ("1/(x - y)", ["where (x - y) is 0"]),
        ("log(x + y)", ["log(x + y) is real only where x + y is above 0"]),
        ("1/(1 + x*x) + sqrt(1 - x^2*y^2)", []),
        ("log(3 + x*y)/(x^2 + 2)", []),
        ("x^y", ["x^y is real only where x is above 0"]),
    ],
)
def test_doubts_of_several_variables_are_those_of_their_ranges(text: str, words: list[str]) -> None:
    found = doubts(parse(text, ("x", "y")).tree, text, {"x": (-1.0, 1.0), "y": (-1.0, 1.0)})
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))
