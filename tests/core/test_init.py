"""New networks: what is asked is refused in words before memory is taken."""

import pytest

from kanviz.core.init import init
from kanviz.errors import UserError


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"shape": [2, 10**8, 1]}, "coefficients"),
        ({"shape": [2, 1], "grid": 0}, "intervals"),
        ({"shape": [2, 1], "grid": 10**9}, "intervals"),
        ({"shape": [2, 1], "order": 0}, "order"),
        ({"shape": [2, 1], "order": 6}, "order"),
        ({"shape": [0, 1]}, "at least one node"),
        ({"shape": [2]}, "inputs and outputs"),
        ({"shape": [2, "x"]}, "whole numbers"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(wish, word):
    with pytest.raises(UserError, match=word):
        init(**wish)


def test_the_same_seed_is_the_same_network():
    assert init([2, [3, 1], 1], seed=4).digest == init([2, [3, 1], 1], seed=4).digest != init([2, [3, 1], 1]).digest
