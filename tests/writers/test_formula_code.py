"""The formula of a network in languages: run where that is possible, names that every language takes, refusals."""

import shutil

import pytest

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import FormulaError
from kanviz.writers.check import checked
from kanviz.writers.formula_code import LANGUAGES, formula_code, identifiers, latex_code
from kanviz.writers.targets import TARGETS

RANGES = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}


@pytest.fixture(scope="module")
def law() -> KAN:
    return kanviz.from_formula("2*x^3/4 + 3*y - tanh(x*y) + exp(-x)/3", inputs=RANGES)


@pytest.mark.parametrize("to", ["sympy", *(["rust"] if shutil.which("rustc") else [])])
def test_the_formula_computes_what_the_network_does(law: KAN, to: str):
    found = checked(law, TARGETS[to], TARGETS[to].write(law))
    assert found.agrees, found


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("fortran", ["module network", "pure function f(x, y) result(value)", "end module"]),
        ("julia", ["function f(x, y)", "end"]),
        ("matlab", ["function value = f(x, y)", "end"]),
        ("rust", ["pub fn f(x: f64, y: f64) -> f64 {", "}"]),
    ],
)
def test_each_language_has_a_function_for_the_output(law: KAN, language: str, lines: list[str]):
    code = formula_code(law, language).splitlines()
    assert [line for line in lines if line not in code] == []
    said = str(checked(law, TARGETS[language], "")) if language != "rust" else "Not checked."
    assert said.startswith("Not checked.")


def test_names_are_letters_and_distinct_whatever_their_case():
    assert identifiers(["x", "X", "m 1", "2nd", "é*/", "end", "", "x"]) == [
        "x",
        "X_2",
        "m_1",
        "x2nd",
        "x_3",
        "end_2",
        "x_4",
        "x_5",
    ]


def test_latex_has_an_equation_for_each_output(law: KAN):
    assert latex_code(law).startswith(r"\[ f = ")


@pytest.mark.parametrize("language", [*LANGUAGES, "sympy", "latex"])
def test_splines_are_no_formula(language: str):
    with pytest.raises(FormulaError, match=r"2 edges of the network are still splines.*page Formula"):
        TARGETS[language].write(kanviz.init([2, 1]))
