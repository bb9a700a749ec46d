"""A typed formula as a network: the same values, few nodes, grids where the values are, and refusals in words."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import kanviz
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.expression import FUNCTIONS
from kanviz.core.formulas.parser import evaluate, parse
from kanviz.core.kan import KAN, Caution
from kanviz.core.spline import domain
from kanviz.core.training.config import TrainConfig
from kanviz.core.training.train import train
from kanviz.edit.proposals import compare_outputs, widen
from kanviz.errors import FormulaError, UserError
from kanviz.io import open_model
from kanviz.io.native import to_bytes
from kanviz.laws.network.columns import layers_of
from kanviz.laws.network.from_formula import AGREEMENT, from_formula
from tests.helpers import not_none

SQUARE = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
ABOVE = {"x": (0.5, 2.0), "y": (1.5, 3.0)}
FAR = {"x": (-40.0, 1e-9), "y": (1e20, 1e30)}


def points(ranges=SQUARE, count: int = 300) -> torch.Tensor:
    low, high = torch.tensor(list(ranges.values()), dtype=torch.float64).T
    return low + (high - low) * torch.rand(count, len(ranges), generator=torch.Generator().manual_seed(1)).double()


def off(kan: KAN, text: str, ranges=SQUARE) -> float:
    """The largest difference on new points, as a share of the formula's largest value."""
    x = points(ranges)
    wanted = evaluate(parse(text, list(ranges)).tree, dict(zip(ranges, x.T, strict=True)))
    return float((kan(x)[:, 0] - wanted).abs().max() / wanted.abs().max().clamp(min=1e-300))


NUMBERS = st.sampled_from(["2", "0.5", "pi", "1e-3", "7", "3.25", "e"])


def texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Every rule of the parser's grammar, and every function of its table."""
    powers = st.sampled_from(["2", "3", "-1", "-2", "7", "0.5", "-0.5", "1.5", "1/3", "0", "(2+1)", "2^2"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("({} + {} - {})".format, inner, inner, inner),
        st.builds("{}*{}/{}".format, inner, NUMBERS, inner),
        st.builds("{}({})".format, st.sampled_from([*FUNCTIONS]), inner),
        st.builds("({})^({})".format, inner, powers),
        st.builds("({})^({})".format, inner, inner),
        st.builds("-{}".format, inner),
        st.builds("({})({})".format, inner, inner),
        st.builds("log({}, {})".format, inner, NUMBERS),
    )


FORMULAS = st.recursive(st.one_of(st.sampled_from(["x", "y"]), NUMBERS), texts, max_leaves=8)


@settings(max_examples=120)
@given(FORMULAS, st.sampled_from([SQUARE, ABOVE, FAR]))
def test_any_formula_is_the_network_that_computes_it(text: str, ranges) -> None:
    try:
        kan = from_formula(text, ranges)  # compares the two, and does not give out a network that differs
    except FormulaError:
        reject()
    assert not any(bool(layer.active.any()) for layer in kan.layers)


@pytest.mark.parametrize(
    ("text", "shape", "names"),
    [
        ("exp(sin(pi*x) + y**2)", "[2, 1, 1]", ["exp", "sin", "x^2"]),
        ("2x + 3*y - 1", "[2, 1]", ["x", "x"]),
        ("3x/y^2 + 1", "[2, 0+1×]", ["1/x^2", "x"]),
        ("exp(-(2x-1)^2)", "[2, 1]", ["gaussian"]),
        ("1/(1+exp(-x)) + log(1+y^2)", "[2, 1]", ["log(1+x^2)", "sigmoid"]),
        ("sqrt(x*x + y*y)", "[2, 1, 1]", ["sqrt", "x^2", "x^2"]),
        ("(x*y)^2", "[2, 0+1×]", ["x^2", "x^2"]),
        ("exp(x+y)*cos(2x+2*y)", "[2, 1, 0+1×]", ["cos", "exp", "x", "x"]),
        ("x^y", "[2, 0+1×, 1]", ["exp", "log", "x"]),
        ("2^(x+1)", "[2, 1]", ["exp"]),
        ("x*y*x/y", "[2, 1]", ["x^2"]),
        ("acosh(x + 2)", "[2, 1]", ["acosh(x)"]),
        ("x - x + 3*2", "[2, 1]", []),
        ("(x^0)^x + (x/x)^y", "[2, 1]", []),
    ],
)
def test_a_network_is_no_larger_than_its_formula(text: str, shape: str, names: list[str]) -> None:
    kan = from_formula(text, ABOVE if "^y" in text or "acosh" in text else SQUARE)
    assert kan.shape_text == shape
    assert sorted(name for layer in kan.layers for _, _, name in layer.formulas) == names


@pytest.mark.parametrize("text", ["x+sin(x)+cos(sin(x))", "x^70/x^3", "(x^9*y)^7", "log10(x)*log2(y)", "x^-0.3*y^0.7"])
def test_a_network_computes_its_formula_on_other_points_too(text: str) -> None:
    text = text.replace("x^70", "x^60*x^10")
    assert off(from_formula(text, ABOVE), text, ABOVE) < AGREEMENT


def test_several_formulas_share_what_they_have_in_common() -> None:
    kan = from_formula({"work": "x*y", "more": "x*y + 1", "most": "exp(x*y)"}, SQUARE)
    assert [v.name for v in kan.outputs] == ["work", "more", "most"]
    assert kan.layers[0].arity.count(2) == 1
    x = points()
    product = x.prod(1)
    torch.testing.assert_close(kan(x), torch.stack([product, product + 1, product.exp()], 1))


def test_variables_that_a_formula_does_not_have_are_inputs_without_edges() -> None:
    kan = from_formula("exp(sin(pi*x))", {"y": (-1, 1), "x": (-1, 1), "car speed": (0, 40)})
    assert [edge.source for edge in kan.edges() if edge.layer == 0] == [1]


def test_an_output_is_not_named_like_an_input() -> None:
    assert from_formula("f + 1", {"f": (0, 1)}).outputs[0].name == "f_out"


def test_every_grid_covers_what_comes_to_its_node() -> None:
    ranges = {"x": (2.0, 9.0), "y": (-300.0, -20.0)}
    kan = from_formula("sqrt(x)*exp(y/100) + log(x^2 + y^2)^2", ranges)
    nodes = kan.trace(points(ranges)).nodes
    for layer, values in zip(kan.layers, nodes, strict=False):
        low, high = domain(layer.knots, layer.order)
        assert bool(((low <= values.min(0).values) & (values.max(0).values <= high)).all())
        assert bool((high - low < 1.5 * (values.max(0).values - values.min(0).values)).all())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("log(x)", ["50 % of the ranges", "above 0"]),
        ("x^y", ["50 % of the ranges", "x^y is real only where x is above 0"]),
        ("(x + 1e12) - 1e12", ["loses digits"]),
    ],
)
def test_where_a_formula_has_no_sure_value_a_caution_says_so(text: str, words: list[str]) -> None:
    kan = from_formula(text, SQUARE)
    assert all(any(part in note for note in kan.cautions) for part in words)


def test_a_pole_in_the_ranges_is_a_note_and_one_outside_is_none() -> None:
    assert from_formula("1/x", SQUARE).notes == ("The formula is not finite where x is 0.",)
    assert from_formula("1/x + 1/(1 + y*y)", ABOVE).notes == ()
    assert from_formula("1/(1 + x*x)", SQUARE).notes == ()


def test_a_name_that_is_read_as_a_variable_is_noted() -> None:
    (note,) = from_formula("e*2", {"e": (0, 1)}).notes
    assert "not as the constant" in note
    assert not isinstance(note, Caution)


def test_composed_again_it_is_the_formula() -> None:
    found = kanviz.compose(from_formula("3*sin(2x)*y + exp(x)/2", SQUARE))
    assert found.exact
    assert found.text() == ("f = 3*y*sin(2*x) + 0.5*exp(x)",)


