"""Shorter laws from a process that may hang, and must not take anybody with it."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
import sympy
import torch
from hypothesis import given, settings
from sympy import Abs, Float, Rational, atanh, cos, cosh, exp, log, pi, sin, sqrt, tanh

from kanviz.laws.expressions import tree
from kanviz.laws.expressions.simplifier import Hung, Rewriter
from kanviz.laws.expressions.simplify import length, simplified
from kanviz.laws.expressions.template import Rows
from tests.laws.sample_expressions import INPUTS, X, Y, laws, rows

ROOT = Path(__file__).parents[3]
MOST, ABOVE = (-0.9, 0.9), (0.5, 2.0)


def between(low: float, high: float) -> Rows:
    x = low + (high - low) * torch.rand(300, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return Rows(INPUTS, x, x[:, 0])


@pytest.mark.parametrize(
    ("law", "ranges", "short"),
    [
        ((X + Y) ** 2 / 4 - (X - Y) ** 2 / 4, MOST, X * Y),
        (tanh(atanh(X) + atanh(Y)), MOST, (X + Y) / (X * Y + 1)),
        (exp(log(X) - log(Y) + sin(X)), ABOVE, X * exp(sin(X)) / Y),
        (exp(-log(X) / 2 - Y), ABOVE, exp(-Y) / sqrt(X)),
        (sqrt(X**2) * Y, ABOVE, X * Y),
        (Abs(X) * Y, MOST, Y * Abs(X)),
        (cosh(X) * tanh(X), MOST, sympy.sinh(X)),
        (sin(X) ** 2 * Y + cos(X) ** 2 * Y, MOST, Y),
        (sin(X) * cos(Y) - cos(X) * sin(Y), MOST, sin(X - Y)),
        (sqrt(2) * sqrt(X**2 / 2 - X * cos(Y) + Rational(1, 2)), MOST, sqrt(X**2 - 2 * X * cos(Y) + 1)),
        (1 / (1 / X + 1 / Y), ABOVE, X * Y / (X + Y)),
        (Float(1.5) * X * Y + Float(1.5) * X * sin(Y), MOST, Float(1.5) * X * (Y + sin(Y))),
    ],
    ids=str,
)
def test_a_law_is_written_with_fewer_parts(law: sympy.Expr, ranges: tuple[float, float], short: sympy.Expr) -> None:
    assert simplified(law, between(*ranges), time.monotonic() + 60) == short


@settings(max_examples=15)
@given(laws(4))
def test_a_simplified_law_is_no_longer_and_has_the_same_values(law: sympy.Expr) -> None:
    seen = rows(law)
    found = simplified(law, seen, time.monotonic() + 60)
    assert length(found) <= length(law)
    assert (seen.values(found) - seen.y).abs().max() <= 1e-8 * max(float(seen.y.abs().max()), 1e-300)


def test_an_input_that_is_negative_somewhere_keeps_its_absolute_value() -> None:
    assert simplified(sqrt(X**2) + log(X**2), between(*MOST), time.monotonic() + 60).has(Abs)


def endless() -> sympy.Expr:
    """What a network of formulas looks like: sympy.simplify works on it for minutes."""
    law = X
    for k in range(1, 3):
        u = sin(k * law + Y) + exp(-((law - k * Y) ** 2)) + tanh(law * Y + Rational(k, 3))
        law = log(u**2 + k) * sin(u / k + pi * Y) + cosh(u / 7)
    return law


def test_a_rewriting_that_does_not_end_is_killed_and_the_next_one_works() -> None:
    rewriter = Rewriter()
    try:
        assert list(rewriter.rewritten(tree.to_json((X + 1) ** 2 - X**2), ["expand"], time.monotonic() + 60))
        first = rewriter.process
        with pytest.raises(Hung):
            list(rewriter.rewritten(tree.to_json(endless()), ["simplify"], time.monotonic() + 600, 0.3))
        assert first is not None
        assert first.poll() is not None
        found = dict(rewriter.rewritten(tree.to_json((X + 1) ** 2 - X**2), ["expand"], time.monotonic() + 60))
        assert tree.from_json(found["expand"]) == 2 * X + 1
    finally:
        rewriter.stop()


def test_a_law_whose_time_is_over_comes_back_as_it_was() -> None:
    assert simplified((X + Y) ** 2 / 4 - (X - Y) ** 2 / 4, between(*MOST), time.monotonic() - 1) == (
        (X + Y) ** 2 / 4 - (X - Y) ** 2 / 4
    )


def test_an_answer_nobody_waited_for_belongs_to_no_later_question() -> None:
    rewriter = Rewriter()
    try:
        answers = rewriter.rewritten(tree.to_json((X + 1) ** 2), ["expand", "factor", "powsimp"], time.monotonic() + 60)
        next(answers)
        assert isinstance(answers, Generator)
        answers.close()
        found = list(rewriter.rewritten(tree.to_json(X * (Y + 1)), ["expand"], time.monotonic() + 60))
        assert [tree.from_json(law) for _, law in found] == [X * Y + X]
    finally:
        rewriter.stop()


def test_the_process_dies_with_its_parent_in_the_middle_of_its_work() -> None:
    script = (
        "import os, sys, time, threading\n"
        "from kanviz.laws.expressions import tree\n"
        "from kanviz.laws.expressions.simplifier import Rewriter\n"
        "from tests.laws.expressions.test_simplify import endless\n"
        "r = Rewriter(); r.start()\n"
        "ask = lambda: list(r.rewritten(tree.to_json(endless()), ['simplify'], time.monotonic() + 600))\n"
        "threading.Thread(target=ask, daemon=True).start()\n"
        "time.sleep(2.0)\n"
        "print(r.process.pid, flush=True); os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=True, timeout=600,
    )  # fmt: skip
    assert gone(int(done.stdout))


def gone(pid: int) -> bool:
    """Whether the process ends by itself; a zombie that waits for its adoptive parent counts as ended."""
    for _ in range(600):
        status = Path(f"/proc/{pid}/status")
        try:
            if "State:\tZ" in status.read_text():
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_a_wrong_rewriting_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "kanviz.laws.expressions.simplify._rewritten",
        lambda *_: ([X, X * Y + sympy.Rational(1, 10**15)], 0.0),
    )
    law = (X + Y) ** 2 / 4 - (X - Y) ** 2 / 4
    assert simplified(law, between(*MOST), time.monotonic() + 60) == law
