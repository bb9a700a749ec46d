"""The formula of a network is the network, says by how much it is not, and drops nothing."""

from dataclasses import replace

import pytest
import sympy
import torch
from hypothesis import assume, given

from kanviz.analysis.compose import Composition, compose
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import PRIMITIVES, Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Variable
from kanviz.errors import FormulaError
from tests.helpers import kans, table_for


def with_formulas(kan: KAN, *tables: dict[tuple[int, int], Formula]) -> KAN:
    """The network with these formulas in place of splines; edges that are named nowhere are pruned."""
    for n, table in enumerate(tables):
        layer = replace(kan.layers[n], active=torch.zeros_like(kan.layers[n].active))
        for (i, j), formula in table.items():
            layer = layer.with_formula(i, j, formula)
        kan = kan.with_layers({n: layer})
    return kan


def biased(kan: KAN) -> KAN:
    """Every sum with a bias, every product with an offset."""
    for n, layer in enumerate(kan.layers):
        bias = 0.1 + 0.2 * torch.arange(layer.targets, dtype=kan.dtype)
        offset = torch.tensor([0.3 if k > 1 else 0.0 for k in layer.arity], dtype=kan.dtype)
        kan = kan.with_layer(n, bias=bias, offset=offset)
    return kan


def hello(**names) -> KAN:
    """exp(sin(pi x) + y^2), its parameters as redundant as pykan leaves them."""
    return with_formulas(
        init([2, 1, 1], base="zero", **names),
        {(0, 0): Formula("sin", torch.pi, 0, 1, 0), (1, 0): Formula("x^2", -10, 0, 0.01, 0.2)},
        {(0, 0): Formula("exp", 1, -0.2, 1, 0)},
    )


