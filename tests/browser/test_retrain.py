"""The whole story of locality: a sample, new rows, what they share, a lock, lamps that stay lit, and the proof."""

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

import kanviz
from tests.app_process import ROOT
from tests.browser.conftest import go, settle, upload
from tests.browser.test_journey import choose

NEW = ROOT / "sample_models" / "hills_new.csv"


def open_hills(page: Page) -> None:
    page.get_by_role("button", name="Open", exact=True).last.click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)
    go(page, "Retrain")


def save(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_test_id("stMain").get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def verify(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kanviz", "verify", *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def lamps(page: Page) -> list[int]:
    """How many lamps are lit, and how many there are."""
    figure = page.locator(".js-plotly-plot").filter(has_text="predictions bit-identical").first
    return figure.evaluate(
        """plot => {
            const shades = plot.calcdata[0][0].z.flatMap(row => Array.from(row)).filter(v => Number.isFinite(v));
            return [shades.filter(v => v === -1).length, shades.length];
        }"""
    )


def test_new_rows_are_learned_under_a_lock_and_the_certificate_holds_on_the_command_line(page: Page, tmp_path: Path):
    open_hills(page)

    # new rows, uploaded; what they share with the old ones is there before anything is done
    upload(page, "Table of new rows", NEW)
    page.get_by_role("button", name="Use these new rows").click()
    settle(page)
    expect(page.get_by_text("hills_new.csv, 500 rows")).to_be_visible()
    strips = page.locator(".js-plotly-plot").filter(has_text="used by old rows").first
    expect(strips).to_contain_text("touched by new rows")
    expect(strips).to_contain_text("locked")
    expect(page.get_by_text("All 500 old rows keep their predictions to the bit")).to_be_visible()

    # locked, retrained, every lamp lit
    expect(page.get_by_role("radio", name="Lock the old rows")).to_be_checked()
    page.get_by_role("button", name="Retrain", exact=True).click()
    expect(page.get_by_text("All 500 old rows keep their predictions, bit for bit.")).to_be_visible()
    settle(page)
    assert lamps(page) == [500, 500]

    # the proof, checked by another process
    files = [save(page, name, tmp_path) for name in ("Certificate", "Network before", "Network after")]
    done = verify(*files)
    assert done.returncode == 0, done.stderr
    assert verify(files[0], files[1], files[1]).returncode == 1, "it was not written for this network"
    before, after = (kanviz.load(file) for file in files[1:])
    assert before.digest != after.digest

    # one click takes it back
    page.get_by_role("button", name="Undo this retraining").click()
    settle(page)
    expect(page.get_by_text("Result of the retraining")).to_have_count(0)


def test_without_protection_lamps_go_out_while_the_run_is_watched(page: Page):
    open_hills(page)
    page.get_by_role("button", name=re.compile("Take the sample")).click()
    settle(page)
    page.get_by_text("No protection", exact=True).click()
    settle(page)
    expect(page.get_by_text(re.compile("Nothing is held"))).to_be_visible()
    page.get_by_text("More settings").click()
    choose(page, "Solver", "Adam")
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("10000")
    steps.press("Enter")
    settle(page)
    page.get_by_role("button", name="Retrain", exact=True).click()
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(re.compile(r"Running: step ([3-9]|[\d,]{2,}) of 10,000"))).to_be_visible()
    expect(main.get_by_text("RMSE, old rows")).to_be_visible()
    main.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text(re.compile("of 500 old rows have other predictions"))).to_be_visible()
    settle(page)
    lit, there = lamps(page)
    assert lit < there == 500
