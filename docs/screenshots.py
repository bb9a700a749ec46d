"""Rebuild the pictures in this folder: every page, light and dark, from a running app (`kanviz app --no-browser`).

Run: python docs/screenshots.py [ADDRESS] [FOLDER]
"""

import io
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8501"
FOLDER = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent
Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[str, Scheme, int], ...] = (
    ("light", "light", 1440), ("dark", "dark", 1440), ("narrow", "light", 420),
)  # fmt: skip
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def settle(page: Page) -> None:
    page.wait_for_timeout(700)
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=60_000
    )
    page.wait_for_timeout(900)


def size_of(page: Page) -> ViewportSize:
    """Return the size of the window in pixels."""
    size = page.viewport_size
    assert size is not None, "every page here is opened with a size"
    return size


def go(page: Page, name: str) -> None:
    if size_of(page)["width"] < 700:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    settle(page)
    if size_of(page)["width"] < 700 and page.get_by_test_id("stSidebarCollapseButton").is_visible():
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
        settle(page)


def shoot(page: Page, name: str, look: str) -> None:
    page.mouse.move(5, 5)
    width, height = size_of(page)["width"], size_of(page)["height"]
    full = page.get_by_test_id("stMain").evaluate("node => node.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(height, full), 2400)})
    page.get_by_test_id("stMain").evaluate("node => node.scrollTo(0, 0)")
    page.wait_for_timeout(900)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(255, dither=Image.Dither.NONE)
    picture.save(FOLDER / f"{name.lower()}-{look}.png", optimize=True)
    page.set_viewport_size({"width": width, "height": height})


def open_sample(page: Page, number: int) -> None:
    go(page, "Open") if page.url.startswith(ADDRESS) else page.goto(f"{ADDRESS}/open")
    page.get_by_role("button", name="Open", exact=True).nth(number).click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible(timeout=60_000)
    settle(page)


def tour(browser: Browser, look: str, scheme: Scheme, width: int) -> None:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )  # fmt: skip
    context.add_init_script("try { localStorage.setItem('kanviz-tour', 'seen') } catch {}")
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{ADDRESS}/open")
    settle(page)
    shoot(page, "Open", look)
    open_sample(page, 0)
    shoot(page, "Workbench", look)
    go(page, "Lessons")
    shoot(page, "Lessons", look)
    go(page, "Prune")
    shoot(page, "Prune", look)
    page.get_by_role("button", name="Prune", exact=False).last.click()
    settle(page)
    go(page, "Formula")
    page.get_by_role("button", name="Read all edges together").click()
    expect(page.get_by_text("Ended because")).to_be_visible(timeout=120_000)
    settle(page)
    shoot(page, "Formula", look)
    page.get_by_role("button", name="Fix this formula").click()
    settle(page)
    go(page, "Laws")
    page.get_by_role("button", name="Find the law").click()
    expect(page.get_by_text("Ended because")).to_be_visible(timeout=120_000)
    settle(page)
    shoot(page, "Laws", look)
    go(page, "Workbench")
    field = page.get_by_label("Exact height")
    while not field.is_visible():  # pruned edges and formulas have no control points
        page.get_by_role("button", name="Next", exact=True).click()
        settle(page)
    field.fill(f"{float(field.input_value()) + 0.8:.3f}")
    field.press("Enter")
    settle(page)
    page.get_by_role("button", name="Keep", exact=True).click()
    settle(page)
    for tab in ("Formula", "Reach", "Explore"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        shoot(page, f"workbench-{tab}", look)
    go(page, "Train")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Last run:")).to_be_visible()
    settle(page)
    shoot(page, "Train", look)
    go(page, "History")
    shoot(page, "History", look)
    go(page, "Locality")
    page.get_by_text("2 · Side by side").click()
    page.get_by_role("button", name="Make it hold").click()
    expect(page.get_by_text("Table as CSV")).to_be_visible(timeout=120_000)
    settle(page)
    shoot(page, "Locality", look)
    open_sample(page, 5)
    go(page, "Retrain")
    page.get_by_role("button", name="Take the sample's new rows").click()
    settle(page)
    page.get_by_role("button", name="Retrain", exact=True).click()
    expect(page.get_by_role("button", name="Undo this retraining")).to_be_visible(timeout=120_000)
    settle(page)
    shoot(page, "Retrain", look)
    context.close()


def main() -> None:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for look, scheme, width in LOOKS:
            tour(browser, look, scheme, width)
        browser.close()


if __name__ == "__main__":
    main()
