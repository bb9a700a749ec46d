"""A table made ready: split by seed, gaps counted, classes, units, and refusals in words."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.layer import Variable
from kanviz.errors import TableError


def frame(rows: int = 20) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"mass": rng.uniform(1, 3, rows), "speed": rng.uniform(-5, 5, rows)})
    return table.assign(energy=table["mass"] * table["speed"] ** 2 / 2)


def test_targets_of_one_axis_and_of_two_are_the_same():
    x, y = torch.linspace(-1, 1, 20).reshape(10, 2), torch.linspace(0, 3, 10)
    one, two = Dataset.from_arrays(x, y), Dataset.from_arrays(x, y[:, None])
    assert one.y.shape == (10, 1)
    assert one.digest == two.digest


@given(st.integers(1, 40), st.floats(0, 0.99), st.integers(0, 2**31))
def test_the_split_is_a_partition_decided_by_the_seed(rows, share, seed):
    x = np.arange(rows, dtype=float)[:, None]
    data, again = (Dataset.from_arrays(x, x, test=share, seed=seed) for _ in range(2))
    assert sorted([*data.train.tolist(), *data.test.tolist()]) == list(range(rows))
    assert len(data.train) >= 1
    assert abs(len(data.test) - share * rows) <= 1
    assert data.train.equal(again.train)
    assert data.digest == again.digest


def test_another_seed_splits_otherwise():
    x = np.arange(50.0)[:, None]
    assert Dataset.from_arrays(x, x, seed=0).test.tolist() != Dataset.from_arrays(x, x, seed=1).test.tolist()


def test_scaling_comes_from_the_training_rows_alone():
    x = np.arange(10.0)[:, None]
    data = Dataset.from_arrays(x, 3 * x + 1, test=0.3, seed=4)
    seen = data.x[data.train]
    low, high = float(seen.min()), float(seen.max())
    assert (data.inputs[0].shift, data.inputs[0].scale) == ((low + high) / 2, (high - low) / 2)
    assert data.outputs[0].shift == pytest.approx(float((3 * seen + 1).mean()))
    assert data.outputs[0].scale == pytest.approx(float((3 * seen + 1).std(correction=0)))


def test_a_frame_gives_names_and_units():
    data = Dataset.from_frame(frame(), "energy", units={"mass": "kg", "energy": "J"})
    assert [str(v) for v in data.inputs] == ["mass (kg)", "speed"]
    assert [str(v) for v in data.outputs] == ["energy (J)"]
    assert (data.task, data.target, len(data)) == ("regression", "energy", 20)


def test_rows_with_gaps_are_left_out_and_counted():
    table = frame()
    table.loc[2, "mass"] = np.nan
    table.loc[3, "speed"] = np.inf
    table.loc[5, "energy"] = np.nan
    data = Dataset.from_frame(table, "energy")
    assert len(data) == 17
    assert data.notes == ("3 of 20 rows have missing or infinite values and are left out.",)


def test_columns_of_text_are_no_inputs_and_that_is_said():
    data = Dataset.from_frame(frame().assign(colour="red"), "energy")
    assert [v.name for v in data.inputs] == ["mass", "speed"]
    assert data.notes == ("Not used as an input: colour (text).",)


def test_a_target_of_text_is_classes_one_column_each():
    table = frame(6).assign(kind=["b", "a", "b", None, "c", "a"]).drop(columns="energy")
    data = Dataset.from_frame(table, "kind")
    assert data.task == "classification"
    assert [(v.name, v.shift, v.scale) for v in data.outputs] == [("a", 0, 1), ("b", 0, 1), ("c", 0, 1)]
    assert data.y.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert "1 of 6 rows" in data.notes[0]


@pytest.mark.parametrize("values", [[0, 1, 0, 1], [False, True, False, True], pd.Categorical(["u", "v", "u", "v"])])
def test_numbers_truth_values_and_categories_can_be_classes_too(values):
    data = Dataset.from_frame(frame(4).assign(kind=values), "kind", ["mass"], task="classification")
    assert data.y.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_a_constant_column_keeps_a_scale_and_is_named():
    data = Dataset.from_frame(frame().assign(g=9.81), "energy", ["mass", "g"])
    assert (data.inputs[1].shift, data.inputs[1].scale) == (pytest.approx(9.81), 1.0)
    assert data.notes == ("Constant, so nothing can be learned from it: g.",)
    flat = Dataset.from_frame(frame().assign(energy=4.0), "energy")
    assert (flat.outputs[0].shift, flat.outputs[0].scale) == (4.0, 1.0)


def test_very_large_and_very_small_numbers_keep_finite_scales():
    x = np.array([[-1.5e308, 1e-310], [1.5e308, 3e-310], [0.0, 2e-310]])
    data = Dataset.from_arrays(x, [1e200, -1e200, 0.0], test=0)
    assert [v.scale for v in data.inputs] == pytest.approx([1.5e308, 1e-310], rel=1e-10, abs=0)
    assert data.outputs[0].scale == pytest.approx(1e200 * (2 / 3) ** 0.5)


def test_the_arrays_given_are_copied():
    x, y = np.ones((3, 1)), torch.zeros(3, dtype=torch.float64)
    data = Dataset.from_arrays(x, y)
    before = data.x.clone(), data.y.clone()
    x[:], y[:] = 7, 7
    assert torch.equal(data.x, before[0])
    assert torch.equal(data.y, before[1])


def test_columns_are_put_in_the_network_s_order_by_name():
    data = Dataset.from_frame(frame().assign(work=1.5), ["energy", "work"], ["speed", "mass"])
    kan = init(
        [2, 2],
        inputs=[Variable("mass"), Variable("speed", "", 1.0, 2.0)],
        outputs=[Variable("work"), Variable("energy")],
    )
    there = data.matching(kan)
    assert there.inputs == kan.inputs
    assert torch.equal(there.x, data.x[:, [1, 0]])
    assert torch.equal(there.y, data.y[:, [1, 0]])
    assert there.matching(kan).digest == there.digest


def test_other_names_are_taken_as_they_stand_even_doubled():
    data = Dataset.from_arrays(np.arange(6.0).reshape(3, 2), np.arange(3.0), inputs=["a", "a"])
    for names in (("a", "a"), ("b", "c")):
        assert torch.equal(data.matching(init([2, 1], inputs=[Variable(n) for n in names])).x, data.x)


def test_the_digest_sees_values_split_and_names():
    data = Dataset.from_frame(frame(), "energy")
    others = [
        Dataset.from_frame(frame(), "energy", seed=1),
        Dataset.from_frame(frame().rename(columns={"mass": "m"}), "energy"),
        Dataset.from_frame(frame() * 1.0000001, "energy"),
    ]
    assert len({data.digest, *(other.digest for other in others)}) == 4
    assert data.digest == Dataset.from_frame(frame(), "energy").digest


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target": "force"}, "no column 'force'; the table has mass, speed, energy"),
        ({"target": "energy", "inputs": ["energy"]}, "an input and the target"),
        ({"target": ["mass", "speed", "energy"]}, "no input column"),
        ({"target": "energy", "inputs": ["name"]}, "holds text, not numbers"),
        ({"target": "name"}, "40 different values; classes may be 2 to 20"),
        ({"target": "energy", "test": 1.0}, "at least 0 and below 1"),
        ({"target": ["energy", "mass"], "task": "classification"}, "single target"),
        ({"target": "energy", "task": "ranking"}, "regression, or for classification"),
        ({"target": "gap"}, "Only 1 of 40 rows"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_words(arguments, words):
    table = frame(40).assign(name=[f"row {n}" for n in range(40)])
    if arguments["target"] == "gap":
        table["gap"] = [1.0] + [np.nan] * 39
    with pytest.raises(TableError, match=words):
        Dataset.from_frame(table, **arguments)


def test_columns_of_one_name_are_refused():
    table = frame()
    table.columns = ["mass", "mass", "energy"]
    with pytest.raises(TableError, match="Two columns are named 'mass'"):
        Dataset.from_frame(table, "energy")


def test_classes_of_one_name_are_refused():
    with pytest.raises(TableError, match="each with a name of its own"):
        Dataset.from_frame(frame(4).assign(kind=pd.Series([1, "1", 1, "1"], dtype=object)), "kind")


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, 2.0], [1.0, 2.0], "Expected x of shape"),
        ([[1.0], [2.0]], [1.0], "Expected x of shape"),
        ([[1.0]], 1.0, "Expected x of shape"),
        (np.zeros((0, 2)), np.zeros(0), "Expected x of shape"),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0], "arrays of numbers"),
        ([["a"]], [1.0], "arrays of numbers"),
        ([[np.nan]], [1.0], "missing or infinite"),
        ([[1.0]], [np.inf], "missing or infinite"),
    ],
)
def test_arrays_that_are_no_table_are_refused_in_words(x, y, words):
    with pytest.raises(TableError, match=words):
        Dataset.from_arrays(x, y)


def test_a_table_of_another_width_does_not_match_a_network():
    with pytest.raises(TableError, match="3 inputs and 1 outputs; the table was read with 2 and 1"):
        Dataset.from_frame(frame(), "energy").matching(init([3, 1]))


def test_tables_joined_keep_their_rows_and_each_its_split():
    one = Dataset.from_arrays([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [1.0, 2.0, 3.0], inputs=["a", "b"], test=0.34)
    two = Dataset.from_arrays([[9.0, 8.0], [7.0, 6.0]], [4.0, 5.0], inputs=["b", "a"], test=0.5)
    both = one.joined(two)
    assert both.x.tolist() == [[0, 1], [2, 3], [4, 5], [8, 9], [6, 7]], "columns by name"
    for part in ("train", "test"):
        assert both.rows(part)[1].flatten().tolist() == [
            *one.rows(part)[1].flatten().tolist(), *two.rows(part)[1].flatten().tolist()
        ]  # fmt: skip
    assert (both.inputs, both.outputs) == (one.inputs, one.outputs)


def test_chosen_rows_come_in_their_order_and_keep_their_part():
    whole = Dataset.from_arrays(torch.arange(20.0).reshape(10, 2), torch.arange(10.0), test=0.4, seed=1)
    some = whole.chosen([8, 2, 5, 1])
    assert some.y.flatten().tolist() == [8, 2, 5, 1]
    for part in ("train", "test"):
        kept = set(getattr(whole, part).tolist()) & {8, 2, 5, 1}
        assert set(some.rows(part)[1].flatten().tolist()) == kept
    assert len(whole.chosen([])) == 0
