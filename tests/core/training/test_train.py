"""Training learns, moves only what it may, repeats to the bit, and says in words why it cannot."""

import json
import math
from dataclasses import replace
from itertools import islice

import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.training.ending import Ending
from kanviz.core.training.parameters import PARTS, FreeParameters
from kanviz.core.training.train import LOSS_NAMES, LOSSES, SOLVERS, TrainConfig, train, trained
from kanviz.edit.edits import FixFormula
from kanviz.errors import TrainError, UserError
from tests.helpers import as_json, digest, kans, table_for


def hello(rows: int = 200, seed: int = 0) -> Dataset:
    """exp(sin(pi x1) + x2^2) on [-1, 1]^2: pykan's first example."""
    x = torch.rand(rows, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    return Dataset.from_arrays(x, torch.exp(torch.sin(torch.pi * x[:, 0]) + x[:, 1] ** 2), seed=seed)


def new(shape, data: Dataset, **how) -> KAN:
    return replace(init(shape, inputs=data.inputs, outputs=data.outputs, **how), task=data.task)


@pytest.mark.parametrize(
    ("config", "goal"),
    [
        (TrainConfig("lbfgs", steps=30), 0.1),
        (TrainConfig("lbfgs", steps=30, follow=3), 0.1),
        (TrainConfig("adam", steps=200, rate=0.03), 0.2),
        (TrainConfig("adam", steps=200, rate=0.03, batch=50), 0.2),
        (TrainConfig("lbfgs", steps=30, loss="mae"), 0.25),
    ],
)
def test_a_known_function_is_learned(config, goal):
    data = hello()
    last = trained(new([2, 3, 1], data, seed=1), data, config)
    x, y = data.rows("test")
    error = float(((last.kan(x) - y) ** 2).mean().sqrt())
    assert error <= goal
    assert last.test_rmse is not None
    assert last.best_step <= last.step == config.steps
    assert last.stopped_because is Ending.ALL_STEPS


def test_a_product_is_learned_by_a_product_node():
    x = torch.rand(100, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    data = Dataset.from_arrays(x, x[:, 0] * x[:, 1])
    last = trained(new([2, [0, 1]], data, grid=2), data, TrainConfig(steps=20))
    assert last.test_loss is not None
    assert last.test_loss <= 1e-4


def test_float32_learns_in_float32():
    data = hello()
    last = trained(new([2, 3, 1], data, seed=1, dtype=torch.float32), data, TrainConfig(steps=20))
    assert last.kan.dtype == torch.float32
    assert last.test_rmse is not None
    assert last.test_rmse <= 0.15


@pytest.mark.parametrize("config", [TrainConfig(steps=4, follow=1), TrainConfig("adam", steps=4, batch=20, seed=3)])
def test_the_same_seed_gives_the_same_bits(config):
    data = hello()
    kan = new([2, 2, 1], data)
    torch.manual_seed(1)
    first = [digest(item.kan) for item in train(kan, data, config)]
    torch.manual_seed(2)
    assert [digest(item.kan) for item in train(kan, data, config)] == first
    assert len(set(first)) == 5


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_frozen_edges_keep_their_bits_and_the_rest_learns(solver):
    data = hello()
    kan = new([2, 3, 1], data)
    kan = kan.with_layer(0, frozen=torch.tensor([[True, False, False], [False, False, False]]))
    held = (EdgeId(0, 0, 0), EdgeId(0, 1, 1), EdgeId(1, 2, 0))
    sparsity = 0.0 if solver == "lm" else 1e-3
    config = TrainConfig(solver, steps=6, frozen=held[1:], l1=sparsity, entropy=sparsity, follow=2)
    last = list(train(kan, data, config))[-1]
    for id in kan.edges():
        before, after = kan.edge(id), last.kan.edge(id)
        same = before.coef.equal(after.coef) and before.knots.equal(after.knots)
        same = same and before.base_weight == after.base_weight
        assert same == (id in held), id


@pytest.mark.parametrize("part", PARTS)
@given(kans(deepest=2))
def test_only_the_chosen_parts_move(part, kan):
    config = TrainConfig("adam", steps=1, parts=(part,), rate=0.1)
    try:
        last = list(train(kan, table_for(kan), config))[-1]
    except TrainError:  # no such number in this network, or one that is too steep to begin with
        reject()
    for before, after in zip(kan.layers, last.kan.layers, strict=True):
        for name in ("knots", "coef", "base_weight", "bias", "offset", "affine"):
            if name != part and (name, part) != ("offset", "bias"):
                assert getattr(after, name) is getattr(before, name)


@given(kans())
def test_free_numbers_go_out_and_back_without_a_change(kan):
    free = FreeParameters.of(kan)
    assert digest(free.put(free.vector())) == digest(kan)
    moved = free.put(free.vector() + 1)
    assert FreeParameters.of(moved).vector().equal(free.vector() + 1)
    for before, after in zip(kan.layers, moved.layers, strict=True):
        still = before.frozen | ~before.active
        assert before.coef[still].equal(after.coef[still])
        assert before.base_weight[still].equal(after.base_weight[still])


def test_the_input_is_untouched_also_when_stopped_half_way():
    data = hello()
    kan = new([2, 3, 1], data)
    before, table = digest(kan), data.digest
    seen = list(islice(train(kan, data, TrainConfig(steps=50, follow=2)), 4))
    assert [item.step for item in seen] == [0, 1, 2, 3]
    assert seen[0].kan is kan
    assert digest(kan) == before
    assert replace(data).digest == table
    assert digest(seen[-1].best) != before


def test_every_item_is_a_value_that_later_steps_leave_alone():
    data = hello()
    kept = [(item.kan, digest(item.kan)) for item in train(new([2, 2, 1], data), data, TrainConfig(steps=5))]
    assert all(digest(kan) == bits for kan, bits in kept)


def test_the_best_network_is_the_one_with_the_lowest_held_out_loss():
    data = hello(60)
    items = list(train(new([2, 5, 1], data, grid=12), data, TrainConfig(steps=25, smooth=0)))
    losses = [item.test_loss or 0.0 for item in items]
    best = losses.index(min(losses))
    assert best < len(items) - 1, "this table was meant to be over-learned"
    assert items[-1].best_step == best
    assert items[-1].best is items[best].kan


def test_training_stops_when_the_held_out_loss_no_longer_falls():
    data = hello(60)
    last = trained(new([2, 5, 1], data, grid=12), data, TrainConfig(steps=200, smooth=0, patience=4))
    assert last.stopped_because is Ending.NO_BETTER_LOSS
    assert last.step == last.best_step + 4 < 200


def test_training_stops_when_nothing_is_left_to_learn():
    data = Dataset.from_arrays(torch.linspace(-1, 1, 30)[:, None], torch.zeros(30))
    kan = new([1, 1], data).with_layer(
        0, coef=torch.zeros(1, 1, 8, dtype=torch.float64), base_weight=torch.zeros(1, 1, dtype=torch.float64)
    )
    assert trained(kan, data).stopped_because is Ending.NOTHING_LEFT


def test_losses_are_what_they_are_called():
    y, target = torch.tensor([[0.0, 2.0]]), torch.tensor([[0.0, 1.0]])
    assert set(LOSSES) == set(LOSS_NAMES)
    assert float(LOSSES["mse"](y, target, None)) == 0.5
    assert float(LOSSES["mae"](y, target, None)) == 0.5
    assert float(LOSSES["mse"](2 * y, target, None)) == 4.5
    assert float(LOSSES["mae"](2 * y, target, None)) == 1.5
    assert float(LOSSES["cross_entropy"](y, target, None)) == pytest.approx(math.log(1 + math.exp(-2)))


def test_the_errors_reported_are_in_table_units():
    data = hello()
    item = next(train(new([2, 2, 1], data), data, TrainConfig(steps=1)))
    for (x, y), rmse, loss in (
        (data.rows("train"), item.train_rmse, item.train_loss),
        (data.rows("test"), item.test_rmse, item.test_loss),
    ):
        error = float(((item.kan(x) - y) ** 2).mean().sqrt())
        assert rmse == pytest.approx(error)
        assert loss == pytest.approx((error / data.outputs[0].scale) ** 2)


def test_l1_and_entropy_shrink_what_does_not_matter():
    data = hello()
    kan = new([2, 4, 1], data, seed=2)

    def sizes(config: TrainConfig) -> torch.Tensor:
        act = trained(kan, data, config).kan.trace(data.x).activations[0]
        return (act - act.mean(0)).abs().mean(0).flatten()

    plain = sizes(TrainConfig(steps=25))
    sparse = sizes(TrainConfig(steps=25, l1=3e-2))
    assert sparse.sum() < 0.5 * plain.sum()

    def entropy(size: torch.Tensor) -> float:
        share = size / size.sum()
        return float(-(share * (share + 1e-12).log()).sum())

    assert entropy(sizes(TrainConfig(steps=25, l1=1e-3, entropy=0.3))) < 0.7 * entropy(plain)


def classes(rows: int = 120) -> Dataset:
    x = torch.rand(rows, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    ring = (x.norm(dim=1) > 0.7).long()
    data = Dataset.from_arrays(x, torch.nn.functional.one_hot(ring, 2).double(), outputs=["in", "out"])
    plain = tuple(replace(v, shift=0.0, scale=1.0) for v in data.outputs)
    return replace(data, task="classification", outputs=plain)


@pytest.mark.parametrize("config", [TrainConfig("lbfgs", steps=25), TrainConfig("adam", steps=150, rate=0.05)])
def test_classes_are_learned_by_cross_entropy_under_that_name(config):
    data = classes()
    last = trained(new([2, 2, 2], data), data, config)
    x, y = data.rows("test")
    assert (last.loss, last.train_rmse) == ("cross_entropy", None)
    assert float((last.kan(x).argmax(1) == y.argmax(1)).double().mean()) >= 0.9


def test_cross_entropy_is_of_the_outputs_as_the_network_gives_them():
    data = classes()
    kan = new([2, 2], data)
    kan = replace(kan, outputs=tuple(replace(v, shift=1.0 + j, scale=3.0) for j, v in enumerate(kan.outputs)))
    item = next(train(kan, data, TrainConfig(steps=1)))
    x, y = data.rows("train")
    assert item.train_loss == pytest.approx(float(torch.nn.functional.cross_entropy(kan(x), y)))


@pytest.mark.parametrize("solver", list(SOLVERS))
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([[3.0]], [5.0]),
        ([[1.0], [2.0]], [1.0, 2.0]),
        ([[1.0], [1.0], [1.0]], [1.0, 2.0, 3.0]),
        ([[1.0], [2.0], [3.0], [4.0], [5.0]], [7.0] * 5),
        ([[1e9], [2e9], [3e9], [4e9], [5e9]], [1e12, 4e12, 9e12, 16e12, 25e12]),
        ([[1e-9], [2e-9], [3e-9], [4e-9], [5e-9]], [1e-12, 2e-12, 3e-12, 4e-12, 5e-12]),
    ],
)
def test_odd_tables_train_without_a_fuss(solver, x, y):
    data = Dataset.from_arrays(x, y)
    last = trained(new([1, 2, 1], data), data, TrainConfig(solver, steps=10, follow=1))
    assert math.isfinite(last.train_loss)
    assert last.kan(x).isfinite().all()
    first = next(train(new([1, 2, 1], data), data, TrainConfig(solver, steps=1)))
    assert last.train_loss <= first.train_loss


def test_large_numbers_are_learned_as_well_as_small_ones():
    x = torch.linspace(-1, 1, 60, dtype=torch.float64)[:, None]
    small, large = Dataset.from_arrays(x, x**2), Dataset.from_arrays(1e9 + 1e9 * x, 1e9 * x**2)
    errors = [trained(new([1, 1], d), d, TrainConfig(steps=20)).test_loss for d in (small, large)]
    assert errors[1] == pytest.approx(errors[0], rel=0.1, abs=1e-8)


def test_a_network_that_is_not_a_number_is_refused_before_training():
    data = hello(20)
    kan = new([2, 1], data).with_layer(0, bias=torch.full((1,), torch.nan, dtype=torch.float64))
    with pytest.raises(TrainError, match="not a finite number before training"):
        next(train(kan, data))


def test_a_loss_that_stops_being_a_number_is_said_with_the_step():
    data = hello(20)
    with pytest.raises(TrainError, match=r"became NaN or infinite at step \d+; the network of step \d+ is kept"):
        list(train(new([2, 2, 1], data, dtype=torch.float32), data, TrainConfig("adam", steps=20, rate=1e30)))


def test_a_line_search_that_flies_off_is_taken_back():
    data = hello(40)
    items = list(train(new([2, 2, 1], data, dtype=torch.float32), data, TrainConfig("lbfgs", steps=5, rate=1e30)))
    assert len(items) == 6
    assert all(math.isfinite(item.train_loss) and item.train_loss <= items[0].train_loss for item in items)


@pytest.mark.parametrize(
    ("solver", "words"), [("lbfgs", "release the edges with formulas"), ("adam", "release formulas that have a pole")]
)
def test_a_formula_at_its_pole_is_named_as_a_reason(solver, words):
    x = torch.linspace(0, 1, 11, dtype=torch.float64)[:, None]
    kan = FixFormula(EdgeId(0, 0, 0), Formula("sqrt")).apply(init([1, 1]))  # its slope at 0 is infinite
    with pytest.raises(TrainError, match=words):
        list(train(kan, Dataset.from_arrays(x, 3 * x.sqrt(), test=0), TrainConfig(solver, steps=5)))


def test_nothing_that_may_move_is_refused_in_words():
    data = hello(20)
    kan = new([2, 1], data)
    with pytest.raises(TrainError, match="Nothing may move"):
        list(train(kan, data, TrainConfig(parts=("coef",), frozen=tuple(kan.edges()))))
    with pytest.raises(TrainError, match="Nothing may move"):
        list(train(kan, data, TrainConfig(parts=("affine",))))


def test_a_frozen_edge_that_is_not_there_is_refused():
    data = hello(20)
    with pytest.raises(UserError, match="no layer 4"):
        list(train(new([2, 1], data), data, TrainConfig(frozen=(EdgeId(4, 0, 0),))))


def test_cross_entropy_on_plain_numbers_is_refused():
    data = hello(20)
    with pytest.raises(TrainError, match="Cross-entropy needs a table read for classification"):
        next(train(new([2, 1], data), data, TrainConfig(loss="cross_entropy")))


def test_training_works_inside_no_grad():
    data = hello(20)
    for config in (TrainConfig("lbfgs", steps=3), TrainConfig("adam", steps=3)):
        with torch.no_grad():
            assert trained(new([2, 1], data), data, config).best_step > 0


configs = st.builds(
    TrainConfig,
    solver=st.sampled_from(list(SOLVERS)),
    steps=st.integers(1, 10**6),
    loss=st.sampled_from([None, *LOSSES]),
    rate=st.none() | st.floats(1e-6, 10),
    batch=st.none() | st.integers(1, 10**6),
    l1=st.floats(0, 10),
    entropy=st.floats(0, 10),
    smooth=st.floats(0, 1),
    patience=st.integers(0, 1000),
    parts=st.lists(st.sampled_from(PARTS), min_size=1, unique=True).map(tuple),
    frozen=st.lists(st.builds(EdgeId, *[st.integers(0, 99)] * 3)).map(tuple),
    seed=st.integers(0, 2**63 - 1),
)


@given(configs)
def test_settings_come_back_from_json_equal(config):
    assert TrainConfig.from_json(as_json(config.to_json())) == config


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0}, {"steps": 10**12}, {"steps": 2.5}, {"steps": "9"}, {"steps": True}, {"steps": None},
        {"solver": "sgd"}, {"solver": ["lbfgs"]}, {"solver": {}}, {"solver": None}, {"loss": "hinge"}, {"loss": []},
        {"rate": 0}, {"rate": -1}, {"rate": math.nan}, {"rate": math.inf}, {"rate": "1"}, {"rate": 10**400},
        {"batch": 0}, {"batch": 1.5}, {"l1": -1}, {"l1": "0"}, {"entropy": math.nan}, {"smooth": math.inf},
        {"patience": -1}, {"follow": -1}, {"follow": 2, "parts": ["bias"]}, {"parts": []}, {"parts": ["knots"]},
        {"parts": "coef"}, {"parts": [["coef"]]}, {"parts": 3}, {"frozen": [[0, 0]]}, {"frozen": [[0, 0, 0.5]]},
        {"frozen": [[0, 0, -1]]}, {"frozen": ["abc"]}, {"frozen": 5}, {"frozen": None}, {"seed": -1},
        {"seed": 2**64}, {"seed": 0.5}, {"unknown": 1},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(TrainError, match=r"settings"):
        TrainConfig.from_json({**TrainConfig().to_json(), **wrong})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*TrainConfig().to_json()]), json_values) | json_values)
def test_settings_from_anywhere_are_read_or_refused(record):
    try:
        config = TrainConfig.from_json(record)
    except TrainError:
        config = None
    assert config is None or json.dumps(config.to_json())
