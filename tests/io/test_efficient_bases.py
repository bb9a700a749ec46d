"""An efficient-kan with any activation of torch's as its base computes what it did, once somebody answers which."""

import numpy as np
import pytest
import torch
from torch import nn

from kanviz.io import open_model
from kanviz.io.questions import Answers
from tests.core.engine.test_bases import TORCH
from tests.io.test_efficient_kan import reference, torch_file, weights


@pytest.mark.parametrize("base", list(TORCH))
def test_an_answered_base_function_gives_the_original_outputs(base: str) -> None:
    state = weights(3, 4, 2)
    kan = open_model({"m.pt": torch_file(state)}, answers=Answers({"base": base}))
    x = np.random.default_rng(0).uniform(-1, 1, (40, 3))
    right = reference(state, x, TORCH[base])
    assert np.abs(kan(x).numpy() - right).max() <= 1e-12 * np.abs(right).max()


def test_another_base_function_than_the_original_is_wrong() -> None:
    state, x = weights(3, 4, 2), np.random.default_rng(0).uniform(-1, 1, (40, 3))
    kan = open_model({"m.pt": torch_file(state)})
    right = reference(state, x, nn.GELU())
    assert np.abs(kan(x).numpy() - right).max() > 0.05 * np.abs(right).max()
    assert torch.float64 == kan.dtype
