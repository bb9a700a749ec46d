"""Tests of bits per character: windows give what a loop over the characters gives."""

import math

import pytest
import torch

from kanviz.errors import UserError
from kanviz.language import bits, character_bits
from kanviz.language.entropy import GUESS, MOST_WINDOWS, held_out_bits
from kanviz.language.symbols import encode
from tests.language.tiny import TEXT, tiny

MODEL = tiny(context=8).double()


def one_by_one(text: str, fresh: int) -> list[float]:
    """The bits of each character but the first, from those before it in the window that predicts it."""
    numbers, context, found = encode(text), MODEL.sizes.context, []
    for at in range(1, len(numbers)):
        windows = max(0, math.ceil((at - context) / fresh))
        logits = MODEL(numbers[None, windows * fresh : at])[0, -1].detach()
        found.append(-float(logits.log_softmax(-1)[numbers[at]]) / math.log(2))
    return found


@pytest.mark.parametrize("length", [2, 8, 9, 10, 17, 20, 25])
def test_bits_are_those_of_windows_that_follow_one_another(length: int):
    text = TEXT.train[:length]
    assert bits(MODEL, text) == pytest.approx(sum(one_by_one(text, 8)) / (length - 1), rel=1e-10)


@pytest.mark.parametrize("length", [2, 8, 9, 10, 12, 13, 20, 23])
def test_bits_of_characters_are_predicted_from_half_a_window_or_more(length: int):
    text = TEXT.train[:length]
    assert character_bits(MODEL, text).tolist() == pytest.approx([GUESS, *one_by_one(text, 4)], rel=1e-10)


def test_many_windows_give_what_few_give():
    text = TEXT.train[:560]  # 70 windows: two passes
    assert bits(MODEL, text) == pytest.approx(sum(one_by_one(text, 8)) / 559, rel=1e-10)


def test_of_a_long_text_windows_spread_over_it_are_measured():
    text = (TEXT.train * 10)[: (MOST_WINDOWS + 100) * MODEL.sizes.context]
    assert held_out_bits(MODEL, encode(text)) == pytest.approx(bits(MODEL, text), abs=0.05)
    assert held_out_bits(MODEL, encode(text[:500])) == bits(MODEL, text[:500])


def test_a_text_of_one_character_is_refused_in_words():
    with pytest.raises(UserError, match="at least 2 characters"):
        bits(MODEL, "a")


def test_measuring_changes_nothing_and_needs_no_gradient():
    before = [part.clone() for part in MODEL.parameters()]
    assert not character_bits(MODEL, TEXT.held_out[:50]).requires_grad
    assert all(torch.equal(a, b) for a, b in zip(before, MODEL.parameters(), strict=True))
