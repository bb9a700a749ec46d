"""What the network canvas is sent: every edge once, small enough, the same while only the selection differs."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kanviz.analysis.layout import MOST, layout
from kanviz.analysis.scores import scores
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.ui.components import HERE
from kanviz.ui.components.bundle import bundle
from kanviz.ui.components.network.payload import NONE, POINTS, STATES, STRONGEST, network_payload, wide
from kanviz.ui.components.protocol import NetworkMatrix, NetworkPayload
from tests.figures import small_kan


def payload(kan: KAN, **more) -> NetworkPayload:
    ranking = scores(kan)
    places = layout(kan, ranking, STRONGEST if wide(kan) else MOST)
    return network_payload(places, all_curves(kan), ranking, **more)


def matrix(found: NetworkPayload) -> list[NetworkMatrix]:
    assert "matrix" in found, "only a wide network has one"
    return found["matrix"]


def size(found: Mapping[str, Any]) -> int:
    return len(json.dumps(found, separators=(",", ":")))


def test_every_edge_is_there_with_its_curve_and_state():
    kan = small_kan()
    found = payload(kan, selected=EdgeId(0, 0, 0))
    assert {tuple(e["id"]) for e in found["edges"]} == {tuple(e) for e in kan.edges(pruned=True)}
    for edge in found["edges"]:
        view = kan.edge(edge["id"])
        assert edge["state"] == view.state
        assert edge["frozen"] == view.frozen
        assert edge["name"] == f"{view.source} → {view.target}"
        assert len(base64.b64decode(edge["y"])) == POINTS
        assert all(v == NONE or v <= 200 for v in base64.b64decode(edge["y"]))
    assert found["selected"] == [0, 0, 0]
    assert "matrix" not in found
    assert json.loads(json.dumps(found)) == found, "it is plain data"


def test_the_curve_is_the_edges_own():
    kan = init([1, 1], seed=3)
    (edge,) = payload(kan)["edges"]
    thumbnail = all_curves(kan)[0]
    index = np.linspace(0, len(thumbnail.heights) - 1, POINTS).round().astype(int)
    heights = np.frombuffer(base64.b64decode(edge["y"]), np.uint8) / 100 - 1
    assert np.abs(heights - thumbnail.heights[index]).max() <= 0.005


def test_only_what_is_drawn_decides_the_revision():
    kan = init([2, 3, 1], seed=0)
    one, other = payload(kan, selected=EdgeId(0, 0, 0)), payload(kan, highlight=[EdgeId(0, 1, 1)])
    assert one["rev"] == other["rev"]
    moved = kan.with_layer(0, coef=kan.layers[0].coef + 1)
    assert payload(moved)["rev"] != one["rev"]
    rows = Dataset.from_arrays(np.random.default_rng(0).uniform(0, 0.5, (50, 2)), np.zeros(50))
    ranking = scores(kan, rows)
    seen = network_payload(layout(kan, ranking), all_curves(kan, rows), ranking)
    assert seen["rev"] != one["rev"], "on other rows the curves are others"


def test_two_hundred_edges_stay_below_sixty_kilobytes():
    """The budget of what goes to the browser at a click, scripts included."""
    kan = init([10, 10, 10], seed=0)
    assert len(list(kan.edges())) == 200
    styles = sum((HERE / part / f"{part}.css").stat().st_size for part in ("shared", "network"))
    scripts = len(bundle(HERE / "network" / "view.js").encode()) + styles
    assert size(payload(kan)) < 60_000
    assert size(payload(kan)) + scripts < 100_000


def test_a_wide_network_is_a_matrix_with_its_strongest_edges():
    kan = init([64, 64, 10], seed=0)
    found = payload(kan)
    assert [(m["s"], m["t"]) for m in matrix(found)] == [(64, 64), (64, 10)]
    assert len(found["edges"]) <= STRONGEST
    ranking = scores(kan)
    for m, shares in zip(matrix(found), ranking.layers, strict=True):
        cells = np.frombuffer(base64.b64decode(m["scores"]), np.uint8).reshape(m["s"], m["t"])
        assert cells.max() == 255
        assert np.unravel_index(cells.argmax(), cells.shape) == np.unravel_index(shares.argmax(), shares.shape)
        states = np.frombuffer(base64.b64decode(m["states"]), np.uint8)
        assert set(states.tolist()) == {STATES.index("spline")}
    assert size(found) < 60_000


@pytest.mark.parametrize("look", ["light", "dark"])
def test_names_from_files_are_shown_and_nothing_else(look):
    kan = small_kan()
    evil = type(kan.inputs[0])("<img src=x onerror=alert(1)>\u202e")
    kan = type(kan)(kan.layers, (evil, *kan.inputs[1:]), kan.outputs)
    found = payload(kan, look=look)
    assert "\u202e" not in json.dumps(found, ensure_ascii=False)
    assert "innerHTML" not in bundle(HERE / "network" / "view.js"), "names reach the page as text"
