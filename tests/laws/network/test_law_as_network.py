"""A law as a network of formulas: the same numbers, the same law when composed again, and no larger than it must be."""

import itertools
import math

import pytest
import sympy
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Float, Symbol, besselj, cos, exp, log, sin, sqrt

from kanviz.analysis.compose import compose
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.layer import Variable
from kanviz.core.spline import domain
from kanviz.edit.edits import ReleaseFormula
from kanviz.errors import UserError
from kanviz.io import open_model
from kanviz.io.native import to_bytes
from kanviz.laws.expressions.fuse_primitives import RULES, joined
from kanviz.laws.expressions.template import Rows
from kanviz.laws.law import Law, same_law
from kanviz.laws.network.law_as_network import as_network
from tests.laws.sample_expressions import FUNCTIONS, INPUTS, X, Y, laws
from tests.laws.samples import SAMPLES, Sample
from tests.laws_at_hand import discovery, gravity

Z = Symbol("z", real=True)
BOX = ((0.2, 0.9), (0.3, 1.5))


def rows(ranges=BOX, count: int = 100) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    return low + (high - low) * torch.rand(count, len(ranges), generator=rng, dtype=torch.float64)


def network(law: sympy.Expr, inputs=INPUTS, ranges=BOX, output: Variable | None = None):
    """The network of a law over ranges, and rows to try it on."""
    x = rows(ranges)
    variables = [Variable(s.name, "", (a + b) / 2, (b - a) / 2) for s, (a, b) in zip(inputs, ranges, strict=True)]
    return as_network(Law(law, (), tuple(inputs)), variables, output or Variable("out", "m", 0.3, 1.7), x), x


def off(kan, law: sympy.Expr, inputs, x: torch.Tensor) -> float:
    """The largest difference as a share of the law's largest value; both may be no number on a row."""
    wanted, found = Rows(tuple(inputs), x, x[:, 0]).values(law), kan(x)[:, 0]
    there = wanted.isfinite()
    assert bool((found.isfinite() == there).all())
    return float((found - wanted)[there].abs().max() / wanted[there].abs().max().clamp(min=1e-300))


def formulas(kan) -> list[str]:
    return [name for layer in kan.layers for _, _, name in layer.formulas]


@settings(max_examples=60)
@given(laws(5))
def test_the_network_of_a_law_computes_it(law: sympy.Expr) -> None:
    ranges = ((-1.0, 1.0), (-1.0, 1.0))
    values = Rows(INPUTS, x := rows(ranges), x[:, 0]).values(law)
    assume(bool(values.isfinite().all()) and float(values.abs().max()) < 1e100)
    kan, x = network(law, ranges=ranges)
    assert off(kan, law, INPUTS, x) < 1e-9
    assert not any(layer.active.any() for layer in kan.layers)


@settings(max_examples=15)
@given(laws(2), laws(2), st.sampled_from(FUNCTIONS), st.sampled_from(FUNCTIONS))
def test_parts_that_come_again_and_again_do_not_get_in_each_others_way(a, b, f, g) -> None:
    law = a + f(a) + g(f(a)) * b + g(f(a)) + f(a) ** 2
    values = Rows(INPUTS, x := rows(), x[:, 0]).values(law)
    assume(bool(values.isfinite().all()) and float(values.abs().max()) < 1e100)
    kan, x = network(law)
    assert off(kan, law, INPUTS, x) < 1e-9


@settings(max_examples=15)
@given(laws(3))
def test_composed_again_it_is_the_law(law: sympy.Expr) -> None:
    kan, _ = network(law)
    again = compose(kan)
    assume(again.expanded)
    assert again.exact
    assert same_law(again.expressions[0], law, INPUTS, BOX, tolerance=1e-9)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_known_laws_become_networks_in_both_precisions(sample: Sample) -> None:
    kan, x = network(sample.law, sample.inputs, sample.ranges)
    assert off(kan, sample.law, sample.inputs, x) < 1e-12
    assert off(kan.to(torch.float32), sample.law, sample.inputs, x) < 1e-4
    assert same_law(compose(kan).expressions[0], sample.law, sample.inputs, sample.ranges, tolerance=1e-9)


