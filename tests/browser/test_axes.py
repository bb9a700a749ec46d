"""The numbers on an axis: few and round, whatever the range; a column without width freezes no tab."""

import math
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

AXIS = Path(__file__).parents[2] / "kanviz" / "ui" / "components" / "shared" / "axis.js"
RANGES = [
    (0, 1), (-3, 7), (1e-12, 2e-12), (5, 5), (0, 0), (1, math.nextafter(1, 2)), (1e300, 1e300), (-1e308, 1e308),
    (0, 5e-324), (1e16, 1e16 + 2), (1e9, 1e9 + 1e-6), (-1e-9, 1e15), (7, 3),
]  # fmt: skip


@pytest.fixture(scope="module")
def axes(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    module = f"data:text/javascript;base64,{b64encode(AXIS.read_bytes()).decode()}"
    page.evaluate("async (module) => { Object.assign(window, await import(module)); }", module)
    yield page
    page.close()


@pytest.mark.parametrize("ends", RANGES)
def test_an_axis_has_few_numbers_and_they_lie_on_it(axes, ends):
    low, high = axes.evaluate("([low, high]) => spread(low, high)", ends)
    found = axes.evaluate("([low, high]) => ticks(low, high, 5)", [low, high])
    room = 1e-9 * max(abs(low), abs(high))
    assert low < high
    assert low <= (ends[0] + ends[1]) / 2 <= high
    assert 1 <= len(found) <= 6
    assert all(low - room <= tick <= high + room for tick in found)
    assert len(axes.evaluate("([low, high]) => ticks(low, high, 5)", ends)) <= 6


def test_ends_that_are_no_numbers_have_no_ticks(axes):
    assert axes.evaluate("() => [ticks(NaN, 1, 5), ticks(-Infinity, 1, 5), ticks(1, Infinity, 5)]") == [[], [], [1]]
