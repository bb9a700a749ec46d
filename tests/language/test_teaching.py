"""Teaching: what each policy may change and what it may not, and what the trajectory says."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kanviz.core.curves.module import Curves
from kanviz.errors import TrainError, UserError
from kanviz.language import LanguageModel
from kanviz.language.symbols import encode
from kanviz.language.teaching.gate import windows
from kanviz.language.teaching.lesson import curvature, prepare
from kanviz.language.teaching.measure import TeachPoint, forgetting_at, unchanged_predictions
from kanviz.language.teaching.model import TaughtModel
from kanviz.language.teaching.policy import POLICIES, TeachPolicy
from kanviz.language.teaching.teach import teach
from tests.language.taught import CODE, lesson, old_model
from tests.language.tiny import TEXT, tiny


def changed(before: LanguageModel, after: LanguageModel) -> set[str]:
    new = after.state_dict()
    return {name for name, part in before.state_dict().items() if not torch.equal(part, new[name])}


def moved(before: LanguageModel, after: LanguageModel) -> Tensor:
    """Which control points of the curves differ."""
    pairs = zip(before.modules(), after.modules(), strict=True)
    return torch.cat(
        [(a.coef != b.coef).flatten() for a, b in pairs if isinstance(a, Curves) and isinstance(b, Curves)]
    )


@pytest.mark.parametrize("how", POLICIES)
def test_every_policy_learns_the_new_text(how: str):
    items = lesson(how, "curves")
    assert [item.step for item in items] == list(range(13))
    assert items[0].now == TeachPoint(0, 0.0, 0.0, 1.0)
    assert items[-1].now.gain > 0
    assert items[-1].trajectory[-1].step == 12


@pytest.mark.parametrize("how", ["units", "gate"])
@pytest.mark.parametrize("kind", ["gelu", "curves", "swiglu"])
def test_new_units_leave_every_old_number_as_it_is(how: str, kind: str):
    after = lesson(how, kind)[-1].model
    assert isinstance(after, TaughtModel)
    assert changed(old_model(kind), after) == set()


def test_a_lesson_does_not_change_the_model_it_began_with():
    before = {name: part.clone() for name, part in old_model().state_dict().items()}
    *_, last = teach(old_model(), CODE, keep=TEXT, how="plain", steps=2)
    assert all(torch.equal(part, before[name]) for name, part in old_model().state_dict().items())
    assert changed(old_model(), last.model)


def test_the_same_seed_gives_the_same_bits():
    *_, one = teach(old_model(), CODE, keep=TEXT, how=TeachPolicy("gate", units=4), steps=12, seed=1)
    *_, other = teach(old_model(), CODE, keep=TEXT, how=TeachPolicy("gate", units=4), steps=12, seed=2)
    again = lesson()[-1]
    assert torch.equal(one.theta, again.theta)
    assert not torch.equal(other.theta, again.theta)


@pytest.mark.parametrize("how", ["lock", "random-lock"])
def test_a_lock_leaves_its_share_of_the_control_points_and_everything_else(how: str):
    after = lesson(how, "curves")[-1].model
    assert {name for name in changed(old_model("curves"), after) if not name.endswith("curve.coef")} == set()
    points = moved(old_model("curves"), after)
    free = prepare(TeachPolicy(how), old_model("curves"), CODE, TEXT, seed=1).factors > 0
    assert int(free.sum()) == len(points) - round(len(points) / 2)
    assert not bool(points[~free].any())


def test_a_lock_of_use_locks_what_the_old_text_uses():
    lock, chance = (
        prepare(TeachPolicy(how), old_model("curves"), CODE, TEXT, seed=1).factors for how in ("lock", "random-lock")
    )
    assert not torch.equal(lock, chance)
    middle = torch.zeros(len(lock), dtype=torch.bool)
    middle[5::11] = True  # the control point at 0 of each curve: inputs behind a LayerNorm lie around it
    assert bool((lock[middle] == 0).all())


def test_a_lock_needs_curves():
    with pytest.raises(TrainError, match="needs blocks with curves"):
        next(teach(old_model(), CODE, keep=TEXT, how="lock"))


def test_elastic_weights_hold_the_more_the_stronger_they_are():
    far = []
    for strength in (0.0, 1e3, 1e7):
        *_, last = teach(old_model(), CODE, keep=TEXT, how=TeachPolicy("ewc", strength=strength), steps=12, seed=1)
        pairs = zip(old_model().parameters(), last.model.parameters(), strict=True)
        far.append(float(sum((a - b).detach().square().sum() for a, b in pairs)))
    assert far[0] > far[1] > far[2]


def test_the_curvature_is_fishers_information():
    """Of the head's weights it is the mean of p (1 - p) times what goes in squared; their sum has little noise."""
    model, entering = old_model("swiglu"), []
    hook = model.norm.register_forward_hook(lambda _, __, out: entering.append(out))
    rows = windows(encode(TEXT.train), 16)
    with torch.no_grad():
        p = model(rows).softmax(-1)
    hook.remove()
    exact = ((p * (1 - p)).sum(-1) * entering[0].square().sum(-1)).mean()
    parts = curvature(model, TEXT, seed=0).split([part.numel() for part in model.parameters()])
    names = [name for name, _ in model.named_parameters()]
    assert float(parts[names.index("head")].sum()) == pytest.approx(float(exact), rel=0.1)


