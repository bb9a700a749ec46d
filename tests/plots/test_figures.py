"""Every figure against its snapshot, and what must hold of any figure."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.analysis.check_record import Check
from kanviz.analysis.curves import edge_curve
from kanviz.analysis.layout import layout
from kanviz.analysis.locality.maps import reach_map
from kanviz.analysis.locality.observed_change import lamps
from kanviz.analysis.locality.overlap import overlap
from kanviz.analysis.locality.planned_change import point_change
from kanviz.analysis.locality.strips import strips
from kanviz.analysis.model_comparison import Comparison, Predicted, compare
from kanviz.analysis.paths import explain
from kanviz.analysis.scores import scores
from kanviz.analysis.slices import plane, slices
from kanviz.analysis.thumbnails import all_curves
from kanviz.continual.policy import Policy
from kanviz.continual.retention import Retention
from kanviz.continual.rungs import rung_of
from kanviz.core.init import init
from kanviz.core.layer import EdgeId, Variable
from kanviz.errors import UserError
from kanviz.language import LettersChange, LettersProgress, TeachPoint
from kanviz.language.block import EdgePruning
from kanviz.language.changes import Change, NextSymbols, Pruning
from kanviz.language.inside import Unit
from kanviz.language.letters.reading import NextCharacter
from kanviz.language.teaching.outcome import Outcome
from kanviz.plots import (
    agreement_figure,
    capacity_figure,
    check_figure,
    compare_figure,
    edge_figure,
    edges_figure,
    front_figure,
    function_lamps_figure,
    gain_figure,
    inputs_figure,
    ladder_errors_figure,
    ladder_plane_figure,
    ladder_predictions_figure,
    lamps_figure,
    letters_training_figure,
    network_figure,
    next_character_figure,
    next_symbols_figure,
    overlay_figure,
    paths_figure,
    plane_figure,
    predicted_figure,
    prediction_lamps_figure,
    predictions_figure,
    pruning_figure,
    race_ends_figure,
    race_figure,
    reach_map_figure,
    residuals_figure,
    retention_figure,
    rows_figure,
    scores_figure,
    slice_figure,
    strips_figure,
    teach_plane_figure,
    text_bits_figure,
    text_lamps_figure,
    to_html,
    to_json,
    training_figure,
    units_figure,
)
from kanviz.plots.explore import heights
from kanviz.plots.theme import THEMES, Look, arrange, axis, canvas
from tests.figures import decoded, readable, small_data, small_kan, traces
from tests.ladder_at_hand import method, outcome
from tests.language.races import race_of
from tests.laws_at_hand import discovery, gravity

EDGE = EdgeId(0, 0, 0)
TRAIL = [(0, 1.5, 1.75), (1, 0.5, 0.75), (2, 0.25, None), (3, 0.0, 0.5)]


def _network(theme: Look = "light", **more) -> go.Figure:
    kan = small_kan()
    data = small_data(kan)
    found = scores(kan, data)
    return network_figure(layout(kan, found), all_curves(kan, data, points=5), found, theme=theme, **more)


def _edge(kan=None, edge=EDGE, theme: Look = "light", **more) -> go.Figure:
    kan = kan or small_kan()
    return edge_figure(edge_curve(kan, edge, small_data(small_kan()), points=9), theme=theme, **more)


def _check(rows: int = 4) -> Check:
    """Two outputs, of which the second differs on the last row and has no number on the one before."""
    y = torch.arange(2.0 * rows).double().reshape(rows, 2)
    original = y.clone()
    original[-1, 1] += 2
    original[-2, 1] = torch.nan
    return Check(y, original, y, 1e-9)


def _moved(share: float):
    kan = small_kan()
    coef = kan.layers[0].coef.clone()
    coef[0, 0, 1] *= 1 + share
    return kan.with_layer(0, coef=coef)


def _compare(theme: Look = "light") -> go.Figure:
    one, two = (edge_curve(kan, EDGE, points=9) for kan in (small_kan(), _moved(0.5)))
    return compare_figure(one, two, theme=theme)


def _overlay(theme: Look = "light") -> go.Figure:
    one, two, three = (edge_curve(kan, EDGE, points=9) for kan in (small_kan(), _moved(0.5), _moved(-0.5)))
    return overlay_figure(one, [("higher <b>", two), ("lower", three)], theme=theme)


def _comparison() -> Comparison:
    kan = small_kan()
    data = small_data(kan)
    return compare(data, {"law": lambda x: kan(x)[:, 0] + 0.1, "network": lambda x: kan(x)[:, 0]})


def _map(theme: Look = "light", kan=None) -> go.Figure:
    kan = kan or small_kan()
    return reach_map_figure(reach_map(point_change(kan, EDGE, 1), small_data(kan), 0, 1, points=4), theme=theme)


POINT = (12.0, 0.5)


def _slice(theme: Look = "light", kan=None, place: int = 0, point=POINT) -> go.Figure:
    kan = kan or small_kan()
    found = slices(kan, point, small_data(kan), points=9)
    return slice_figure(found[place], kan.outputs[0], span=heights(found), theme=theme)


def _plane(theme: Look = "light", kan=None) -> go.Figure:
    kan = kan or small_kan()
    return plane_figure(plane(kan, POINT, 0, 1, 0, small_data(kan), points=4), theme=theme)


def _explained(kan=None):
    kan = kan or small_kan()
    return explain(kan, POINT, small_data(kan))


def _strips(theme: Look = "light", locked=True, edges=None, kan=None) -> go.Figure:
    kan = kan or small_kan()
    x = small_data(kan).x
    found = overlap(kan, x[x[:, 0] < 9], x[x[:, 0] > 10])
    some = [layer.active[..., None] & (layer.coef > 0.25) for layer in kan.layers]
    return strips_figure(strips(kan, found, some if locked else None, edges), theme=theme)


def _lamps(theme: Look = "light", rows: int = 42) -> go.Figure:
    x = small_data(small_kan()).x[torch.arange(rows) % 42]
    return lamps_figure(lamps(small_kan(), _moved(0.5), x), theme=theme)


def _turns(policy: str = "lock", own: float = 0.25, lost: float = 0.0, turns: int = 3, name: str = "task") -> Retention:
    """Three tasks; each new one costs the earlier ones so much."""
    errors = tuple(tuple(own + lost * (j - i) if j >= i else 1.5 for j in range(turns)) for i in range(3))
    kept = tuple(tuple(1 - lost if j > i else 1.0 if j == i else np.nan for j in range(turns)) for i in range(3))
    names = tuple(f"{name} {n + 1}" for n in range(3))
    free = ((30, 20, 5)[:turns], (20, 20, 20)[:turns])
    return Retention(Policy(policy), names, "kN", (1.0,) * 3, errors, kept, (40, 20), free)


def _runs() -> list[Retention]:
    return [_turns("none", 0.25, 0.5), _turns("lock", 0.5), _turns("certified", 0.75), _turns("replay", 0.25, 0.125),
            _turns("ewc", 0.5, 0.25)]  # fmt: skip


def _trail() -> list[LettersProgress]:
    return [LettersProgress(step, 60, 4 - step / 40, 3.5 - step / 40, 0.1, small_kan()) for step in (20, 40, 60)]


def _next(*likely: int) -> NextCharacter:
    """The characters with these numbers, each half as likely as the one before."""
    chances = torch.full((96,), 2.0**-10)
    chances[list(likely)] = 2.0 ** -torch.arange(1, len(likely) + 1)
    return NextCharacter("the c", chances, torch.zeros(6, 96))


def _letters() -> LettersChange:
    """All functions of two characters changed, and every third prediction."""
    functions, costs = torch.ones(6, 96, dtype=torch.bool), torch.ones(200)
    functions[:, [2, 9]] = False
    return LettersChange(1152, 55_296, functions, torch.arange(200) % 3 > 0, costs, 2 * costs)


def _lessons() -> list[Outcome]:
    """Two ways to teach, of which one forgets."""
    start = TeachPoint(0, 0.0, 0.0, 1.0)
    points = {"gate": TeachPoint(10, 1.0, 0.0078125, 0.9375), "plain": TeachPoint(10, 1.5, 0.5, 0.0)}
    return [Outcome(how, 10, 10, (start, end), 1.0, end) for how, end in points.items()]


FIGURES: dict[str, Callable[[Look], go.Figure]] = {
    "retention": lambda theme: retention_figure(_turns(lost=0.5), theme=theme),
    "retention after one task": lambda theme: retention_figure(_turns(turns=1), theme=theme),
    "retention of nothing": lambda theme: retention_figure(_turns(turns=0), theme=theme),
    "capacity": lambda theme: capacity_figure(_turns(), theme=theme),
    "gained and lost": lambda theme: gain_figure(_runs(), theme=theme),
    "gained by nobody yet": lambda theme: gain_figure([_turns(turns=1)], theme=theme),
    "ladder, a line": lambda theme: ladder_predictions_figure(outcome(), theme=theme),
    "ladder, two inputs": lambda theme: ladder_predictions_figure(outcome(rung_of(5)), 1, theme=theme),
    "ladder, errors": lambda theme: ladder_errors_figure(method("MLP", 4, lost=0.1), theme=theme),
    "ladder, plane": lambda theme: ladder_plane_figure(outcome(), theme=theme),
    "ladder, nothing yet": lambda theme: ladder_predictions_figure(outcome(methods=()), theme=theme),
    "race of blocks": lambda theme: race_figure(race_of(gelu=(2.5,), curves=(2.4,), gr_kan=(2.6,)), theme=theme),
    "ends of a race": lambda theme: race_ends_figure(race_of(gelu=(2.5, 2.6), curves=(2.4, 2.51)), theme=theme),
    "Letters learns": lambda theme: letters_training_figure(_trail(), theme=theme),
    "Letters before its first step": lambda theme: letters_training_figure([], theme=theme),
    "next character": lambda theme: next_character_figure(_next(2, 0, 1), _next(0, 2, 30), theme=theme),
    "lamps of functions": lambda theme: function_lamps_figure(_letters(), theme=theme),
    "lamps of predictions": lambda theme: prediction_lamps_figure(_letters().predictions, theme=theme),
    "lessons": lambda theme: teach_plane_figure(_lessons(), 0.5, theme=theme),
    "no lesson yet": lambda theme: teach_plane_figure([], theme=theme),
    "text by bits": lambda theme: text_bits_figure("a <b>\n$1", torch.arange(8.0), "Before", theme=theme),
    "no text by bits": lambda theme: text_bits_figure("", torch.zeros(0), theme=theme),
    "lamps of a text": lambda theme: text_lamps_figure(torch.arange(60) % 2 > 0, theme=theme),
    "units": lambda theme: units_figure([Unit(7, 0.5, 0.1), Unit(2, 0.25, 0.0), Unit(0, 0.2, 0.3)], 2, theme=theme),
    "edges of a block": lambda theme: units_figure(
        [Unit(1, 0.5, 0.1), Unit(0, 0.25, 0.0)], 0, theme=theme, noun="edge", name=("x1 → y", "x2 → y").__getitem__
    ),
    "next symbols": lambda theme: next_symbols_figure(
        NextSymbols((" ", "<", "e"), (0.5, 0.25, 0.1), (0.75, 0.125, 0.1)), theme=theme
    ),
    "predictions that kept their bits": lambda theme: predictions_figure(
        Change(2.0, 2.1, torch.tensor([[True, False], [True, True]])), theme=theme
    ),
    "fewer units": lambda theme: pruning_figure(Pruning((0.0, 0.5), (2.0, 2.1), ((2.0, 2.0), (2.3, 2.5))), theme=theme),
    "fewer edges": lambda theme: pruning_figure(
        EdgePruning((0.0, 0.5), (0.0, 0.1), ((0.0, 0.0), (0.4, 0.5)), 8), theme=theme
    ),
    "map of a reach": _map,
    "slice": _slice,
    "slice to a point outside": lambda theme: _slice(theme, point=(40.0, 0.5)),
    "plane": _plane,
    "paths": lambda theme: paths_figure(_explained(), theme=theme),
    "edges' shares": lambda theme: edges_figure(_explained(), theme=theme),
    "inputs' shares": lambda theme: inputs_figure(_explained(), theme=theme),
    "strips": _strips,
    "strips of edges, no lock": lambda theme: _strips(theme, locked=False, edges=[EDGE, EdgeId(1, 0, 0)]),
    "no strips": lambda theme: strips_figure([], theme=theme),
    "lamps": _lamps,
    "overlay": _overlay,
    "front of laws": lambda theme: front_figure(discovery(gravity()), 1, theme=theme),
    "no law yet": lambda theme: front_figure(replace(discovery(gravity()), front=()), theme=theme),
    "agreement": lambda theme: agreement_figure(_comparison(), theme=theme),
    "residuals": lambda theme: residuals_figure(_comparison(), theme=theme),
    "network": lambda theme: _network(theme, selected=EdgeId(0, 0, 0), highlight=[EdgeId(1, 0, 0)]),
    "edge": lambda theme: _edge(theme=theme, point=2),
    "edge with a formula": lambda theme: _edge(edge=EdgeId(1, 1, 0), theme=theme),
    "edge before and after": lambda theme: _edge(
        _moved(0.5), theme=theme, before=edge_curve(small_kan(), EDGE, points=9), parts=("points", "derivative")
    ),
    "comparison": _compare,
    "edge with locked points": lambda theme: _edge(theme=theme, locked=[True] * 3 + [False] * 3),
    "training": lambda theme: training_figure(TRAIL, unit="kN", theme=theme),
    "training beside old rows": lambda theme: training_figure([(*row, 0.5) for row in TRAIL], theme=theme),
    "scores": lambda theme: scores_figure(scores(small_kan(), small_data(small_kan())), 0.1, theme=theme),
    "check": lambda theme: check_figure(_check(), 1, name="force", unit="kN", theme=theme),
    "predictions": lambda theme: predicted_figure(
        [1.0, 2.5, 3.0], [1.0, 2.0, 4.0], ["train", "train", "test"], name="force", unit="kN", theme=theme
    ),
    "rows": lambda theme: rows_figure(small_data(small_kan()), theme=theme),
    "empty": lambda theme: training_figure([], theme=theme),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure(name, snapshot):
    assert readable(FIGURES[name]("light")) == snapshot


def test_a_coefficient_moved_by_one_percent_breaks_the_snapshots():
    assert readable(_edge(_moved(0.01))) != readable(_edge(_moved(0.0)))
    assert readable(_edge(_moved(0.0))) == readable(_edge())
    kan = _moved(0.01)
    found = scores(kan)
    moved = network_figure(layout(kan, found), all_curves(kan, points=5), found)
    still = network_figure(layout(kan, found), all_curves(small_kan(), points=5), found)
    assert readable(moved) != readable(still)


@pytest.mark.parametrize("name", FIGURES)
def test_light_and_dark_differ_in_colours_alone(name):
    light, dark = (readable(FIGURES[name](theme)) for theme in ("light", "dark"))
    assert light != dark
    for a, b in zip(light.splitlines(), dark.splitlines(), strict=True):
        if a != b:
            assert "color" in a.split(": ")[0], (a, b)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("theme", THEMES)
def test_figures_stand_on_any_page_and_colours_come_from_the_theme(name, theme):
    figure = FIGURES[name](theme)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    theirs = set(vars(THEMES[theme]).values())
    other = set(vars(THEMES["dark" if theme == "light" else "light"]).values()) - theirs
    text = figure.to_json() or ""
    assert not [colour for colour in other if f'"{colour}"' in text]


def _clickable(figure: go.Figure) -> list[list[int]]:
    spec = json.loads(figure.to_json() or "{}")
    found = [decoded(trace["customdata"]) for trace in spec["data"] if "customdata" in trace]
    return [list(row) for rows in found for row in rows]


def test_every_edge_can_be_clicked_and_says_its_address():
    edges = {tuple(row) for row in _clickable(_network())}
    assert edges == set(small_kan().edges(pruned=True))
    assert {tuple(row) for row in _clickable(_network(show="present"))} == set(small_kan().edges())


def test_every_control_point_can_be_clicked():
    assert _clickable(_edge()) == [[0, 0, 0, m] for m in range(4)]
    assert _clickable(_edge(edge=EdgeId(1, 1, 0))) == []


@pytest.mark.parametrize("data", [None, small_data(small_kan())])
def test_knots_stand_between_the_axis_and_the_bars(data):
    figure = edge_figure(edge_curve(small_kan(), EDGE, data))
    knots = next(trace for trace in traces(figure) if trace.name == "knots")
    assert knots.showlegend is not False
    assert all(figure.layout.yaxis2.range[0] < y < 0 for y in knots.y)
    assert all((bar.y >= 0).all() for bar in traces(figure) if bar.type == "bar")


def test_a_difference_is_shaded_only_where_both_curves_are_drawn():
    before, after = edge_curve(small_kan(), EDGE, points=41), edge_curve(_moved(0.5), EDGE, points=61)
    parts = {part: getattr(before, part)[5:30] for part in ("x", "total", "spline", "base", "derivative")}
    shorter = replace(before, **parts | {"total": np.where(np.arange(25) == 9, np.nan, parts["total"])})
    shade = traces(compare_figure(shorter, after))[0]
    drawn = np.isfinite(shade.y)
    assert (shade.x[drawn].min(), shade.x[drawn].max()) == (shorter.x[0], shorter.x[-1])
    assert not ((shade.x > shorter.x[8]) & (shade.x < shorter.x[10])).any()
    on_a_curve = [np.interp(shade.x[drawn], curve.x, curve.total) for curve in (before, after)]
    assert np.minimum(*(abs(y - shade.y[drawn]) for y in on_a_curve)).max() < 1e-12
    apart = replace(before, x=before.x + 100)
    assert not np.isfinite(traces(compare_figure(apart, after))[0].y).any()


@settings(deadline=None, max_examples=200)
@given(st.floats(-290, 290), st.floats(0, 15))
def test_a_logarithmic_axis_always_has_labels(low, decades):
    errors = [10.0**low, 10.0 ** (low + decades)]
    axis = training_figure([(0, errors[1], None), (1, errors[0], None)]).layout.yaxis
    assert axis.range[0] < np.log10(errors[0]) <= np.log10(errors[1]) < axis.range[1]
    assert 3 <= len(axis.tickvals) <= 12
    assert len(set(axis.ticktext)) == len(axis.ticktext)
    assert all(axis.range[0] <= np.log10(v) <= axis.range[1] for v in axis.tickvals)
    np.testing.assert_allclose([float(text) for text in axis.ticktext], axis.tickvals, rtol=1e-5)


@pytest.mark.parametrize("name", FIGURES)
def test_numbers_on_an_axis_are_never_written_with_letters_of_units(name):
    figure = FIGURES[name]("light")
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    assert all(axis.visible is False or axis.exponentformat == "e" for axis in axes)


def _long_named():
    kan = small_kan()
    inputs = (Variable("length_of_the_string_in_metres", "m"), Variable("length_of_the_string_in_inches", "in"))
    return type(kan)(kan.layers, inputs, (Variable("period_of_oscillation_averaged", "s"),))


def test_long_names_leave_the_curves_their_room_and_are_whole_in_the_hover():
    kan = _long_named()
    found = scores(kan)
    figure = network_figure(layout(kan, found), all_curves(kan), found)
    assert figure.layout.margin.l + figure.layout.margin.r < 200
    names = {note.text for note in figure.layout.annotations if note.xanchor != "center"}
    assert len(names) == 3
    assert all(len(line) <= 10 for name in names for line in name.split("<br>"))
    hovers = "".join(text for trace in traces(figure) if isinstance(trace.hovertext, tuple) for text in trace.hovertext)
    assert all(v.name in hovers for v in (*kan.inputs, *kan.outputs))


@pytest.mark.parametrize("draw", [edge_figure, lambda curve: compare_figure(curve, curve)])
@pytest.mark.parametrize("formula", ["", "-0.9877 sqrt(0.01379 x + 1.946) + 2.346"])
def test_a_title_is_never_wider_than_a_phone_and_loses_nothing(draw, formula):
    curve = replace(edge_curve(_long_named(), EDGE), formula_text=formula)
    figure, short = draw(curve), draw(replace(edge_curve(small_kan(), EDGE), formula_text=""))
    plain = re.sub("</?b>", "", figure.layout.title.text)
    assert max(map(len, plain.split("<br>"))) <= 48
    assert all(word in plain for word in (curve.source, curve.target, curve.state, formula))
    assert (figure.layout.height - short.layout.height) == figure.layout.margin.t - short.layout.margin.t > 0


def test_a_learned_curve_named_in_the_legend_lies_above_the_formula_that_replaced_it():
    names = [trace.name for trace in traces(_edge(edge=EdgeId(1, 1, 0)))]
    assert names.index("learned curve, replaced") > names.index("activation φ")


def test_an_edge_both_selected_and_highlighted_has_two_rings():
    figure = _network(selected=EDGE, highlight=[EDGE, EdgeId(1, 0, 0)])
    chosen = next(t for t in traces(figure) if t.line.color == THEMES["light"].selected and t.line.width == 3)
    marked = next(t for t in traces(figure) if t.line.color == THEMES["light"].marked)
    ring = decoded(marked.y)[:5]
    assert min(chosen.y[:5]) < min(ring) < max(ring) < max(chosen.y[:5])


def test_every_score_can_be_clicked():
    figure = scores_figure(scores(small_kan()), 0.1)
    assert {tuple(row) for row in _clickable(figure)} == set(small_kan().edges())


def test_of_very_many_scores_a_spread_is_drawn_and_all_are_counted():
    found = scores(init([40, 30, 2], seed=0))
    figure = scores_figure(found, 0.01)
    (dots,) = (trace for trace in traces(figure) if trace.customdata is not None)
    assert 300 < len(dots.x) < 600
    assert (dots.x[0], dots.x[-1]) == (0, 1259)
    assert [tuple(address) for address in dots.customdata] == [found.ranked[rank].id for rank in dots.x]
    below = sum(edge.score < 0.01 for edge in found.ranked)
    assert any(f"{below} of 1260 below" in note.text for note in figure.layout.annotations)


def test_of_very_many_steps_a_spread_is_drawn_with_the_first_and_the_last():
    line = traces(training_figure([(step, 1 / (step + 1), None) for step in range(10_000)]))[0]
    assert len(line.x) < 1_000
    assert (line.x[0], line.x[-1]) == (0, 9_999)


def test_arranging_is_updating_the_layout():
    one, two = (canvas("light", "A title") for _ in range(2))
    more = {"margin": {"t": 7}, "xaxis": axis("light", "x"), "title": {"pad": {"t": 3}}, "showlegend": True}
    arrange(one, **more)
    two.update_layout(**more)
    assert one.to_plotly_json() == two.to_plotly_json()


@pytest.mark.parametrize(
    "name", ["network", "edge", "scores", "comparison", "map", "strips", "turns", "slice", "plane", "paths", "inputs"]
)
def test_names_from_a_file_are_shown_and_never_obeyed(name):
    kan = small_kan()
    nasty = Variable('<a href="javascript:x">&lt;$x$</a><script>alert(1)</script>')
    kan = type(kan)(kan.layers, (nasty, nasty), kan.outputs)
    found = scores(kan)
    figure = {
        "network": lambda: network_figure(layout(kan, found), all_curves(kan), found),
        "edge": lambda: edge_figure(edge_curve(kan, EDGE)),
        "scores": lambda: scores_figure(found),
        "comparison": lambda: compare_figure(edge_curve(kan, EDGE), edge_curve(kan, EDGE)),
        "map": lambda: _map(kan=kan),
        "slice": lambda: _slice(kan=kan),
        "plane": lambda: _plane(kan=kan),
        "paths": lambda: paths_figure(_explained(kan)),
        "inputs": lambda: inputs_figure(_explained(kan)),
        "strips": lambda: _strips(kan=kan),
        "turns": lambda: retention_figure(_turns(name=nasty.name)),
    }[name]()
    text = readable(figure)
    assert "&lt;a href" in text
    assert "<a" not in text
    assert "<script" not in text
    assert "$" not in text


def test_a_page_needs_nothing_from_outside_and_cannot_be_broken_out_of():
    kan = type(small_kan())(small_kan().layers, (Variable("</script><script>x"), Variable("b")), small_kan().outputs)
    page = to_html(edge_figure(edge_curve(kan, EDGE), theme="dark"), theme="dark")
    assert "<script src" not in page
    assert "</script><script>x" not in page
    assert THEMES["dark"].page in page
    assert '"showSendToCloud":false' in page.replace(": ", ":")
    assert page == to_html(edge_figure(edge_curve(kan, EDGE), theme="dark"), theme="dark")


def test_json_can_be_read_back():
    figure = _edge()
    assert readable(go.Figure(json.loads(to_json(figure)))) == readable(figure)


def test_a_network_too_large_to_draw_says_what_is_missing():
    kan = init([40, 10, 1])
    found = scores(kan)
    figure = network_figure(layout(kan, found), all_curves(kan), found)
    assert figure.layout.title.text == "Only the strongest are drawn: 20 nodes and 200 edges are left out"
    assert len(traces(figure)) < 40


def test_nothing_to_show_is_said_in_words():
    kan = small_kan()
    gone = kan.with_layers({n: layer.with_formula(1, 0, None) for n, layer in enumerate(kan.layers)})
    for n, layer in enumerate(gone.layers):
        gone = gone.with_layer(n, active=layer.active & False)
    found = scores(gone)
    figures = [
        network_figure(layout(gone, found), all_curves(gone), found, show="present"),
        scores_figure(found),
        predicted_figure([], []),
        check_figure(replace(_check(), original=torch.full((4, 2), torch.nan, dtype=torch.float64))),
    ]
    for figure in figures:
        assert figure.layout.title.text
        assert len(figure.layout.annotations[0].text) > 10


def test_numbers_that_are_none_do_not_stop_a_figure():
    kan = small_kan()
    broken = kan.with_layer(0, coef=kan.layers[0].coef * np.nan)
    found = scores(broken, small_data(kan))
    network_figure(layout(broken, found), all_curves(broken, small_data(kan)), found)
    assert "NaN" in readable(paths_figure(_explained(broken)))
    for draw in (_slice, _plane):
        draw(kan=broken)
    edge_figure(edge_curve(broken, EDGE, small_data(kan)))
    training_figure([(0, float("nan"), None), (1, float("inf"), None)])
    predicted_figure([np.nan, 1.0], [1.0, 2.0])


def test_of_many_rows_those_that_differ_are_drawn():
    _, agree, differ = traces(check_figure(_check(20_000), 1))
    assert 1_000 < len(agree.x) < 5_000
    assert [row for (row,) in differ.customdata] == [20_000]


def test_every_law_on_the_front_can_be_clicked_and_says_its_place():
    found = discovery(gravity())
    assert _clickable(front_figure(found)) == [[place] for place in range(len(found.front))]


def test_rows_where_a_law_is_no_number_get_no_dot():
    data = small_data(small_kan())
    found = compare(data, {"law": lambda x: np.nan * x[:, 0], "other": lambda x: x[:, 0]})
    for figure in (agreement_figure(found), residuals_figure(found)):
        assert "NaN" not in (figure.to_json() or "")


@pytest.mark.parametrize("figure", [agreement_figure, residuals_figure])
def test_no_rows_make_an_empty_figure_that_says_so(figure):
    nothing = np.zeros(0)
    said = (Predicted("the network", nothing, math.nan, math.nan, math.nan, 0),)
    drawn = figure(Comparison("y", "", nothing, said, held=False))
    assert "No rows to compare." in (drawn.to_json() or "")


def _grid(figure: go.Figure) -> tuple[np.ndarray, np.ndarray]:
    """The lamps' shades, and for each the first and last row it stands for."""
    spec = json.loads(figure.to_json() or "{}")["data"][0]
    return np.array(decoded(spec["z"]), float), np.array(decoded(spec["customdata"]))