@pytest.mark.parametrize(("spare", "share"), [(0, 0.9), (3, 0.2)])
def test_widened_it_learns_what_the_formula_misses(spare: int, share: float) -> None:
    x = points()
    rows = Dataset.from_arrays(x, torch.exp(torch.sin(math.pi * x[:, 0])) + 0.1 * x[:, 0] ** 2 * x[:, 1])
    kan = from_formula("exp(sin(pi*x1))", {"x1": (-1, 1), "x2": (-1, 1)}, spare=spare)
    data, wide = rows.matching(kan), widen(kan).apply(kan)
    assert compare_outputs(kan, wide, data).shift < 1e-12
    *_, last = train(wide, data, TrainConfig("lm", steps=30))
    found = compare_outputs(kan, last.best, data)
    assert not_none(found.after) < share * not_none(found.before)


@pytest.mark.parametrize("text", ["x*y", "exp(sin(pi*x) + y**2)", "2*x + 3", "7", "x+sin(x)+cos(sin(x))"])
def test_spare_nodes_change_no_value(text: str) -> None:
    kan = from_formula(text, SQUARE, spare=3)
    assert off(kan, text) < AGREEMENT
    assert all(layer.nodes > 3 for layer in kan.layers[:-1])
    for n, layer in enumerate(kan.layers[1:], 1):
        values, (low, high) = kan.trace(points()).nodes[n], domain(layer.knots, layer.order)
        assert bool(((low <= values.min(0).values) & (values.max(0).values <= high)).all())


def test_a_file_holds_it() -> None:
    kan = from_formula("acosh(x)/y + x^1.25", ABOVE)
    assert open_model({"formula.safetensors": to_bytes(kan)}).digest == kan.digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not empty"),
        ("sinn(x)", "did you mean sin"),
        ("max(x, y)", "max"),
        ("x + z", "z"),
        ("x < y", "Comparisons"),
        ("__import__('os')", "begin with _"),
        ("log(x - 5)", "not a real, finite number anywhere"),
        ("sqrt(-1 - x^2)", "not a real, finite number anywhere"),
        ("1/0", "Division by zero"),
    ],
)
def test_what_has_no_network_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        from_formula(text, SQUARE)


def test_a_network_beyond_the_limit_is_refused_before_it_is_built() -> None:
    long = ["+".join(f"sin(sin(sin({k}x)))" for k in range(first, first + 170)) for first in (1, 200)]
    with pytest.raises(FormulaError, match="limit is 100,000"):
        from_formula(long, SQUARE)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({}, "range of each variable"),
        ({"x": (1, 1)}, "smaller first"),
        ({"x": (1, -1)}, "smaller first"),
        ({"x": (0, math.inf)}, "finite"),
        ({"x": (0, math.nan)}, "finite"),
        ({"x": "ab"}, "two finite numbers"),
        ({"x": 3}, "two finite numbers"),
        ({"x": (1, 2, 3)}, "two finite numbers"),
        ({"": (0, 1)}, "name"),
        ({"x": (1, 1 + 1e-15)}, "too narrow"),
        ({"x": (0, 1e300)}, "too wide"),
        ({f"x{n}": (0, 1) for n in range(300)}, "1 to 200"),
    ],
)
def test_ranges_that_are_none_are_refused_in_words(ranges, words: str) -> None:
    with pytest.raises(UserError, match=words):
        from_formula("x", ranges)


@pytest.mark.parametrize(
    ("formulas", "words"),
    [({}, "1 to 50"), (["x"] * 51, "1 to 50"), ({"x": "x"}, "an input and an output"), ([" "], "not empty")],
)
def test_formulas_that_are_none_are_refused_in_words(formulas, words: str) -> None:
    with pytest.raises(UserError, match=words):
        from_formula(formulas, SQUARE)


@pytest.mark.parametrize("spare", [-1, 51])
def test_a_number_of_spare_nodes_out_of_bounds_is_refused(spare: int) -> None:
    with pytest.raises(UserError, match="from 0 to 50"):
        from_formula("x", SQUARE, spare=spare)


def test_a_network_that_differs_is_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments):
        first, *others = layers_of(*arguments)
        return (replace(first, bias=first.bias + 1e-6), *others)

    monkeypatch.setattr("kanviz.laws.network.from_formula.layers_of", wrong)
    with pytest.raises(UserError, match="differ by 1e-06"):
        from_formula("sin(x)", SQUARE)
