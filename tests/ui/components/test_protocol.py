"""What is sent to the components has the fields that `protocol.py` names, and JavaScript is given the same."""

import types
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np
import pytest

from kanviz.analysis.curves import edge_curve
from kanviz.analysis.errors_on_rows import predictions
from kanviz.analysis.layout import layout, wide
from kanviz.analysis.scores import scores
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.ui.components import protocol
from kanviz.ui.components.editor import Points, editor_payload, points_payload
from kanviz.ui.components.memory import SavedWork, work_payload
from kanviz.ui.components.network import STRONGEST, network_payload
from kanviz.ui.components.scatter import marked, scatter_payload
from kanviz.ui.components.tour import tour_payload
from kanviz.ui.workbench.tour import STOPS
from tests import protocol_types
from tests.figures import small_data, small_kan


def faults(value: Any, kind: Any, where: str = "payload") -> list[str]:
    """Where a value is not of a kind, as JSON has it: an int is a number too."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return []
    if is_typeddict(kind):
        return _faults_of_fields(value, get_type_hints(kind, include_extras=True), where)
    if origin is Annotated:
        found = faults(value, parts[0], where)
        return found if found or len(value) == parts[1] else [f"{where} has {len(value)} parts"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [fault for n, one in enumerate(value) for fault in faults(one, parts[0], f"{where}[{n}]")]
    if origin is dict:
        return [fault for name, one in value.items() for fault in faults(one, parts[1], f"{where}.{name}")]
    if origin is Literal:
        return [] if value in parts else [f"{where} is {value!r}"]
    if origin in (Union, types.UnionType):
        found = [faults(value, part, where) for part in parts]
        return [] if any(not each for each in found) else min(found, key=len)
    kinds = (int, float) if kind is float else kind
    fits = isinstance(value, kinds) and (kind is bool or not isinstance(value, bool))
    return [] if fits else [f"{where} is a {type(value).__name__}"]


def _faults_of_fields(value: Any, hints: dict[str, Any], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no record"]
    needed = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
    found = [f"{where}.{name} is missing" for name in needed - set(value)]
    found += [f"{where}.{name} is not in the protocol" for name in set(value) - set(hints)]
    for name in set(value) & set(hints):
        hint = hints[name]
        inner = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
        found += faults(value[name], inner, f"{where}.{name}")
    return found


def canvas(kan: KAN) -> protocol.NetworkPayload:
    ranking = scores(kan)
    places = layout(kan, ranking, STRONGEST) if wide(kan) else layout(kan, ranking)
    shown = [place.id for place in places.edges] if wide(kan) else None
    return network_payload(places, all_curves(kan, edges=shown), ranking, selected=EdgeId(0, 0, 0))


def test_the_types_of_javascript_are_made_of_the_protocol():
    written = protocol_types.FILE.read_text(encoding="utf-8")
    assert written == protocol_types.written(), "run: python -m tests.protocol_types"


@pytest.mark.parametrize("edge", list(small_kan().edges()), ids=str)
def test_every_edge_is_sent_as_the_protocol_says(edge: EdgeId):
    kan = small_kan()
    data = small_data(kan)
    assert faults(editor_payload(kan, edge_curve(kan, edge, data), data, picked=(1, 2)), protocol.EditorCurve) == []
    assert faults(editor_payload(kan, edge_curve(kan, edge)), protocol.EditorCurve) == []


def test_a_curve_of_lines_is_sent_as_the_protocol_says_with_its_own_values():
    x, y = np.arange(3.0), np.array([1.0, -2.0, 0.5])
    sent = points_payload(Points("one", "three", "x", "y", x, y, ("a", "b", "c"), (("all", 0, 3),)), (0, 1, 2))
    assert faults(sent, protocol.EditorCurve) == []
    assert sent["coef"] == y.tolist()
    assert (sent["first"], sent["basis"]) == ([0, 1, 2], [[1.0]] * 3)


@pytest.mark.parametrize("kan", [small_kan(), init([64, 64, 10], seed=0)], ids=["small", "wide"])
def test_a_network_is_sent_as_the_protocol_says(kan: KAN):
    assert faults(canvas(kan), protocol.NetworkPayload) == []


def test_rows_are_sent_as_the_protocol_says():
    kan = small_kan()
    data = small_data(kan)
    points = scatter_payload(predictions(kan, data), data, "one")
    assert faults(points, protocol.ScatterPoints) == []
    assert faults(marked(points, (0, 3), 3), protocol.ScatterPayload) == []
    assert faults(marked(points, (), None), protocol.ScatterPayload) == []


def test_work_and_tour_are_sent_as_the_protocol_says():
    work = work_payload(SavedWork("id", "token", "name", 3, 0.0, ""), "{}", {"blob": b"1"}, {"blob"})
    order = {"n": "1", "what": "list", "id": ""}
    assert faults({"v": 1, "order": order, "works": [work], "offers": False}, protocol.MemoryPayload) == []
    assert faults(tour_payload(STOPS, first=True), protocol.TourPayload) == []


def test_a_payload_with_other_fields_is_found_out():
    good = tour_payload(STOPS, first=True)
    assert faults({**good, "more": 1}, protocol.TourPayload) == ["payload.more is not in the protocol"]
    assert faults({**good, "first": 1}, protocol.TourPayload) == ["payload.first is a int"]
    short = {**canvas(small_kan()), "selected": [0, 0]}
    assert faults(short, protocol.NetworkPayload) == ["payload.selected has 2 parts"]
    assert faults(np.float64(1), float) == []