def test_replay_forgets_less_than_nothing_at_all():
    plain, replay = (lesson(how)[-1].now for how in ("plain", "replay"))
    assert replay.forgetting < plain.forgetting


def test_forgetting_at_equal_gain_lies_on_the_line_between_two_points():
    run = [TeachPoint(n, gain, lost, 0.0) for n, (gain, lost) in enumerate([(0.0, 0.0), (0.5, 0.2), (1.5, 0.6)])]
    assert forgetting_at(run, 1.0) == pytest.approx(0.4)
    assert forgetting_at(run, 0.5) == 0.2
    assert forgetting_at(run, 2.0) is None


def test_what_was_measured_is_what_the_models_predict():
    last = lesson()[-1]
    same = unchanged_predictions(old_model(), last.model, TEXT.held_out)
    whole = (len(TEXT.held_out) - 1) // 16 * 16  # the windows that were measured
    assert last.now.identical == pytest.approx(float(same[1 : whole + 1].double().mean()))


def test_a_taught_model_can_be_taught_again():
    third = replace(CODE, name="third", train=CODE.train.replace("f", "@"), held_out=CODE.held_out.replace("f", "@"))
    before = lesson()[-1].model
    *_, last = teach(before, third, keep=TEXT, how=TeachPolicy("gate", units=3), steps=2)
    assert isinstance(last.model, TaughtModel)
    assert [one.units for one in last.model.all_additions] == [4, 3]
    assert changed(before, last.model) == set()


def test_refusals_say_what_to_do():
    with pytest.raises(TrainError, match="choose among plain"):
        TeachPolicy("magic")
    with pytest.raises(TrainError, match="no way '5'"):
        TeachPolicy.of(5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TrainError, match="check share, strength"):
        TeachPolicy("replay", share=1.0, strength=-1.0)
    with pytest.raises(TrainError, match="1,000,000 steps"):
        next(teach(old_model(), CODE, keep=TEXT, steps=0))
    with pytest.raises(TrainError, match="A seed is a whole number"):
        next(teach(old_model(), CODE, keep=TEXT, seed=-1))
    with pytest.raises(UserError, match="units cannot be added"):
        next(teach(old_model(), CODE, keep=TEXT, how=TeachPolicy("gate", units=0)))
    with pytest.raises(UserError, match="choose curves or gelu"):
        next(teach(old_model(), CODE, keep=TEXT, how=TeachPolicy("units", kind="relu")))
    with pytest.raises(TrainError, match="shorter than a window"):
        next(teach(tiny(context=2_048), CODE, keep=TEXT))
    with pytest.raises(UserError, match="different lengths"):
        unchanged_predictions(tiny(context=8), tiny(), TEXT.held_out)