def table(kan: KAN, rows: int = 200) -> Dataset:
    x = torch.rand(rows, len(kan.inputs), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shift, scale = (torch.tensor([getattr(v, part) for v in kan.inputs]) for part in ("shift", "scale"))
    data = Dataset.from_arrays((2 * x - 1) * scale + shift, torch.rand(rows, len(kan.outputs)))
    return replace(data, inputs=kan.inputs, outputs=kan.outputs)


def difference(kan: KAN, whole: Composition) -> float:
    """Measured by SymPy's own arithmetic, on a few rows."""
    x = table(kan, 8).x
    worst = 0.0
    for row, truth in zip(x.tolist(), kan(x).tolist(), strict=True):
        at = list(zip(whole.inputs, map(sympy.Float, row), strict=True))
        values = [float(expression.subs(at).evalf(25)) for expression in whole.expressions]
        worst = max(worst, *(abs(a - b) for a, b in zip(values, truth, strict=True)))
    return worst


def test_the_law_is_read_as_it_is_written():
    whole = compose(hello())
    assert whole.exact
    assert whole.gap.largest < 1e-13
    x1, x2 = whole.inputs
    law = sympy.exp(sympy.sin(sympy.Float("3.14159") * x1) + x2**2)
    assert whole.rounded(6).expressions == (law,)
    assert whole.text(4) == ("y = exp(x2**2 + sin(3.142*x1))",)
    assert whole.latex(4) == (r"y = e^{x_{2}^{2} + \sin{\left(3.142 \, x_{1} \right)}}",)


@pytest.mark.parametrize("name", [n for n in PRIMITIVES if n != "sgn"])
def test_every_primitive_composes_to_the_networks_own_numbers(name):
    row = PRIMITIVES[name]
    low, high = (-0.9, 0.9) if row.domain[0] == -1 else (0.4, 1.2)
    a, b = (high - low) / 2, (high + low) / 2
    kan = with_formulas(
        init([2, 2, 1], base="zero", inputs=[Variable("u", shift=3, scale=0.5), Variable("v", shift=-1, scale=4)]),
        {(0, 0): Formula(name, a, b, -2, 0.5), (1, 1): Formula(name, -a, b, 1, 0), (1, 0): Formula("x", 1, 0, 0.3, 1)},
        {(0, 0): Formula("tanh", 0.5, 0.1, 1, 0), (1, 0): Formula("x", 2, 0, -1.5, 0)},
    )
    whole = compose(biased(kan), table(kan))
    assert whole.gap.largest < 1e-9
    assert difference(biased(kan), whole) < 1e-9


@pytest.mark.parametrize("outer", ["x^2", "x^3", "sqrt", "log", "1/x", "1/x^2", "exp", "abs", "1/sqrt(x)", "x^1.5"])
@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_let_out_of_a_function_keep_its_value(outer, sign):
    signed = sign if outer in ("x^2", "x^3", "1/x", "1/x^2", "exp", "abs") else 1
    kan = with_formulas(
        init([2, 1, 1], base="zero"),
        {(0, 0): Formula("x^2", 1, 0, 0.25 * signed, 0), (1, 0): Formula("exp", 0.5, 0, 1.5 * signed, 0)},
        {(0, 0): Formula(outer, 1.7, 0.3 * signed, -0.7, 0.2)},
    )
    whole = compose(kan)
    assert whole.gap.largest < 1e-12
    assert difference(kan, whole) < 1e-12


@given(kans(dtypes=(torch.float64,)))
def test_any_network_composes_to_its_own_numbers(kan):
    data = table_for(kan)
    size = float(kan(data.x).abs().max())
    assume(size < 1e4)  # beyond, exp of exp magnifies the last digit
    assert compose(kan, data).gap.largest <= 1e-9 * max(1.0, size)


def test_product_nodes_multiply_and_scaled_variables_are_folded_in():
    kan = init(
        [2, [1, 1], 2],
        base="zero",
        inputs=[Variable("mass", "kg", 5, 2), Variable("speed", "m/s", 30, 10)],
        outputs=[Variable("energy", "J", 100, 40), Variable("rest")],
    )
    kan = with_formulas(
        kan,
        {
            (0, 0): Formula("sin"),
            (0, 1): Formula("x", 1, 0, 2, 0),
            (1, 2): Formula("x^2", 1, 3, 0.5, 0),
            (0, 2): Formula("exp"),
        },
        {(1, 0): Formula("x"), (0, 1): Formula("cos", 2, 1, 1, 0), (1, 1): Formula("tanh")},
    )
    for network in (kan, biased(kan)):
        whole = compose(network, table(network))
        assert [str(s) for s in whole.inputs] == ["mass", "speed"]
        assert whole.gap.largest < 1e-9
        assert difference(network, whole) < 1e-9
    plain = with_formulas(
        init([2, [0, 1], 1], base="zero"), {(0, 0): Formula("x"), (1, 1): Formula("x")}, {(0, 0): Formula("x")}
    )
    assert compose(plain).text() == ("y = x1*x2",)


def test_splines_stay_as_named_functions():
    kan = hello()
    layer = kan.layers[0]
    half = kan.with_layer(0, active=torch.tensor([[True], [False]]), coef=layer.coef)
    half = half.with_layers({0: half.layers[0].with_formula(0, 0, None)})
    whole = compose(half)
    assert whole.spline_edges == (EdgeId(0, 0, 0),)
    assert not whole.exact
    assert r"phi_{0,0,0}(x1)" in whole.text()[0]
    assert r"\phi_{0,0,0}{\left(x_{1}\right)}" in whole.latex()[0]
    assert whole.gap.largest < 1e-12


@pytest.mark.parametrize("base", ["silu", "identity", "zero"])
def test_a_learned_curve_is_one_function_and_a_base_part_alone_is_written_out(base):
    kan = init([2, [1, 1], 1], base=base, seed=3)
    whole = compose(biased(kan), table(kan))
    assert len(whole.spline_edges) == len(list(kan.edges()))
    assert "silu(" not in whole.text()[0]
    assert whole.gap.largest < 1e-12
    bare = kan
    for n, layer in enumerate(kan.layers):
        bare = bare.with_layer(n, coef=torch.zeros_like(layer.coef))
    assert compose(bare).exact
    assert ("silu(" in compose(bare).text()[0]) == (base == "silu")
    assert compose(bare).gap.largest < 1e-12


def test_an_edge_of_both_parts_shows_both():
    kan = init([1, 1], base="zero")
    both = kan.with_layers({0: kan.layers[0].with_formula(0, 0, Formula("sin", 2, 0, 1, 0))})
    whole = compose(both)
    assert "phi_{0,0,0}(x1)" in whole.text()[0]
    assert "sin(2*x1)" in whole.text()[0]
    assert whole.gap.largest < 1e-13


def test_a_pruned_network_keeps_its_level_and_dead_nodes_are_not_written():
    kan = biased(with_formulas(init([2, 3, 1], base="zero"), {(0, 0): Formula("sin")}, {(1, 0): Formula("exp")}))
    whole = compose(kan)
    assert [str(step.symbol) for step in whole.steps] == ["h1,1", "y"]
    assert whole.expressions[0].is_number
    assert whole.gap.largest < 1e-13


def test_the_gap_is_honest():
    whole = compose(hello())
    wrong = replace(whole, expressions=(whole.expressions[0] + sympy.Float(0.25),)).measured()
    assert wrong.gap.largest == pytest.approx(0.25)
    assert wrong.gap.rms == pytest.approx(0.25)
    bad = replace(whole, expressions=(sympy.log(whole.inputs[0]),)).measured()
    assert bad.gap.largest == float("inf")
    unknown = replace(whole, expressions=(sympy.Function("psi")(whole.inputs[0]),)).measured()
    assert unknown.gap.largest == float("inf")
    assert unknown.gap.rows == len(whole.rows)


def test_rounding_measures_its_own_gap():
    kan = hello(inputs=[Variable("a", shift=0.123456, scale=1.7), Variable("b", shift=1, scale=3)])
    data = table(kan)
    whole = compose(kan, data)
    gaps = [whole.rounded(digits).gap.largest for digits in (2, 4, 6, 10)]
    assert whole.gap.largest < 1e-12
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 1e-3 > gaps[2] > gaps[3] > 0
    shown = whole.rounded(4)
    truth = (shown.evaluate(data.x) - kan(data.x)).abs().max()
    assert shown.gap.largest == pytest.approx(float(truth), rel=1e-9)


def test_rounding_drops_what_cannot_be_seen_and_keeps_what_can():
    tiny = with_formulas(
        init([2, 1], base="zero"),
        {(0, 0): Formula("x^2", 1, 1e-12, 1.0000001, 1e-13), (1, 0): Formula("sin", 1, 0, 1e-9, 0)},
    )
    assert compose(tiny).text(4) == ("y = x1**2",)
    level = with_formulas(init([1, 1], base="zero"), {(0, 0): Formula("x", 1, 0, 0.001, 1234.5678)})
    shown = compose(level).rounded(3)
    assert shown.gap.largest < 1e-5  # 1230 + 0.001 x would be off by more than the curve's whole range


def test_hostile_column_names_are_only_names():
    names = [r"a_b$\input{x}", "__import__('os')", "x 1", "lambda", "x_10", "h1,0"]
    kan = init([6, 1, 1], inputs=[Variable(name) for name in names], outputs=[Variable("x 1")])
    whole = compose(kan)
    assert [s.name for s in whole.inputs] == names
    assert whole.gap.largest < 1e-12
    line = whole.latex()[0]
    assert r"\text{a\_b\$\textbackslash{}input\{x\}}" in line
    assert r"\lambda" in line
    assert "x_{10}" in line
    assert "[__import__('os')]" in whole.text()[0]


def test_a_large_network_is_written_node_by_node():
    kan = biased(init([6, 14, 14, 1]))
    whole = compose(kan)
    assert not whole.expanded
    assert whole.notes
    assert len(whole.text()) == len(whole.latex()) == len(whole.steps) == 29
    assert whole.text()[0].startswith("h1,0 = phi_{0,0,0}(x1)")
    assert whole.gap.largest < 1e-12
    wrong = replace(whole, steps=(replace(whole.steps[0], expression=sympy.Integer(0)), *whole.steps[1:])).measured()
    assert wrong.gap.largest > 1e-3
    assert 0 < whole.rounded(3).gap.largest < 0.1


def test_a_network_too_large_to_read_is_refused():
    with pytest.raises(FormulaError, match="Prune it first"):
        compose(init([60, 60, 1]))


def test_single_precision_is_within_its_rounding():
    kan = hello().to(torch.float32)
    assert 0 < compose(kan).gap.largest < 1e-4


def test_a_curve_at_an_input_is_a_function_of_the_column_itself():
    data = Dataset.from_arrays([[10.0], [20.0], [40.0], [30.0]], [1.0, 2.0, 4.0, 3.0], test=0, inputs=["length"])
    kan = init([1, 1, 1], inputs=data.inputs, outputs=data.outputs, seed=1)
    whole = compose(kan, data)
    assert "phi_{0,0,0}(length)" in whole.text()[0]
    assert whole.gap.largest < 1e-13
