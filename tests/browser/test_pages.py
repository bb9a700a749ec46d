"""What only a real browser shows: cold deep links, reload, shortcuts. How the pages look is in test_looks.py."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TOUR_SEEN, go, heard, in_hand, served, settle


def open_first_sample(page: Page) -> None:
    page.get_by_role("button", name="Open", exact=True).first.click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)


def test_a_cold_deep_link_says_what_to_do(chromium: Browser, server: str):
    context = chromium.new_context()
    page = heard(context).new_page()
    page.goto(f"{server}/train")
    expect(page.get_by_text("No network is open yet")).to_be_visible()
    page.get_by_role("link", name="Open a network").click()
    expect(page.get_by_role("heading", name="See every function a KAN learned")).to_be_visible()
    context.close()


def test_reloading_the_page_loses_nothing(page: Page):
    open_first_sample(page)
    page.get_by_role("button", name="Freeze").click()
    settle(page)
    go(page, "History")
    page.reload()
    expect(page.get_by_role("heading", name="History", exact=True, level=1)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("1 · Freeze"))).to_be_visible()


def test_another_visitor_sees_nothing_of_it(page: Page, chromium: Browser, server: str):
    open_first_sample(page)
    context = chromium.new_context()
    other = context.new_page()
    other.goto(f"{server}/prune")
    expect(other.get_by_text("No network is open yet")).to_be_visible()
    context.close()


def test_undo_and_redo_by_keyboard(page: Page):
    open_first_sample(page)
    edges = page.get_by_test_id("stSidebar").get_by_text(re.compile(r"\d+ edges"))
    before = edges.inner_text()
    page.get_by_role("button", name="Prune", exact=True).click()
    expect(edges).not_to_have_text(before)
    after = edges.inner_text()
    page.keyboard.press("Control+z")
    expect(edges).to_have_text(before)
    page.keyboard.press("Control+Shift+z")
    expect(edges).to_have_text(after)


def test_a_link_to_a_view_opens_it_on_a_server_that_just_started(chromium: Browser, tmp_path: Path):
    with served(tmp_path) as server:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        page = heard(context, TOUR_SEEN).new_page()
        page.goto(f"{server}/?sample=gravity&edge=0-1-1&tab=Reach&out=Explore")
        chosen = page.locator(".kv-stage .edge.chosen")
        expect(chosen).to_have_attribute("data-id", "0,1,1")
        for name in ("Reach", "Explore"):
            expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
        settle(page)
        assert (chosen.get_attribute("aria-label") or "").startswith(in_hand(page).split(" · ")[0])
        context.close()
