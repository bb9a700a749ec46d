"""A lock is a value: compared by what it holds, combined, counted, saved, and checked against a network."""

import json
from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.locks import LayerLock, Lock, all_but, edge_lock, point_lock
from kanviz.core.training.parameters import FreeParameters
from kanviz.errors import UserError
from tests.core.locks.helpers import attacked, same_bits
from tests.helpers import kans


def random_lock(kan: KAN, seed: int) -> Lock:
    rng = torch.Generator().manual_seed(seed)
    empty = Lock.of(kan, held=False)
    layers = [
        LayerLock(*(torch.rand(getattr(v, p.name).shape, generator=rng) < 0.5 for p in fields(v))) for v in empty.layers
    ]
    return Lock(tuple(layers), f"lock {seed}", "a test")


SEEDS = st.integers(0, 1000)


@given(kans(), SEEDS)
def test_a_lock_comes_back_from_json(kan, seed):
    lock = random_lock(kan, seed)
    again = Lock.from_json(json.loads(json.dumps(lock.to_json())))
    assert (again, again.name, again.origin) == (lock, lock.name, lock.origin)
    assert hash(again) == hash(lock)


@given(kans(), SEEDS, SEEDS)
def test_locks_combine_as_sets_do(kan, first, second):
    a, b = random_lock(kan, first), random_lock(kan, second)
    everything, nothing = Lock.of(kan, held=True), Lock.of(kan, held=False)
    assert (a | b) == (b | a)
    assert (a & b) == (b & a)
    assert (a | (a & b)) == a == (a & (a | b))
    assert (a | nothing) == a == (a & everything)
    assert ((a | b) == a) == ((a & b) == b)


@given(kans(), SEEDS)
def test_what_is_held_is_not_among_the_free_numbers(kan, seed):
    lock = random_lock(kan, seed)
    new = attacked(kan, lock)
    for held, old, now in zip(lock.layers, kan.layers, new.layers, strict=True):
        for part in ("coef", "base_weight", "bias", "offset"):
            mask = getattr(held, part)
            assert same_bits(getattr(old, part)[mask], getattr(now, part)[mask])
        for row, (i, j, _) in enumerate(old.formulas):
            assert same_bits(old.affine[row], now.affine[row]) or not held.affine[i, j]
    assert FreeParameters.of(kan, lock=Lock.of(kan, held=True)).count == 0
    assert FreeParameters.of(kan, lock=Lock.of(kan, held=False)).count == FreeParameters.of(kan).count


@given(kans(), SEEDS)
def test_capacity_counts_the_control_points_of_splines(kan, seed):
    lock = random_lock(kan, seed)
    for capacity, held, layer in zip(lock.capacity(kan), lock.layers, kan.layers, strict=True):
        there = layer.active[..., None].expand_as(layer.coef)
        assert capacity.free == int((there & ~held.coef).sum())
        assert int(capacity.points.sum()) == int(there.sum())
        assert capacity.share == pytest.approx(float((there & held.coef).sum()) / max(int(there.sum()), 1))


def test_an_edge_lock_holds_one_activation_and_no_other():
    kan = init([2, 3, 1], grid=4).with_layer(1, formulas=((0, 0, "sin"),), affine=torch.ones(1, 4).double())
    edge = EdgeId(1, 0, 0)
    lock = edge_lock(kan, [edge])
    x = torch.linspace(-2, 2, 50).double()
    new = attacked(kan, lock)
    assert [e for e in kan.edges() if lock.holds(e)] == [edge]
    assert same_bits(new.edge(edge)(x), kan.edge(edge)(x))
    assert not any(new.edge(e).coef.equal(kan.edge(e).coef) for e in kan.edges() if e != edge)


def test_a_point_lock_holds_these_control_points():
    kan = init([1, 2, 1], grid=5)
    edge = EdgeId(0, 0, 1)
    new = attacked(kan, point_lock(kan, {edge: [0, 7]}))
    stayed = new.layers[0].coef == kan.layers[0].coef
    assert stayed.nonzero().tolist() == [[0, 1, 0], [0, 1, 7]]


def test_all_but_some_moves_these_alone():
    kan = init([1, 2, 1], grid=5)
    lock = all_but(kan, [EdgeId(0, 0, 0)], {EdgeId(1, 1, 0): [3]})
    assert FreeParameters.of(kan, lock=lock).count == kan.layers[0].coef.shape[2] + 1 + 1
    assert lock.origin == "everything held but 1 edge and 1 control point"


def test_a_lock_holds_formulas_that_came_later():
    kan = init([1, 2, 1])
    lock = edge_lock(kan, [EdgeId(0, 0, 1)])
    later = kan.with_layers({0: kan.layers[0].with_formulas({(0, 0): Formula("sin"), (0, 1): Formula("exp")})})
    assert attacked(later, lock).layers[0].formula(0, 1) == Formula("exp")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (init([1, 2, 1], grid=6), "The lock edges does not fit layer 0, whose nodes or grid have changed since."),
        (init([1, 2, 2, 1]), "The lock edges is for a network of 2 layers, this one has 3."),
    ],
)
def test_a_lock_for_another_network_is_refused_in_words(other, said):
    kan = init([1, 2, 1])
    lock = edge_lock(kan, [EdgeId(0, 0, 0)])
    with pytest.raises(UserError) as refusal:
        lock.check(other)
    assert str(refusal.value) == f"{said} Make it again from this network."
    with pytest.raises(UserError, match="different shapes or grids"):
        _ = lock | Lock.of(other, held=True)


def test_control_points_that_are_not_there_are_refused():
    kan = init([1, 2, 1], grid=5)
    with pytest.raises(UserError, match="Edge 0,0,0 has control points 0 to 7; there is no 8"):
        point_lock(kan, {EdgeId(0, 0, 0): [8]})
    with pytest.raises(UserError, match="There is no layer 5"):
        edge_lock(kan, [EdgeId(5, 0, 0)])


LAYER = Lock.of(init([1, 1]), held=True).to_json()["layers"][0]


@pytest.mark.parametrize(
    "record",
    [
        None, {}, {"name": "a", "origin": "", "layers": []}, {"name": 1, "origin": "", "layers": [LAYER]},
        {"name": "a", "origin": "", "layers": [LAYER | {"shape": [1, 1, 8]}]},
        {"name": "a", "origin": "", "layers": [LAYER | {"shape": [10**9, 10**9, 8, 1]}]},
        {"name": "a", "origin": "", "layers": [LAYER | {"shape": [1, 1, True, 1]}]},
        {"name": "a", "origin": "", "layers": [LAYER | {"bits": "####"}]},
        {"name": "a", "origin": "", "layers": [LAYER | {"bits": "////"}]},
        {"name": "a", "origin": "", "layers": [LAYER | {"bits": LAYER["bits"] + "AAAA"}]},
        {"name": "a" * 5000, "origin": "", "layers": [LAYER]},
    ],
)  # fmt: skip
def test_a_record_that_is_no_lock_is_refused(record):
    with pytest.raises(UserError, match="not a lock that kanviz wrote"):
        Lock.from_json(record)


def test_names_stay_short_however_often_locks_are_combined():
    kan = init([1, 1])
    lock = replace(Lock.of(kan, held=True), name="n" * 1500)
    other = replace(Lock.of(kan, held=False), name="m" * 1500)
    assert Lock.from_json((lock | other).to_json()) == lock
