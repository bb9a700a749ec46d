"""Every page as it is seen and used: axe finds nothing serious, nothing is cut off, no other server is asked.

`axe.min.js` beside this file is npm's axe-core 4.14.1, unchanged (MPL-2.0): lying here, it needs neither npm nor a
network when the tests are installed, and is the same for everybody.
"""

import re
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

import kanviz
from kanviz.ui.widgets.page_table import PAGES
from tests.browser.conftest import TOUR_SEEN, heard, settle, upload

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
NAMES = [name for _, name, _ in PAGES]
LOOKS = ("light", "dark")
WIDE, NARROW = 1440, 390  # pixels
WIDTHS = (NARROW, 768, 1024, WIDE, 2560)
TALL = 2600  # pixels; axe judges what is in sight

# Marks of Streamlit's own that none of its settings reach: the rule, the marks, in which look.
EXCEPTIONS = (
    # A long formula scrolls sideways within its own box, which the keyboard cannot enter. It is there as text, too.
    ("scrollable-region-focusable", ".katex-display", LOOKS),
    # On a dark page what is chosen is written in the accent, and white words on it: no colour has 4.5 for both. Ours
    # has it for the white words; tests/ui/test_look.py holds it to 3.5 for the others, and a frame or line marks them.
    ("color-contrast", '[data-selected], [data-testid="stSliderThumbValue"]', ("dark",)),
)

FOUND = """
(exceptions) => axe.run(document, {resultTypes: ["violations"], elementRef: true}).then((found) => found.violations
  .filter((v) => ["serious", "critical"].includes(v.impact))
  .flatMap((v) => v.nodes
    .filter((n) => !exceptions.some(([rule, marks]) => rule === v.id && n.element?.closest(marks)))
    .map((n) => [v.id, n.html.slice(0, 160), ...n.any.concat(n.all, n.none).map((a) => a.message)].join(" | "))))
"""

# What sticks out: the page itself sideways, and our drawings' words out of their drawing or the window.
CUT = """
() => {
  const main = document.querySelector('[data-testid="stMain"]'), found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("the document scrolls sideways");
  if (main.scrollWidth > main.clientWidth) found.push("the page scrolls sideways");
  const roots = [document], ours = [];
  while (roots.length) {
    for (const node of roots.pop().querySelectorAll("*")) {
      if (node.shadowRoot) roots.push(node.shadowRoot);
      if (node.matches("[class^=kv-]")) ours.push(node);
    }
  }
  for (const part of ours) {
    const box = part.getBoundingClientRect();
    if (!box.width || part.closest(".kv-status")) continue;
    if (box.left < -1 || box.right > innerWidth + 1) found.push(`${part.className} leaves the window`);
    for (const text of part.matches(".kv-stage, .kv-plot") ? part.querySelectorAll("svg text") : []) {
      const word = text.getBoundingClientRect(), all = text.ownerSVGElement.getBoundingClientRect();
      if (word.left < all.left - 2 || word.right > all.right + 2) found.push(`"${text.textContent}" is cut`);
    }
  }
  return [...new Set(found)];
}
"""


@pytest.fixture(scope="module", params=LOOKS)
def visit(request: pytest.FixtureRequest, chromium: Browser, server: str) -> Iterator[tuple[Page, str, list[str]]]:
    """A visitor with a sample open, in one look; what the browser asked for is noted from its first request on."""
    context = chromium.new_context(
        color_scheme=request.param, viewport={"width": WIDE, "height": 900}, reduced_motion="reduce"
    )
    page, asked = heard(context, TOUR_SEEN).new_page(), []
    context.on("request", lambda request: asked.append(request.url))
    page.goto(server)
    expect(page.locator(".kv-stage svg .edge").first).to_be_visible()
    settle(page)
    yield page, request.param, asked
    context.close()


def turn_to(page: Page, name: str) -> None:
    page.set_viewport_size({"width": WIDE, "height": TALL})
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    page.mouse.move(0, 0)
    settle(page)


def complaints(page: Page, look: str) -> list[str]:
    """What axe finds serious or critical, but for the exceptions."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"{AXE};0")
    return page.evaluate(FOUND, [[rule, marks] for rule, marks, looks in EXCEPTIONS if look in looks])


@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_use_the_page(visit: tuple[Page, str, list[str]], name: str):
    page, look, _ = visit
    turn_to(page, name)
    assert not complaints(page, look)
    for width in WIDTHS if look == "light" else ():  # what is dark lies where it lies in the light
        page.set_viewport_size({"width": width, "height": TALL if width == NARROW else 900})
        settle(page)  # drawings follow the width a moment later
        assert not page.evaluate(CUT), f"{width} pixels wide"
        assert width != NARROW or not complaints(page, look)


@pytest.mark.parametrize(("at", "one"), [("Workbench", "Reach"), ("Language", "Teach it")])
def test_everybody_can_use_every_tab(visit: tuple[Page, str, list[str]], at: str, one: str):
    page, look, _ = visit
    turn_to(page, at)
    names = page.get_by_role("tab").all_inner_texts()
    assert one in names
    for name in names:
        page.get_by_role("tab", name=name, exact=True).click()
        page.mouse.move(0, 0)
        settle(page)
        assert not complaints(page, look), name


def test_figures_follow_the_theme(visit: tuple[Page, str, list[str]]):
    page, look, _ = visit
    turn_to(page, "Formula")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    text = page.locator(".js-plotly-plot text").first.evaluate("node => getComputedStyle(node).fill")
    light = sum(int(v) for v in re.findall(r"\d+", text)[:3]) / 3
    assert (light > 128) == (look == "dark")


def test_everybody_can_use_a_wide_network(visit: tuple[Page, str, list[str]], tmp_path: Path):
    page, look, _ = visit
    kanviz.save(kanviz.init([64, 64, 10], seed=0), tmp_path / "wide.safetensors")
    turn_to(page, "Open")
    upload(page, "pykan's two files", [tmp_path / "wide.safetensors"])
    page.get_by_role("button", name="Open network").click()
    expect(page.locator(".kv-stage svg .cells").first).to_be_visible()
    page.mouse.move(0, 0)
    settle(page)
    assert not complaints(page, look)
    assert not page.evaluate(CUT)


def test_no_other_server_is_asked_for_anything(visit: tuple[Page, str, list[str]], server: str):
    page, _, asked = visit
    turn_to(page, NAMES[0])
    own = urlsplit(server).netloc
    assert {urlsplit(url).netloc for url in asked if urlsplit(url).scheme not in ("data", "blob")} == {own}
    assert any(url.endswith("/app/static/inter.woff2") for url in asked)
    assert page.evaluate("document.fonts.check('16px Inter', 'φ →')")


TRICKS = (
    "../app.py", "..%2fapp.py", "%2e%2e/app.py", "%2e%2e%2fapp.py", "..%5capp.py", "%252e%252e/app.py", "....//app.py",
    "/etc/passwd", "%2fetc%2fpasswd", "../.streamlit/config.toml", "inter.woff2%00.py", "", ".", "..",
)  # fmt: skip


def test_only_the_fonts_folder_is_served(server: str):
    assert urllib.request.urlopen(f"{server}/app/static/inter.woff2").headers["Content-Type"] == "font/woff2"
    for trick in TRICKS:
        line = HTTPConnection(urlsplit(server).netloc, timeout=5)
        line.request("GET", f"/app/static/{trick}")  # as it stands: urlopen would tidy it
        answer = line.getresponse()
        assert answer.status in (400, 404), f"{trick}: {answer.status}"
        line.close()
