"""Formulas and networks beside the data: whose error is whose, on rows nobody learned from."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kanviz.analysis.model_comparison import compare, network_for
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from tests.figures import small_data, small_kan


def test_errors_are_of_the_held_out_rows_alone():
    data = small_data(small_kan())
    y = data.rows("test")[1][:, 0]
    (said,) = compare(data, {"off by two": lambda x: y + 2}).models
    assert said.rmse == pytest.approx(2)
    assert said.largest == pytest.approx(2)
    assert said.share == pytest.approx(2 / float(y.std(correction=0)))


def test_rows_without_a_number_are_counted_and_left_out():
    data = small_data(small_kan())
    y = data.rows("test")[1][:, 0].clone()
    y[:3] = torch.nan
    (said,) = compare(data, {"with holes": lambda x: y}).models
    assert (said.missing, said.rmse) == (3, 0.0)


def test_one_that_is_nowhere_a_number_has_no_error():
    data = small_data(small_kan())
    (said,) = compare(data, {"nothing": lambda x: torch.full((len(x),), torch.nan)}).models
    assert np.isnan(said.rmse)
    assert said.missing == len(data.test)


def test_without_held_out_rows_all_are_looked_at_and_that_is_said():
    data = small_data(small_kan())
    whole = replace(data, train=torch.arange(len(data)), test=torch.arange(0))
    found = compare(whole, {"zero": lambda x: 0 * x[:, 0]})
    assert not found.held
    assert len(found.measured) == len(data)


def test_a_network_reads_the_tables_columns_by_their_names():
    kan = small_kan()
    data = small_data(kan)
    turned = replace(data, x=data.x.flip(1), inputs=data.inputs[::-1])
    one, two = network_for(kan, data), network_for(kan, turned)
    assert one is not None
    assert two is not None
    assert torch.equal(one(data.x), two(turned.x))
    assert torch.equal(one(data.x), kan(data.x)[:, 0])


def test_a_network_of_other_columns_is_not_compared():
    other = Dataset.from_arrays(torch.rand(20, 2), torch.rand(20), inputs=("a", "b"), outputs=("c",))
    assert network_for(small_kan(), other) is None
    assert network_for(init([3, 1]), other) is None
