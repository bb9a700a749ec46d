"""Errors and Explore as hands use them: rows picked and taken in the picture, by mouse and keys; inputs moved."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import go, open_sample, settle

PENDULUM = 4


@pytest.fixture
def outputs(page: Page) -> Iterator[Locator]:
    """The outputs of the pendulum, Errors in front; nothing may be logged as an error meanwhile."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    open_sample(page, PENDULUM)
    found = page.locator(".st-key-outputs")
    expect(found.locator(".kv-plot .dot")).to_have_count(500)
    found.locator(".kv-plot svg").scroll_into_view_if_needed()
    yield found
    assert not errors, errors


def at(outputs: Locator, across: float, up: float) -> tuple[float, float]:
    """A place in the picture, as shares of its width and height from the lower left."""
    box = outputs.locator(".kv-plot svg").bounding_box()
    assert box is not None
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


def drag(outputs: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    mouse = outputs.page.mouse
    mouse.move(*at(outputs, *start))
    mouse.down()
    mouse.move(*at(outputs, *end), steps=5)
    mouse.up()
    settle(outputs.page)


def picked(outputs: Locator) -> int:
    return int(re.sub(r"\D", "", outputs.locator(".kv-counted").inner_text()) or 0)


def cell(outputs: Locator, row: str, column: int) -> str:
    return outputs.get_by_test_id("stTable").last.get_by_role("row").filter(has_text=row).locator("td").nth(
        column
    ).inner_text()  # fmt: skip


def test_a_rectangle_picks_rows_shift_adds_and_escape_or_a_click_beside_clears(outputs: Locator):
    drag(outputs, (0.14, 0.16), (0.5, 0.6))
    first = picked(outputs)
    assert 0 < first < 500
    expect(outputs.locator(".dot.picked")).to_have_count(first)
    assert int(cell(outputs, "Training rows", 1)) + int(cell(outputs, "Held-out rows", 1)) == first
    outputs.page.keyboard.down("Shift")
    drag(outputs, (0.5, 0.5), (0.97, 0.97))
    outputs.page.keyboard.up("Shift")
    assert picked(outputs) > first
    outputs.page.mouse.click(*at(outputs, 0.3, 0.9))
    settle(outputs.page)
    assert picked(outputs) == 0
    expect(outputs.get_by_role("columnheader", name="Picked")).to_have_count(0)
    drag(outputs, (0.14, 0.16), (0.5, 0.6))
    outputs.locator(".kv-plot svg").press("Escape")
    expect(outputs.locator(".dot.picked")).to_have_count(0)
    settle(outputs.page)
    assert picked(outputs) == 0


def test_misses_are_drawn_instead_and_picked_by_their_size(outputs: Locator):
    misses = outputs.get_by_role("button", name="errors")
    misses.click()
    expect(misses).to_have_attribute("aria-pressed", "true")
    expect(outputs.get_by_text("predicted - measured (s)")).to_be_visible()
    drag(outputs, (0.13, 0.99), (0.99, 0.8))
    upper = picked(outputs)
    assert 0 < upper < 250
    expect(outputs.locator(".dot.picked")).to_have_count(upper)
    misses.click()
    expect(outputs.get_by_text("predicted period (s)")).to_be_visible()
    expect(outputs.locator(".dot.picked")).to_have_count(upper)


def test_looking_at_a_point_tells_its_row_and_a_click_takes_it(outputs: Locator):
    box = outputs.locator(".kv-plot .dot.test").nth(5).bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    outputs.page.mouse.move(*middle)
    tip = outputs.locator(".kv-tip")
    expect(tip).to_contain_text("measured")
    expect(tip).to_contain_text("length (m)")
    name = re.match(r"Row \d+", tip.inner_text())
    assert name is not None
    outputs.page.mouse.click(*middle)
    expect(outputs.get_by_text(f"{name[0]} is explained")).to_be_visible()
    expect(outputs.locator(".taken")).to_have_attribute("visibility", "visible")
    outputs.page.mouse.move(*at(outputs, 0.3, 0.9))
    expect(tip).to_be_hidden()


def test_by_keys_alone_rows_are_looked_at_picked_and_taken(outputs: Locator):
    svg, note = outputs.locator(".kv-plot svg"), outputs.locator(".kv-note")
    svg.focus()
    svg.press("ArrowRight")
    expect(note).to_contain_text("measured")
    before = note.inner_text()
    svg.press("ArrowRight")
    expect(note).not_to_have_text(before)
    svg.press(" ")
    settle(outputs.page)
    assert picked(outputs) == 1
    svg.press("ArrowRight")
    svg.press(" ")
    settle(outputs.page)
    assert picked(outputs) == 2
    expect(svg).to_be_focused()
    svg.press("Enter")
    expect(outputs.get_by_text(re.compile(r"Row \d+ is explained"))).to_be_visible()


def test_picked_rows_stay_while_another_page_is_looked_at_and_go_with_the_table(outputs: Locator):
    drag(outputs, (0.14, 0.16), (0.5, 0.6))
    before = picked(outputs)
    go(outputs.page, "Train")
    go(outputs.page, "Workbench")
    expect(outputs.locator(".dot.picked")).to_have_count(before)
    outputs.page.get_by_test_id("stSidebar").get_by_role("link", name="Open", exact=True).click()
    open_sample(outputs.page)
    expect(outputs.locator(".kv-plot .dot").first).to_be_visible()
    settle(outputs.page)
    assert picked(outputs) == 0


def test_a_row_taken_is_explained_and_a_slider_moves_the_prediction(outputs: Locator):
    page = outputs.page
    outputs.get_by_role("button", name=re.compile("Explain row")).first.click()
    expect(outputs.get_by_text(re.compile(r"Row \d+ is explained"))).to_be_visible()
    settle(page)
    row = re.search(r"Row (\d+) is explained", outputs.inner_text())
    assert row is not None
    outputs.get_by_role("tab", name="Explore").click()
    expect(outputs.get_by_text(f"Row {row[1]} (")).to_be_visible()
    expect(outputs.get_by_text("the parts add up to the change")).to_be_visible()
    expect(outputs.locator(".js-plotly-plot")).to_have_count(5)
    settle(page)
    value = outputs.get_by_test_id("stMetricValue")
    before = value.inner_text()
    slider = outputs.get_by_role("slider").first
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    expect(value).not_to_have_text(before)
    expect(outputs.get_by_text(f"Row {row[1]} (")).to_have_count(0)
    settle(page)
    exact = outputs.get_by_label("length, exactly")
    exact.fill("9")
    exact.press("Enter")
    expect(outputs.get_by_role("alert")).to_contain_text("length is outside the training rows")
