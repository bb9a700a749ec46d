"""A KAN inside a model, from the upload to the model that computes with the edited curve, in real Chromium."""

import re
from pathlib import Path

import torch
from playwright.sync_api import Page, expect

import kanviz
from tests.browser.conftest import settle, upload
from tests.browser.test_editor import handle, height
from tests.browser.test_journey import save
from tests.io.gpt import GPT, TOKENS, model_of

NAME = "blocks.1.ffn"


def test_a_block_is_opened_from_a_model_gets_rows_and_goes_back_edited(page: Page, tmp_path: Path):
    model = model_of()
    with torch.no_grad(), kanviz.record(model.get_submodule(NAME), out=tmp_path / "block1.npz"):
        model(TOKENS)

    # the file is a list of its KANs, each with its curves
    upload(page, "pykan's two files", GPT)
    page.get_by_role("button", name="Open network").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("blocks.0.ffn", exact=True)).to_be_visible()
    expect(dialog.locator("img")).to_have_count(2)
    settle(page)

    # one of them opens, under its name; without rows the page says why, and leads to the lines to copy
    dialog.locator(f".st-key-open-block-{NAME.replace('.', '-')}-KANLayer").get_by_role("button").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text(f"{NAME} of gpt_with_kan_ffn")).to_be_visible()
    settle(page)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("is a block inside a model, which has no table").first).to_be_visible()
    main.get_by_role("link", name="Record its rows").first.click()
    expect(page.get_by_text(f'model.get_submodule("{NAME}")')).to_be_visible()
    settle(page)

    # the rows that were recorded from the model are those of the block
    upload(page, "What they saved", tmp_path / "block1.npz")
    expect(page.get_by_text("The block gives the outputs in these rows.")).to_be_visible()
    expect(sidebar.get_by_text("block1.npz, 64 rows")).to_be_visible()

    # a curve is changed by hand, in steps that can be undone
    page.get_by_role("link", name="Go on with the open network").click()
    expect(handle(page, 3)).to_be_visible()
    settle(page)
    expect(main.get_by_text("RMSE, held-out rows").first).to_be_visible()
    before = height(page, 3)
    handle(page, 3).focus()
    page.keyboard.press("Shift+ArrowUp")
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    settle(page)
    assert height(page, 3) > before

    # written back, the model gives the edited result
    edited, kan = kanviz.load(save(page, tmp_path)), kanviz.load(GPT, block=NAME)
    kanviz.replace(GPT, NAME, edited, tmp_path / "edited.pt")
    with torch.no_grad(), kanviz.record(model_of(tmp_path / "edited.pt").get_submodule(NAME), torch.ones(1, 8)) as rows:
        pass
    assert torch.equal(rows.y, edited(rows.x))
    assert edited.digest != kan.digest

    # the list is still there, for another block
    page.get_by_role("button", name="Other KANs").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Open again")).to_be_visible()
