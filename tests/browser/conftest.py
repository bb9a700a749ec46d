"""The app as served by `kanviz app`, and real Chromium to drive it; a page that logs an error fails its test."""

import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.app_process import App
from tests.browser import evidence
from tests.browser.evidence import LISTEN
from tests.helpers import not_none

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
SIZE: ViewportSize = {"width": 1440, "height": 900}  # pixels
WAIT = 120_000  # milliseconds; only a test that fails waits so long, on a machine that has much else to do
TOUR_SEEN = "try { localStorage.setItem('kanviz-tour', 'seen') } catch {}"  # so that it stands in nobody's way

expect.set_options(timeout=WAIT)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that failed what the browser was doing."""
    report = yield
    if report.failed and call.excinfo is not None and item.get_closest_marker("browser"):
        report.sections.append(("the browser", evidence.found(call.excinfo.tb)))
    return report


@pytest.fixture(scope="session")
def play() -> Iterator[Playwright]:
    if not Path(CHROMIUM).exists():
        pytest.fail("The browser tests need Debian's Chromium: apt-get install chromium (make test does it).")
    with sync_playwright() as play:
        yield play


@pytest.fixture(scope="session")
def chromium(play: Playwright) -> Iterator[Browser]:
    """For visitors with browsers of their own: every context is one that was never here."""
    browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def at_home(play: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser that holds the app's own files, as everybody's does after the first visit: a third of the work. Without
    animations, whose frames are a seventh of it.
    """
    context = play.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("chromium"), executable_path=CHROMIUM, args=FLAGS,
        viewport=SIZE, accept_downloads=True, reduced_motion="reduce",
    )  # fmt: skip
    yield heard(context, TOUR_SEEN)
    context.close()


def heard(context: BrowserContext, *scripts: str) -> BrowserContext:
    """The same browser, with our patience; its pages run the scripts first and are such as `settle` can follow."""
    context.set_default_timeout(WAIT)
    for script in (LISTEN, *scripts):
        context.add_init_script(script)
    return context


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the running app."""
    with served(tmp_path_factory.mktemp("server")) as address:
        yield address


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The app, running; what it says goes into the folder, and a traceback in there fails the test."""
    app = App(folder / "server.log")
    app.start()
    try:
        yield app.url
    finally:
        app.stop()
    text = app.log.read_text()
    assert "Traceback" not in text, text


def forget(context: BrowserContext, page: Page, server: str) -> None:
    """Let the browser forget what the app stored, as if nobody had been here."""
    stored = {"origin": server, "storageTypes": "cookies,local_storage,indexeddb,cache_storage"}
    session = context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", stored)
    session.detach()


# Whether no script runs, or a third of a second of frames has passed: where a run is watched, one follows the other.
CALM = """from => {
    const app = document.querySelector('[data-testid=stApp]')?.dataset;
    if (window.calm?.from !== from) window.calm = { from, frames: 0 };
    window.calm.frames += 1;
    return (app?.testScriptState === "notRunning" && !window.unanswered) || window.calm.frames > 20;
}"""


@pytest.fixture(scope="session", autouse=True)
def _click_what_stands() -> Iterator[None]:
    """Let a click wait for a script that runs, since the run may replace what the click is aimed at."""

    def after_the_run(act: Callable[..., None]) -> Callable[..., None]:
        def patient(self: Locator, *args, **options) -> None:
            self.page.wait_for_function(CALM, arg=time.monotonic(), polling="raf")
            act(self, *args, **options)

        return patient

    with pytest.MonkeyPatch.context() as patch:
        for name in ("click", "dblclick", "fill"):
            patch.setattr(Locator, name, after_the_run(getattr(Locator, name)))
        yield


