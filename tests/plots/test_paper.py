"""Figures for a paper: they show the same numbers on a page of the width asked for, or are refused in words."""

import io
import re
import sys
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context, rcParams
from matplotlib.image import AxesImage, imread
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from kanviz.core.edge import Variable
from kanviz.errors import UserError
from kanviz.plots import to_pdf, to_png, to_svg
from kanviz.plots.charts import training_figure
from kanviz.plots.paper.known import understood
from kanviz.plots.paper.looks import Ink, lightness
from kanviz.plots.paper.sheet import Sheet
from kanviz.plots.paper.traces import _curve as bent_line
from kanviz.plots.paper.words import lines_of, number, plain
from kanviz.plots.rows import rows_figure
from kanviz.plots.theme import arrange, canvas
from tests.figures import small_data, small_kan, traces
from tests.plots.test_figures import FIGURES

COLUMN = 89 / 25.4 * 72  # points
# together they have every kind of trace, axis, note and shape
DRAWN = (
    "network", "edge", "edge before and after", "scores", "training", "predictions", "comparison", "plane", "retention",
    "ladder, two inputs", "next character", "next symbols", "lamps", "text by bits", "paths", "front of laws", "empty",
)  # fmt: skip


def sheet(figure: go.Figure, wide: float = COLUMN, *, grey: bool = False) -> Sheet:
    return Sheet(figure.to_plotly_json(), wide, Ink(grey), "#FFFFFF")


def line(**more: Any) -> go.Figure:
    figure = canvas("light")
    figure.add_scatter(x=[0.0, 1.0, 2.0], y=[1.0, 3.0, 2.0], mode="lines", line={"color": "#0072B2"}, **more)
    return figure


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_kanviz_is_understood(name: str):
    figure = FIGURES[name]("dark")
    assert len(understood(figure.to_plotly_json())["data"]) == len(traces(figure))


@pytest.mark.parametrize("name", DRAWN)
def test_all_is_on_the_page_and_can_be_read_in_print(name: str):
    page = sheet(FIGURES[name]("light"))
    renderer = page.canvas.get_renderer()
    boxes = [one.get_window_extent(renderer) for one in (page.title, page.legend) if one]
    boxes += [
        one.get_tightbbox(renderer) for one in (*page.panels.values(), *page.notes, *([page.bar] if page.bar else []))
    ]
    wide, tall = page.figure.get_size_inches() * 72
    assert wide == pytest.approx(COLUMN)
    for box in boxes:
        assert -0.5 <= box.x0 <= box.x1 <= wide + 0.5
        assert -0.5 <= box.y0 <= box.y1 <= tall + 0.5
    texts = [text for text in page.figure.findobj(Text) if text.get_text() and text.get_visible()]  # pyright: ignore
    assert texts
    assert min(float(text.get_fontsize()) for text in texts) >= 5.9
    lines = [patch.get_linewidth() for patch in page.figure.findobj(PathPatch)]  # pyright: ignore
    assert all(width == 0 or width >= 0.25 for width in lines)


@pytest.mark.parametrize("name", ["edge", "network", "predictions"])
def test_neither_title_nor_legend_touches_the_plot(name: str):
    page = sheet(FIGURES[name]("light"))
    renderer = page.canvas.get_renderer()
    around = [one.get_window_extent(renderer) for one in (page.title, page.legend) if one]
    plots = [axes.get_tightbbox(renderer) for axes in page.panels.values()]
    assert around
    assert not any(one.overlaps(plot) for one in around for plot in plots if plot)


# --- the numbers ------------------------------------------------------------------------------------------------------


def curves(page: Sheet) -> list[np.ndarray]:
    """The corners of all lines, in the numbers of their axes."""
    found = [patch for axes in page.panels.values() for patch in axes.findobj(PathPatch)]  # pyright: ignore
    return [np.asarray(patch.get_path().vertices) for patch in found]


def test_lines_and_markers_stand_at_their_numbers():
    kan = small_kan()
    figure = kan.plot(small_data(kan), edge=[0, 0, 0])
    drawn = curves(sheet(figure))
    total = next(trace for trace in figure.data if trace.name == "activation φ")
    assert any(
        len(one) == len(total.x) and np.allclose(one, np.stack([total.x, total.y], 1)) for one in drawn
    )  # fmt: skip
    points = next(trace for trace in figure.data if trace.name == "control points")
    dots = [np.asarray(found.get_offsets()) for axes in sheet(figure).panels.values() for found in axes.collections]
    assert any(len(one) == len(points.x) and np.allclose(one, np.stack([points.x, points.y], 1)) for one in dots)


