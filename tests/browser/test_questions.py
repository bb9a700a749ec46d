"""An efficient-kan made with GELU: what its file does not say is assumed, seen, answered, and then right."""

from pathlib import Path

import torch
from playwright.sync_api import Page, expect
from torch import nn

import kanviz
from tests.browser.conftest import settle, upload
from tests.io.test_efficient_kan import reference, torch_file, weights


def test_the_base_function_of_an_efficient_kan_is_answered_on_the_open_page(page: Page, tmp_path: Path) -> None:
    state = weights(3, 4, 2)
    (tmp_path / "gelu.pt").write_bytes(torch_file(state))
    upload(page, "kanviz .safetensors", tmp_path / "gelu.pt")
    page.get_by_role("button", name="Open network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    caution = page.get_by_test_id("stAlert").filter(has_text="silu is assumed")
    expect(caution).to_be_visible()

    page.get_by_role("link", name="Answer what the file does not say").click()
    form = page.get_by_test_id("stForm")
    expect(form.get_by_text("Assumed, not in the file.")).to_be_visible()
    form.get_by_role("combobox", name="The base function added to the splines").click()
    page.get_by_role("option", name="gelu", exact=True).click()
    form.get_by_role("button", name="Open with these answers").click()

    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    expect(caution).to_have_count(0)
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save network").click()
    download.value.save_as(tmp_path / "saved.safetensors")
    x = torch.linspace(-1, 1, 60, dtype=torch.float64).reshape(20, 3)
    found, right = kanviz.load(tmp_path / "saved.safetensors")(x).numpy(), reference(state, x.numpy(), nn.GELU())
    assert abs(found - right).max() <= 1e-12 * abs(right).max()
