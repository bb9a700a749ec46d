"""Networks of other families, and with steps: thumbnails, canvas, editor, prune, undo, files, pages, and conversion."""

import pytest
import torch

import kanviz
from kanviz.analysis.curves import edge_curve
from kanviz.analysis.layout import STEP, layout
from kanviz.analysis.scores import scores
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit import proposals
from kanviz.edit.conversion import ToSplines, to_splines
from kanviz.edit.edits import MoveControlPoint
from kanviz.io import native, open_model
from kanviz.plots import edge_figure, network_figure
from kanviz.ui.components.editor import editor_payload
from kanviz.ui.components.network import network_payload
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.conversion import WORDS
from tests.families import BOTH, gaussian, network
from tests.helpers import check_edit
from tests.ui.test_pages import OTHERS, press, texts, visit

EDGE = EdgeId(1, 0, 0)
NEED_SPLINES = "this needs B"


def opened(kan: KAN, *, table: bool = True) -> Session:
    x = torch.rand(40, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    inputs, outputs = ([v.name for v in variables] for variables in (kan.inputs, kan.outputs))
    data = kanviz.Dataset.from_arrays(x, x[:, 0] * x[:, 1], inputs=inputs, outputs=outputs).matching(kan)
    session = Session()
    session.open(kan, "other", data=data if table else None)
    return session


@pytest.mark.parametrize("convert", [False, True], ids=["as it is", "converted"])
@pytest.mark.parametrize(("family", "step"), BOTH)
def test_the_workbench_works_on_every_family_or_its_conversion(family: str, step, convert: bool):
    session = opened(network(family, step))
    if convert and family != SPLINE:
        session.apply(ToSplines.of(session.present, data=session.data))
    kan, data = session.present, session.data
    found, curves, place = scores(kan, data), all_curves(kan, data), layout(kan)
    assert [s.words for s in place.steps] == ([] if not step else ["tanh" if step == "tanh" else place.steps[0].words])
    payload = network_payload(place, curves, found, selected=EDGE)
    assert len(payload["steps"]) == len(place.steps) == bool(step)
    assert network_figure(place, curves, found, selected=EDGE).data
    for edge in (EDGE, EdgeId(0, 1, 1), EdgeId(0, 1, 2)):
        curve = edge_curve(kan, edge, data)
        movable = kan.edge(edge).active and kan.edge(edge).family == SPLINE
        assert len(curve.points_x) == (len(kan.edge(edge).coef) if movable else 0)
        assert editor_payload(kan, curve, data)["rev"]
        assert edge_figure(curve).data
    check_edit(kan, proposals.prune(kan, [EDGE], data), data)
    session.apply(proposals.prune(kan, [EDGE], data))
    assert session.present.edge(EDGE).state == "pruned"
    session.undo()
    assert session.present is kan
    if kan.edge(EDGE).family == SPLINE:
        check_edit(kan, MoveControlPoint(EDGE, 2, 0.5))
    assert open_model({"a.safetensors": native.to_bytes(kan)}).digest == kan.digest


def test_a_conversion_is_one_step_and_undo_takes_it_back():
    session = opened(gaussian())
    kan = session.present
    edit = ToSplines.of(kan, data=session.data)
    found = edit.converted(kan)
    session.record(edit, kan, found.kan)
    assert session.present is found.kan
    session.apply(MoveControlPoint(EDGE, 3, 0.25))
    session.undo()
    session.undo()
    assert session.present is kan


def test_a_conversion_of_a_network_that_changed_meanwhile_is_computed_again():
    session = opened(gaussian())
    kan = session.present
    edit = ToSplines.of(kan)
    session.apply(proposals.prune(kan, [EDGE], session.data))
    session.record(edit, kan, edit.apply(kan))
    assert session.present.edge(EDGE).state == "pruned"
    assert session.present.layers[0].family == SPLINE


def test_a_step_has_room_between_its_nodes_and_the_curves():
    plain, with_step = layout(network("gaussian")), layout(network("gaussian", "tanh"))
    (step,) = with_step.steps
    assert with_step.width == pytest.approx(plain.width + STEP)
    column = next(node.x for node in with_step.nodes if node.column == 1)
    first = min(edge.x - edge.width / 2 for edge in with_step.edges if edge.id.layer == 1)
    assert column < step.x < first
    assert not plain.steps


def test_axes_say_what_the_step_made_of_a_node():
    assert edge_curve(network("gaussian", "tanh"), EDGE).x_label == "tanh h1,0 (network units)"
    both = network("gaussian", "raw and norm")
    assert edge_curve(both, EdgeId(1, 4, 0)).x_label == "norm h1,1 (network units)"


@pytest.mark.parametrize("page", OTHERS)
def test_every_page_shows_a_network_of_gaussians_in_words(page: str):
    app = visit(page, opened(gaussian()))
    assert not app.error


@pytest.mark.parametrize("step", ["tanh", "raw and norm"])
@pytest.mark.parametrize("page", OTHERS)
def test_every_page_shows_a_converted_network_with_a_step(page: str, step):
    app = visit(page, opened(to_splines(network("gaussian", step)), table=step == "tanh"))
    assert not app.error
    assert NEED_SPLINES not in texts(app)


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("kan", [gaussian(), network("gaussian", "raw and norm"), network("spline", "tanh")])
def test_the_open_page_offers_to_check_such_a_network(kan: KAN, table: bool):
    app = visit("pages/open.py", opened(kan, table=table))
    assert not app.error
    assert any("original.npz" in code.value for code in app.code)


@pytest.mark.parametrize("page", ["app.py", "pages/train.py", "pages/retrain.py", "pages/formula.py"])
def test_a_page_that_needs_splines_says_so_and_converts(page: str):
    session = opened(gaussian())
    app = visit(page, session)
    assert NEED_SPLINES in texts(app)
    press(app, WORDS)
    assert all(layer.family == SPLINE for layer in session.present.layers)
    app.run()
    assert NEED_SPLINES not in texts(app)
    assert any("bounded by" in str(note) for note in session.present.notes)


@pytest.mark.parametrize("kan", [gaussian(), network("gaussian", "tanh")])
def test_exploring_needs_no_grid(kan: KAN):
    app = visit("app.py", opened(kan), out="Explore", tab="Data")
    assert "Along each input" in texts(app)
    assert NEED_SPLINES not in texts(app)


def test_the_reach_of_an_edge_needs_no_control_points():
    app = visit("app.py", opened(gaussian()), tab="Reach")
    assert NEED_SPLINES not in texts(app)
    assert not app.error


def test_a_conversion_that_is_impossible_is_said_in_words():
    kan = network("quotient")
    pole = kan.with_layer(0, knots=torch.tensor([[1.0, 1.0, 0.0, 0.0, -4.0, 0.0]] * 2, dtype=torch.float64))
    app = press(visit("app.py", opened(pole)), WORDS)
    assert "pole" in texts(app)
