"""The ladder as a person climbs it: a rung runs to its end, the app answers meanwhile, and a run can be stopped.

That every rung keeps what it promises is seen without a browser (tests/continual).
"""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import go, settle

LONG = 90_000  # milliseconds that a rung may take on a busy machine


def choose(page: Page, number: int) -> None:
    page.get_by_role("radio", name=re.compile(rf"^{number} · ")).click()
    expect(page.get_by_role("heading", name=re.compile(rf"^{number}\. "), level=2)).to_be_visible()
    settle(page)


def ended(page: Page) -> None:
    expect(page.get_by_text("The same run elsewhere")).to_be_visible(timeout=LONG)


def test_rungs_hold_and_the_app_answers_meanwhile(page: Page):
    go(page, "Locality")
    for number, kind in ((2, "Drifts by at most"), (5, "Exact: all")):
        choose(page, number)
        page.get_by_role("button", name="Make it hold").click()
        expect(page.get_by_role("button", name="Stop and keep what there is")).to_be_visible(timeout=LONG)
        if number == 5:  # another rung is read, another page visited, while it runs
            choose(page, 2)
            ended(page)
            go(page, "Train")
            go(page, "Locality")
            choose(page, 5)
        ended(page)
        expect(page.get_by_text(re.compile(kind))).to_be_visible()
        expect(page.locator(".js-plotly-plot")).to_have_count(3)


def test_a_trap_makes_it_forget_and_the_table_can_be_taken_along(page: Page):
    go(page, "Locality")
    choose(page, 3)
    page.get_by_text("Weight decay 0.01").click()
    settle(page)
    page.get_by_role("button", name="Make it fail").click()
    ended(page)
    expect(page.get_by_text(re.compile("Forgets: old error"))).to_be_visible()
    expect(page.get_by_text("kanviz ladder --rung 3 --fail decay base --seed 0")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Table as CSV").click()
    lines = taken.value.path().read_text().splitlines()
    assert taken.value.suggested_filename == "ladder-3-decay-base.csv"
    assert [line.split(",")[:2] for line in lines[1:]] == [["3", "decay base"]] * 4


def test_stopped_in_the_middle_what_was_seen_stays(page: Page):
    go(page, "Locality")
    choose(page, 6)
    page.get_by_role("button", name="Make it hold").click()
    expect(page.get_by_text(re.compile("Exact: all"))).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Stop and keep what there is").click()
    ended(page)
    expect(page.get_by_text(re.compile("stopped by you"))).to_be_visible()
    expect(page.get_by_text(re.compile("Exact: all"))).to_be_visible()