@pytest.fixture
def page(at_home: BrowserContext, server: str) -> Iterator[Page]:
    """A fresh visitor on the Open page, who has seen the tour. All use one tab, which has the app's code at hand."""
    page = at_home.pages[0]
    forget(at_home, page, server)
    page.set_viewport_size(SIZE)
    errors: list[str] = []

    def failed(error: Error) -> None:
        errors.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            errors.append(message.text)

    page.on("pageerror", failed)
    page.on("console", said)
    try:
        page.goto(f"{server}/open")
        expect(page.get_by_role("heading", name="See every function a KAN learned")).to_be_visible()
        page.evaluate("document.fonts.ready")  # until then things move, and a click may miss
        settle(page)
        yield page
        assert not errors, errors
        expect(page.locator('[data-testid="stException"]')).to_have_count(0, timeout=1_000)
        expect(page.get_by_text("BidiComponent Error")).to_have_count(0, timeout=1_000)
    finally:  # whatever a test that failed has left does not reach the next
        page.remove_listener("pageerror", failed)
        page.remove_listener("console", said)
        page.mouse.up()
        page.keyboard.up("Shift")
        for one in at_home.pages[1:]:
            one.close()
        page.goto("about:blank")  # it leaves the server


# Whether no script has run for some frames of the browser, since one run may lead to the next (frames take longer where
# the machine is busy). While a job is watched runs never end: then a moment between two of them will do.
QUIET = """from => {
    const app = document.querySelector('[data-testid=stApp]')?.dataset;
    const rests = app?.testScriptState === "notRunning" && app.testConnectionState === "CONNECTED";
    const running = !rests || window.unanswered;
    if (window.quiet?.from !== from) window.quiet = { from, still: 0, frames: 0 };
    window.quiet.frames += 1;
    window.quiet.still = running ? 0 : window.quiet.still + 1;
    return !running && (window.quiet.still > 24 || window.quiet.frames > 180);
}"""


def until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """Wait for a state that only Python can read off the page; `what` says what was waited for."""
    end = time.monotonic() + WAIT / 1000
    while not holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        page.wait_for_timeout(100)


def settle(page: Page) -> None:
    """Wait until the scripts that are running have ended and what they drew is there."""
    page.wait_for_function(QUIET, arg=time.monotonic(), polling="raf")


def go(page: Page, name: str) -> None:
    """To another page by its link in the sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
    settle(page)


def open_sample(page: Page, number: int = 0) -> None:
    """From the Open page to a sample on the workbench."""
    page.get_by_role("button", name="Open", exact=True).nth(number).click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    expect(page.locator(".kv-stage svg .edge").first).to_be_visible()
    settle(page)


def in_hand(page: Page) -> str:
    """The edge that is chosen, by its name; while the page is drawn again, there may be two lists for a moment."""
    until(page, lambda: len(_lists(page)) == 1, "one list of edges")
    return _lists(page)[0]


def expect_in_hand(page: Page, name: str) -> None:
    """Wait until this edge is chosen, and its list the only one."""
    until(page, lambda: _lists(page) == [name], f"the chosen edge {name}")


def _lists(page: Page) -> list[str]:
    box = page.get_by_test_id("stSelectbox").filter(has_text="Edge").locator("input")
    return box.evaluate_all("all => all.map(one => one.value)")


def expect_last_step(page: Page, words: str) -> None:
    """Wait until Undo would undo a step of these words, as its help says."""
    undo, said = page.get_by_role("button", name=re.compile("^Undo")), page.get_by_role("tooltip")

    def is_it() -> bool:
        page.mouse.move(0, 0)
        undo.hover()  # a page that is drawn anew closes the help
        return words in " ".join(said.all_inner_texts())

    expect(undo).to_be_enabled()
    until(page, is_it, f"a step {words!r}")


def drag(page: Page, point: Locator, down: float) -> None:
    """A control point up or down by so many pixels."""
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + down, steps=4)
    page.mouse.up()


def type_into_cell(table: Locator, row: int, text: str) -> None:
    """Type into the last column of a table's row (from 0)."""
    expect(table.locator("[role=gridcell]").first).to_be_attached()  # the grid comes after its frame
    canvas = table.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    settle(table.page)
    box = not_none(canvas.bounding_box())
    table.page.mouse.dblclick(box["x"] + 0.75 * box["width"], box["y"] + 35 * (row + 1.5))
    table.page.locator("[id=portal]").locator("input, textarea").fill(text)
    table.page.keyboard.press("Enter")
    settle(table.page)


def upload(page: Page, label: str, files) -> None:
    """Give files (paths, or dicts with name, mimeType, buffer) to the uploader whose label contains `label`."""
    page.get_by_test_id("stFileUploader").filter(has_text=label).locator("input[type=file]").set_input_files(files)
    settle(page)
