"""Protections: each gives what its parts give by hand, locks keep bits, and what does not fit is refused in words."""

import hashlib
from dataclasses import fields, replace

import pytest
import torch

from kanviz.continual.known import Known
from kanviz.continual.policy import POLICIES, Policy
from kanviz.continual.protection import (
    PROTECTIONS,
    SMOOTH,
    ElasticWeights,
    LockRegion,
    LockRows,
    NoProtection,
    Protected,
    Protection,
    Replay,
    protect,
)
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.locks import Lock, certified_lock, data_lock
from kanviz.core.training.forgetting import anchor, with_replay
from kanviz.core.training.train import TrainConfig, trained
from kanviz.errors import TableError, TrainError, UserError

AT = torch.tensor([[-0.75], [0.0], [0.75]], dtype=torch.float64)
BOX = ((-1.0, -0.25),)
ALL = {"rows": LockRows(), "region": LockRegion(), "replay": Replay(0.4, 3), "ewc": ElasticWeights(2.0),
       "none": NoProtection()}  # fmt: skip


def parabola(low: float, high: float, rows: int = 40) -> Dataset:
    x = torch.linspace(low, high, rows, dtype=torch.float64)[:, None]
    return Dataset.from_arrays(x, x[:, 0] ** 2)


OLD, NEW = parabola(-1.0, -0.25), parabola(0.25, 1.0)
ROWS = Known.rows(OLD, "old.csv")


@pytest.fixture(scope="module")
def start() -> KAN:
    """[1, 2, 1] that learned the old rows."""
    return trained(init([1, 2, 1], grid=20), OLD, TrainConfig("lm", steps=4, smooth=1e-6)).kan


def learned(start: KAN, held: Protected) -> KAN:
    return trained(start, held.data, held.config(solver="lm", steps=6, smooth=SMOOTH), anchor=held.anchor).kan


def bits(lock: Lock | None) -> str:
    """What a lock holds, as a digest."""
    if lock is None:
        return ""
    parts = [getattr(layer, name).flatten() for layer in lock.layers for name in sorted(f.name for f in fields(layer))]
    return hashlib.sha256(torch.cat(parts).numpy().tobytes()).hexdigest()[:16]


