"""Work survives a reload, a server that is killed, a closed tab; it goes on from a file; it is forgotten on demand."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import kanviz
from kanviz.edit.edits import MoveControlPoint, Prune
from kanviz.io.project import Project
from tests.app_process import App
from tests.browser.conftest import TOUR_SEEN, expect_in_hand, expect_last_step, forget, go, heard, settle, until, upload

OFFER = re.compile(r"Your work on .*, 2 steps, of \d\d:\d\d today, is kept in this browser\.")
WORKS = """async () => {
    const done = (asked) => new Promise((good) => (asked.onsuccess = () => good(asked.result)));
    const base = await done(indexedDB.open("kanviz"));
    const works = await done(base.transaction("works").objectStore("works").getAll());
    const stored = await done(base.transaction("blobs").objectStore("blobs").count());
    base.close();
    return works.map(({ steps, step }) => ({ steps, step, stored }));
}"""  # what the browser keeps


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server of these tests alone, which may kill it."""
    one = App(tmp_path_factory.mktemp("server") / "server.log")
    one.start()
    yield one
    one.kill()
    assert "Traceback" not in one.log.read_text(), one.log.read_text()


@pytest.fixture
def app(own: App) -> Iterator[App]:
    yield own
    if own.process.poll() is not None:  # a test failed after it had killed the server
        own.start()


@pytest.fixture
def context(at_home: BrowserContext, app: App) -> Iterator[BrowserContext]:
    """A browser where nobody was before."""
    forget(at_home, at_home.pages[0], app.url)
    yield at_home
    for one in at_home.pages[1:]:
        one.close()


def visit(context: BrowserContext, url: str) -> tuple[Page, list[str]]:
    """A page, and the errors it logs."""
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(url)
    settle(page)
    return page, errors


def reload(page: Page) -> None:
    page.reload()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    settle(page)


def two_steps(page: Page) -> None:
    """Of the sample that opens by itself one control point is moved, and one edge pruned."""
    move(page, 3)
    page.locator('.edge[data-id="0,0,1"]').focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Prune it").click()
    expect(page.locator('.edge.pruned[data-id="0,0,1"]')).to_be_visible()


def move(page: Page, m: int) -> None:
    """A control point of the edge in hand, a little up."""
    page.locator(f'.handle[data-m="{m}"]').focus()
    page.keyboard.press("ArrowUp")
    expect_last_step(page, f"control point {m}")  # sent when the keys have rested
    settle(page)


def saved(page: Page, tmp_path: Path) -> Project:
    """What 'Save project and rows' gives."""
    page.get_by_role("button", name="Save with its rows").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save project and rows").click()
    page.keyboard.press("Escape")
    path = tmp_path / f"{time.monotonic_ns()}.kanviz"
    download.value.save_as(path)
    return kanviz.load_project(path)


def same(one: Project, two: Project) -> bool:
    """The same versions to the bit, the same edits, cursor, edge and rows."""
    assert one.data is not None
    assert two.data is not None
    histories = [
        ([v.kan.digest for v in p.history.versions], [v.edit for v in p.history.versions], p.history.at, p.edge)
        for p in (one, two)
    ]
    return histories[0] == histories[1] and one.data.digest == two.data.digest and one.rows == two.rows


def expect_kept(page: Page, wanted: list[list[int]]) -> None:
    """The browser keeps works of so many steps and blobs, or comes to it soon."""
    until(page, lambda: sorted(_kept(page)) == wanted, f"{wanted} kept in the browser")


def _kept(page: Page) -> list[list[int]]:
    return [[work["steps"], work["stored"]] for work in page.evaluate(WORKS)]


