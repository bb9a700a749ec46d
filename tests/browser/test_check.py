"""From an uploaded file to a check against its original in the browser: once right, once with a wrong base function."""

from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import Page, expect

from kanviz.io.containers import open_contents
from tests.browser.conftest import settle, upload
from tests.io.test_efficient_kan import reference

MODELS = Path(__file__).parents[1] / "checkpoints" / "models"


def test_a_file_is_checked_against_its_original_and_a_wrong_base_function_is_caught(page: Page, tmp_path: Path):
    state = open_contents((MODELS / "efficient_kan.pt").read_bytes(), "efficient_kan.pt", whole=True).read().tensors
    with np.load(MODELS / "efficient_kan.npz") as right:
        x = right["x"]
    np.savez(tmp_path / "gelu.npz", x=x, y=reference(state, x.astype(float), torch.nn.functional.gelu))
    main = page.get_by_test_id("stMain")

    upload(page, "pykan's two files", MODELS / "efficient_kan.pt")
    page.get_by_role("button", name="Open network").click()
    main.get_by_role("link", name="Check it against the original").click()
    expect(page.get_by_role("heading", name="See every function a KAN learned")).to_be_visible()
    settle(page)
    main.get_by_text("Check against the original", exact=True).click()
    expect(main.get_by_test_id("stCode")).to_contain_text("np.savez")

    upload(page, "outputs of the original", MODELS / "efficient_kan.npz")
    expect(main.get_by_test_id("stAlert")).to_contain_text("Agrees with the original on 64 rows")
    expect(main.get_by_test_id("stPlotlyChart")).to_contain_text("rows that agree")

    upload(page, "outputs of the original", tmp_path / "gelu.npz")
    expect(main.get_by_test_id("stAlert")).to_contain_text("Differs from the original: largest gap")
    expect(main.get_by_test_id("stPlotlyChart")).to_contain_text("rows that differ")
    expect(main.get_by_text("The 5 rows with the largest gaps")).to_be_visible()
    expect(main.get_by_text("silu is assumed")).to_be_visible()