@pytest.mark.parametrize("rows", [1, 7, 42, 10_000, 25_001])
def test_every_old_row_has_a_lamp_and_it_is_lit_where_the_bits_were_kept(rows):
    x = small_data(small_kan()).x[torch.arange(rows) % 42]
    found = lamps(small_kan(), _moved(0.5), x)
    shade, behind = _grid(lamps_figure(found))
    assert shade.size <= 10_500
    drawn = np.isfinite(shade)
    first, last = behind[drawn][:, 0].astype(int), behind[drawn][:, 1].astype(int)
    assert (first[0], last[-1]) == (1, rows)
    assert (first[1:] == last[:-1] + 1).all()
    lit = [bool(found.kept[a - 1 : b].all()) for a, b in zip(first, last, strict=True)]
    assert ((shade[drawn] == -1) == lit).all()
    assert rows < 42 or set(lit) == {True, False}


def test_no_change_lights_every_lamp_and_a_change_that_is_no_number_leaves_a_gap():
    kan, x = small_kan(), small_data(small_kan()).x
    assert (_grid(lamps_figure(lamps(kan, kan, x)))[0][:1] == -1).all()
    broken = kan.with_layer(1, bias=kan.layers[1].bias * np.nan)
    assert not np.isfinite(_grid(lamps_figure(lamps(kan, broken, x)))[0]).any()


def test_of_very_many_coordinates_the_first_strips_are_drawn_and_the_rest_is_counted():
    kan = init([60, 2, 1])
    x = torch.rand(20, 60, dtype=torch.float64)
    figure = strips_figure(strips(kan, overlap(kan, x, x)))
    assert figure.layout.title.text == "The first 40 of 62"
    assert len(figure.layout.yaxis.ticktext) == 40


def test_a_lock_of_another_shape_is_refused():
    kan, x = small_kan(), small_data(small_kan()).x
    with pytest.raises(UserError, match="another shape or grid"):
        strips(kan, overlap(kan, x, x), [torch.zeros(2, 2, 4, dtype=torch.bool)])


def test_of_very_many_paths_and_inputs_the_others_are_one_bar_and_nothing_is_lost():
    kan = init([20, 4, 1], seed=0)
    found = explain(kan, [0.3] * 20)
    for figure, others in ((paths_figure(found), "68 other paths"), (inputs_figure(found), "8 other inputs")):
        (bars,) = traces(figure)
        assert len(bars.x) == 13
        assert figure.layout.yaxis.ticktext[-1] == others
        assert sum(decoded(bars.x)) == pytest.approx(float(found.inputs.sum()))