def test_what_a_hand_does_while_the_connection_is_opened_anew_is_not_lost(context: BrowserContext, app: App):
    page, _ = visit(context, app.url)
    asked = re.compile("/_stcore/health")
    page.route(asked, lambda route: route.abort())
    page.evaluate("window.socket.close()")
    streamlit = page.get_by_test_id("stApp")
    expect(streamlit).to_have_attribute("data-test-connection-state", "PINGING_SERVER")
    page.locator('.edge[data-id="0,0,1"]').dispatch_event("click")
    expect(streamlit).to_have_attribute("data-test-connection-state", "PINGING_SERVER")
    page.unroute(asked)
    expect(streamlit).to_have_attribute("data-test-connection-state", "CONNECTED")
    settle(page)  # while the page is drawn again, there are two lists of edges
    expect_in_hand(page, "x → h1,1")
    move(page, 3)


def test_work_outlives_the_server(app: App, context: BrowserContext, tmp_path: Path):
    page, errors = visit(context, app.url)
    page.get_by_role("tab", name="Reach").click()
    settle(page)
    two_steps(page)
    before = saved(page, tmp_path)
    expect_kept(page, [[2, 2]])
    assert {type(v.edit) for v in before.history.versions[1:]} == {Prune, MoveControlPoint}

    # a reload loses nothing, and offers nothing
    reload(page)
    assert same(saved(page, tmp_path), before)
    expect(page.get_by_role("button", name="Go on with it")).to_have_count(0)
    assert not errors, errors

    app.kill()
    app.start()
    page.close()  # which has logged that its server went away
    page, errors = visit(context, page.url.replace("tab=Reach", ""))
    expect(page.get_by_text(OFFER)).to_be_visible()
    page.get_by_role("button", name="Go on with it").click()
    expect(page.get_by_text("Your work is open again.")).to_be_visible()
    settle(page)
    expect(page.get_by_role("button", name="Go on with it")).to_have_count(0)
    expect(page.get_by_role("tab", name="Reach")).to_have_attribute("aria-selected", "true")
    assert same(saved(page, tmp_path), before)
    page.get_by_role("button", name=re.compile("^Undo")).click()
    settle(page)
    assert saved(page, tmp_path).history.at == 1
    page.get_by_role("button", name=re.compile("^Redo")).click()
    settle(page)
    assert same(saved(page, tmp_path), before)
    expect_kept(page, [[2, 2]])  # it goes on as the same work
    assert not errors, errors


def test_a_copied_address_opens_nobodys_work_in_another_browser(app: App, context: BrowserContext, chromium: Browser):
    undo = re.compile("^Undo")
    page, errors = visit(context, app.url)
    move(page, 3)
    elsewhere = heard(chromium.new_context(), TOUR_SEEN)
    other, more_errors = visit(elsewhere, page.url)
    expect(other.get_by_role("button", name=undo)).to_be_disabled()
    (secret,) = re.findall("work=([^&]+)", page.url)
    assert "work=" in other.url
    assert secret not in other.url
    elsewhere.close()
    reload(page)
    expect(page.get_by_role("button", name=undo)).to_be_enabled()
    assert secret in page.url
    assert not errors + more_errors


@pytest.mark.parametrize("last", ["part", "page"])
def test_a_tab_left_open_is_offered_its_work_when_the_server_is_back(
    app: App, context: BrowserContext, tmp_path: Path, last: str
):
    page, _ = visit(context, app.url)
    two_steps(page)
    before = saved(page, tmp_path)
    expect_kept(page, [[2, 2]])
    if last == "page":  # after a run of the whole page Streamlit's front end asks a new server for nothing by itself
        go(page, "Prune")
        go(page, "Workbench")
    app.kill()
    app.start()
    expect(page.get_by_text(OFFER)).to_be_visible()
    settle(page)
    move(page, 4)  # of the untouched sample that stands in its place
    expect(page.get_by_text(OFFER)).to_be_visible()
    page.get_by_role("button", name="Go on with it").click()
    expect(page.get_by_text("Your work is open again.")).to_be_visible()
    settle(page)
    expect(page.get_by_text(OFFER)).to_have_count(0)
    assert same(saved(page, tmp_path), before)
    page.locator('.edge[data-id="0,0,0"]').focus()
    page.keyboard.press("Enter")
    settle(page)
    move(page, 4)
    expect_kept(page, [[1, 2], [3, 2]])


