"""The gate: where it is closed nothing changes, at any depth; where the texts lie on its axis; what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from kanviz.errors import TrainError, UserError
from kanviz.io.language_file import from_bytes, to_bytes
from kanviz.language import LanguageModel, SavedModel
from kanviz.language.digest import model_digest
from kanviz.language.sampling import Reader
from kanviz.language.symbols import SYMBOLS, encode
from kanviz.language.teaching.gate import Gate, closed_until, gate_between, openings, places_on, windows
from kanviz.language.teaching.measure import unchanged_predictions
from kanviz.language.teaching.model import TaughtModel
from kanviz.language.teaching.reading import text_change
from kanviz.language.teaching.view import Separation, gate_view
from tests.language.taught import CODE, lesson, old_model
from tests.language.tiny import TEXT, tiny

MIXED = TEXT.held_out[:60] + CODE.held_out[:60] + TEXT.held_out[60:120]


def taught(kind: str = "gelu") -> TaughtModel:
    found = lesson("gate", kind)[-1].model
    assert isinstance(found, TaughtModel)
    return found


def gate_of(model: TaughtModel) -> Gate:
    gate = model.all_additions[-1].gate
    assert gate is not None
    return gate


def closed_so_far(model: TaughtModel, rows: Tensor) -> Tensor:
    gate = gate_of(model)
    return (openings(gate.heights, places_on(gate.ratios, rows)) == 0).cummin(1).values


def depths(model: LanguageModel, rows: Tensor) -> list[Tensor]:
    """What goes into every LayerNorm of the model, from the first block to the last norm, then the logits."""
    found: list[Tensor] = []
    norms = [part for part in model.modules() if isinstance(part, torch.nn.LayerNorm)]
    hooks = [norm.register_forward_pre_hook(lambda _, given: found.append(given[0])) for norm in norms]
    with torch.no_grad():
        found.append(model(rows))
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("kind", ["gelu", "curves"])
def test_where_the_gate_is_closed_every_number_is_the_old_one_at_every_depth(kind: str):
    rows = windows(encode(MIXED), 16)
    closed = closed_so_far(taught(kind), rows)
    assert 0 < int(closed.sum()) < closed.numel()
    pairs = list(zip(depths(old_model(kind), rows), depths(taught(kind), rows), strict=True))
    assert len(pairs) == 6  # two norms in each of two blocks, the last one, the logits
    for old, new in pairs:
        assert torch.equal(old[closed], new[closed])
    assert not torch.equal(pairs[-1][0][~closed], pairs[-1][1][~closed])


def test_whatever_the_units_compute_a_closed_gate_hides_it():
    model = taught()
    with torch.no_grad():
        for part in model.all_additions[-1].blocks.parameters():
            part.fill_(torch.nan)
    rows = windows(encode(TEXT.held_out), 16)
    closed = closed_so_far(model, rows)
    with torch.no_grad():
        assert torch.equal(model(rows)[closed], old_model()(rows)[closed])


def test_a_gate_stays_closed_for_the_share_of_the_old_text_that_it_was_made_for():
    found = gate_view(CODE, TEXT, context=16, reach=0.9)
    assert found.separation is Separation.APART
    assert found.closed >= 0.85
    assert found.gate.heights[found.gate.locked].tolist() == [0.0] * int(found.gate.locked.sum())
    assert set(found.gate.heights[~found.gate.locked].tolist()) == {1.0}


def test_the_histograms_hold_every_place_once():
    found = gate_view(CODE, TEXT, context=16)
    assert float(found.old.sum()) == pytest.approx(1)
    assert float(found.new.sum()) == pytest.approx(1)
    assert found.overlap < 0.5
    assert len(found.edges) == len(found.old) + 1


def test_how_soon_a_gate_opens_is_counted_in_windows():
    found = gate_view(CODE, TEXT, context=16)
    gate, rows = found.gate, windows(encode(CODE.held_out), 16)
    opened = openings(gate.heights, places_on(gate.ratios, rows)) > 0
    assert found.opens_after == tuple((n, float(opened[:, n].double().mean())) for n in (4, 8))


def test_windows_of_one_character_have_no_axis():
    found = gate_view(CODE, TEXT, context=1)
    assert (found.separation, found.closed, len(found.summary())) == (Separation.NOT, 1.0, 2)


def test_two_texts_that_do_not_separate_are_named_with_a_remedy():
    found = gate_view(TEXT, TEXT, context=16)
    assert found.separation is Separation.NOT
    assert 'how="replay"' in found.summary()[0]
    assert Separation.of(0.3) is Separation.PARTLY


def test_a_gate_that_could_never_open_is_refused():
    wild = replace(TEXT, train=TEXT.train[: len(TEXT.train) * 9 // 10] + CODE.train)
    with pytest.raises(TrainError, match="do not separate"):
        gate_between(CODE, wild, context=512)


def test_the_axis_is_the_log_ratio_of_pairs():
    gate = gate_between(CODE, TEXT, context=16)
    semicolon, newline, t, h = (SYMBOLS.index(one) for one in ";\nth")
    assert float(gate.ratios[semicolon, newline]) > 0 > float(gate.ratios[t, h])
    rows = encode("th;\n")[None]
    parts = [0.0, *(float(gate.ratios[a, b]) for a, b in zip(rows[0, :-1], rows[0, 1:], strict=True))]
    assert places_on(gate.ratios, rows)[0].tolist() == np.cumsum(parts).tolist()


def test_sums_on_the_axis_are_exact_in_any_order():
    gate = gate_between(CODE, TEXT, context=16)
    parts = gate.ratios.flatten()[torch.randperm(96 * 96, generator=torch.Generator().manual_seed(0))]
    assert float(parts.sum()) == float(parts.flip(0).sum()) == float(parts.double().sum())


def test_a_gate_is_level_outside_and_straight_between():
    heights, z = torch.tensor([0.0, 0.0, 1.0, 0.5]), torch.tensor([[-99.0, -40.0, -20.0, 0.0, 40.0, 99.0]])
    assert openings(heights, z)[0].tolist() == pytest.approx([0, 0, 0, 0.5, 0.5, 0.5])
    assert closed_until(heights) == pytest.approx(-40 + 80 / 3)
    assert closed_until(torch.zeros(3)) == float("inf")
    assert closed_until(torch.ones(3)) == float("-inf")


def test_a_free_control_point_moves_and_only_open_places_follow():
    model = taught()
    after = model.with_gate(gate_of(model).moved(24, 0.25))
    rows = windows(encode(MIXED), 16)
    with torch.no_grad():
        same = (model(rows) == after(rows)).all(-1)
    assert bool(same[closed_so_far(model, rows)].all())
    assert not bool(same.all())
    assert gate_of(model).heights[24] == 1


def test_a_locked_control_point_stays_and_says_why():
    gate = gate_of(taught())
    with pytest.raises(UserError, match="locked at 0"):
        gate.moved(0, 1.0)
    with pytest.raises(UserError, match="there is no 25"):
        gate.moved(25, 1.0)
    with pytest.raises(UserError, match="finite height"):
        gate.moved(24, float("nan"))
    with pytest.raises(UserError, match="Choose an addition"):
        taught().with_gate(gate, 7)


@pytest.mark.parametrize(("cells", "reach"), [(0, 0.9), (20_000, 0.9), (24, 0.0), (24, 1.0)])
def test_a_gate_needs_cells_and_a_share(cells: int, reach: float):
    with pytest.raises(UserError, match="gate"):
        gate_between(CODE, TEXT, 16, cells, reach)


def test_a_taught_model_writes_as_it_predicts():
    model, numbers = taught(), encode(CODE.held_out[:16])
    reader = Reader(model)
    logits = [reader.read(numbers[n : n + 1].numpy()) for n in range(16)]
    with torch.no_grad():
        assert np.abs(np.stack(logits) - model(numbers[None])[0].numpy()).max() < 1e-5


@pytest.mark.parametrize("how", ["gate", "units"])
def test_a_file_of_a_taught_model_gives_the_same_bits(how: str):
    model = lesson(how, "curves")[-1].model
    saved = SavedModel(model, "tiny, then code", "0" * 64, "a test", 12, 1.0, None)
    again = from_bytes(to_bytes(saved)).model
    assert isinstance(again, TaughtModel)
    assert model_digest(again) == model_digest(model)
    rows = windows(encode(MIXED), 16)
    with torch.no_grad():
        assert torch.equal(model(rows), again(rows))


def test_a_text_is_read_with_both_models_character_by_character():
    found = text_change(old_model(), taught(), MIXED)
    assert found.text == MIXED
    assert torch.equal(found.identical, unchanged_predictions(old_model(), taught(), MIXED))
    assert torch.equal(found.before[found.identical], found.after[found.identical])
    assert found.opening is not None and found.z is not None  # noqa: PT018
    assert bool(found.identical[found.z.cummax(0).values < 0].all())
    assert text_change(old_model(), lesson("plain")[-1].model, MIXED).opening is None


def test_a_text_of_one_character_is_a_guess():
    found = text_change(old_model(), taught(), "x")
    assert (len(found.before), found.kept, found.gain) == (1, 1.0, 0.0)
    with pytest.raises(UserError, match="no text"):
        text_change(old_model(), taught(), "")
    with pytest.raises(UserError, match="different lengths"):
        text_change(old_model(), tiny(context=8), "x")
