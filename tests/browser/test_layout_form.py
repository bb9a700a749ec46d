"""A KAN of somebody's own class, uploaded: the form proposes its layout, and the network gives the class's outputs."""

from pathlib import Path

import torch
from playwright.sync_api import Page, expect
from torch.nn.functional import silu

import kanviz
from kanviz.core.spline import basis
from tests.browser.conftest import settle, upload
from tests.io.test_unknown_class import blocks


def outputs(state: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """What the made-up class computes with these weights."""
    for n in range(2):
        coef, knots, w, bias = (state[f"blocks.{n}.kan.{part}"].double() for part in ("coeffs", "knots", "w", "bias"))
        table = basis(x, knots.expand(x.shape[1], -1), 3)
        x = torch.einsum("rsm,tsm->rt", table, coef) + silu(x) @ w.T + bias
    return x


def test_a_class_of_ones_own_opens_with_the_proposed_layout(page: Page, tmp_path: Path) -> None:
    state = blocks(3, 4, 2)
    torch.save(state, tmp_path / "mine.pt")
    upload(page, "kanviz .safetensors", tmp_path / "mine.pt")
    page.get_by_role("button", name="Open network").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text("opens when you say which tensor is what")).to_be_visible()
    expect(form.get_by_role("combobox", name="Axes of coefficients")).to_have_value("target 4, source 3, basis 8")
    with page.expect_download() as layout:
        form.get_by_role("button", name="Save this layout").click()
    layout.value.save_as(tmp_path / "mine.json")
    form.get_by_role("button", name="Open with this layout").click()

    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save network").click()
    download.value.save_as(tmp_path / "saved.safetensors")
    x = torch.linspace(-0.9, 0.9, 60, dtype=torch.float64).reshape(20, 3)
    found, right = kanviz.load(tmp_path / "saved.safetensors")(x), outputs(state, x)
    assert (found - right).abs().max() <= 1e-5 * right.abs().max()
    again = kanviz.load(tmp_path / "mine.pt", layout=tmp_path / "mine.json")
    assert (again(x) - right).abs().max() <= 1e-5 * right.abs().max()

    page.get_by_role("link", name="Change the layout").click()
    page.get_by_role("button", name="Change the layout").click()
    expect(form.get_by_text("Its outputs are right only if the layout is")).to_be_visible()
