"""A network is compared with what its original computed: what agrees, what differs, and what may explain it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import kanviz
from kanviz.analysis.check import DOUBLE, SINGLE, check
from kanviz.analysis.check_record import Check
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.errors import TableError, UserError
from tests.helpers import DTYPES
from tests.io.test_efficient_kan import open_weights, reference, weights

X = np.random.default_rng(3).uniform(-0.9, 0.9, (64, 2))
WIDE = np.random.default_rng(4).uniform(-3, 3, (64, 2))


def small(*shape: int, dtype: torch.dtype = torch.float64) -> KAN:
    kan = kanviz.init([2, 3, *(shape or (1,))], seed=1, noise=1.0)
    return kan.to(dtype)


def outputs(kan: KAN, x: np.ndarray = X) -> np.ndarray:
    return kan(x).double().numpy()


# --- the verdict ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("base", ["silu", "gelu"])
def test_only_the_base_function_of_the_original_agrees(base: str, dtype: torch.dtype):
    state = weights(2, 3, 1, dtype=dtype)
    x = WIDE.astype(np.float32).astype(float)
    found = check(open_weights(state), x, reference(state, x, *([] if base == "silu" else [torch.nn.functional.gelu])))
    assert found.agrees == (base == "silu")
    assert found.verdict.startswith("Agrees" if found.agrees else "Differs")


def test_gaps_are_shares_of_the_largest_output():
    kan, y = small(), outputs(small())
    y[17] += 0.25 * np.abs(y).max()
    found = check(kan, X, y)
    assert found.scale == pytest.approx(np.abs(y).max())
    assert found.largest == pytest.approx(np.abs(outputs(kan) - y).max())
    assert found.relative == pytest.approx(found.largest / found.scale)
    assert found.mean == pytest.approx(found.largest / 64)
    assert found.differing.nonzero().tolist() == [[17]]
    assert f"largest gap {100 * found.relative:.3g} % of the largest output, on row 18." in found.verdict


def test_the_worst_rows_have_their_inputs_and_come_first():
    y = outputs(small())
    for row, gap in ((5, 0.3), (9, 0.1), (2, 0.2)):
        y[row] += gap
    worst = check(small(), X, y).worst
    assert [row.row for row in worst[:3]] == [5, 2, 9]
    assert worst[0].inputs == tuple(X[5])
    assert worst[0].original == tuple(y[5])
    assert worst[0].gap == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("dtype", "digits", "tolerance"),
    [
        (torch.float64, None, DOUBLE),
        (torch.float32, None, SINGLE),
        (torch.float64, np.float32, SINGLE),
        (torch.float64, 9, SINGLE),
    ],
)
def test_the_tolerance_is_that_of_the_coarser_side(dtype, digits, tolerance: float):
    kan = small(dtype=dtype)
    y = outputs(kan.to(torch.float64))
    if digits is np.float32:
        y = y.astype(np.float32)
    elif digits:
        y = np.array([[float(f"{value:.{digits}g}") for value in row] for row in y])
    found = check(kan, X, y)
    assert found.tolerance == tolerance
    assert found.agrees


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_gap_is_judged_by_the_tolerance_alone(dtype: torch.dtype):
    kan = small(dtype=dtype)
    y = outputs(kan)
    y[3] += 0.5 * np.abs(y).max()
    share = check(kan, X, y).relative
    assert check(kan, X, y, tolerance=1.01 * share).agrees
    assert not check(kan, X, y, tolerance=0.99 * share).agrees


def test_a_network_agrees_with_itself_even_without_a_tolerance():
    assert check(small(2), X, outputs(small(2)), tolerance=0).agrees


def test_an_original_that_gives_zero_everywhere_has_no_share():
    found = check(small(), X, np.zeros((64, 1)))
    assert not found.agrees
    assert "(the original gives 0 everywhere)" in found.verdict
    assert found.relative == np.inf
    zero = small().with_layer(1, coef=torch.zeros(3, 1, 8).double(), base_weight=torch.zeros(3, 1).double())
    assert check(zero, X, np.zeros((64, 1))).agrees


# --- NaN and infinity -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_without_a_number_in_the_original_differs_and_is_named(bad: float):
    y = outputs(small())
    y[[4, 6]] = bad
    found = check(small(), X, y)
    assert not found.agrees
    assert found.differing.sum() == 2
    assert found.verdict == "Differs from the original: only one of them is a finite number on 2 rows (5 and 7)."
    assert "On 2 rows (5 and 7) the original gives NaN or infinity." in found.facts
    assert [row.gap for row in found.worst[:2]] == [np.inf, np.inf]


def test_a_row_without_a_number_here_differs_and_is_named():
    kan, y = small(), outputs(small())
    x = X.copy()
    x[2, 0] = np.nan
    found = check(kan, x, y)
    assert not found.agrees
    assert "On row 3 an input is NaN or infinity." in found.facts
    assert "On row 3 this network gives NaN or infinity." in found.facts


def test_rows_where_both_sides_give_nan_agree_and_are_counted():
    x = X.copy()
    x[2, 0] = np.nan
    y = outputs(small(), x)
    assert np.isnan(y[2]).all()
    found = check(small(), x, y)
    assert found.agrees
    assert "On row 3 the original gives NaN or infinity." in found.facts
    assert "On row 3 this network gives NaN or infinity." in found.facts


def test_nothing_to_compare_is_no_agreement():
    x = np.full((3, 2), np.nan)
    found = check(small(), x, np.full((3, 1), np.nan))
    assert not found.agrees
    assert "no output is a finite number on both sides" in str(found)


# --- hints ------------------------------------------------------------------------------------------------------


def only_hint(found: Check) -> str:
    assert not found.agrees
    (hint,) = found.hints
    return hint


@pytest.mark.parametrize("base", ["identity", "zero"])
def test_a_base_function_that_makes_all_rows_agree_is_named(base: str):
    kan = small()
    other = kan.with_layers({n: replace(layer, base=base) for n, layer in enumerate(kan.layers)})
    assert only_hint(check(kan, X, outputs(other))) == (
        f"With the base function {base} instead of silu every row agrees: open the file with that one."
    )


def test_a_continuation_that_makes_all_rows_agree_is_named():
    kan = small()
    other = kan.with_layers({n: replace(layer, outside="zero") for n, layer in enumerate(kan.layers)})
    assert kan.layers[0].outside == "linear"
    assert only_hint(check(kan, WIDE, outputs(other, WIDE))).startswith("If splines are zero outside their grids")


@pytest.mark.parametrize(
    ("factor", "constant", "words"),
    [
        (1, 0.5, "gives y + 0.5: a constant is missing"),
        (1, -0.5, "gives y - 0.5: a constant is missing"),
        (3, 0, "gives 3 y: a factor is missing"),
        (3, 0.5, "gives 3 y + 0.5: a factor and a constant are missing"),
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_relation_that_holds_on_every_row_is_named(factor, constant, words: str, dtype: torch.dtype):
    kan = small(dtype=dtype)
    assert words in only_hint(check(kan, X, factor * outputs(kan) + constant))


def test_each_output_has_its_own_constant():
    kan = small(2)
    found = check(kan, X, outputs(kan) + np.array([0, 0.5]))
    assert "gives y1 and y2 + 0.5:" in found.hints[0]
    assert found.hints[1] == "Of 2 outputs only y2 differs."


def test_a_constant_that_hides_everything_else_is_no_relation():
    y = 1e6 + np.random.default_rng(0).normal(size=(64, 1))
    assert all("constant" not in hint for hint in check(small(dtype=torch.float32), X, y).hints)


def test_gaps_outside_the_grids_alone_are_named():
    kan, x = small(), WIDE.copy()
    x[:20] = 0.5 * X[:20]
    kan = kan.with_layers({1: kanviz.init([3, 1], seed=5, noise=1.0, low=-50, high=50).layers[0]})
    y = outputs(kan, x)
    outside = np.abs(x).max(1) > 1
    y[outside] += np.sin(x[outside].sum(1, keepdims=True))
    hint = only_hint(check(kan, x, y))
    assert hint.startswith(f"Only rows outside a grid differ; the {(~outside).sum()} inside agree")


def test_all_rows_that_differ_point_at_what_is_missing():
    y = np.tanh(outputs(small()) + X.sum(1, keepdims=True))
    assert only_hint(check(small(), X, y)).startswith("Every row differs")


def test_rounded_outputs_are_recognised():
    y = outputs(small())
    assert "have 3 decimals; no gap is larger than that rounding" in only_hint(check(small(), X, y.round(3)))
    assert "have 3 decimals" in only_hint(check(small(), X, y.round(3).astype(np.float32)))
    assert all("decimal" not in hint for hint in check(small(), X, y.round(3) + 0.01).hints)


def test_the_rounding_of_float32_is_recognised():
    kan = small(dtype=torch.float32)
    y = outputs(kan.to(torch.float64))
    assert "Rounding explains it" in only_hint(check(kan, X, y, tolerance=1e-9))


def test_rows_without_a_number_do_not_hide_a_hint():
    y = outputs(small()) + 0.5
    y[3] = np.nan
    assert "gives y + 0.5" in only_hint(check(small(), X, y))


# --- what is given ----------------------------------------------------------------------------------------------


def test_inputs_and_outputs_may_be_tables_series_lists_and_tensors():
    kan = kanviz.init([2, 1], inputs=[Variable("a"), Variable("b")], outputs=[Variable("c")])
    y = outputs(kan)
    frame = pd.DataFrame({"c": y[:, 0], "b": X[:, 1], "a": X[:, 0]})
    pairs = [
        (frame, frame), (frame, frame["c"]), (X, y[:, 0]),
        (X.tolist(), y.tolist()), (torch.tensor([[1, 0]]), kan([[1, 0]])),
        (torch.tensor(X, requires_grad=True), torch.tensor(y)),
        (X.reshape(8, 8, 2), y.reshape(8, 8, 1)),
    ]  # fmt: skip
    assert all(check(kan, *pair).agrees for pair in pairs)


def test_one_input_needs_no_axis_of_its_own():
    kan = kanviz.init([1, 1])
    assert check(kan, X[:, 0], outputs(kan, X[:, :1])[:, 0]).agrees


def test_units_are_those_of_the_table():
    data = kanviz.Dataset.from_arrays(X * 300 + 20, X[:, :1] * 1000, test=0)
    kan = kanviz.init([2, 1], inputs=data.inputs, outputs=data.outputs, dtype=torch.float32)
    assert check(kan, X * 300 + 20, outputs(kan, X * 300 + 20)).agrees


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X, np.zeros((3, 1)), "There are 64 rows of inputs and 3 of outputs"),
        (X[:0], np.zeros((0, 1)), "There are no rows to compare"),
        (X[:, :1], np.zeros((64, 1)), "The inputs must have 2 columns (x1 and x2); their shape is (64, 1)"),
        (X, X, "The outputs must have 1 column (y); their shape is (64, 2)"),
        (X, 3.0, "their shape is ()"),
        (X, np.zeros((64, 1), complex), "The outputs must be numbers"),
        (torch.zeros(64, 2, dtype=torch.cfloat), np.zeros((64, 1)), "The inputs must be numbers"),
        (X, [["a"]] * 64, "The outputs must be numbers"),
        (X, [[1.0], [2.0, 3.0]], "The outputs must be numbers"),
        (None, None, "The inputs must be numbers"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(x, y, words: str):
    with pytest.raises(UserError) as refusal:
        check(small(), x, y)
    assert words in str(refusal.value)


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_is_a_share(tolerance: float):
    with pytest.raises(UserError, match="tolerance"):
        check(small(), X, outputs(small()), tolerance=tolerance)


def test_a_missing_column_is_named():
    with pytest.raises(TableError, match="no column 'y'"):
        check(small(), X, pd.DataFrame({"z": np.zeros(64)}))