def test_a_training_goes_on_when_its_server_was_killed(app: App, context: BrowserContext):
    page, _ = visit(context, app.url)
    go(page, "Train")
    page.get_by_test_id("stSelectbox").filter(has_text="Solver").locator("input").click()
    page.get_by_role("option", name=re.compile("^Adam")).click()
    settle(page)
    steps = page.get_by_label("Steps", exact=True)
    expect(steps).to_have_value("1000")
    steps.fill("10000")
    steps.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Running: step [\d,]+ of 10,000"))).to_be_visible()
    until(page, lambda: any(work["step"] for work in page.evaluate(WORKS)), "the training kept in the browser")
    app.kill()
    (kept,) = page.evaluate(WORKS)
    app.start()
    expect(page.get_by_text(f"Its training is at step {kept['step']:,} of 10,000.")).to_be_visible()
    page.get_by_role("button", name="Go on with it").click()
    expect(page.get_by_text(f"Its training goes on from step {kept['step']:,} of 10,000.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Running: step [\d,]+ of 10,000"))).to_be_visible()


def test_a_project_file_goes_on_where_it_was(app: App, context: BrowserContext, tmp_path: Path):
    page, errors = visit(context, app.url)
    two_steps(page)
    before = saved(page, tmp_path)
    kanviz.save_project(before, tmp_path / "work.kanviz")
    page.close()
    page, errors = visit(context, app.url)
    expect(page.get_by_text(OFFER)).to_be_visible()
    link = page.get_by_test_id("stSidebar").get_by_role("link", name="Open", exact=True)
    link.click()
    expect(page.get_by_role("heading", name="See every function a KAN learned")).to_be_visible()
    settle(page)
    upload(page, ".kanviz", tmp_path / "work.kanviz")
    page.get_by_role("button", name="Open network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)
    assert same(saved(page, tmp_path), before)
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_role("button", name=re.compile("^Redo"))).to_be_enabled()
    assert not errors, errors


def test_forget_it_forgets(app: App, context: BrowserContext):
    page, _ = visit(context, app.url)
    two_steps(page)
    expect_kept(page, [[2, 2]])
    page.close()
    app.kill()
    app.start()
    page, errors = visit(context, app.url)  # without the token: any address will do
    expect(page.get_by_text(OFFER)).to_be_visible()
    expect_kept(page, [[2, 2]])
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_text(OFFER)).to_have_count(0)
    expect_kept(page, [])
    reload(page)
    expect(page.get_by_text(OFFER)).to_have_count(0)
    assert not errors, errors


def test_keeping_is_turned_off_and_stays_off(app: App, context: BrowserContext):
    page, errors = visit(context, app.url)
    two_steps(page)
    expect_kept(page, [[2, 2]])
    page.get_by_test_id("stSidebar").get_by_text("Kept in this browser").click()
    page.get_by_text("Keep my work").click()
    settle(page)
    expect_kept(page, [])
    page.locator('.edge[data-id="0,0,0"]').focus()
    page.keyboard.press("Enter")
    settle(page)
    move(page, 4)
    expect_kept(page, [])
    reload(page)
    page.get_by_test_id("stSidebar").get_by_text("Kept in this browser").click()
    expect(page.get_by_role("switch", name="Keep my work")).not_to_be_checked()
    page.get_by_text("Keep my work").click()
    settle(page)
    expect_kept(page, [[3, 2]])  # turned on again, what is in hand is kept
    assert not errors, errors


def test_a_browser_that_stores_nothing_only_says_so(app: App, chromium: Browser):
    context = heard(
        chromium.new_context(), TOUR_SEEN, "Object.defineProperty(window, 'indexedDB', { value: undefined })"
    )
    page, errors = visit(context, app.url)
    two_steps(page)
    expect(page.get_by_test_id("stSidebar").get_by_text("Work is not kept: this browser does not let")).to_be_visible()
    assert not errors, errors
    context.close()
