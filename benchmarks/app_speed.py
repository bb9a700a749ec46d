"""Measures how fast the app reacts: first paint, clicks, drops, a training, a wide network. Prints; asserts nothing.

Run: python -m benchmarks.app_speed (needs Chromium at /usr/bin/chromium and playwright; where pykan is installed, its
plot() is timed in the same run). All times are measured in the browser: from the event of the click or of the release
to the first frame with the new curve, from the start of a visit to the first frame with a network. The figures are
valid only on a machine that does nothing else.
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
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import plotly
import streamlit
import torch
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

import kanviz
from kanviz.core.init import init

ROOT = Path(__file__).parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SHAPES = ([2, 5, 1], [4, 10, 10, 1], [10, 10, 10])
WIDE = [64, 64, 10]
LONG = 60_000

# the current picture; the time of the request, and of the change
WATCH = """() => {
    const pierce = (root, wanted) => {
        const found = root.querySelector(wanted);
        if (found) return found;
        for (const node of root.querySelectorAll('*'))
            if (node.shadowRoot) { const inner = pierce(node.shadowRoot, wanted); if (inner) return inner; }
        return null;
    };
    const plots = () => [...document.querySelectorAll('.js-plotly-plot')];
    window.sights = {
        curve: () => pierce(document, '.kv-editor .kv-plot svg')?.getAttribute('aria-label'),
        moved: () => document.querySelector('input[aria-label="Exact height"]')?.value,
        words: () => document.querySelector('.st-key-inspector [data-testid=stCaptionContainer]')?.innerText,
        canvas: () => pierce(document, '.kv-stage .edge.chosen .curve')?.getAttribute('d'),
        plotly: () => plots()[1]?.layout?.title?.text,
        network: () => pierce(document, '.kv-stage .world')?.getAttribute('transform'),
    };
    window.watch = (kinds, event) => {
        const seen = (window.seen = []), before = kinds.map((kind) => sights[kind]());
        let from = null;
        addEventListener(event, () => (from = performance.now()), { capture: true, once: true });
        const look = () => {
            if (from !== null)
                kinds.forEach((kind, n) => {
                    if (seen[n] === undefined && sights[kind]() !== before[n]) seen[n] = performance.now() - from;
                });
            if (kinds.some((_, n) => seen[n] === undefined)) requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    };
}"""
# time from the beginning of the visit to the first frame with a network and a curve
ARRIVAL = """(() => {
    const every = () => [...document.querySelectorAll('*')];
    const there = (wanted) => every().some((node) => node.shadowRoot?.querySelector(wanted));
    const look = () => {
        if (there('.kv-stage .edge') && there('.kv-plot .handle')) window.arrived = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""
FRAMES = """() => {
    window.frames_ = [];
    let last = performance.now();
    const look = (now) => { window.frames_.push(now - last); last = now;
        window.counting = requestAnimationFrame(look); };
    requestAnimationFrame(look);
}"""
# of plotly's figure: the middle of each edge in the window
PLACES = """gd => {
    const box = gd.getBoundingClientRect(), { xaxis, yaxis } = gd._fullLayout, found = {};
    for (const trace of gd._fullData) {
        if (!trace.customdata) continue;
        for (let k = 0; k < trace.x.length; k++) {
            const edge = trace.customdata[k];
            if (!edge || edge.length < 3 || !isFinite(trace.y[k])) continue;
            (found[edge.slice(0, 3).join()] ||= []).push([
                box.left + xaxis._offset + xaxis.d2p(trace.x[k]), box.top + yaxis._offset + yaxis.d2p(trace.y[k])]);
        }
    }
    return Object.values(found).map((all) => all[all.length >> 1]);
}"""
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


@contextmanager
def served(command: Sequence[str | Path]):
    """Start a new server process; yield its address and the time until it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *(str(part).replace("PORT", port) for part in command)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
             "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
            break
        except OSError:
            time.sleep(0.02)
    yield url, time.perf_counter() - start
    process.terminate()
    process.wait(20)


def app(model: Path | None = None) -> list[str | Path]:
    return ["kanviz", "app", "--no-browser", "--port", "PORT", *([model] if model else [])]


def visit(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.add_init_script("try { localStorage.setItem('kanviz-tour', 'seen') } catch {}")
    page.set_default_timeout(LONG)
    return page


def told(name: str, found: Sequence[Sequence[float]], rest: str = "") -> None:
    """Print the times of an action, and of the later changes on the page."""
    if not found:
        print(f"{name}: nothing seen")
        return
    times, *others = zip(*found, strict=True)
    then = "".join(f"; {rest} after {statistics.median(other):.0f} ms" for other in others)
    print(f"{name}: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms, {len(times)} times{then}")


def after(page: Page, kinds: Sequence[str], event: str, act: Callable[[], object]) -> list[list[float]]:
    """Measure the milliseconds until every element of `kinds` has changed; empty if one did not."""
    page.evaluate("([kinds, event]) => watch(kinds, event)", [kinds, event])
    act()
    try:
        page.wait_for_function(f"window.seen.filter((t) => t > 0).length === {len(kinds)}", timeout=5_000)
    except Exception:
        return []
    found = page.evaluate("window.seen")
    page.wait_for_timeout(500)
    return [found]


def clicks(page: Page, count: int = 15) -> list[list[float]]:
    """Time clicks on edges, until the inspector shows the curve, and until it shows the text about it."""
    edges, times = page.locator(".kv-stage .edge"), []
    for n in range(count):
        box = edges.nth((n * 3 + 1) % edges.count()).bounding_box()
        assert box is not None
        at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        times += after(page, ["curve", "words"], "click", lambda at=at: page.mouse.click(*at))
    return times


def drops(page: Page, count: int = 12) -> list[list[float]]:
    """Time drops of a control point, until the page has the changed network, and until the canvas shows it, too."""
    handle, times = page.locator('.handle[data-m="3"]'), []
    for n in range(count):
        box = handle.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + (12 if n % 2 else -12), steps=4)
        page.wait_for_timeout(50)
        times += after(page, ["moved", "canvas"], "pointerup", page.mouse.up)
    return times


def first(browser: Browser) -> None:
    """Time the very first visit, without a model, while the server is cold."""
    times, last = [], ""
    for _ in range(3):
        with served(app()) as (url, ready):
            page = visit(browser)
            page.add_init_script(ARRIVAL)
            page.goto(url)
            page.wait_for_function("window.arrived")
            times.append(page.evaluate("window.arrived / 1e3"))
            moved = page.evaluate("performance.getEntriesByType('resource').reduce((n, e) => n + e.transferSize, 0)")
            last = f"the server answers {ready:.2f} s after its start; {moved / 1e6:.1f} MB transferred"
            page.close()
    print(f"first page, cold server: network and curve drawn after {', '.join(f'{t:.2f}' for t in times)} s")
    print(f"  {last}")


def own(browser: Browser, model: Path, name: str) -> None:
    with served(app(model)) as (url, _):
        page = visit(browser)
        page.goto(url)
        page.locator(".kv-plot .handle").first.wait_for()
        page.wait_for_timeout(4_000)
        page.evaluate(WATCH)
        told(f"{name}: edge click to repaint", clicks(page), "the words about it")
        told(f"{name}: drop to repaint", drops(page), "the network's picture")
        if name == str(SHAPES[0]):
            live(page, int(name[1]))
        page.close()


def by_plotly(browser: Browser, model: Path, name: str) -> None:
    """Time the same click on a figure of plotly."""
    script = ROOT / "benchmarks" / "plotly_canvas.py"
    command = ["streamlit", "run", script, "--server.port", "PORT", "--server.headless", "true", "--", model]
    with served(command) as (url, _):
        page = visit(browser)
        page.goto(url)
        page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length > 1")
        page.wait_for_timeout(4_000)
        page.evaluate(WATCH)
        places = page.locator(".js-plotly-plot").first.evaluate(PLACES)
        times = []
        for n in range(15):
            x, y = places[(n * 3 + 1) % len(places)]
            times += after(page, ["plotly"], "mousedown", lambda x=x, y=y: page.mouse.click(x, y))
        told(f"{name}: edge click to repaint, plotly's canvas", times)
        page.close()


def wide(browser: Browser, model: Path) -> None:
    """Time opening, zooming and choosing edges in a network with 4,736 edges."""
    with served(app(model)) as (url, _):
        page = visit(browser)
        start = time.perf_counter()
        page.goto(url)
        page.locator(".kv-stage svg").first.wait_for()
        page.locator(".kv-plot .handle").first.wait_for()
        print(f"{WIDE}: opened and drawn on a cold server: {time.perf_counter() - start:.2f} s")
        page.wait_for_timeout(4_000)
        page.evaluate(WATCH)
        stage = page.locator(".kv-stage")
        for mode in ("Every edge as a cell", "The strongest edges with their curves"):
            page.get_by_role("button", name=mode).click()
            page.wait_for_timeout(500)
            box = stage.bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + min(box["height"], 600) / 2)
            page.evaluate(FRAMES)
            page.keyboard.down("Control")
            for n in range(40):
                page.mouse.wheel(0, -60 if n % 20 < 10 else 60)
                page.wait_for_timeout(16)
            page.keyboard.up("Control")
            for n in range(40):
                page.mouse.wheel(0, 40 if n % 20 < 10 else -40)
                page.wait_for_timeout(16)
            frames = page.evaluate("cancelAnimationFrame(counting), frames_.slice(3)")
            page.keyboard.press("0")
            low, high = np.percentile(frames, [50, 95])
            print(
                f"  {mode.lower()}: a frame takes {low:.0f} ms while zooming and scrolling, 95 % within {high:.0f} ms"
            )
            if mode.startswith("The"):
                told("  edge click to repaint", clicks(page, 8), "the words about it")
        page.close()


def live(page: Page, columns: int, seconds: int = 8) -> None:
    """Measure how often a running training shows something new, and the time of a click during it."""
    rows = np.random.default_rng(0).uniform(-1, 1, (5_000, columns))
    lines = [",".join([*(f"x{i}" for i in range(columns)), "y"])]
    lines += [",".join(f"{v:.6f}" for v in [*row, np.exp(np.sin(np.pi * row[0]) + row[1] ** 2)]) for row in rows]
    table: FilePayload = {"name": "rows.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    link = page.get_by_test_id("stSidebar")
    link.get_by_role("link", name="Train", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    page.get_by_test_id("stFileUploader").locator("input[type=file]").first.set_input_files(table)
    page.get_by_role("button", name="Use this table").click()
    page.wait_for_timeout(3_000)  # the page is rendered again
    page.get_by_role("combobox", name="Solver").click()
    page.get_by_role("option", name=re.compile("Adam")).click()
    page.wait_for_timeout(1_500)
    steps = page.get_by_label("Steps", exact=True)
    steps.fill("10000")
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
    link.get_by_role("link", name="Workbench", exact=True).click()
    page.locator(".kv-plot .handle").first.wait_for()
    page.wait_for_timeout(2_000)
    page.evaluate(WATCH)
    times = clicks(page)
    ran = page.get_by_test_id("stSidebar").get_by_text(re.compile("Training: running")).is_visible()
    told(f"  edge click to repaint {'while it runs' if ran else 'in part after its end'}", times, "the words about it")


def drawing() -> None:
    """Measure only the picture of a [4,10,10,1] network: plotly's input, the canvas payload, and pykan's plot."""
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
        told(f"[4,10,10,1], {name}, {sizes[name] / 1e3:.0f} kB of JSON", [[t] for t in times[name]])
    big = init([10, 10, 10], grid=5, seed=0)
    found = scores(big)
    sent = json.dumps(network_payload(layout(big, found), all_curves(big), found))
    print(f"200 edges, sent to the canvas: {len(sent) / 1e3:.1f} kB of JSON")
    pykan()


def pykan() -> None:
    """Time pykan's own plot() of a network of that shape, to a file."""
    try:
        import matplotlib  # pyright: ignore[reportMissingImports]  (pykan brings it)

        matplotlib.use("Agg")
        from kan import MultKAN  # pyright: ignore[reportMissingImports]  (installed by hand)
    except ImportError:
        print("[4,10,10,1], pykan's plot(): pykan is not installed here")
        return
    import matplotlib.pyplot as plt  # pyright: ignore[reportMissingImports]  (as above)

    with tempfile.TemporaryDirectory() as folder:
        theirs = MultKAN([4, 10, 10, 1], grid=5, seed=0, auto_save=False, ckpt_path=folder)
        theirs(torch.rand(1_000, 4) * 2 - 1)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            theirs.plot(folder=folder)
            plt.savefig(Path(folder) / "network.png")
            times.append(1e3 * (time.perf_counter() - start))
            plt.close("all")
    told("[4,10,10,1], pykan's plot()", [[t] for t in times])


def main() -> None:
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"torch {torch.__version__}, streamlit {streamlit.__version__}, plotly {plotly.__version__}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        first(browser)
        for shape in (*SHAPES, WIDE):
            model = Path(folder) / "model.safetensors"
            kanviz.save(init(shape, grid=5, seed=0), model)
            if shape == WIDE:
                wide(browser, model)
                continue
            own(browser, model, str(shape))
            by_plotly(browser, model, str(shape))
        browser.close()
    drawing()


if __name__ == "__main__":
    main()
