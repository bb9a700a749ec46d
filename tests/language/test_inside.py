"""Tests of what is inside a language model, and of changes: units, texts, bits that stay, words that follow."""

import pytest
import torch

from kanviz.errors import UserError
from kanviz.language import LanguageModel, bits
from kanviz.language.changes import Change, Pruning, change, next_symbols, pruning, with_curve
from kanviz.language.inside import End, Recorded, curves_of, ends, record, units, units_for
from tests.language.tiny import TEXT, tiny, trained

MODEL = tiny("curves")
LAST = 1


def seen(block: int = LAST, model: LanguageModel = MODEL) -> Recorded:
    return record(model, TEXT.held_out, block, passages=8)


def moved(unit: int, point: int, by: float, block: int = LAST) -> LanguageModel:
    coef = curves_of(MODEL, block).coef.detach()[unit].clone()
    coef[point] += by
    return with_curve(MODEL, block, unit, coef)


def test_recorded_values_are_the_curves_of_recorded_inputs():
    found = seen()
    assert torch.equal(curves_of(MODEL, LAST)(found.inputs), found.values)
    assert found.inputs.shape == (found.numbers.shape[0] * 16, curves_of(MODEL, LAST).units)


def test_recorded_inputs_are_those_of_the_model():
    """The output of the block's last linear map, from recorded values, is what the model itself adds."""
    found, caught = seen(), []
    feed_forward = MODEL.blocks[LAST].feed_forward
    hook = feed_forward.register_forward_hook(lambda module, given, out: caught.append(out))  # pyright: ignore
    with torch.no_grad():
        MODEL(found.numbers[:, :-1])
    hook.remove()  # pyright: ignore
    assert torch.equal(feed_forward.down(found.values), caught[0].flatten(0, 1))  # pyright: ignore


def test_units_are_ranked_by_what_they_add():
    found = units(seen())
    assert [unit.share for unit in found] == sorted((unit.share for unit in found), reverse=True)
    assert sum(unit.share for unit in found) == pytest.approx(1)
    silent = with_curve(MODEL, LAST, found[0].number, torch.zeros(curves_of(MODEL, LAST).coef.shape[1]))
    assert units(seen(model=silent))[-1].number == found[0].number


def test_the_share_outside_the_grid_is_counted():
    found = seen()
    unit = units(found)[0]
    column = found.inputs[:, unit.number]
    assert unit.outside == pytest.approx(float(((column < -4) | (column > 4)).double().mean()))


def test_texts_at_the_ends_differ_in_their_last_five_characters_and_are_the_extreme_ones():
    found = seen()
    least, greatest = ends(found, 0)
    column = found.inputs[:, 0]
    assert least.places[0].value == float(column.min())
    assert greatest.places[0].value == float(column.max())
    for end in (least, greatest):
        tails = [place.text[-5:] for place in end.places]
        assert len(set(tails)) == len(tails) == 6
        assert all(place.text + place.after in TEXT.held_out for place in end.places)


def test_texts_are_alike_where_their_entropy_is_far_below_that_of_random_places():
    assert End((), 3.0, 6.0).alike
    assert not End((), 5.0, 6.0).alike


def test_a_text_finds_the_units_that_it_makes_strong():
    found = units_for(seen(), "The cat is")
    assert sorted(found) == list(range(curves_of(MODEL, LAST).units))
    assert found != units_for(seen(), "yellow, an")
    with pytest.raises(UserError, match="Type a text"):
        units_for(seen(), "")


def test_predictions_that_do_not_meet_a_control_point_keep_their_bits():
    found = seen()
    column = found.inputs[:, 0].view(len(found.numbers), -1)
    after = change(MODEL, moved(0, 10, 1.0), found.numbers)  # the last control point: it acts above 3
    assert after.kept > 0
    assert bool(after.same[column < 3].all())
    assert after.before == pytest.approx(bits_of(found))


def bits_of(found: Recorded) -> float:
    lines = ["".join(found.text(row, 1)[0] for row in range(n * 16, n * 16 + 16)) for n in range(len(found.numbers))]
    whole = [line + found.text(n * 16 + 15)[1] for n, line in enumerate(lines)]
    return sum(bits(MODEL, line) for line in whole) / len(whole)


def test_nothing_moved_changes_nothing_and_the_words_follow_the_predictions():
    found = seen()
    same = change(MODEL, moved(0, 5, 0.0), found.numbers)
    assert (same.kept, same.before) == (1, same.after)
    assert "Every prediction here kept its bits" in same.verdict
    half = torch.tensor([[True, True, True, False]])
    assert Change(2.0, 2.1, half).verdict.startswith("75% of the predictions are the same to the last bit")
    assert Change(2.0, 2.1, ~half).verdict.startswith("Only 25% of the predictions")


def test_the_next_symbols_are_the_models_own():
    found = next_symbols(MODEL, moved(0, 5, 3.0), "The cat is")
    assert len(found.symbols) == len(set(found.symbols)) == 10
    assert found.before != found.after
    pairs = list(map(max, found.before, found.after))
    assert pairs == sorted(pairs, reverse=True)
    with pytest.raises(UserError, match="Type a text"):
        next_symbols(MODEL, MODEL, "")


def test_removing_nothing_costs_nothing_and_all_choices_agree_where_all_are_gone():
    found = pruning(seen(), (0.0, 0.5, 1.0), seeds=2)
    assert found.random[0] == (found.weakest[0],) * 2
    assert found.random[2] == (found.weakest[2],) * 2
    assert found.weakest[1] != found.weakest[0]


def test_the_verdict_on_pruning_follows_the_numbers():
    tells = Pruning((0.0, 0.5), (2.0, 2.1), ((2.0, 2.0), (2.3, 2.5))).verdict
    assert tells == (
        "Without the weakest 50% of its units the model needs +0.100 bits per character, without as many random ones "
        "+0.400: strength tells which units matter."
    )
    assert "does not tell" in Pruning((0.0, 0.5), (2.0, 2.4), ((2.0, 2.0), (2.3, 2.5))).verdict


def test_other_blocks_and_short_texts_are_refused_in_words():
    with pytest.raises(UserError, match="blocks of the kind gelu, without curves"):
        record(trained(1).model, TEXT.held_out, 0)
    with pytest.raises(UserError, match="at least 17"):
        record(MODEL, "too short", 0)
