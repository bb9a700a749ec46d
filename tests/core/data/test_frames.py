"""A table gives a network its inputs by name, whatever library it is of; words and dates are found as they were."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from kanviz.analysis.locality.certificate import certify
from kanviz.core.columns.dates import moments
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.locks import data_lock
from kanviz.core.training.forgetting import anchor, with_replay
from kanviz.core.training.train import SOLVERS, TrainConfig, trained
from kanviz.errors import TableError, UserError
from tests.helpers import not_none


class Streamed:
    """A frame of another library, of which nothing is known but Arrow's interface."""

    def __init__(self, table: pa.Table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class Lazy:
    """A query that was not run, as polars has them."""

    def collect(self): ...
    def collect_schema(self): ...


COLUMNS = {"r": [2.0, 1.0, 4.0], "m1": [1.0, 5.0, 3.0], "note": ["a", "b", "c"], "m2": [7.0, 8.0, 9.0]}
FRAMES = {
    "pandas": pd.DataFrame(COLUMNS),
    "Arrow": pa.table(COLUMNS),
    "Arrow's interface": Streamed(pa.table(COLUMNS)),
    "a mapping": COLUMNS,
    "records": np.array(
        [(2.0, 1.0, 7.0), (1.0, 5.0, 8.0), (4.0, 3.0, 9.0)], [("r", float), ("m1", float), ("m2", float)]
    ),
}


def gravity() -> KAN:
    return init([3, 2, 1], seed=1, inputs=[Variable("m1", "kg"), Variable("m2", "kg"), Variable("r", "m")])


def by_place() -> torch.Tensor:
    return torch.tensor([COLUMNS[name] for name in ("m1", "m2", "r")], dtype=torch.float64).T


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_columns_are_taken_by_name_and_others_are_ignored(frame):
    kan = gravity()
    assert torch.equal(kan(frame), kan(by_place()))
    assert torch.equal(kan.trace(frame).sums[-1], kan.trace(by_place()).sums[-1])
    assert data_lock(kan, frame).to_json() == data_lock(kan, by_place()).to_json()
    assert torch.equal(anchor(kan, frame).weights[0]["coef"], anchor(kan, by_place()).weights[0]["coef"])
    assert certify(kan, kan, rows=frame).summary() == certify(kan, kan, rows=by_place()).summary()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_data_set_can_be_made_of_any_of_them(frame):
    data = Dataset.from_frame(frame, "r", ["m2", "m1"], test=0)
    assert torch.equal(data.x, by_place()[:, [1, 0]])


def test_a_heading_with_its_unit_is_the_column_too():
    frame = pd.DataFrame(COLUMNS).rename(columns={"r": "r (m)"})
    assert torch.equal(gravity()(frame), gravity()(by_place()))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame(COLUMNS).rename(columns={"m2": "M2"}), "no column 'm2'; did you mean 'M2'?"),
        (pd.DataFrame(COLUMNS).drop(columns="r"), "no column 'r'; the table has m1, note and m2"),
        (pd.DataFrame(COLUMNS).assign(m1="heavy"), "'m1' holds text"),
        (Lazy(), "not computed yet"),
        ({"m1": [1.0], "m2": [1.0, 2.0], "r": [1.0]}, "no table of named columns of equal length"),
        (pd.DataFrame(COLUMNS)["m1"], "named columns is needed"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_nearest_name(frame, words):
    with pytest.raises(UserError, match="network takes m1, m2, r") as refusal:
        gravity()(frame)
    assert words in str(refusal.value)


def test_two_columns_of_a_name_that_is_needed_are_refused():
    frame = pd.DataFrame([[1.0, 2.0, 3.0, 4.0]], columns=["m1", "m1", "m2", "r"])
    with pytest.raises(UserError, match="Two columns are named 'm1'"):
        gravity()(frame)


def test_a_name_on_both_sides_in_different_places_is_refused():
    data = Dataset.from_arrays(np.arange(6.0).reshape(3, 2), np.arange(3.0), inputs=["speed", "height"])
    with pytest.raises(TableError, match="speed is in another place"):
        data.matching(init([2, 1], inputs=[Variable("mass"), Variable("speed")]))


# --- words and dates ---


def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.uniform(20, 60, 24).round(),
            "smoker": ["yes", "no", "No", "no"] * 6,
            "region": ["north", "south", "west"] * 8,
            "day": [f"{n + 1}.2.2024" for n in range(24)],
            "charges": rng.uniform(1, 9, 24),
        }
    )


CHOSEN = ["age", "smoker", "region", "day"]


