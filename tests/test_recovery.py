"""The recovery benchmark reads its laws as data, draws them by seed, and judges fairly."""

import json
from pathlib import Path

import numpy as np
import pytest
import sympy

from benchmarks.laws import Target, expression_of, judged, targets, values
from benchmarks.recovery import line_of, markdown, summary

A, B = sympy.symbols("a b", real=True)
SYMBOLS = {"a": A, "b": B}
LAW = Target("sum", sympy.exp(A) + 2 * B, ((0, 1), (1, 2)), ("a", "b"), 400, 0.0, (2, 1))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("exp(a)/sqrt(2*pi) - b**2", sympy.exp(A) / sympy.sqrt(2 * sympy.pi) - B**2),
        ("-(1 - a)/sqrt(1 - b**2)", -(1 - A) / sympy.sqrt(1 - B**2)),
        ("1.5*a + 2e-3", 1.5 * A + 2e-3),
    ],
)
def test_a_law_is_read_as_it_is_written(text: str, expression: sympy.Expr):
    assert expression_of(text, SYMBOLS) == expression


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a.real", "a[0]", "(lambda: a)()", "c", "print(a)", "'a'", "a if a else b", "f'{a}'"]
)
def test_what_is_no_formula_is_not_run(text: str):
    with pytest.raises((ValueError, KeyError)):
        expression_of(text, SYMBOLS)


def test_targets_are_read_from_their_file(tmp_path: Path):
    row = {
        "name": "sum", "expression": "exp(a) + 2*b", "variables": {"a": [0, 1], "b": [1, 2]}, "n_samples": 400,
        "noise": 0.0, "width": [2, [1, 1], 1],
    }  # fmt: skip
    (tmp_path / "t.json").write_text(json.dumps({"targets": [row]}), encoding="utf-8")
    found = targets(tmp_path / "t.json")["sum"]
    assert found.truth == LAW.truth
    assert found.width == (2, (1, 1), 1)
    assert found.ranges == ((0, 1), (1, 2))


def test_the_same_rows_are_drawn_every_time_and_held_out_ones_are_others():
    one, two = LAW.data(), LAW.data()
    assert one.digest == two.digest
    assert (len(one.train), len(one.test)) == (400, 100)
    x, y = one.rows("train")
    assert np.allclose(values(LAW.truth, LAW.names, x.numpy()), y[:, 0].numpy())
    assert not set(x[:, 0].tolist()) & set(one.rows("test")[0][:, 0].tolist())


def test_noise_has_the_share_of_the_spread_it_should_have():
    noisy = Target("sum", LAW.truth, LAW.ranges, LAW.names, 20_000, 0.05, LAW.width)
    x, y = noisy.data().rows("train")
    clean = values(LAW.truth, LAW.names, x.numpy())
    assert np.std(y[:, 0].numpy() - clean) == pytest.approx(0.05 * clean.std(), rel=0.03)


@pytest.mark.parametrize(
    ("found", "recovered"),
    [
        (sympy.exp(A) + 2 * B, "exact"),
        (sympy.exp(A / 2) ** 2 + B + B, "exact"),
        (sympy.exp(A) + 2.00000001 * B, "numeric"),
        (sympy.exp(A) + 2.01 * B, "no"),
        (sympy.exp(A) + 2.00000001 * B + 1e-12 * sympy.sin(A * B + 1.5) + 1e-13 * sympy.cos(B), "no"),
        (sympy.log(A - 2), "no"),
    ],
)
def test_a_law_is_judged_by_its_numbers_and_its_size(found: sympy.Expr, recovered: str):
    assert judged(found, LAW).recovered == recovered


def test_the_table_says_what_was_recovered_and_what_was_not():
    rows = [
        {
            "target": "sum", "shape": way, "recovered": verdict, "cpu_seconds": 2.5, "complexity": 6, "error": 0.01,
            "seeds": 2, "expression": "exp(a) + 2*b",
        }
        for way, verdict in (("given", "exact"), ("none", "no"), ("pykan", "no"))
    ]  # fmt: skip
    text = "\n".join(markdown(rows))
    assert "| `sum` | exact, 2 seeds | 2.5 | 6 | no (0.01), 2 seeds |" in text
    assert "shape given: 1 of 1 recovered, 1 of them exactly; median 2.5 CPU s, longest 2" in "\n".join(summary(rows))
    assert "exact" in line_of(rows[0])
