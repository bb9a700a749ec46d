"""Letters: one network that is read, edited and taught, and what keeps its bits meanwhile."""

from functools import cache

import pytest
import torch

import kanviz
from kanviz.core.kan import KAN
from kanviz.edit import FreezeEdge, MoveControlPoint, Prune
from kanviz.errors import UserError
from kanviz.language.corpus import Corpus
from kanviz.language.letters.change import letters_change
from kanviz.language.letters.network import CHARACTERS, PLACES, bits_of, scores, table_of, windows
from kanviz.language.letters.reading import letter_function, next_character, strongest, write_letters
from kanviz.language.letters.training import LettersConfig, LettersProgress, train_letters
from kanviz.language.letters.word import teach_word
from kanviz.language.symbols import SYMBOLS, encode

SHORT = LettersConfig(steps=60, every=30, batch=512)


@cache
def corpus() -> Corpus:
    return Corpus.from_text("the quick brown fox jumps over the lazy dog; a question, quite queer. " * 30)


@cache
def trained() -> tuple[LettersProgress, ...]:
    return tuple(train_letters(corpus(), SHORT))


def letters() -> KAN:
    return trained()[-1].kan


def test_letters_has_as_many_numbers_as_the_design_says():
    layer = letters().layers[0]
    assert layer.coef.numel() + layer.bias.numel() == 55_392


def test_looking_up_is_the_network():
    before, _ = windows(encode(corpus().held_out))
    assert torch.allclose(scores(table_of(letters()), before), letters()(before.float()), atol=1e-5)


def test_training_learns_and_every_item_is_a_network():
    first, last = trained()
    assert (first.step, last.step, last.done) == (30, 60, True)
    assert last.bits < first.bits < 6.6  # of log2(96) bits, with which it begins


def test_the_bits_are_those_of_the_network_over_all_held_out_text():
    found = bits_of(table_of(letters()), *windows(encode(corpus().held_out)))
    assert trained()[-1].bits == pytest.approx(float(found.double().mean()))


def test_the_same_seed_gives_the_same_bits():
    *_, again = train_letters(corpus(), SHORT)
    assert again.kan.digest == letters().digest


def test_u_follows_q():
    pairs = {(pair.character, pair.next) for pair in strongest(letters(), 30, place=0)}
    assert ("q", "u") in pairs
    assert next_character(letters(), "a q").likeliest(1)[0][0] == "u"


def test_the_parts_of_a_prediction_add_up_to_it():
    found = next_character(letters(), "the qu")
    sums = found.parts.sum(0) + letters().layers[0].bias
    assert torch.allclose(sums.softmax(0), found.probabilities, atol=1e-6)


def test_a_function_is_an_edge_of_the_network():
    found = letter_function(letters(), 2, "e")
    assert torch.equal(found.heights, letters().edge(found.edge).coef)
    assert letters().source_name(0, 2) == found.place


def test_what_letters_writes_follows_from_its_seed():
    one, two, other = (write_letters(letters(), "the", 40, seed) for seed in (1, 1, 2))
    assert one == two != other


def test_moving_a_control_point_changes_only_predictions_after_its_character():
    point = SYMBOLS.index("q")
    after = MoveControlPoint(kanviz.EdgeId(0, 0, SYMBOLS.index("u")), point, -3.0).apply(letters())
    found = letters_change(letters(), after, corpus().held_out)
    before, _ = windows(encode(corpus().held_out))
    assert (found.moved, found.changed_characters) == (1, "q")
    assert torch.equal(~found.predictions, before[:, 0] == point)
    assert torch.equal(found.before[found.predictions], found.after[found.predictions])


def test_a_certificate_holds_where_no_changed_character_stands():
    point = SYMBOLS.index("q")
    after = MoveControlPoint(kanviz.EdgeId(0, 0, SYMBOLS.index("u")), point, -3.0).apply(letters())
    before, _ = windows(encode(corpus().held_out))
    rows = before[before[:, 0] != point][:50].float()
    assert kanviz.certify(letters(), after, rows=rows).holds


@pytest.mark.parametrize("word", ["kanviz", "x", "two words"])
def test_teaching_a_word_leaves_other_characters_bit_identical(word: str):
    *_, taught = teach_word(letters(), word, corpus().held_out)
    others = [n for n, symbol in enumerate(SYMBOLS) if symbol not in f" {word}"]
    old, new = letters().layers[0], taught.kan.layers[0]
    assert torch.equal(old.coef[..., others], new.coef[..., others])
    assert torch.equal(old.bias, new.bias)
    assert taught.change.functions[:, others].all()
    assert taught.bits <= 0.1 < taught.bits_before


def test_teaching_leaves_pruned_and_frozen_edges_as_they_are():
    pruned, frozen = kanviz.EdgeId(0, 0, SYMBOLS.index("n")), kanviz.EdgeId(0, 1, SYMBOLS.index("v"))
    before = FreezeEdge((frozen,)).apply(Prune((pruned,), (0.0,)).apply(letters()))
    *_, taught = teach_word(before, "kanviz", corpus().held_out)
    assert taught.bits <= 0.1
    assert taught.kan.edge(pruned).state == "pruned"
    assert taught.kan.edge(frozen).frozen
    assert torch.equal(taught.kan.edge(frozen).coef, before.edge(frozen).coef)
    assert taught.change.moved <= 7 * PLACES * CHARACTERS - 2 * 7


def test_functions_are_preserved_and_behaviour_is_not():
    *_, taught = teach_word(letters(), "kanviz", corpus().held_out)
    share = 7 / CHARACTERS  # a space and six letters
    assert taught.change.functions_kept == pytest.approx(1 - share)
    assert taught.change.predictions_kept < 0.5
    assert taught.change.moved <= share * PLACES * CHARACTERS**2


def test_a_word_that_is_known_changes_nothing():
    *_, taught = teach_word(letters(), "kanviz", corpus().held_out)
    (again,) = teach_word(taught.kan, "kanviz", corpus().held_out)
    assert (again.done, again.change.moved, again.change.predictions_kept) == (True, 0, 1.0)


def test_a_word_is_taught_in_the_symbols_of_letters():
    first = next(teach_word(letters(), "né", corpus().held_out))
    assert first.word == "n?"


def test_refusals_say_what_to_do():
    with pytest.raises(UserError, match="1 to 200 characters"):
        next(teach_word(letters(), "", corpus().held_out))
    with pytest.raises(UserError, match="not one of Letters"):
        next_character(kanviz.init([6, 96]), "the")
    with pytest.raises(UserError, match="longer text"):
        letters_change(letters(), letters(), "short")
    with pytest.raises(UserError, match="check steps"):
        LettersConfig(steps=0)
    with pytest.raises(UserError, match="no 6"):
        letter_function(letters(), 6, "e")
    with pytest.raises(UserError, match="one of the 96 symbols"):
        letter_function(letters(), 0, "é")
