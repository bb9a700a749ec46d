"""A person's own model on the Language page: its file and its recorded rows, to the verdict, in real Chromium."""

import io
import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle, upload

MODELS = Path(__file__).parents[1] / "checkpoints" / "models"


def test_a_model_and_its_rows_lead_to_a_verdict_and_to_the_workbench(page: Page):
    page.goto(page.url.replace("/open", "/language").split("?")[0] + "?language=Your+model")
    expect(page.get_by_text(re.compile("Without the weakest 24 of 48 edges"))).to_be_visible()
    settle(page)
    upload(page, "A model with a KAN", MODELS / "efficient_kan.pt")
    expect(page.get_by_text("This is measured on recorded rows")).to_be_visible()
    settle(page)
    np.save(file := io.BytesIO(), np.load(MODELS / "efficient_kan.npz")["x"])
    upload(page, "Recorded rows", {"name": "x.npy", "mimeType": "", "buffer": file.getvalue()})
    expect(page.get_by_text(re.compile("Without the weakest 3 of 6 edges"))).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Open on the workbench").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_text("x.npy, 64 rows")).to_be_visible()
