"""Typed formulas: what they mean, what they refuse and say, and that nothing else can happen."""

import math

import pytest
import sympy
import torch
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from kanviz.core.formulas.expression import FUNCTIONS, Call, Chain, Constant, Name, Negative, Number, Power
from kanviz.core.formulas.formula import Formula
from kanviz.core.formulas.parser import Parsed, evaluate, names_in, parse, to_sympy
from kanviz.errors import FormulaError

NAMES = ("x", "y")
AT = {"x": 0.7, "y": 1.3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sin(x) + y^2", math.sin(0.7) + 1.3**2),
        ("x**2", 0.49),
        ("2x + 3 y", 5.3),
        ("2(x+1)", 3.4),
        ("(x+1)(y-1)", 1.7 * 0.3),
        ("2x^2 y", 2 * 0.49 * 1.3),
        ("x exp(-x)", 0.7 * math.exp(-0.7)),
        ("x² − 3·y + π", 0.49 - 3.9 + math.pi),
        ("x·y", 0.7 * 1.3),
        ("x⁻¹", 1 / 0.7),
        ("-x^2", -0.49),
        ("2^3^2", 512),
        ("2^-x", 2**-0.7),
        ("x*-y", -0.91),
        ("x - y - 1", -1.6),
        ("x/y/2", 0.7 / 1.3 / 2),
        ("1.5e-3*x", 0.00105),
        (".5x + 1.", 1.35),
        ("ln(x) + log(y, 10)", math.log(0.7) + math.log10(1.3)),
        ("e + pi", math.e + math.pi),
        ("arctan(x) + asin(x)", math.atan(0.7) + math.asin(0.7)),
        (" \u00a0x\t", 0.7),
        ("(" * 40 + "x" + ")" * 40, 0.7),
    ],
)
def test_a_formula_means_what_it_says(text, value):
    assert evaluate(parse(text, NAMES).tree, AT) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"), ("\u00a0", "empty"), ("()", "nothing to"), ("sin()", "got 0"), ("x +", "ends too early"),
        ("*x", "not expected"), ("x */ y", "not expected"), ("sin(x", "position 4 is not closed"),
        ("x)", "check the brackets"), ("foo(x)", "not a known function"), ("z9 + x", "not a known variable"),
        ("sinn(x)", "did you mean sin"), ("Sin(x)", "did you mean sin"), ("sin(x, y)", "takes 1 argument"),
        ("sin + x", "needs an argument"), ("x(y+1)", "x*(...)"), ("x 2", "sign is missing"), ("1 2", "sign is missing"),
        ("1.2.3", "sign is missing"), ("x == 1", "equals"), ("x < 1", "Comparisons"), ("x, y", "comma"),
        ("1,5*x", "1.5"), ("1/0", "by zero"), ("x/(2-2)", "by zero"), ("0^-1", "by zero"), ("0/0", "by zero"),
        ("oo", "finite"), ("inf*x", "finite"), ("NaN", "finite"), ("∞", "Infinity"), ("1j*x", "Complex"),
        ("2 + I", "Complex"), ("sqrt(-1)", "not a real"), ("log(0)", "not a real"), ("atanh(1)", "not a real"),
        ("(-8)^(1/3)", "cbrt"), ("(-2)^x", "positive base"), ("0x41", "decimal"), ("1_000", "without _"),
        ("=SUM(A1:A9)", "equals"), ("х + 1", "U+0445"), ("ｘ + 1", "U+FF58"), ("x + \u202e1", "U+202E"),
        ("x\x00+1", "U+0000"), ("x\u200b", "U+200B"), ("２x", "0 to 9"), ("x + .²", "point"), ("1/2x", "two ways"),
        ("x^2y", "two ways"), ("x²^2", "Two powers"), ("x⁺⁻²", "superscript"), ("|x|", "abs(x)"), ("5!", "Factorials"),
        ("x\ny", "one line"), ("lambda: x", "not known"), ("x if y else 0", "not a known variable"),
        ("__import__('os')", "begin with _"), ("x.__class__", "attributes"), ("x[0]", "Square"), ("'a'*9", "quotes"),
        ("{x}", "Curly"), ("`id`; $(id)", "not known"), ("x; y", "leave out"), ("@x", "not known"),
        ("10**10**10", "exponent"), ("(1/3)**(10**7)", "exponent"),
        ("(x+1)^65", "limit is 64"), ("2^1023", "too large"),
        ("((x^9)^9)^9", "limit is 256"), ("1e999999999", "out of range"), ("1e-999", "out of range"),
        ("9" * 41, "41 digits"), ("exp(1000)", "too large"),
        ("cbrt(" * 20 + "x" + ")" * 20, "spelled out"), ("-" * 61 + "x", "nested"),
        ("(" * 61 + "x" + ")" * 61, "nested"), ("x" + "**x" * 61, "nested"), ("x+" * 2001, "4,000"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong(text, part):
    with pytest.raises(FormulaError) as refusal:
        parse(text, NAMES)
    assert part in str(refusal.value)
    assert 12 <= len(str(refusal.value)) <= 400


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("log(x)", "log(x) is real only where x is above 0"),
        ("sqrt(x - 1)", "x - 1 is 0 or more"),
        ("asin(2x)", "from -1 to 1"),
        ("1/x", "not finite where x is 0"),
        ("x^-2", "not finite where x is 0"),
        ("x^0.5", "real only where x is 0 or more"),
        ("x^y", "real only where x is above 0"),
        ("tan(x)", "tan(x) has a pole"),
        ("y + 1/tan(2x)", "tan(2x) has a pole"),
        ("exp(x^2)", "overflows: at x = "),
        ("exp(exp(x))", "overflows"),
        ("y*cosh(10x)", "overflows"),
        ("x^40", "overflows"),
        ("1e39*y", "overflows: at y = "),
        ("exp(1000x) - exp(1001x)", "overflows"),
        ("1e300*1e10*x", "overflows"),
    ],
)
def test_a_formula_that_is_not_real_everywhere_says_where(text, part):
    assert any(part in w for w in parse(text, NAMES).warnings)