def test_a_gap_in_a_line_stays_a_gap():
    figure = canvas("light")
    figure.add_scatter(x=[0, 1, 2, 3, 4], y=[1, 2, None, np.inf, 3], mode="lines", line={"color": "#0072B2"})
    (drawn,) = curves(sheet(figure))
    assert drawn.tolist() == [[0, 1], [1, 2], [4, 3]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=9, unique_by=lambda point: point[0])
)
def test_a_bent_line_goes_through_its_points(points: list[tuple[float, float]]):
    x, y = np.array(points).T
    bent = bent_line(x, y, "spline")
    np.testing.assert_allclose(np.asarray(bent.vertices)[::3], np.array(points))


def test_steps_go_across_and_then_up():
    figure = line()
    figure.update_traces(line_shape="hv")
    (drawn,) = curves(sheet(figure))
    assert drawn.tolist() == [[0, 1], [1, 1], [1, 3], [2, 3], [2, 2]]


def test_bars_stand_next_to_each_other_on_their_names():
    page = sheet(FIGURES["next symbols"]("light"))
    (axes,) = page.panels.values()
    before, now = ([path.get_extents() for path in found.get_paths()] for found in axes.collections)
    assert [box.y1 for box in before] == pytest.approx([50, 25, 10])
    assert [round((a.x0 + b.x1) / 2, 6) for a, b in zip(before, now, strict=True)] == [0, 1, 2]
    assert all(a.x1 == pytest.approx(b.x0) for a, b in zip(before, now, strict=True))


def test_a_field_of_colour_has_its_values_in_their_cells():
    figure = FIGURES["retention"]("light")
    page = sheet(figure)
    (mesh,) = page.panels["x", "y"].collections
    values = np.ma.filled(mesh.get_array(), np.nan)  # pyright: ignore
    np.testing.assert_array_equal(values.reshape(3, 3), understood(figure.to_plotly_json())["data"][0]["z"])
    box = mesh.get_datalim(page.panels["x", "y"].transData)
    assert (box.x0, box.x1, sorted((box.y0, box.y1))) == (-0.5, 2.5, [-0.5, 2.5])
    smooth = sheet(FIGURES["plane"]("light")).panels["x", "y"].findobj(AxesImage)  # pyright: ignore
    assert len(smooth) == 1


def test_axes_run_as_in_plotly():
    page = sheet(training_figure([(0, 100.0, None), (9, 1.0, None)]))
    (axes,) = page.panels.values()
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert 0.5 < low < 1
    assert 100 < high < 200
    assert axes.get_xlim()[0] == 0
    turned = sheet(FIGURES["ladder, errors"]("light")).panels["x", "y"]
    assert turned.get_ylim()[0] > turned.get_ylim()[1]
    panels = sheet(rows_figure(small_data(small_kan()))).panels
    assert set(panels) == {("x", "y"), ("x2", "y2")}


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [(0.30000000000000004, 0.1, "0.3"), (-2.0, 1.0, "−2"), (0.0, 0.5, "0"), (2e6, 1e6, "2e6"), (1e-5, 1e-5, "1e−5"),
     (1234.5, 0.5, "1234.5"), (0.00025, 0.00025, "0.00025")],
)  # fmt: skip
def test_labels_of_ticks_are_short_and_right(value: float, step: float, text: str):
    assert number(value, step) == text


def test_markup_is_read_and_names_are_literal():
    first, second = lines_of("<b>x &lt;b&gt; &#36;y&#36;</b> · <i>f</i><br>z")
    assert [(run.text, run.bold, run.italic) for run in first] == [
        ("x <b> $y$", True, False), (" · ", False, False), ("f", False, True),
    ]  # fmt: skip
    assert [run.text for run in second] == ["z"]
    assert plain("<b>a</b><br>b") == "a\nb"


# --- files ------------------------------------------------------------------------------------------------------------


def test_svg_has_the_width_no_font_no_script_and_nothing_from_outside():
    text = to_svg(FIGURES["edge"]("light"), width=89)
    assert 'width="252.283465pt"' in text
    assert "<text" not in text
    assert "<script" not in text
    assert not re.search(r'(href|src)="(?!#|data:image/png)', text)


def test_pdf_has_the_width_and_embeds_its_fonts_as_truetype():
    text = to_pdf(FIGURES["edge"]("light"), width=89)
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", text)
    assert float(box) == pytest.approx(COLUMN, abs=1e-3)
    assert b"/FontFile2" in text
    assert b"/Subtype /Type3" not in text


def test_png_is_a_picture_of_400_dots_per_inch():
    pixels = imread(io.BytesIO(to_png(line(), width=50.8)))
    assert pixels.shape[1] == 800
    assert pixels.min() < 0.7


