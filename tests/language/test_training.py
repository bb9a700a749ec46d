"""Tests of training: it is a stream of values that goes on bit for bit, and it learns."""

from typing import Any

import pytest
import torch

from kanviz.core.curves.feed_forward import KINDS
from kanviz.core.training.ending import Ending
from kanviz.errors import TrainError, UserError
from kanviz.language import Corpus, LanguageTraining, bits, train
from kanviz.language.optimiser import BETAS, DECAY, Flat
from kanviz.language.schedule import LOWEST, Plan
from kanviz.language.training import RATES
from tests.language.tiny import TEXT, tiny, trained


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(kind: str):
    last = trained(40, kind)
    assert last.held_out_bits is not None
    assert last.held_out_bits < 4.2
    assert last.held_out_bits == pytest.approx(bits(last.model, TEXT.held_out), abs=1e-6)


@pytest.mark.parametrize("kind", ["gelu", "curves"])
def test_a_training_that_goes_on_gives_the_same_bits(kind: str):
    whole = trained(9, kind)
    half = trained(9, kind, stop=4)
    assert torch.equal(trained(9, kind, resume=half.state).state.numbers.theta, whole.state.numbers.theta)


def test_an_item_does_not_change_when_the_next_is_taken():
    steps = train(tiny(), TEXT, LanguageTraining(steps=5))
    item = next(steps)
    before = item.state.numbers.theta.clone()
    next(steps)
    assert torch.equal(item.state.numbers.theta, before)


def test_training_leaves_the_given_model_as_it_was():
    model = tiny()
    before = [part.clone() for part in model.parameters()]
    list(train(model, TEXT, LanguageTraining(steps=2)))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_what_requires_no_gradient_stays_as_it_is():
    model = tiny()
    model.blocks.requires_grad_(False)
    *_, last = train(model, TEXT, LanguageTraining(steps=3))
    after = dict(last.model.named_parameters())
    same = {name for name, part in model.named_parameters() if torch.equal(part, after[name])}
    assert same == {name for name, _ in model.named_parameters() if name.startswith("blocks.")}


def test_a_frozen_model_is_refused_in_words():
    with pytest.raises(TrainError, match="No number of this model may change"):
        next(train(tiny().requires_grad_(False), TEXT, LanguageTraining(steps=3)))


def test_a_training_that_has_ended_does_not_go_on():
    with pytest.raises(TrainError, match="nothing to go on with"):
        next(train(tiny(), TEXT, resume=trained(2).state))


def test_the_seed_decides_which_passages_are_read():
    assert trained(2, seed=0).train_bits != trained(2, seed=1).train_bits
    assert trained(2, seed=0).train_bits == trained(2, seed=0).train_bits


def test_a_step_is_that_of_torchs_adamw():
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 2)
    other = torch.nn.Linear(3, 2)
    other.load_state_dict(module.state_dict())
    solver = torch.optim.AdamW(other.parameters(), lr=0.01, betas=BETAS, weight_decay=DECAY)
    flat = Flat(module)
    numbers = flat.start()
    for _ in range(5):
        x = torch.randn(4, 3)
        for one in (module, other):
            one.zero_grad(set_to_none=False)
            one(x).square().sum().backward()
        torch.nn.utils.clip_grad_norm_(other.parameters(), 1.0, error_if_nonfinite=True)
        solver.step()
        numbers = numbers.stepped(flat.gradient, torch.full((8,), 0.01), torch.full((8,), DECAY))
        flat.put(numbers.theta)
    for mine, its in zip(module.parameters(), other.parameters(), strict=True):
        assert torch.allclose(mine, its, atol=1e-6)


# --- the schedule ---------------------------------------------------------------------------------------------------


def test_the_rate_rises_and_then_falls_to_a_tenth():
    plan = Plan.of(400, None)
    assert [plan.rate(step) for step in (25, 50, 225, 400)] == pytest.approx([0.5, 1, 0.55, LOWEST])


class Clock:
    """A clock that goes on by so much at every second look, as if each step took that long."""

    def __init__(self, step: float):
        self.now, self.step, self.looks = 0.0, step, 0

    def __call__(self) -> float:
        self.looks += 1
        self.now += self.step if self.looks % 2 == 0 else 0
        return self.now


def test_ten_steps_are_timed_and_the_schedule_is_made_for_the_seconds():
    items = list(train(tiny(), TEXT, LanguageTraining(seconds=1, batch=2), clock=Clock(0.04)))
    assert [item.steps for item in items][10:] == [25] * 15
    assert items[-1].seconds == pytest.approx(1)
    assert items[-1].rate == pytest.approx(LOWEST * RATES["gelu"])


def test_a_machine_that_becomes_slower_ends_in_time():
    clock, last = Clock(0.02), None
    for last in train(tiny(), TEXT, LanguageTraining(seconds=1, batch=2), clock=clock):
        clock.step = 0.02 if last.step < 20 else 0.06
    assert last is not None
    assert last.seconds == pytest.approx(1, abs=0.25)
    assert last.stopped_because is Ending.ALL_STEPS


def test_the_held_out_part_is_measured_now_and_then_and_at_the_end():
    items = list(train(tiny(), TEXT, LanguageTraining(steps=25, batch=2)))
    assert [item.step for item in items if item.held_out_bits is not None] == [*range(2, 26, 2), 25]


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "either a number of steps or a number of seconds"),
        ({"steps": 3, "seconds": 1}, "either"),
        ({"steps": 0}, "1 to 1,000,000 steps"),
        ({"seconds": -1.0}, "seconds above 0"),
        ({"steps": 3, "rate": 0.0}, "learning rate is above 0"),
        ({"steps": 3, "batch": 0}, "batch"),
        ({"steps": 3, "seed": -1}, "seed"),
    ],
)
def test_settings_that_are_not_possible_are_refused_in_words(how: dict[str, Any], words: str):
    with pytest.raises(UserError, match=words):
        next(train(tiny(), TEXT, LanguageTraining(**how)))


def test_a_training_does_not_go_on_with_another_text():
    other = Corpus.from_text("Another text, as long as it must be. " * 40)
    with pytest.raises(TrainError, match="another text"):
        next(train(tiny(), other, resume=trained(3, stop=1).state))


def test_a_held_out_part_shorter_than_a_window_is_refused_in_words():
    with pytest.raises(UserError, match="at least"):
        next(train(tiny(context=1_000), TEXT, LanguageTraining(steps=1)))


def test_a_loss_that_is_not_finite_ends_the_training_in_words():
    model = tiny()
    with torch.no_grad():
        model.head.fill_(float("inf"))
    with pytest.raises(TrainError, match="NaN or infinite at step 1"):
        next(train(model, TEXT, LanguageTraining(steps=3)))