@pytest.mark.parametrize(
    "text",
    [
        "1/(1+x^2)",
        "sqrt(1+x^2)",
        "log(1+exp(x))",
        "1/cosh(x)",
        "atanh(0.5 tanh(x))",
        "x/2",
        "2^x",
        "acosh(cosh(x))",
        "tan(sin(x))",
        "1/(2-cos(x))",
        "1/(1+exp(x^2))",
        "(1+x^2)^0.3",
        "exp(x) + 10^y",
        "x^20",
        "e + pi",
    ],
)
def test_a_formula_that_is_real_everywhere_says_nothing(text):
    assert parse(text, NAMES).warnings == ()


def test_known_values_replace_suspicion_by_counts():
    assert parse("log(x)", ("x",), {"x": torch.tensor([1.0, 2.0])}).warnings == ()
    (warning,) = parse("log(x)", ("x",), {"x": torch.tensor([1.0, 0.0, -1.0])}).warnings
    assert "2 of 3 rows" in warning
    (warning,) = parse("log(x)", ("x",), {"x": -1.0}).warnings
    assert "x = -1" in warning


def test_a_variable_named_e_hides_the_constant_and_says_so():
    parsed = parse("2e", ("e",))
    assert evaluate(parsed.tree, {"e": 5.0}) == 10
    assert "not as the constant" in parsed.warnings[0]


def test_variables_may_have_accents():
    assert evaluate(parse("2 tempe\u0301rature", ("temp\u00e9rature",)).tree, {"temp\u00e9rature": 3.0}) == 6


def test_tensors_keep_shape_type_and_gradient():
    x = torch.tensor([[0.5], [2.0]], dtype=torch.float32, requires_grad=True)
    y = evaluate(parse("x^3 + y/2", NAMES).tree, {"x": x, "y": torch.ones(3)})
    assert (y.shape, y.dtype) == ((2, 3), torch.float32)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(slope, 9 * x.detach() ** 2)
    assert evaluate(parse("x/2", NAMES).tree, {"x": torch.tensor([1, 2])}).tolist() == [0.5, 1.0]


def test_a_typed_formula_serves_as_a_primitive():
    x = torch.linspace(0.1, 1, 5, dtype=torch.float64)
    torch.testing.assert_close(Formula("x^2 + sin(x)", 2.0).derivative(x), 2 * (4 * x + (2 * x).cos()))
    torch.testing.assert_close(Formula("pi/2", c=3.0)(x), torch.full_like(x, 1.5 * math.pi))
    assert Formula("pi/2").derivative(x).tolist() == [0.0] * 5
    s = sympy.Symbol("s")
    assert Formula("x^2", 2.0).sympy(s) == 4 * s**2