def test_the_same_figure_gives_the_same_file_whatever_the_user_set_and_changes_no_setting():
    figure = line()
    first = [write(figure) for write in (to_svg, to_pdf, to_png)]
    with rc_context({"lines.linewidth": 9, "font.size": 30, "pdf.fonttype": 3, "axes.grid": True}):
        before = dict(rcParams)
        assert [write(figure) for write in (to_svg, to_pdf, to_png)] == first
        assert dict(rcParams) == before


def test_names_from_a_file_do_not_break_out_of_the_picture():
    kan = small_kan()
    nasty = Variable('--><script>alert(1)</script>$x^{"')
    text = to_svg(type(kan)(kan.layers, (nasty, nasty), kan.outputs).plot())
    assert "<script" not in text
    assert "alert(1)</" not in text


# --- grey -------------------------------------------------------------------------------------------------------------


def test_in_grey_there_is_no_colour():
    text = to_svg(small_kan().plot(edge=[0, 0, 0]), grey=True)
    colours = set(re.findall(r"#([0-9a-f]{6})\b", text))
    assert len(colours) > 3
    assert all(colour[:2] == colour[2:4] == colour[4:] for colour in colours)


@given(st.from_regex(r"#[0-9A-F]{6}", fullmatch=True))
def test_a_grey_is_as_light_as_its_colour(colour: str):
    red, green, blue, alpha = Ink(grey=True)(colour)
    assert red == green == blue
    assert alpha == 1
    grey = f"#{round(255 * red):02X}" + f"{round(255 * green):02X}" * 2
    assert abs(lightness(grey) - lightness(colour)) < 0.4


@pytest.mark.parametrize("name", ["lamps", "ladder, two inputs", "strips", "lamps of functions"])
def test_colours_that_have_no_order_in_grey_are_refused(name: str):
    with pytest.raises(UserError, match="has no order in grey"):
        to_png(FIGURES[name]("light"), grey=True)


def test_two_lines_that_look_alike_in_grey_are_refused():
    with pytest.raises(UserError, match="In grey, 'layer 0' and 'layer 1' look alike in this figure"):
        to_png(FIGURES["capacity"]("light"), grey=True)


# --- refusals ---------------------------------------------------------------------------------------------------------


def changed(**layout: Any) -> go.Figure:
    figure = line()
    arrange(figure, **layout)
    return figure


def other(kind: str) -> go.Figure:
    figure = go.Figure()
    figure.add_trace({"type": kind})
    return figure


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (other("pie"), "a trace of the type 'pie'"),
        (line(stackgroup="one"), "the property 'scatter.stackgroup'"),
        (line(fill="tozeroy"), "'tozeroy' as 'scatter.fill'"),
        (changed(annotations=[{"text": "here", "showarrow": True}]), "True as 'annotation.showarrow'"),
        (changed(xaxis={"rangeslider": {"visible": True}}), "the property 'layout.xaxis.rangeslider.visible'"),
        (changed(xaxis={"type": "date"}), "'date' as 'layout.xaxis.type'"),
        (changed(barmode="stack"), "the property 'layout.barmode'"),
        (changed(title={"text": "<sup>2</sup>"}), "has the tag <sup>"),
        (changed(shapes=[{"type": "line", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "yref": "y7"}]), "something at 'y7'"),
    ],
)
def test_what_it_does_not_know_is_refused_and_never_drawn_wrong(figure: go.Figure, words: str):
    with pytest.raises(UserError, match=re.escape(words)):
        to_svg(figure)


def test_lines_symbols_and_colours_it_does_not_know_are_refused():
    figures = [line(), line(marker={"symbol": "hexagon"}), line()]
    figures[0].update_traces(line_dash="5px 2px")
    figures[1].update_traces(mode="markers")
    figures[2].update_traces(line_color="teal")
    for figure, words in zip(
        figures, ("Lines that are '5px 2px'", "The symbol 'hexagon'", "The colour 'teal'"), strict=True
    ):
        with pytest.raises(UserError, match=words):
            to_svg(figure)


def test_a_page_too_narrow_for_the_names_says_how_broad_it_must_be():
    names = {"tickvals": [1, 2, 3], "ticktext": ["a name as long as this one, which goes on and on"] * 3}
    with pytest.raises(UserError, match=r"leave no room for its plot on 40 mm; it needs about \d+ mm"):
        to_svg(changed(yaxis=names), width=40)
    with pytest.raises(UserError, match=r"30 to 1000 mm wide, not 8\.9"):
        to_svg(line(), width=8.9)


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("kanviz.plots.paper.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"pip install kanviz\[plot\]"):
        to_svg(line())
