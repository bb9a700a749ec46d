"""The whole main job once, as a person does it, in real Chromium."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, TimeoutError, expect

import kanviz
from kanviz.core.layer import EdgeId
from tests.browser.conftest import expect_in_hand, go, settle, upload

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints" / "pykan"
NAME = "hello_unpruned"
FILES = "pykan's two files"


def table_file(rows: int = 200):
    """exp(sin(pi x) + y^2), as a person's CSV."""
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    y = np.exp(np.sin(np.pi * x[:, 0]) + x[:, 1] ** 2)
    lines = ["x_1,x_2,f", *(f"{a:.6f},{b:.6f},{c:.8f}" for (a, b), c in zip(x, y, strict=True))]
    return {"name": "measured.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}


def open_checkpoint(page: Page) -> None:
    upload(page, FILES, [CHECKPOINTS / f"{NAME}_config.yml", CHECKPOINTS / f"{NAME}_state"])
    page.get_by_role("button", name="Open network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    settle(page)


def choose(page: Page, box: str, option: str) -> None:
    """Pick from a menu; a page that is drawn again while it is open closes it, so then it is opened again."""
    for _ in range(5):
        page.get_by_role("combobox", name=box).click()
        try:
            page.get_by_role("option", name=option).click(timeout=5_000)
            break
        except TimeoutError:
            page.keyboard.press("Escape")
    settle(page)
    expect(page.get_by_role("combobox", name=box)).to_have_value(option)


def test_a_run_moves_many_times_while_it_lasts_and_shows_all_its_steps_when_it_is_over(page: Page):
    open_checkpoint(page)
    go(page, "Train")
    upload(page, "Table", table_file())
    page.get_by_role("button", name="Use this table").click()
    settle(page)
    choose(page, "Solver", "Adam")
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("10000")
    steps.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(re.compile("Running: step"))).to_be_visible()
    page.evaluate(
        """() => {
            const seen = window.seen = {run: new Set(), loss: new Set(), metric: new Set()};
            const look = () => {
                const main = document.querySelector('[data-testid=stMain]');
                const bar = main.querySelector('[data-testid=stProgress]');
                const plot = main.querySelector('.js-plotly-plot');
                const metric = main.querySelector('[data-testid=stMetricValue]');
                if (bar) seen.run.add(bar.innerText);
                if (metric) seen.metric.add(metric.innerText);
                if (plot && plot.data && plot.data[0].x) seen.loss.add(Array.from(plot.data[0].x).pop());
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    page.wait_for_function("Math.min(...Object.values(window.seen).map(values => values.size)) >= 12")
    expect(main.get_by_text(re.compile("Running: step"))).to_be_visible()  # all of that while it went on
    main.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text(re.compile("Last run: stopped"))).to_be_visible()
    settle(page)

    # a run of a moment is over before anybody looks: its end is there, with every step
    steps.fill("2")
    steps.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile("Last run: all steps done"))).to_be_visible()
    settle(page)
    assert page.locator(".js-plotly-plot").first.evaluate("plot => Array.from(plot.data[0].x)") == [0, 1, 2]


def undo(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Undo")).click()
    settle(page)


def save(page: Page, tmp_path: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save network").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_open_look_prune_fit_retrain_compare_save_reload(page: Page, tmp_path: Path):
    open_checkpoint(page)
    before = kanviz.load(CHECKPOINTS / f"{NAME}_config.yml", CHECKPOINTS / f"{NAME}_state")

    # a click on an edge chooses it
    edge = EdgeId(0, 1, 3)
    view = before.edge(edge)
    page.locator(f'.edge[data-id="{",".join(map(str, edge))}"]').click()
    settle(page)
    expect_in_hand(page, f"{view.source} → {view.target}")

    # its control points are there, and one moves
    settle(page)
    page.locator('.handle[data-m="2"]').click()
    settle(page)
    expect(page.get_by_text("Moves the curve only for")).to_be_visible()
    height = page.get_by_label("Exact height")
    height.fill("0.75")
    height.press("Enter")
    settle(page)
    expect(page.get_by_text("14 of 15 edges bit-identical, 1 changed")).to_be_visible()
    page.get_by_role("button", name="Keep").click()
    settle(page)
    moved = kanviz.load(save(page, tmp_path))
    assert float(moved.edge(edge).coef[2]) == pytest.approx(0.75)
    undo(page)
    assert kanviz.load(save(page, tmp_path)).digest == before.digest

    # prune an edge, and undo
    page.get_by_role("button", name="Prune", exact=True).click()
    settle(page)
    expect(page.get_by_test_id("stSidebar").get_by_text("14 edges")).to_be_visible()
    undo(page)
    expect(page.get_by_test_id("stSidebar").get_by_text("15 edges")).to_be_visible()

    # a formula for it
    go(page, "Formula")
    page.get_by_role("button", name="Fix this formula").click()
    settle(page)
    expect(page.get_by_role("button", name="Back to its spline")).to_be_visible()
    fitted = kanviz.load(save(page, tmp_path))
    assert fitted.edge(edge).state == "formula"

    # a table, and live training on it, stopped before its end
    go(page, "Train")
    upload(page, "Table", table_file(rows=20_000))  # so that the run outlasts every look at it
    page.get_by_role("button", name="Use this table").click()
    settle(page)
    choose(page, "Solver", "Adam")
    page.get_by_label("Steps", exact=True).fill("5000")
    page.get_by_label("Steps", exact=True).press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Running: step [\d,]{1,5} of 5,000"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"step ([3-9]|[\d,]{2,}) of 5,000")).first).to_be_visible()
    go(page, "Workbench")  # the run goes on
    expect(page.get_by_test_id("stSidebar").get_by_text(re.compile(r"Training · Running · step \d+"))).to_be_visible()
    go(page, "Train")
    page.get_by_role("button", name="Stop and keep").last.click()
    expect(page.get_by_text(re.compile("Last run: stopped"))).to_be_visible()

    # it goes on where it was stopped, and is stopped again
    page.get_by_role("button", name="Continue", exact=False).click()
    expect(page.get_by_text(re.compile(r"Running: step [\d,]+ of 5,000"))).to_be_visible()
    page.get_by_role("button", name="Stop and keep").last.click()
    expect(page.get_by_text(re.compile("Last run: stopped"))).to_be_visible()

    # small as it is, the network learns in a moment when the solver is left to kanviz
    page.get_by_role("combobox", name="Solver").click()
    page.get_by_role("option", name="Automatic").click()
    settle(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile("Levenberg-Marquardt, picked"))).to_be_visible()
    expect(page.get_by_text(re.compile("Last run: (no step|all)"))).to_be_visible()

    # what changed
    go(page, "History")
    expect(page.get_by_text("Edges bit-identical")).to_be_visible()
    expect(page.get_by_text("Outputs move by")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(f"· Fix {view.source} → {view.target} as"))).to_be_visible()

    # save, and open the saved file
    path = save(page, tmp_path)
    saved = kanviz.load(path)
    assert saved.edge(edge).state == "formula"
    assert saved.digest != fitted.digest
    page.get_by_test_id("stSidebar").get_by_role("link", name="Open", exact=True).click()
    settle(page)
    upload(page, FILES, path)
    page.get_by_role("button", name="Open network").click()
    expect(page.get_by_role("heading", name="Workbench", exact=True, level=1)).to_be_visible()
    assert kanviz.load(save(page, tmp_path)).digest == saved.digest
