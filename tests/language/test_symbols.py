"""Tests of the symbols: numbers and text are each other's inverse, and the axis has its groups in order."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.language.symbols import GROUPS, SYMBOLS, decode, encode, shown_symbol


def test_the_symbols_are_printable_ascii_and_newline():
    assert sorted(SYMBOLS) == sorted(["\n", *map(chr, range(32, 127))])


def test_the_groups_cover_the_axis_in_order_without_a_gap():
    assert [group.start for group in GROUPS] == [0, *(group.end for group in GROUPS[:-1])]
    assert GROUPS[-1].end == len(SYMBOLS)
    assert [SYMBOLS[group.start] for group in GROUPS[1:5]] == ["a", "b", "A", "0"]


@given(st.lists(st.integers(0, 95), max_size=50))
def test_numbers_become_text_and_the_same_numbers(numbers: list[int]):
    assert encode(decode(torch.tensor(numbers, dtype=torch.int64))).tolist() == numbers


@given(st.text(max_size=50))
def test_a_character_that_is_no_symbol_becomes_a_question_mark(text: str):
    assert decode(encode(text)) == "".join(c if c in SYMBOLS else "?" for c in text)


def test_a_number_that_is_no_symbol_is_an_error():
    with pytest.raises(IndexError):
        decode(torch.tensor([96]))


def test_space_and_newline_can_be_seen():
    assert all(shown_symbol(n).isprintable() and shown_symbol(n).strip() for n in range(96))
