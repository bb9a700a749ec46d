"""The tab "Teach it" as a person uses it: lessons run live, the gate is dragged, texts have colours."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import drag, go, settle

LONG = 90_000  # milliseconds that a lesson may take on a busy machine


def test_lessons_run_live_and_the_gate_is_dragged(page: Page):
    go(page, "Language")
    page.get_by_role("tab", name="Teach it").click()
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(re.compile("^Measured before"))).to_be_visible()
    expect(main.get_by_text(re.compile("gate forgets least"))).to_be_visible()
    steps = page.get_by_label("Steps of each lesson")
    steps.fill("20")
    steps.press("Enter")
    settle(page)
    for way in ("plain", "replay"):
        page.get_by_role("button", name=f"Remove {way}").click()
        settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(main.get_by_text(re.compile("^As it was made: gain"))).to_be_visible(timeout=LONG)
    expect(main.get_by_text(re.compile(r"^Lamps: \d+ of 480 predictions are bit-identical"))).to_be_visible()
    expect(main.get_by_text(re.compile("predictions cannot have changed"))).to_be_visible()

    point = page.locator("circle.handle:not(.locked)").first
    drag(page, point, 60)
    expect(main.get_by_text(re.compile("^As it is now: gain"))).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="kept.json").click()
    assert taken.value.suggested_filename == "kept.json"
