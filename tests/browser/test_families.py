"""A network of Gaussians in the browser: it opens, says what it needs, becomes splines, is shaped, and goes back."""

from pathlib import Path

from playwright.sync_api import Page, expect

import kanviz
from kanviz.ui.widgets.conversion import WORDS
from tests.browser.conftest import expect_last_step, settle, upload
from tests.browser.test_editor import handle, height
from tests.families import network

POINT = 12


def test_a_gaussian_network_with_a_step_is_converted_shaped_and_taken_back(page: Page, tmp_path: Path):
    kanviz.save(network("gaussian", "tanh"), tmp_path / "bells.safetensors")
    upload(page, "pykan's two files", tmp_path / "bells.safetensors")
    page.get_by_role("button", name="Open network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)

    # it is shown, with its step, and says what it needs
    expect(page.get_by_role("img", name="Step: tanh of all nodes to the left")).to_be_visible()
    expect(
        page.get_by_text("The curves of this network are sums of Gaussians, and this needs B-splines.")
    ).to_be_visible()
    expect(page.locator(".handle")).to_have_count(0)

    # one step makes splines of it
    page.get_by_role("button", name=WORDS).click()
    expect(handle(page, POINT)).to_be_attached()
    settle(page)
    expect_last_step(page, "Convert to B-splines")

    # a control point moves
    before = height(page, POINT)
    handle(page, POINT).focus()
    page.keyboard.press("ArrowUp")
    expect_last_step(page, "Move control point")
    assert height(page, POINT) > before

    # and both steps are taken back
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
        settle(page)
    expect(page.locator(".handle")).to_have_count(0)
    expect(page.get_by_role("button", name=WORDS)).to_be_visible()
