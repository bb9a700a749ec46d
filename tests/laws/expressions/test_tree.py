"""Laws as JSON."""

import json

import pytest
import sympy
from hypothesis import given

from kanviz.laws.expressions import tree
from tests.laws.sample_expressions import X, laws
from tests.laws.samples import SAMPLES


@given(laws(6))
def test_a_law_read_back_is_the_same_law(law: sympy.Expr) -> None:
    assert tree.from_json(json.loads(json.dumps(tree.to_json(law)))) == law


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_exact_laws_are_read_back_too(sample) -> None:
    assert tree.from_json(json.loads(json.dumps(tree.to_json(sample.law)))) == sample.law


def test_a_positive_symbol_stays_positive() -> None:
    assert tree.from_json(tree.to_json(sympy.Symbol("x", positive=True))).is_positive


@pytest.mark.parametrize("data", [["open", ["e"]], ["symbol", "x"], [], "x", ["ratio", 1, 2], {"pi": 1}, ["__class__"]])
def test_what_is_not_a_law_is_refused(data) -> None:
    with pytest.raises(ValueError, match="not an expression"):
        tree.from_json(data)


def test_a_function_without_a_name_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="has no place in a law"):
        tree.to_json(sympy.Function("phi")(X))
