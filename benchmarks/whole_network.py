"""Measures the costs of a wide network, [64,64,10] on 1,000 rows: records, figure, pages. Prints; asserts nothing.

Run: python benchmarks/whole_network.py (no browser needed; milliseconds of CPU time, best of several).
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from streamlit.testing.v1 import AppTest

from kanviz.analysis.curves import edge_curve
from kanviz.analysis.layout import layout
from kanviz.analysis.scores import scores
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.plots import network_figure
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.current import KEY

ROOT = Path(__file__).parents[1]
SHAPE = [64, 64, 10]
PAGES = ("app", "pages/prune", "pages/formula", "pages/train", "pages/history")
NAMES = ("sin", "exp", "x^2", "tanh", "gaussian", "exp(-x^2) + x")


def cpu(work: Callable[[], object], rounds: int = 5) -> float:
    """Measure milliseconds of CPU time, the best of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - start))
    return min(times)


def table(kan: KAN, rows: int = 1_000) -> Dataset:
    x = torch.rand(rows, kan.shape[0], generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    return Dataset.from_arrays(x, kan(x)).matching(kan)


def symbolic(kan: KAN) -> KAN:
    """Put a formula on every edge of the network's first layer."""
    layer = kan.layers[0]
    places = [(i, j) for i in range(layer.sources) for j in range(layer.targets)]
    names = tuple((i, j, NAMES[(i + j) % len(NAMES)]) for i, j in places)
    affine = torch.tensor([[0.5, 0.1, 0.2, 0.0]], dtype=kan.dtype).repeat(len(names), 1)
    return kan.with_layer(0, formulas=names, affine=affine, active=torch.zeros_like(layer.active))


def records(kan: KAN, data: Dataset) -> None:
    """Time the computation of the records behind the pages, and the figure."""
    found, curves = scores(kan, data), all_curves(kan, data)
    places = layout(kan, found)
    for name, work in {
        "all_curves": lambda: all_curves(kan, data),
        "scores": lambda: scores(kan, data),
        "layout": lambda: layout(kan, found),
        "network_figure": lambda: network_figure(places, curves, found),
        "network_figure as JSON": lambda: network_figure(places, curves, found).to_json(),
        "edge_curve": lambda: edge_curve(kan, EdgeId(0, 3, 5), data),
        "kan.edge of every edge": lambda: [kan.edge(edge) for edge in kan.edges()],
    }.items():
        print(f"{name:28s} {cpu(work):8.1f} ms")


def pages(kan: KAN, data: Dataset) -> None:
    """Time every page: opened for the first time on this network, and run again without changes."""
    for page in PAGES:
        first, again = [], []
        for _ in range(3):
            app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
            session = Session()
            session.open(kan, "wide", data=data)
            app.session_state[KEY] = session
            if page != "app":
                app.switch_page(f"{page}.py")
            first.append(cpu(app.run, 1))
            again.append(cpu(app.run, 1))
            assert not app.exception, app.exception
        print(f"{'page ' + page:28s} {min(first):8.1f} ms, run again {min(again):.1f} ms")


def formulas(kan: KAN, data: Dataset) -> None:
    """Time thousands of formulas: the layer's value, its slope, and reading every edge."""
    layer, x = kan.layers[0], kan.normalise(data.rows("train")[0])
    at = x.clone().requires_grad_(True)
    print(f"{len(layer.formulas)} formulas on {len(x)} rows:")
    print(f"{'  sums':28s} {cpu(lambda: layer.sums(x)):8.1f} ms")
    print(f"{'  sums and slope in x':28s} {cpu(lambda: torch.autograd.grad(layer.sums(at).sum(), at)):8.1f} ms")
    print(f"{'  activations':28s} {cpu(lambda: layer.activations(x)):8.1f} ms")
    print(f"{'  kan.edge of every edge':28s} {cpu(lambda: [kan.edge(e) for e in kan.edges()], 1):8.1f} ms")


def main() -> None:
    torch.set_num_threads(1)
    kan = init(SHAPE, grid=5, seed=0)
    data = table(kan)
    print(f"{kan!r}, {len(data)} rows")
    records(kan, data)
    pages(kan, data)
    formulas(symbolic(kan), data)


if __name__ == "__main__":
    main()