@pytest.mark.parametrize("entry", discovery(gravity()).front, ids=lambda entry: entry.text)
def test_every_law_of_a_front_fits_its_own_table(entry) -> None:
    data = gravity()
    kan = as_network(entry.law, data.inputs, data.outputs[0], data.x)
    torch.testing.assert_close(kan(data.x)[:, 0], entry.law(data.x), rtol=1e-12, atol=1e-12)
    assert data.matching(kan).digest == data.digest
    assert kan.outputs[0].unit == "N"


OTHERS = [
    Float(2.5) + 0 * X, X, -X / 3 + 2, X**7, X**-6, X ** Float(1.37), X ** Float(-0.25), X ** sympy.Rational(1, 3),
    X**Y, 2**X, (X * Y) ** Float(0.7),
    sympy.sign(X - 0.5) * sympy.Abs(X - 0.5) ** sympy.Rational(1, 3), sympy.sinc(3 * X),
    besselj(0, 2 * X + 1), sympy.erf(X) - sympy.sign(X - Y), sympy.pi * (X + sqrt(2) * (Y + 1)), log(X) * log(X + 1),
    X * log(X) * log(X + 1), sympy.asin(X / 2) + sympy.atanh(X / 2), X + X**2 + 3 * X**3,
    2 * sin(X) + 3 * cos(X) - X / 5,
    Float(2.5) * log(Float(3) * X**2 + 2) + Float(0.3) * exp(X) + X, exp(X + 40) * exp(-40), log(X - 0.5),
    X + Y + log(X) + sqrt(log(X) + 2), X + sin(X) + cos(sin(X)) + sympy.tanh(cos(sin(X))), X + cos(X) + exp(cos(X)),
]  # fmt: skip


@pytest.mark.parametrize("law", OTHERS, ids=str)
def test_whatever_a_law_is_made_of(law: sympy.Expr) -> None:
    kan, x = network(law)
    assert off(kan, law, INPUTS, x) < 1e-12


@pytest.mark.parametrize(
    ("law", "shape", "names"),
    [
        (2 * X + 3 * Y - 1, "[2, 1]", ["x", "x"]),
        (3 * X * Y**-2 + 1, "[2, 0+1×]", ["x", "1/x^2"]),
        (exp(-((2 * X - 1) ** 2)), "[2, 1]", ["gaussian"]),
        (sqrt(X**2 + Y**2), "[2, 1, 1]", ["x^2", "x^2", "sqrt"]),
        (1 / (1 + exp(-X)) + log(1 + Y**2), "[2, 1]", ["sigmoid", "log(1+x^2)"]),
        (exp(sin(X) + Y**2), "[2, 1, 1]", ["sin", "x^2", "exp"]),
        (sin(X * Y) + cos(X * Y + 1) * X, "[2, 1+1×, 1+1×, 1]", ["x"] * 6 + ["cos", "sin"]),
        (Y * cos(X) ** 2 + cos(X), "[2, 2, 1+1×, 1]", ["cos", "x", "x^2", "x", "x", "x", "x"]),
        (log(X + 1) + log(X**2 + 1), "[2, 2, 1]", ["x", "log(1+x^2)", "log", "x"]),
    ],
    ids=str,
)
def test_a_network_is_no_larger_than_its_law(law: sympy.Expr, shape: str, names: list[str]) -> None:
    kan, _ = network(law)
    assert kan.shape_text == shape
    assert sorted(formulas(kan)) == sorted(names)


sizes = st.floats(0.05, 3.0)


