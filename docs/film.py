"""Rebuild workbench.gif: a hand on the workbench, from a running app (`kanviz app --no-browser`).

Run: python docs/film.py [ADDRESS] [FILE]
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8501"
FILE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent / "workbench.gif"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZE = (1200, 760)
SHRINK = 0.75
BEAT = 120  # milliseconds a frame
POINTER = """() => {
    const dot = document.createElement('div');
    dot.style.cssText = 'position:fixed;width:18px;height:18px;margin:-9px 0 0 -9px;border-radius:50%;' +
        'background:rgba(213,94,0,.45);border:2px solid #D55E00;z-index:9999999;pointer-events:none;left:-50px';
    document.body.append(dot);
    addEventListener('pointermove', (event) => { dot.style.left = event.clientX + 'px';
        dot.style.top = event.clientY + 'px'; }, true);
}"""


class Film:
    """Frames of a page, each as long as it is to be looked at."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.times: list[int] = []

    def shoot(self, beats: float = 1) -> None:
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(picture.resize([int(SHRINK * side) for side in SIZE], Image.Resampling.LANCZOS))
        self.times.append(int(BEAT * beats))

    def move(self, to: tuple[float, float], since: tuple[float, float], steps: int = 5) -> tuple[float, float]:
        for n in range(1, steps + 1):
            self.page.mouse.move(*(a + (b - a) * n / steps for a, b in zip(since, to, strict=True)))
            self.page.wait_for_timeout(30)
            self.shoot()
        return to

    def save(self, path: Path) -> None:
        shared = self.frames[len(self.frames) // 2].quantize(128)
        frames = [frame.quantize(palette=shared, dither=Image.Dither.NONE) for frame in self.frames]
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=self.times, loop=0, optimize=True)


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    assert box is not None, selector
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def settle(page: Page) -> None:
    page.wait_for_timeout(300)
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=60_000
    )
    page.wait_for_timeout(300)


def act(page: Page) -> Film:
    """Choose an edge, pull its control point, undo, prune an edge, choose another."""
    page.goto(ADDRESS)
    page.locator(".kv-plot .handle").first.wait_for()
    settle(page)
    page.evaluate(POINTER)
    film = Film(page)
    film.shoot(6)
    at = film.move(middle(page, '.edge[data-id="0,1,2"]'), (700.0, 600.0))
    page.mouse.click(*at)
    settle(page)
    film.shoot(6)
    at = film.move(middle(page, '.handle[data-m="4"]'), at)
    page.mouse.down()
    at = film.move((at[0], at[1] - 90), at, 7)
    film.shoot(3)
    at = film.move((at[0], at[1] + 40), at, 4)
    page.mouse.up()
    settle(page)
    film.shoot(8)
    page.keyboard.press("Control+z")
    settle(page)
    film.shoot(6)
    at = film.move(middle(page, '.edge[data-id="0,0,0"]'), at)
    page.mouse.click(*at)
    settle(page)
    page.locator('.edge[data-id="0,0,0"]').press("Delete")
    settle(page)
    film.shoot(8)
    at = film.move(middle(page, '[role="dialog"] [data-testid="stButton"] button'), at)
    page.mouse.click(*at)
    settle(page)
    film.shoot(10)
    at = film.move(middle(page, '.edge[data-id="1,2,0"]'), at)
    page.mouse.click(*at)
    settle(page)
    film.shoot(12)
    return film


def main() -> None:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
        context.add_init_script("try { localStorage.setItem('kanviz-tour', 'seen') } catch {}")
        page = context.new_page()
        page.set_default_timeout(60_000)
        film = act(page)
        film.save(FILE)
        browser.close()


if __name__ == "__main__":
    main()