def test_words_and_dates_become_numbers_that_are_named():
    data = Dataset.from_frame(people(), "charges", CHOSEN, test=0)
    assert [str(v) for v in data.inputs] == [
        "age", "smoker (yes = 1)", "region = north", "region = south", "region = west", "day (days since 2024-02-01)",
    ]  # fmt: skip
    assert data.x[:4, 1].tolist() == [1, 0, 0, 0]
    assert data.x[:4, 2:5].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert data.x[:, 5].tolist() == list(range(24))
    assert data.notes == (
        "Two words are taken as 0 and 1: smoker is 1 for yes.",
        "Words of region are a column of 0 and 1 each: north, south and west.",
        "Dates are taken as numbers: day in days since 2024-02-01.",
    )


def test_a_network_finds_the_same_numbers_in_another_table():
    data = Dataset.from_frame(people(), "charges", CHOSEN, test=0)
    kan = init([6, 1], inputs=data.inputs)
    later = people().iloc[[5, 8, 3]][["day", "region", "charges", "smoker", "age"]]
    assert torch.equal(kan(later), kan(data.x[[5, 8, 3]]))
    again = Dataset.from_frame(later, "charges", kan.inputs, test=0).matching(
        replace(kan, outputs=(Variable("charges"),))
    )
    assert torch.equal(again.x, data.x[[5, 8, 3]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"smoker": "oui"}, None),
        ({"smoker": ["oui", "non"] * 12}, "should have the word 'yes'"),
        ({"smoker": ["yes", "no", "maybe"] * 8}, "and one other; it has maybe, no and yes"),
        ({"region": ["north", "east"] * 12}, "'region' has east, which the network was not trained with"),
    ],
)
def test_words_that_a_network_does_not_know_are_refused(change, words):
    data = Dataset.from_frame(people(), "charges", CHOSEN, test=0)
    kan = init([6, 1], inputs=data.inputs)
    if words is None:
        assert kan(people().assign(**change)).isfinite().all()
        return
    with pytest.raises(UserError) as refusal:
        kan(people().assign(**change))
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("words", "one"),
    [(("no", "yes"), "yes"), (("nein", "ja"), "ja"), (("female", "male"), "male"), (("off", "on"), "on"),
     (("negative", "positive"), "positive"), (("no", "perhaps"), "perhaps"), (("a", "b"), "b"),
     (("ano", "ne"), "ano"), (("evet", "hayır"), "evet"), (("igen", "nem"), "igen"), (("да", "нет"), "да"),
     (("有", "無"), "有"), (("예", "아니오"), "예"), (("treated", "untreated"), "treated"),
     (("non-smoker", "smoker"), "smoker"), (("aktiv", "nicht aktiv"), "aktiv"), (("with", "without"), "with")],
)  # fmt: skip
def test_of_two_words_the_one_that_says_yes_is_1(words, one):
    table = pd.DataFrame({"w": list(words) * 5, "y": np.arange(10.0)})
    assert str(Dataset.from_frame(table, "y").inputs[0]) == f"w ({one} = 1)"


def test_a_word_can_be_chosen_as_an_input_alone():
    data = Dataset.from_frame(people(), "charges", ["age", "region = west"], test=0)
    assert [v.name for v in data.inputs] == ["age", "region = west"]


def test_a_missing_word_or_date_leaves_its_row_out():
    table = people()
    table.loc[2, "smoker"] = None
    table.loc[5, "day"] = "NA"
    assert len(Dataset.from_frame(table, "charges", CHOSEN)) == 22


def test_pandas_dates_and_truth_values_are_inputs():
    table = people().assign(day=pd.date_range("2024-02-01", periods=24, tz="UTC"), smoker=[True, False] * 12)
    data = Dataset.from_frame(table, "charges", ["smoker", "day"], test=0)
    assert data.x[:4].tolist() == [[1, 0], [0, 1], [1, 2], [0, 3]]


DATES = {
    "ISO": (["2024-01-05", "2024-02-06 12:00"], 32.5),
    "ISO with T and zone": (["2024-01-05T10:00:00Z", "2024-01-05T22:00:00Z"], 0.5),
    "day first before points": (["05.01.2024", "16.02.2024"], 42),
    "month first": (["1/5/2024", "2/26/2024"], 52),
    "day first, told by a 25": (["5/1/2024", "25/1/2024"], 20),
    "day first, told by their order": (["1/2/2024", "2/2/2024", "3/2/2024", "4/2/2024"], 3),
    "words": (["5-Jan-2024", "6-Feb-2024"], 32),
    "American words": (["Jan 5, 2024", "Feb 6, 2024"], 32),
    "afternoon": (["1/5/2024 3:00 PM", "1/6/2024 3:00 AM"], 0.5),
    "a time alone": (["12:00", "18:00"], 0.25),
    "far years": (["0006-02-04", "9521-02-04"], 3475284),
    "fractions behind a comma": (["10:00:00,5", "10:00:01,0"], 0.5 / 86400),
    "times with points": (["00.30.00", "18.30.00"], 0.75),
    "a colon before the fractions": (["03/04/2024 09:00:00:000", "03/04/2024 09:00:01:500"], 1.5 / 86400),
    "no separators": (["20231111", "20231112", "20231211"], 30),
    "no separators, with an hour": (["2023111100", "2023111112"], 0.5),
    "fractions": (["2024-01-05 10:00:00.5", "2024-01-05 10:00:01"], 0.5 / 86400),
}