@pytest.mark.parametrize("pair", RULES, ids=str)
@settings(max_examples=25)
@given(st.tuples(*[sizes] * 8))
def test_two_functions_that_are_one_primitive_have_its_values(pair: tuple[str, str], numbers) -> None:
    a, b, c, d, rate, phase, factor, shift = numbers
    x = torch.linspace(-2, 2, 81, dtype=torch.float64)
    seen = 0
    for outside, added in itertools.product((a, -a), (b, -b, 0.0)):
        outer = Formula(pair[0], outside, added, c, d)
        inner = Formula(pair[1], rate, phase, factor, 0.0 if added == 0 else shift)
        whole = joined(outer, inner)
        if whole is not None:
            seen += 1
            wanted = outer(inner(x))
            there = wanted.isfinite() & (wanted.abs() < 1e3)  # at a pole digits are lost in both
            torch.testing.assert_close(whole(x)[there], wanted[there], rtol=1e-9, atol=1e-9)
    assert seen


def test_hidden_grids_lie_over_what_the_rows_send_them() -> None:
    law = sin(40 * X * Y + 100) + log(X - Float(0.5))  # no number on some rows
    kan, x = network(law)
    for layer, values in zip(kan.layers[1:], kan.trace(x).nodes[1:], strict=False):
        low, high = domain(layer.knots, layer.order)
        assert bool((low < values.min(0).values).all() & (values.max(0).values < high).all())
        assert bool((high - low < 1.1 * (values.max(0).values - values.min(0).values)).all())
    low, high = domain(kan.layers[0].knots, 3)
    assert (low.tolist(), high.tolist()) == ([-1.0, -1.0], pytest.approx([1.0, 1.0]))


@pytest.mark.parametrize(
    "law", [exp(sin(3 * X) + Y**2), sqrt(X**2 + Y**2) / Y, sqrt(X - Float(0.5)) + sin(X * Y)], ids=str
)
def test_an_edge_whose_formula_is_released_keeps_its_shape(law: sympy.Expr) -> None:
    kan, x = network(law)
    for edge in kan.edges():
        values = kan.trace(x).nodes[edge.layer][:, edge.source]
        wanted = kan.edge(edge)(values)
        there = wanted.isfinite()
        released = ReleaseFormula(edge).apply(kan).edge(edge)
        assert released.state == "spline"
        off = (released(values) - wanted)[there]
        assert float(off.square().mean().sqrt()) < 0.1 * float(wanted[there].std())


def test_a_file_keeps_it() -> None:
    kan, _ = network(X / Y + besselj(0, X))
    assert open_model({"law.safetensors": to_bytes(kan)}).digest == kan.digest


def test_names_of_columns_need_not_be_those_of_the_law() -> None:
    data = Dataset.from_arrays(rows(), rows().prod(1), inputs=("car speed", "2nd"))
    kan = as_network(Law(X * Y, (), INPUTS), data.inputs, data.outputs[0])
    assert [v.name for v in kan.inputs] == ["car speed", "2nd"]
    torch.testing.assert_close(kan(data.x), data.y)


@pytest.mark.parametrize(
    ("law", "words"),
    [
        (besselj(1, X), "besselj"),
        (sympy.acosh(X + 1), "acosh"),
        (X * sympy.nan, "not finite"),
        (X + sympy.oo, "not finite"),
        (X + sympy.I, "not finite"),
        (X ** Float(1e-30), "power 1e-30"),
    ],
    ids=str,
)
def test_what_no_edge_can_have_is_refused_in_words(law: sympy.Expr, words: str) -> None:
    with pytest.raises(UserError, match=words):
        network(law)


def test_every_input_needs_a_name() -> None:
    with pytest.raises(UserError, match="2 inputs and 1"):
        as_network(Law(X * Y, (), INPUTS), [Variable("x")], Variable("out"))


def test_a_law_that_is_a_number_is_a_network_without_edges() -> None:
    kan, x = network(Float(1.1))
    assert list(kan.edges()) == []
    assert kan(x)[0, 0] == pytest.approx(1.1, rel=1e-15)
    assert math.isclose(float(compose(kan).expressions[0]), 1.1)
