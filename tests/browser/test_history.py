"""The history under the hand: errors of every step, jumps, two versions compared, a script that runs as downloaded."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

import kanviz
from kanviz.analysis.diff import diff
from kanviz.core.data.dataset import Dataset
from kanviz.ui.widgets.panels import number
from kanviz.ui.widgets.samples import rows_of, samples
from tests.app_process import ROOT
from tests.browser.conftest import go, open_sample, settle


@pytest.fixture
def history(page: Page) -> Iterator[Page]:
    """The History page after three edits of the first sample; nothing may be logged as an error meanwhile."""
    errors: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        where = message.location["url"]
        if message.type == "error" and "/history/_stcore/" not in where:  # a reloaded page looks there for the server
            errors.append(f"{message.text} {where}")

    page.on("console", listen)
    open_sample(page)
    field = page.get_by_label("Exact height")
    field.fill(f"{float(field.input_value()) + 0.8:.3f}")
    field.press("Enter")
    settle(page)
    page.get_by_role("button", name="Keep", exact=True).click()
    settle(page)
    for name in ("Freeze", "Prune"):
        page.get_by_role("button", name=name, exact=True).click()
        settle(page)
    go(page, "History")
    yield page
    assert not errors, errors


def version(page: Page, n: int):
    return page.locator(f".st-key-version-{n}")


def jump(page: Page, n: int) -> None:
    version(page, n).get_by_role("button", name=re.compile(f"{n} · ")).click()
    expect(version(page, n)).to_contain_text("current")
    settle(page)


def download(page: Page, name: str, path: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name, exact=True).click()
    waiting.value.save_as(path)
    return path


def metric(page: Page, name: str):
    return page.get_by_test_id("stMetric").filter(has_text=name).get_by_test_id("stMetricValue")


@pytest.fixture
def versions(history: Page, tmp_path: Path) -> list[kanviz.KAN]:
    """The networks that the recipe of the page leads through, made in the test."""
    recipe = json.loads(download(history, "Recipe", tmp_path / "recipe.json").read_text())
    replayed = kanviz.replay(kanviz.load(samples()[0].file), recipe)
    assert len(replayed.versions) == 4
    return [one.kan for one in replayed.versions]


@pytest.fixture
def rows() -> Dataset:
    sample = samples()[0]
    assert sample.table is not None
    return rows_of(sample, sample.table, kanviz.load(sample.file))


def test_errors_jumps_and_comparison_are_those_of_the_networks(history: Page, versions, rows):
    errors = [number(kanviz.metrics(kan, rows).parts["test"].rmse) for kan in versions]
    for n in range(1, 4):
        words = f"{errors[n]}, as before" if errors[n] == errors[n - 1] else f"{errors[n - 1]} → {errors[n]}"
        expect(version(history, n)).to_contain_text(f"RMSE {words}")

    jump(history, 1)
    expect(version(history, 3)).to_contain_text("undone")
    expect(metric(history, "RMSE after")).to_have_text(errors[1])
    jump(history, 3)
    expect(history.get_by_text("undone")).to_have_count(0)

    version(history, 1).get_by_role("button", name="Compare").click()
    expect(metric(history, "RMSE before")).to_have_text(errors[1])
    expect(metric(history, "RMSE after")).to_have_text(errors[3])
    found = diff(versions[1], versions[3])
    same = f"{len(found.edges) - len(found.changed)} of {len(found.edges)}"
    expect(metric(history, "Edges bit-identical")).to_have_text(same)
    moved = float((versions[1](rows.x) - versions[3](rows.x)).abs().max())
    expect(metric(history, "Outputs move by")).to_have_text(number(moved))
    expect(history).to_have_url(re.compile("before=1&after=3"))

    history.get_by_role("button", name="Swap").click()
    expect(metric(history, "RMSE before")).to_have_text(errors[3])
    history.reload()
    expect(metric(history, "RMSE before")).to_have_text(errors[3])
    expect(metric(history, "RMSE after")).to_have_text(errors[1])


def test_the_downloaded_script_makes_the_version_in_hand(history: Page, versions, rows, tmp_path: Path):
    jump(history, 2)
    history.get_by_text("With the current rows").click()
    settle(history)
    with zipfile.ZipFile(download(history, "Python script", tmp_path / "steps.zip")) as zipped:
        zipped.extractall(tmp_path / "unpacked")
    (folder,) = (tmp_path / "unpacked").iterdir()
    done = subprocess.run(
        [sys.executable, "steps.py"], cwd=folder, capture_output=True, text=True, timeout=600,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "the same, bit for bit" in done.stdout, done.stderr
    assert f"200 test rows: RMSE {kanviz.metrics(versions[2], rows).parts['test'].rmse:.6g}" in done.stdout
    assert kanviz.load(folder / "changed.safetensors").digest == versions[2].digest
    history.get_by_text("Show the script").click()
    expect(history.get_by_text("history = history.apply(FreezeEdge(")).to_be_visible()


def test_a_name_stays_with_its_version(history: Page):
    field = history.get_by_label("Name of the current version")
    field.fill("without *x*")
    field.press("Enter")
    expect(version(history, 3)).to_contain_text("3 · without *x*")
    history.reload()
    expect(version(history, 3)).to_contain_text("3 · without *x*")
