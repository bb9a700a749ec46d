"""The Language page as a person uses it: models learn live, a stop keeps what there is, the app answers meanwhile."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import go, settle
from tests.helpers import not_none

LONG = 90_000  # milliseconds that a race may take on a busy machine


def test_blocks_race_live_and_a_stop_keeps_what_there_is(page: Page):
    go(page, "Language")
    page.get_by_role("tab", name="Against the clock").click()
    expect(page.get_by_text(re.compile("Measured before"))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    seconds = page.get_by_label("Seconds in all", exact=True)
    seconds.fill("600")
    seconds.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    stop = page.get_by_role("button", name="Stop and keep what there is")
    expect(stop).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("^Measured before"))).to_have_count(0)
    expect(page.locator(".js-plotly-plot")).to_have_count(1, timeout=LONG)  # it learns
    expect(page.get_by_text(re.compile("^What they write after"))).to_be_visible(timeout=LONG)  # it was measured
    go(page, "Train")  # another page is visited meanwhile
    go(page, "Language")
    page.get_by_role("tab", name="Against the clock").click()
    stop.click()
    expect(stop).to_have_count(0, timeout=LONG)
    expect(page.get_by_text(re.compile("stopped by you"))).to_be_visible()
    expect(page.get_by_text(re.compile("Only 0 of 2 trainings came to their end"))).to_be_visible()


def test_a_short_race_ends_with_a_verdict_and_models_to_save(page: Page):
    go(page, "Language")
    page.get_by_role("tab", name="Against the clock").click()
    seconds = page.get_by_label("Seconds in all", exact=True)
    seconds.fill("2")
    seconds.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text(re.compile("it is finished"))).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("needs the fewest bits per character.*run at least 3"))).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Save this model").first.click()
    assert re.fullmatch(r"(curves|gelu)-seed-0\.safetensors", taken.value.suggested_filename)


def test_a_dragged_control_point_moves_lamps_and_bits_and_can_be_put_back(page: Page):
    page.goto(page.url.replace("/open", "/language").split("?")[0] + "?language=Inside")
    expect(page.get_by_text("Move a control point, and see here")).to_be_visible()
    settle(page)
    handle = page.locator(".kv-plot .handle.held")
    expect(handle).to_have_count(1)
    handle.scroll_into_view_if_needed()
    box = not_none(handle.bounding_box())
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 60, steps=6)
    page.mouse.up()
    expect(page.get_by_text(re.compile("of the predictions are the same to the last bit"))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    settle(page)
    page.get_by_role("button", name="Put this curve back").click()
    expect(page.get_by_text("Move a control point, and see here")).to_be_visible()