@pytest.mark.parametrize(("cells", "days"), DATES.values(), ids=DATES)
def test_dates_as_countries_write_them(cells, days):
    found = moments(pd.Series(cells, dtype=object))
    assert found is not None
    assert (found.iloc[-1] - found.iloc[0]) / pd.Timedelta(days=1) == pytest.approx(days)


@pytest.mark.parametrize("cells", [["a", "b"], ["1.5", "2.5"], ["room 1", "room 2"], ["v1-2", "v1-3"], [None, None]])
def test_what_is_no_date_is_none(cells):
    assert moments(pd.Series(cells, dtype=object)) is None


# --- weights ---


def noisy(errors: np.ndarray | None = None) -> Dataset:
    """y = 2 x, but wrong where the error is said to be large."""
    x = np.linspace(-1, 1, 40)
    wrong = np.where(np.arange(40) % 2, 3.0, 0.0)
    table = pd.DataFrame({"x": x, "y": 2 * x + wrong, "e": np.where(wrong > 0, 1e4, 1.0) if errors is None else errors})
    return Dataset.from_frame(table, "y", ["x"], errors="e", test=0)


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_rows_with_large_errors_hardly_count_in_any_solver(solver):
    data = noisy()
    kan = init([1, 1], grid=1, order=1, base="zero", inputs=data.inputs, outputs=data.outputs)
    steps = 400 if solver == "adam" else 30
    rate = 0.05 if solver == "adam" else None
    found = trained(kan, data, TrainConfig(solver=solver, steps=steps, rate=rate, smooth=0.0)).kan
    at = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    assert torch.allclose(found(at).double(), 2 * at, atol=0.05)


def test_equal_weights_change_nothing():
    data = noisy(np.full(40, 0.3))
    plain = replace(data, weights=None)
    kan = init([1, 1], inputs=data.inputs, outputs=data.outputs)
    both = [trained(kan, rows, TrainConfig(solver="lm", steps=20)).train_rmse for rows in (data, plain)]
    assert both[0] == pytest.approx(both[1])


def test_weights_of_classes_count_too():
    table = pd.DataFrame({"x": [0.0, 0.0, 1.0, 1.0] * 5, "kind": ["a", "b", "b", "a"] * 5})
    data = Dataset.from_frame(table, "kind", ["x"], test=0)
    data = replace(data, weights=torch.tensor([9.0, 1.0, 9.0, 1.0] * 5, dtype=torch.float64))
    kan = replace(init([1, 2], inputs=data.inputs, outputs=data.outputs), task="classification")
    for solver in ("lm", "lbfgs"):
        odds = (
            trained(kan, data, TrainConfig(solver=solver, steps=60, smooth=0.0)).kan(torch.tensor([[0.0]])).softmax(1)
        )
        assert float(odds[0, 0]) == pytest.approx(0.9, abs=0.02)


def test_weights_stay_with_their_rows():
    data = noisy()
    assert data.weights is not None
    assert torch.equal(not_none(data.chosen([3, 1]).weights), data.weights[[3, 1]])
    plain = replace(data, weights=None)
    both = data.joined(plain)
    assert both.weights is not None
    assert torch.equal(both.weights[:40], data.weights)
    assert torch.allclose(both.weights[40:], data.weights.mean())
    assert plain.joined(plain).weights is None
    replayed = with_replay(plain, data)
    assert replayed.weights is not None
    assert len(replayed.weights) == len(replayed)
    assert data.digest != plain.digest


def test_rows_without_an_error_are_left_out_and_counted():
    errors = np.full(40, 0.5)
    errors[[2, 5]] = 0.0, np.nan
    data = noisy(errors)
    assert len(data) == 38
    assert "2 rows have no error above 0 in e and are left out." in data.notes


def test_weights_must_be_above_zero():
    with pytest.raises(TableError, match="above 0"):
        replace(noisy(), weights=torch.zeros(40, dtype=torch.float64))
