"""Numbers that stand for missing values: found where they lie far from all others, and nowhere else."""

import numpy as np
import pytest

from kanviz.io.missing_codes import find_codes
from kanviz.io.table_reading import Reading
from kanviz.io.tables import read_table


def measured(low: float, high: float, count: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, count).round(2)


def with_code(values: np.ndarray, code: float, often: int = 5) -> np.ndarray:
    return np.concatenate([values, np.full(often, code)])


@pytest.mark.parametrize(
    "code", [-200, -999, -9999, 9999, 99999, 999.9, -99.9, -999.25, 1e20, 1e30, 9.9e37, 9.96921e36,
             -3.4028234663852886e38, -6999, -9.999, -32768, 65535, 2147483647, -99]
)  # fmt: skip
def test_usual_codes_are_found(code):
    (found,) = find_codes({"T": with_code(measured(-5, 35) if code != -9.999 else measured(0, 1), code)})
    assert (found.value, found.count, found.sure) == (code, 5, True)


@pytest.mark.parametrize(("low", "high"), [(0.1, 2), (600, 2000), (2, 1500)])
def test_a_negative_code_is_found_below_any_positive_measurement(low, high):
    (found,) = find_codes({"x": with_code(measured(low, high), -200)})
    assert found.sure


def test_two_codes_in_one_column_are_both_found():
    values = with_code(with_code(measured(0, 30), -999), -9999)
    assert {code.value for code in find_codes({"x": values})} == {-999, -9999}


def test_a_code_that_is_sure_in_one_column_counts_in_the_others_too():
    columns = {"T": with_code(measured(0, 30), -200), "p": with_code(measured(-90, 900), -200, 2)}
    columns["p"] = np.concatenate([columns["p"], measured(-90, 900, 3)])
    (found,) = find_codes(columns)
    assert {name: len(rows) for name, rows in found.rows.items()} == {"T": 5, "p": 2}


LEGITIMATE = {
    "among values near it": np.arange(-400.0, 400, 10),
    "the end of levels": np.repeat([-200.0, -100, 0, 100, 200], 8),
    "the next power of ten": np.repeat(10.0 ** np.arange(14, 21), 3),
    "a price beside others": with_code(measured(300, 990), 999),
    "a bright pixel": np.concatenate([np.arange(0.0, 256), np.full(9, 255.0)]),
    "a heavy tail": np.random.default_rng(0).lognormal(0, 3, 200).round(2),
    "a number that nobody uses for it": with_code(measured(0, 30), 437),
    "zero beside others": with_code(measured(40, 200), 0),
    "two levels": np.repeat([0.0, 99], 20),
    "no other values": np.full(20, -999.0),
}


@pytest.mark.parametrize("values", LEGITIMATE.values(), ids=LEGITIMATE)
def test_a_number_that_could_be_measured_is_no_code(values):
    assert find_codes({"x": values}) == []


def test_a_number_that_stands_once_is_asked_about_and_kept():
    (found,) = find_codes({"x": with_code(measured(0, 30, 20), 999, 1)})
    assert (found.sure, found.missing) == (False, False)
    assert "does it mean that the value is missing?" in found.note


TABLE = "T,y\n" + "".join(f"{20 + n * 0.7:.1f},{n}\n" for n in range(20)) + "-999,3\n-999,4\n"


@pytest.mark.parametrize(
    ("missing", "complete", "codes"),
    [(None, 20, 1), ((), 22, 0), ((-999.0,), 20, 1), ((20.0,), 21, 1), ((5.5,), 22, 0)],
)
def test_which_numbers_are_missing_can_be_told(missing, complete, codes):
    found = read_table(TABLE.encode(), "table.csv", Reading(missing=missing))
    assert len(found.frame.dropna()) == complete
    assert len(found.codes) == codes
