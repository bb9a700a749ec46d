"""How fast the app feels: first paint, an edge click, a run of training, a figure. Prints; asserts nothing.

Run: python benchmarks/app_speed.py (needs Chromium at /usr/bin/chromium and playwright).
"""

import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import plotly
import streamlit
import torch
from playwright.sync_api import Browser, Page, expect, sync_playwright

import kanviz
from kanviz.core.init import init

ROOT = Path(__file__).parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LIVE = """() => {
    const seen = window.seen = {run: 0, loss: 0}, last = {};
    const note = (what, value) => { if (value && value !== last[what]) { last[what] = value; seen[what]++; } };
    const look = () => {
        const main = document.querySelector('[data-testid=stMain]'), gd = main.querySelector('.js-plotly-plot');
        note('run', main.querySelector('[data-testid=stProgress]')?.innerText);
        note('loss', gd?.querySelector('.scatterlayer path.js-line')?.getAttribute('d'));
        requestAnimationFrame(look);
    };
    look();
}"""


def serve(model: Path) -> tuple[subprocess.Popen, str, float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "kanviz", "app", "--no-browser", "--port", str(port), str(model)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
            return process, url, time.perf_counter() - start
        except OSError:
            time.sleep(0.02)


def clicks(page: Page, count: int = 12) -> list[float]:
    """Milliseconds from the click on an edge until its figure is drawn."""
    times, inspector = [], page.locator(".js-plotly-plot").first
    edges = page.locator(".kv-stage .edge")
    for n in range(count):
        box = edges.nth((n * 3 + 1) % edges.count()).bounding_box()
        assert box is not None
        old = inspector.evaluate("gd => gd.layout.title && gd.layout.title.text")
        start = time.perf_counter()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        try:
            page.wait_for_function(
                "old => { const gd = document.querySelectorAll('.js-plotly-plot')[0];"
                " return gd && gd.layout.title && gd.layout.title.text !== old }", arg=old, timeout=3_000,
            )  # fmt: skip
            times.append(1e3 * (time.perf_counter() - start))
        except Exception:
            print(f"  (click {n} changed nothing)")
        page.wait_for_timeout(400)
    return times


def drops(page: Page, count: int = 8) -> list[float]:
    """Milliseconds from letting go of a control point until the page says it was moved."""
    times = []
    handle = page.locator('.handle[data-m="3"]')
    for n in range(count):
        box = handle.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + (12 if n % 2 else -12), steps=4)
        field = page.get_by_label("Exact height")
        old = field.input_value()
        start = time.perf_counter()
        page.mouse.up()
        page.wait_for_function(
            "old => document.querySelector('input[aria-label=\"Exact height\"]').value !== old", arg=old, timeout=5_000
        )
        times.append(1e3 * (time.perf_counter() - start))
        page.wait_for_timeout(400)
    return times


def main() -> None:
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"torch {torch.__version__}, streamlit {streamlit.__version__}, plotly {plotly.__version__}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for shape in ([2, 5, 1], [4, 10, 10, 1], [10, 10, 10]):
            model = Path(folder) / "model.safetensors"
            kanviz.save(init(shape, grid=5, seed=0), model)
            measure(browser, model, str(shape))
        browser.close()
    drawing()


def measure(browser: Browser, model: Path, name: str) -> None:
    """A server of its own for each network, so that every first page is cold."""
    process, url, ready = serve(model)
    print(f"{name}: server answers after {ready:.2f} s")
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    start = time.perf_counter()
    page.goto(f"{url}/prune")  # a deep link, before anything is imported
    expect(page.get_by_text("No network is open yet")).to_be_visible()
    print(f"{name}: first page, cold: {time.perf_counter() - start:.2f} s")
    page.close()
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    start = time.perf_counter()
    page.goto(url)
    expect(page.get_by_role("heading", level=1, name="Network")).to_be_visible(timeout=60_000)
    page.locator(".kv-stage .edge").first.wait_for()
    print(f"{name}: opened and drawn, right after: {time.perf_counter() - start:.2f} s")
    page.wait_for_timeout(2_000)
    times = clicks(page)
    median, worst = statistics.median(times), max(times)
    print(f"{name}: edge click to repaint: median {median:.0f} ms, worst {worst:.0f} ms, {len(times)} clicks")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Edge", exact=True).click()
    page.locator(".handle").first.wait_for()
    page.wait_for_timeout(1_500)
    times = drops(page)
    print(f"{name}: drop to repaint: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")
    if name.endswith(", 1]"):
        live(page, int(name[1]))
    page.close()
    process.terminate()
    process.wait(20)


def live(page: Page, columns: int, seconds: int = 8) -> None:
    """How often a run that goes on shows something new; no oftener than it makes steps."""
    rows = np.random.default_rng(0).uniform(-1, 1, (1_000, columns))
    lines = [",".join([*(f"x{i}" for i in range(columns)), "y"])]
    lines += [",".join(f"{v:.6f}" for v in [*row, np.exp(np.sin(np.pi * row[0]) + row[1] ** 2)]) for row in rows]
    table = {"name": "rows.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    page.get_by_test_id("stSidebar").get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    page.get_by_test_id("stFileUploader").locator("input[type=file]").first.set_input_files(table)
    page.get_by_role("button", name="Use this table").click()
    page.wait_for_timeout(3_000)  # the page is drawn anew
    page.get_by_role("combobox", name="Solver").click()
    page.get_by_role("option", name=re.compile("Adam")).click()
    page.wait_for_timeout(1_500)
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("9999")
    steps.press("Enter")
    page.wait_for_timeout(1_500)
    page.get_by_role("button", name="Start training").click()
    page.locator("[data-testid=stMain] [data-testid=stProgress]").wait_for()
    page.wait_for_timeout(1_500)
    page.evaluate(LIVE)
    page.wait_for_timeout(1_000 * seconds)
    seen = page.evaluate("window.seen")
    print(
        f"  a run: {seen['run'] / seconds:.1f} updates of its step, {seen['loss'] / seconds:.1f} of its loss a second"
    )
    page.get_by_role("button", name="Stop and keep").last.click()


def drawing() -> None:
    """The picture of a [4,10,10,1] network by itself, as plotly's figure and as what the canvas is sent."""
    from kanviz.analysis.layout import layout
    from kanviz.analysis.scores import scores
    from kanviz.analysis.thumbnails import all_curves
    from kanviz.plots import network_figure
    from kanviz.ui.components.network import network_payload

    kan = init([4, 10, 10, 1], grid=5, seed=0)
    ways = {
        "plotly's figure": lambda *parts: network_figure(*parts).to_json(),
        "the canvas": lambda *parts: json.dumps(network_payload(*parts)),
    }
    times, sizes = {name: [] for name in ways}, {}
    for _ in range(7):
        for name, make in ways.items():
            start = time.perf_counter()
            found = scores(kan)
            sizes[name] = len(make(layout(kan, found), all_curves(kan), found))
            times[name].append(1e3 * (time.perf_counter() - start))
    for name in ways:
        print(
            f"[4,10,10,1], {name}: median {statistics.median(times[name]):.0f} ms, {sizes[name] / 1e3:.0f} kB of JSON"
        )


if __name__ == "__main__":
    main()
