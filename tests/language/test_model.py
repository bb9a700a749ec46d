"""Tests of the model: its size, what it may see, and what is refused."""

from typing import Any

import pytest
import torch

from kanviz.core.curves.feed_forward import KINDS
from kanviz.errors import UserError
from kanviz.language import LanguageModel, Sizes, symbols
from tests.language.tiny import tiny


@pytest.mark.parametrize("kind", KINDS)
def test_models_of_all_kinds_have_about_as_many_parameters(kind: Any):
    assert 113_000 < LanguageModel(kind).parameter_count < 116_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_prediction_depends_on_earlier_characters_alone(kind: str):
    model, numbers = tiny(kind), torch.randint(0, 96, (1, 12), generator=torch.Generator().manual_seed(0))
    other = numbers.clone()
    other[0, 7:] = 5
    assert torch.equal(model(numbers)[:, :7], model(other)[:, :7])
    assert not torch.equal(model(numbers)[:, 7:], model(other)[:, 7:])


def test_the_same_seed_gives_the_same_model_whatever_was_drawn_before():
    one = tiny(seed=3).state_dict()
    torch.rand(10)
    assert all(torch.equal(part, one[name]) for name, part in tiny(seed=3).state_dict().items())


def test_the_same_seed_gives_the_same_attention_for_every_kind():
    one, other = tiny("gelu", seed=3).state_dict(), tiny("curves", seed=3).state_dict()
    shared = [name for name in one if "feed_forward" not in name]
    assert len(shared) > 10
    assert all(torch.equal(one[name], other[name]) for name in shared)


def test_a_new_model_guesses():
    logits = LanguageModel("gelu")(symbols.encode("To be, or not to be")[None])
    assert float(logits.detach().exp().std(-1).mean()) < 3  # of numbers around 1: no symbol stands out


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "mlp"}, "no block 'mlp'; choose curves, gelu"),
        ({"width": 0}, "width .* from 1 to 1,024, not 0"),
        ({"width": 2.5}, "width .* not 2.5"),
        ({"heads": 3}, "multiple of the 3 heads"),
        ({"parameters": 10**9}, "parameters .* from 1 to"),
        ({"context": True}, "context .* not True"),
    ],
)
def test_sizes_that_are_not_possible_are_refused_in_words(unchecked: None, wrong: dict[str, Any], words: str):
    with pytest.raises(UserError, match=words):
        Sizes(**wrong)


def test_a_block_without_room_is_refused_in_words():
    with pytest.raises(UserError, match="at least"):
        LanguageModel(Sizes("curves", parameters=10))