def test_sympy_gets_exact_whole_numbers_and_no_huge_ones():
    x = sympy.Symbol("x")
    assert to_sympy(parse("x^2/3 + 2", ("x",)).tree, {"x": x}) == x**2 / 3 + 2
    assert to_sympy(parse("(1/3)^1000 x", ("x",)).tree, {"x": x}).has(sympy.Float)
    assert to_sympy(parse("silu(gaussian(cbrt(1e-300 + 1000 softplus(2))))", ("x",)).tree, {}).is_Float
    with pytest.raises(FormulaError, match="cancel"):
        to_sympy(parse("1/sin(pi)", ("x",)).tree, {"x": x})


def test_sympy_does_not_ponder_nested_functions():
    x = sympy.Symbol("x")
    text = "log(tanh(acos(sigmoid(1000 softplus(3.5 exp(x) - 1e-300)))))"  # minutes when simplified at once
    assert to_sympy(parse(text, ("x",)).tree, {"x": x}).free_symbols == {x}


def test_a_value_that_is_missing_is_named():
    with pytest.raises(FormulaError, match="value for y"):
        evaluate(parse("x + y", NAMES).tree, {"x": 1.0})


numbers = st.floats(0.125, 8).map(lambda v: Number(round(v, 3))) | st.integers(1, 9).map(lambda v: Number(float(v)))
leaves = numbers | st.sampled_from([Name("x"), Name("y"), Constant("pi"), Constant("e")])


def _branches(inner):
    return st.one_of(
        st.builds(Negative, inner),
        st.builds(lambda b, n: Power(b, Number(float(n))), inner, st.integers(2, 3)),
        st.builds(lambda f, a: Call(f, (a,)), st.sampled_from(sorted(FUNCTIONS)), inner),
        st.builds(lambda a, o, b: Chain(a, ((o, b),)), inner, st.sampled_from("+-*/"), inner),
    )


def _typed(node) -> str:
    """The tree as a person might type it."""
    match node:
        case Number(value):
            return f"{value:g}"
        case Constant(name) | Name(name):
            return name
        case Negative(of):
            return f"(-{_typed(of)})"
        case Power(base, exponent):
            return f"({_typed(base)})^{_typed(exponent)}"
        case Call(function, arguments):
            return f"{function}({_typed(arguments[0])})"
        case Chain(first, rest):
            return "(" + _typed(first) + "".join(f" {o} {_typed(t)}" for o, t in rest) + ")"
    raise TypeError(node)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.recursive(leaves, _branches, max_leaves=6))
def test_typing_a_tree_gives_it_back_and_sympy_agrees(tree):
    try:
        parsed = parse(_typed(tree), NAMES)
    except FormulaError:  # a constant part that is not real, or too large
        reject()
    assert parsed.tree == tree
    ours = evaluate(tree, AT)
    x, y = sympy.symbols("x y")
    try:
        theirs = complex(to_sympy(tree, {"x": x, "y": y}).subs({x: AT["x"], y: AT["y"]}).evalf())
    except (FormulaError, TypeError):  # sympy finds an exact zero below a fraction, or leaves a symbol such as zoo
        reject()
    if math.isfinite(ours) and abs(ours) < 1e12 and theirs.imag == 0:
        assert ours == pytest.approx(theirs.real, rel=1e-6, abs=1e-6)


words = st.sampled_from([*"xy()^*/-20., ²", "sin", "log", "sqrt", "**", "1e300", "pi"])


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.text(max_size=60) | st.lists(words, max_size=25).map("".join))
@example(".²")
@example("1e" + "9" * 3000)
@example("x^" * 1999 + "x")
def test_any_text_is_a_formula_or_a_formula_error(text):
    try:
        parsed = parse(text, NAMES)
    except FormulaError as refusal:
        answer = str(refusal)
    else:
        assert isinstance(parsed, Parsed)
        answer = f"The value is {evaluate(parsed.tree, AT)}."
    assert 12 <= len(answer) <= 400


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("exp(sin(pi*x) + y**2)", ("x", "y")),
        ("2x (y + 1) + e", ("x", "y")),
        ("π r² h", ("r", "h")),
        ("foo(x) + inf + sin", ("x",)),
        ("größe·α_1", ("größe", "α_1")),
        ("3*4", ()),
    ],
)
def test_the_variables_of_a_formula_are_found_before_it_is_read(text, names):
    assert names_in(text) == names
