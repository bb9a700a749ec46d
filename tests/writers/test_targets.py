"""One network in each target, run by itself as the app does it; refusals."""

import numpy as np
import pytest

import kanviz
from kanviz.errors import UserError
from kanviz.writers.check import checked
from kanviz.writers.targets import TARGETS
from tests.writers.networks import random_network

AWKWARD = random_network(6)  # its columns have quotes, backslashes and marks of comments in their names


@pytest.mark.parametrize("to", ["numpy", "torch", "c", "js", "onnx", "pt2"])
def test_what_is_written_runs_by_itself_and_agrees(to: str):
    target = TARGETS[to]
    found = checked(AWKWARD, target, target.write(AWKWARD))
    assert found.agrees, found


def test_the_c_code_is_float_when_it_is_told_so():
    from kanviz.writers.runs import FLAGS, run_c

    kan = kanviz.init([2, 3, 1], seed=0)
    x = np.array([[0.3, -0.4], [1.5, 0.2]])
    found = run_c(str(TARGETS["c"].write(kan)), x, (*FLAGS, "-DKAN_REAL=float"))
    off = abs(found - kan(x).numpy()).max()
    assert 0 < off < 1e-6


def test_another_target_is_refused_with_all_names():
    with pytest.raises(
        UserError, match=r"no target 'cobol'; choose one of numpy, torch, c, js, onnx, sympy, latex, rust"
    ):
        kanviz.export(kanviz.init([1, 1]), "cobol")
