"""The tab "Letters" as a person uses it: it trains live, a point is dragged, a word is taught, lamps tell."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import drag, go, settle

LONG = 90_000  # milliseconds that a training may take on a busy machine


def test_letters_is_trained_dragged_and_taught_a_word(page: Page):
    go(page, "Language")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("2.73 bits per character")).to_be_visible()
    page.get_by_role("button", name="Train it now").click()
    expect(main.get_by_text(re.compile(r"after 800 steps in .* s of processor time: it is finished"))).to_be_visible(
        timeout=LONG
    )
    expect(page.locator(".js-plotly-plot")).to_have_count(4)

    point = page.get_by_role("slider", name="Control point z", exact=True)
    drag(page, point, -60)
    expect(
        main.get_by_text(re.compile(r"^Done since the training: moved z in the function of u, 1 back to"))
    ).to_be_visible()
    expect(main.get_by_text(re.compile("1 of 55,296 control points moved"))).to_be_visible()
    page.get_by_role("button", name="As it was trained").click()
    settle(page)

    page.get_by_role("button", name="Teach it", exact=True).click()
    expect(main.get_by_text(re.compile("^kanviz cost .* bits per character before"))).to_be_visible(timeout=LONG)
    expect(main.get_by_text(re.compile("^Functions are kept, behaviour is not: 9"))).to_be_visible()
    expect(main.get_by_text(re.compile(r"^Functions: 9[\d.]+ % of the values are bit-identical"))).to_be_visible()
    expect(main.get_by_text(re.compile(r"^Predictions: 1[\d.]+ % are bit-identical"))).to_be_visible()
