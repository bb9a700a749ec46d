"""The first minutes: the tour that a first visit sees, and lessons begun by a link and followed to their end."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.conftest import TOUR_SEEN, drag, expect_in_hand, heard, served, settle, until

CLOSED_STORE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('closed') } })"


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Pages of a browser that was never here; one that logs an error fails its test."""
    contexts, errors = [], []

    def open_page(address: str, *scripts: str, width: int = 1440, height: int = 900, context=None) -> Page:
        if context is None:
            context = chromium.new_context(viewport={"width": width, "height": height})
            contexts.append(heard(context))
        for script in scripts:
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if _is_error(said) else None)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, errors


def _is_error(said: ConsoleMessage) -> bool:
    """What Streamlit itself asks for in vain (its own addresses, below a page's) is no error of ours."""
    return said.type == "error" and "Failed to load resource" not in said.text


def card(page: Page):
    return page.get_by_role("dialog")


def lesson(page: Page):
    return page.locator(".st-key-lesson")


def tour_ready(page: Page) -> None:
    expect(page.locator(".st-key-graph svg .edge").first).to_be_visible()
    settle(page)


def test_a_first_visit_is_shown_around_and_a_second_is_not(visitor, server):
    page = visitor(server)
    expect(card(page)).to_have_accessible_name("The network")
    expect(page.locator(".kv-tour-ring")).to_be_visible()
    for at, title in enumerate(("The chosen edge", "What the network says", "How good it is", "Further pages")):
        card(page).get_by_role("button", name="Next").click()
        expect(card(page).get_by_role("heading")).to_contain_text(title)
        expect(card(page)).to_contain_text(f"{at + 2} of 5")
    expect(card(page).get_by_role("button", name="Skip")).to_be_hidden()
    card(page).get_by_role("button", name="Done").click()
    expect(card(page)).to_be_hidden()
    again = visitor(server, context=page.context)
    tour_ready(again)
    expect(card(again)).to_be_hidden()


def lies_around(page: Page) -> bool:
    ring, place = (page.locator(name).bounding_box() for name in (".kv-tour-ring", ".st-key-graph"))
    assert ring is not None
    assert place is not None
    return abs(ring["x"] + 6 - place["x"]) < 3 and abs(ring["width"] - 12 - place["width"]) < 4


def test_the_ring_lies_around_its_place_and_follows_it(visitor, server):
    page = visitor(server)
    expect(card(page)).to_be_visible()
    settle(page)
    for width in (1440, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        until(page, lambda: lies_around(page), f"the ring around its place, {width} pixels wide")


def test_the_tour_goes_by_keys_and_gives_the_focus_back(visitor, server):
    page = visitor(server, TOUR_SEEN)
    tour_ready(page)
    expect(card(page)).to_be_hidden()
    start = page.get_by_role("button", name="Tour")
    start.focus()
    page.keyboard.press("Enter")
    expect(card(page)).to_be_focused()
    for key, title in (("ArrowRight", "The chosen edge"), ("ArrowLeft", "The network"), ("ArrowLeft", "The network")):
        page.keyboard.press(key)
        expect(card(page)).to_have_accessible_name(title)
    page.keyboard.press("Escape")
    expect(card(page)).to_be_hidden()
    expect(start).to_be_focused()


def test_the_page_stays_usable_under_the_tour(visitor, server):
    page = visitor(server)
    expect(card(page)).to_be_visible()
    tour_ready(page)
    page.locator('.kv-network [aria-label^="x → h1,0"]').first.click()
    settle(page)
    expect_in_hand(page, "x → h1,0")
    expect(card(page)).to_be_visible()


def test_a_closed_store_and_a_small_screen_do_not_break_the_tour(visitor, server):
    page = visitor(server, CLOSED_STORE, width=390, height=844)
    tour_ready(page)
    expect(card(page)).to_be_hidden()
    page.get_by_role("button", name="Tour").click()
    for _ in range(4):
        box = card(page).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert 844 - 20 <= box["y"] + box["height"] <= 844
        card(page).get_by_role("button", name="Next").click()
    card(page).get_by_role("button", name="Done").click()
    expect(card(page)).to_be_hidden()


def test_a_link_begins_a_lesson_on_a_server_that_just_started(visitor, tmp_path):
    with served(tmp_path) as address:
        page = visitor(f"{address}/?lesson=pruning&step=3")
        expect(page.get_by_role("heading", name="Prune", exact=True, level=1)).to_be_visible()
        expect(lesson(page)).to_contain_text("Pruning · step 3 of 4")
        expect(page.get_by_test_id("stSidebar")).to_contain_text("3 edges")
        assert "lesson=" not in page.url
        page.reload()
        expect(lesson(page)).to_contain_text("Pruning · step 3 of 4")
        expect(card(page)).to_be_hidden()
        settle(page)
        page.goto("about:blank")  # before its server ends


def test_a_lesson_is_done_by_hand_and_every_step_is_recognised(visitor, server):
    page = visitor(f"{server}/?lesson=control-points")
    expect(lesson(page)).to_contain_text("step 1 of 4")
    expect(card(page)).to_be_hidden()
    _drag(page, 3)
    expect(lesson(page)).to_contain_text("You moved control point 3")
    expect(lesson(page)).to_contain_text("14 of 15 edges are the same")
    _next(page, 2)
    page.keyboard.press("Control+z")
    expect(lesson(page)).to_contain_text("15 of 15 edges are the same")
    _next(page, 3)
    page.get_by_text("All control points, and a finer grid", exact=True).click()
    page.get_by_role("button", name="Refine", exact=True).click()
    expect(lesson(page)).to_contain_text("13 control points instead of 8")
    _next(page, 4)
    _drag(page, 6)
    expect(lesson(page)).to_contain_text(re.compile(r"You moved control point 6 .* training rows have another"))
    lesson(page).get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", name="Lessons", level=1)).to_be_visible()
    expect(page.locator(".st-key-lesson-control-points")).to_contain_text("Done")
    expect(lesson(page)).to_have_count(0)


def _next(page: Page, step: int) -> None:
    lesson(page).get_by_role("button", name="Next").click()
    expect(lesson(page)).to_contain_text(f"step {step} of 4")
    settle(page)


def _drag(page: Page, point: int) -> None:
    """A control point up by 50 pixels."""
    settle(page)
    handle = page.locator(".kv-editor .handle").nth(point)
    drag(page, handle, -50)
