"""What is written computes what the network does: every sample, every file, every family, in every target, run."""

import pytest

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import UserError
from kanviz.writers.check import checked
from kanviz.writers.targets import TARGETS
from tests.writers.networks import families, files, samples

ALL = {**samples(), **files(), **families()}


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("kan", ALL.values(), ids=ALL)
def test_what_is_written_agrees_with_the_network(kan: KAN, to: str):
    target = TARGETS[to]
    found = checked(kan, target, target.write(kan))
    assert found.agrees, found


def test_another_target_is_refused_with_all_names():
    with pytest.raises(UserError, match=r"no target 'cobol'; choose one of numpy, torch, c, js, onnx"):
        kanviz.export(kanviz.init([1, 1]), "cobol")
