"""The Export page: a form is chosen, run, compared and taken along."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import kanviz
from kanviz.writers.runs import run_js
from tests.browser.conftest import go, open_sample

ROOT = Path(__file__).parents[2]


def test_the_network_leaves_as_javascript_that_computes_the_same(page: Page, tmp_path: Path):
    open_sample(page)
    go(page, "Export")
    page.get_by_text("JavaScript", exact=True).click()
    download = page.get_by_role("button", name="Download Five_hidden_nodes__one_at_work.mjs")
    expect(download).to_be_visible()
    page.get_by_text("Show all").click()
    expect(page.get_by_text("export function predict(rows)")).to_be_visible()
    expect(page.get_by_text("Rows compared")).to_be_visible()
    with page.expect_download() as waiting:
        download.click()
    waiting.value.save_as(tmp_path / "network.mjs")
    kan = kanviz.load(ROOT / "sample_models" / "exp_sin_unpruned.safetensors")
    x = np.array([[0.2, -0.4], [0.9, 0.1]])
    found = run_js((tmp_path / "network.mjs").read_text(encoding="utf-8"), x)
    assert found == pytest.approx(kan(x).numpy(), rel=1e-12)