# Recorded before there was a Protection, when every caller applied lock, replay and EWC by itself.
RECORDED = {
    "rows": ("56e09619f879008e", "ff2fbf8b7b3ba570", (0.57893342034, 0.596756663103, 0.563052329111)),
    "region": ("56e09619f879008e", "ff2fbf8b7b3ba570", (0.57893342034, 0.596756663103, 0.563052329111)),
    "replay": ("cf8a13059e42ead5", "", (0.57555055218, 0.663520555904, 0.592905358545)),
    "ewc": ("56e09619f879008e", "", (0.579227469155, 0.460163782679, 0.559017149602)),
    "none": ("56e09619f879008e", "", (0.678814641173, 0.699776528373, 0.573804656836)),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_protection_gives_the_numbers_that_were_recorded(start: KAN, name: str):
    held = ALL[name].apply(start, ROWS, NEW)
    table, lock, values = RECORDED[name]
    assert (held.data.digest[:16], bits(held.lock)) == (table, lock)
    assert learned(start, held)(AT)[:, 0].tolist() == pytest.approx(values, rel=1e-6)


BY_HAND = {
    "rows": lambda kan: Protected(NEW, data_lock(kan, OLD.x)),
    "region": lambda kan: Protected(NEW, certified_lock(kan, BOX).lock),
    "replay": lambda kan: Protected(with_replay(NEW, OLD, 0.4, 3)),
    "ewc": lambda kan: Protected(NEW, None, anchor(kan, OLD.x, 2.0)),
    "none": lambda kan: Protected(NEW),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_protection_trains_bit_for_bit_as_its_parts_by_hand(start: KAN, name: str):
    one, two = ALL[name].apply(start, ROWS, NEW), BY_HAND[name](start)
    assert one.data.digest == two.data.digest
    assert one.lock == two.lock
    assert learned(start, one).digest == learned(start, two).digest


@pytest.mark.parametrize("name", ALL)
def test_predictions_keep_their_bits_where_that_is_promised_and_only_there(start: KAN, name: str):
    after = learned(start, ALL[name].apply(start, ROWS, NEW))
    assert torch.equal(after(OLD.x), start(OLD.x)) == ALL[name].keeps_bits
    assert after.digest != start.digest


def test_every_protection_is_in_the_table_under_its_kind():
    assert {one.kind for one in Protection.__subclasses__()} == set(PROTECTIONS) == set(ALL)
    assert all(PROTECTIONS[name] is type(one) for name, one in ALL.items())


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_against_forgetting_is_a_protection(name: str):
    made = Policy(name, share=0.3, strength=4.0).protection(seed=7)
    assert made.keeps_bits == Policy(name).locks
    assert made in (NoProtection(), LockRows(), LockRegion(), Replay(0.3, 7), ElasticWeights(4.0))


# --- together -------------------------------------------------------------------------------------------------------


def test_protections_together_hold_what_each_holds(start: KAN):
    region = Known.region(((0.25, 0.5),))
    asked = [(LockRows(), ROWS), (LockRegion(), region), (Replay(0.4, 3), ROWS), (ElasticWeights(2.0), ROWS)]
    held = protect(start, asked, NEW)
    assert held.lock == data_lock(start, OLD.x) | certified_lock(start, ((0.25, 0.5),)).lock
    assert held.data.digest == with_replay(NEW, OLD, 0.4, 3).digest
    assert held.anchor is not None
    assert protect(start, [], NEW) == Protected(NEW)


def test_anchors_together_weigh_what_both_weigh_at_the_newest_network(start: KAN):
    one, two = ElasticWeights(2.0).apply(start, ROWS, NEW), ElasticWeights(2.0).apply(start, Known.rows(NEW, ""), NEW)
    both = one.joined(two).anchor
    assert both is not None
    assert one.anchor is not None
    assert two.anchor is not None
    for layer, a, b in zip(both.weights, one.anchor.weights, two.anchor.weights, strict=True):
        assert all(torch.equal(layer[part], a[part] + b[part]) for part in layer)
    with pytest.raises(TrainError, match="different strengths"):
        one.joined(ElasticWeights(1.0).apply(start, ROWS, NEW))


def test_smoothing_is_fixed_under_a_lock_and_left_to_the_data_without(start: KAN):
    assert LockRows().apply(start, ROWS, NEW).config().smooth == SMOOTH
    assert LockRows().apply(start, ROWS, NEW).config(smooth=0.5).smooth == 0.5
    assert Replay().apply(start, ROWS, NEW).config().smooth is None


def test_a_region_is_the_box_given_or_the_known_one_or_the_hull_of_the_rows():
    assert LockRegion(((0.0, 1.0),)).region(ROWS) == ((0.0, 1.0),)
    assert LockRegion().region(Known.region(((2.0, 3.0),))) == ((2.0, 3.0),)
    assert LockRegion().region(ROWS) == BOX
    assert {ALL[name].region(ROWS) for name in ("rows", "replay", "ewc", "none")} == {None}


def test_elastic_weights_without_strength_hold_nothing(start: KAN):
    assert ElasticWeights(0.0).apply(start, ROWS, NEW) == Protected(NEW)


# --- what does not fit ----------------------------------------------------------------------------------------------

REFUSED = {
    "a region under a lock of rows": (LockRows(), Known.region(BOX), UserError, "holds no region"),
    "a region replayed": (Replay(), Known.region(BOX), TableError, "needs their table"),
    "inputs alone replayed": (Replay(), Known("old.csv", OLD.x), TableError, "needs their table"),
    "a share of all": (Replay(1.0), ROWS, TableError, "above 0 and below 1"),
    "a box of two inputs": (LockRegion(((0.0, 1.0), (0.0, 1.0))), ROWS, UserError, "each of the 1 inputs"),
    "a box that ends before it begins": (LockRegion(((1.0, 0.0),)), ROWS, UserError, "the least first"),
    "no rows": (ElasticWeights(), Known("old.csv", OLD.x[:0]), TrainError, "no old rows"),
    "a negative strength": (ElasticWeights(-1.0), ROWS, TrainError, "0 or a positive number"),
    "values that are no numbers": (LockRows(), Known("old.csv", OLD.x / 0), UserError, "no finite numbers"),
    "other columns": (
        Replay(), Known.rows(Dataset.from_arrays(OLD.x, OLD.y, inputs=["t"]), ""), TableError, "same columns"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_protection_cannot_keep_is_refused_in_words(start: KAN, case: str):
    one, what, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        one.apply(start, what, NEW)


# --- what is known --------------------------------------------------------------------------------------------------


def test_the_points_of_a_region_are_in_it_and_the_same_each_time():
    one, two = Known.region(((0.0, 1.0), (-5.0, 5.0))), Known.region(((0.0, 1.0), (-5.0, 5.0)))
    assert torch.equal(one.x, two.x)
    assert bool(((one.x >= torch.tensor([0.0, -5.0])) & (one.x <= torch.tensor([1.0, 5.0]))).all())
    assert one.noun == "points of the region"
    assert ROWS.noun == Known("old.csv", OLD.x).noun == "old rows"


def test_the_key_tells_apart_what_is_known():
    keys = {
        ROWS.digest,
        Known.rows(NEW, "old.csv").digest,
        Known("", OLD.x).digest,
        Known("", NEW.x).digest,
        Known.region(BOX).digest,
    }
    assert len(keys) == 5
    assert Known("", OLD.x).digest == Known("other", OLD.x.clone()).digest


def test_the_error_is_that_of_the_targets_and_without_them_how_far_outputs_moved(start: KAN):
    layer = start.layers[-1]
    moved = start.with_layer(1, bias=layer.bias + 0.5)
    shift = 0.5 * start.outputs[0].scale
    assert ROWS.error(start, start) == pytest.approx(float((start(OLD.x) - OLD.y).square().mean().sqrt()))
    assert Known.region(BOX).error(start, start) == 0
    assert Known("", OLD.x).error(moved, start) == pytest.approx(shift)


def test_held_out_rows_are_locked_too(start: KAN):
    some = replace(OLD, train=OLD.train[:5], test=OLD.train[5:])
    assert LockRows().apply(start, Known.rows(some, ""), NEW).lock == LockRows().apply(start, ROWS, NEW).lock
