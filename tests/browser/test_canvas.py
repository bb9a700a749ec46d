"""The network canvas as hands use it: click, keys, Delete and undo, zoom, search, matrix, pictures; no errors."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

import kanviz
from tests.browser.conftest import expect_in_hand, go, in_hand, settle, upload


@pytest.fixture
def sample(page: Page) -> Iterator[Page]:
    """The first sample on the workbench; nothing may be logged as an error meanwhile."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.get_by_role("button", name="Open", exact=True).first.click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    expect(page.locator(".kv-stage svg .edge").first).to_be_visible()
    settle(page)
    yield page
    assert not errors, errors


def edge(page: Page, name: str):
    return page.locator(f'.edge[data-id="{name}"]')


def test_a_click_or_enter_chooses_an_edge(sample: Page):
    edge(sample, "0,1,0").click()
    settle(sample)
    assert in_hand(sample) == "y → h1,0"
    expect(edge(sample, "0,1,0")).to_have_attribute("aria-pressed", "true")
    sample.keyboard.press("ArrowRight")
    sample.keyboard.press("Enter")
    settle(sample)
    assert in_hand(sample).startswith("h1,")


def test_looking_shows_what_an_edge_is_and_changes_nothing(sample: Page):
    before = in_hand(sample)
    edge(sample, "1,2,0").hover()
    expect(sample.locator(".kv-network .kv-tip")).to_be_visible()
    expect(sample.locator(".kv-network .kv-tip")).to_contain_text("h1,2 → f")
    assert in_hand(sample) == before


def test_delete_asks_with_the_cost_and_undo_brings_it_back(sample: Page):
    edges = sample.get_by_test_id("stSidebar").get_by_text(re.compile(r"\d+ edges"))
    before = edges.inner_text()
    edge(sample, "0,0,2").click()
    settle(sample)
    edge(sample, "0,0,2").press("Delete")
    dialog = sample.get_by_role("dialog")
    expect(dialog.get_by_text("RMSE after")).to_be_visible()
    expect(edges).to_have_text(before)
    dialog.get_by_role("button", name="Prune it").click()
    expect(edges).not_to_have_text(before)
    expect(sample.locator('.edge.pruned[data-id="0,0,2"]')).to_be_visible()
    settle(sample)
    edge(sample, "0,0,2").focus()
    sample.keyboard.press("Control+z")
    expect(edges).to_have_text(before)
    expect(sample.locator(".edge.pruned")).to_have_count(0)
    expect(edge(sample, "0,0,2")).to_be_focused()  # the network was drawn anew; the next key reaches the edge
    sample.keyboard.press("Delete")
    sample.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    settle(sample)
    expect(edges).to_have_text(before)


def test_a_network_that_is_drawn_anew_while_an_edge_is_pressed_loses_no_click(sample: Page):
    edge(sample, "0,0,2").press("Delete")
    sample.get_by_role("dialog").get_by_role("button", name="Prune it").click()
    expect(sample.locator('.edge.pruned[data-id="0,0,2"]')).to_be_visible()
    settle(sample)
    edges = sample.get_by_test_id("stSidebar").get_by_text(re.compile(r"\d+ edges"))
    pruned = edges.inner_text()
    edge(sample, "0,1,0").hover()
    sample.mouse.down()
    sample.keyboard.press("Control+z")
    expect(edges).not_to_have_text(pruned)
    settle(sample)
    sample.mouse.up()
    expect(sample.locator(".edge.pruned")).to_have_count(0)
    expect_in_hand(sample, "y → h1,0")


def test_zoom_scale_dimming_and_search_happen_in_the_browser(sample: Page):
    world = sample.locator(".kv-stage .world")
    sample.get_by_role("button", name="Zoom in (+)").click()
    expect(world).to_have_attribute("transform", re.compile(r"scale\(1\.25\)"))
    sample.get_by_role("button", name="Fit (0)").click()
    expect(world).to_have_attribute("transform", re.compile(r"scale\(1\)"))
    path = edge(sample, "0,0,0").locator(".curve")
    own = path.get_attribute("d")
    sample.get_by_role("button", name="shared").click()
    assert path.get_attribute("d") != own
    sample.get_by_label("Dim edges that carry less than").select_option("0.05")
    expect(sample.locator(".edge.away").first).to_be_attached()
    assert sample.locator(".edge.away").count() < 15
    sample.get_by_label("Dim edges that carry less than").select_option("0")
    sample.get_by_label("Find edges by the names of their nodes").fill("h1,4")
    expect(sample.locator(".edge:not(.away):not(.chosen)")).to_have_count(3)


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_the_picture_is_saved_from_the_browser(sample: Page, kind, tmp_path):
    with sample.expect_download() as download:
        sample.get_by_role("button", name=f"Save as {kind}").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    data = path.read_bytes()
    if kind == "PNG":
        assert data.startswith(b"\x89PNG")
    else:
        assert data.startswith(b"<svg")
        assert data.count(b'role="button"') == 15


def test_a_wide_network_is_a_matrix_that_is_searched_and_chosen_from(page: Page, tmp_path):
    kanviz.save(kanviz.init([64, 64, 10], seed=0), tmp_path / "wide.safetensors")
    upload(page, "pykan's two files", [tmp_path / "wide.safetensors"])
    page.get_by_role("button", name="Open network").click()
    expect(page.locator(".kv-stage .cells")).to_have_count(2)
    settle(page)
    cells = page.locator(".kv-stage .cells").first
    cells.hover(position={"x": 30, "y": 30})
    expect(page.locator(".kv-network .kv-tip")).to_be_visible()
    cells.click(position={"x": 30, "y": 30})
    settle(page)
    assert re.match(r"x\d+ → h1,\d+", in_hand(page))
    page.get_by_label("Find edges by the names of their nodes").fill("h1,63 → y7")
    expect(page.locator(".kv-top button")).to_have_count(1)
    page.locator(".kv-top button").click()
    settle(page)
    assert in_hand(page) == "h1,63 → y7"
    page.get_by_role("button", name="The strongest edges with their curves").click()
    expect(page.locator(".kv-stage .edge").first).to_be_visible()


def test_an_edge_to_be_pruned_is_marked_on_the_prune_page(sample: Page):
    go(sample, "Prune")
    marked = sample.locator(".edge.lit")
    before = marked.count()
    edge(sample, "0,0,2").click()
    settle(sample)
    expect(marked).to_have_count(before + 1)
