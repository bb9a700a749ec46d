"""Notebooks: what values show is small, has the page's colours, no script, and nothing from a file is obeyed."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
import torch

import kanviz
from kanviz.core.edge import Variable
from kanviz.core.kan import Caution
from kanviz.edit import FixFormula, MoveControlPoint
from kanviz.errors import TableError, UserError
from tests.figures import small_data, small_kan
from tests.laws_at_hand import discovery, gravity

NASTY = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
EDGE = kanviz.EdgeId(0, 0, 0)


def history(kan: kanviz.KAN) -> kanviz.History:
    return kanviz.History.start(kan).apply(MoveControlPoint(EDGE, 0, 0.5)).named(NASTY)


def nasty_kan() -> kanviz.KAN:
    kan = small_kan()
    return replace(kan, inputs=(Variable(NASTY, NASTY), kan.inputs[1]), outputs=(Variable(NASTY),),
                   notes=(Caution(NASTY),))  # fmt: skip


def values() -> dict[str, Any]:
    """Values of every class, with names from an attacker's file."""
    kan = nasty_kan()
    data = replace(small_data(small_kan()), inputs=kan.inputs, outputs=kan.outputs, notes=(NASTY,), target=NASTY)
    found = discovery(gravity())
    return {
        "network": kan,
        "wide network": kanviz.init([60, 40, 30], seed=0),
        "float32 network": small_kan().to(torch.float32),
        "network of products": kanviz.init([3, [2, 2], 1], seed=0),
        "broken network": kan.with_layer(0, coef=kan.layers[0].coef * torch.nan),
        "data set": data,
        "classes": replace(data, task="classification"),
        "empty data set": replace(data, x=data.x[:0], y=data.y[:0], train=data.train[:0], test=data.test[:0]),
        "edge": kan.edge(EDGE),
        "pruned edge": kan.edge([0, 1, 1]),
        "edge with a formula": kan.edge([1, 1, 0]),
        "formula": kanviz.Formula("x^2", c=0.5),
        "formula that is not finite": kanviz.Formula("log", a=0.0, b=-1.0),
        "history": history(kan),
        "discovery": replace(found, target=NASTY, unit=NASTY),
        "discovery of nothing": replace(found, front=()),
    }


VALUES = values()


class Reader(HTMLParser):
    """Collects the tags and attributes, and finds a tag that is not closed."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", VALUES)
def test_what_a_notebook_shows_is_small_whole_and_obeys_nothing(name: str):
    text = VALUES[name]._repr_html_()
    read = Reader(text)
    assert read.open == []
    assert read.tags <= {"div", "b", "code", "table", "tr", "th", "td", "ul", "ol", "li", "svg", "path", "rect", "text"}
    assert not [attribute for attribute in read.names if attribute.startswith("on") or attribute in ("src", "href")]
    assert len(text.encode()) < 12_000


@pytest.mark.parametrize("name", VALUES)
def test_colours_are_those_of_the_page_or_can_be_read_on_light_and_dark(name: str):
    text = VALUES[name]._repr_html_()
    assert set(re.findall(r"#\w{3,8}\b", text)) <= {"#2B8CC4"}
    assert not re.search(r"background|[^-]color:", text)


def test_a_network_shows_its_names_units_states_and_curves():
    text = small_kan()._repr_html_()
    for words in ("KAN [2, 2, 1]", "5 edges (1 formula, 1 both, 1 pruned)", "width (mm)", "force (kN)"):
        assert words in text
    assert "&lt;b&gt;age" in text
    assert text.count("<path") >= 5


def test_of_many_edges_it_says_how_many_are_drawn():
    assert "30 of 3,600 edges are drawn" in VALUES["wide network"]._repr_html_()


def test_cautions_of_a_file_are_shown():
    assert "The base is assumed." in replace(small_kan(), notes=(Caution("The base is assumed."),))._repr_html_()


def test_a_history_shows_the_present_version_bold():
    done = kanviz.History.start(small_kan()).apply(MoveControlPoint(EDGE, 0, 0.5)).undo()
    assert "<li><b>Opened</b> (present)</li><li>Move control point" in done._repr_html_()


def test_of_a_long_history_the_present_and_its_neighbours_are_shown():
    long = kanviz.History.start(small_kan())
    for k in range(30):
        long = long.apply(MoveControlPoint(EDGE, 0, float(k)))
    text = long.jump(3)._repr_html_()
    assert text.count("<li>") == 12
    assert "to 2</b> (present)" in text
    assert "(present)" in long._repr_html_()


def test_laws_are_a_table_and_the_best_one_is_latex():
    found = discovery(gravity())
    text, best = found._repr_html_(), found.best
    assert text.count("<tr>") == 1 + len(found.front)
    assert text.count("★") == 1
    assert found._repr_latex_() == rf"$\displaystyle {found.target} = {best.latex}$"
    assert best._repr_latex_() == best.law._repr_latex_() == rf"$\displaystyle {best.latex}$"
    assert VALUES["discovery of nothing"]._repr_latex_() is None


def test_latex_of_a_formula_has_six_digits_and_names_are_never_commands():
    assert (
        kanviz.Formula("sin", 2.0, 1 / 3)._repr_latex_() == r"$\displaystyle y = \sin{\left(2 \, x + 0.333333 \right)}$"
    )
    named = replace(discovery(gravity()), target=r"\input{x}$")
    assert r"\text{\textbackslash{}input\{x\}\$} =" in (named._repr_latex_() or "")


def test_a_data_set_is_printed_in_a_line():
    data = small_data(small_kan())
    assert repr(data) == "Dataset(42 rows, 28 of them for training, width (mm) and <b>age</b> $x$ -> force (kN))"
    assert "\n" not in repr(VALUES["data set"])


# --- figures in one call ----------------------------------------------------------------------------------------------


def test_a_network_draws_itself_with_and_without_rows():
    kan = small_kan()
    given = [trace.customdata for trace in kan.plot(small_data(kan)).data if trace.customdata is not None]
    edges = {tuple(edge) for one in given for edge in one}
    assert edges == set(kan.edges(pruned=True))
    assert kan.plot(theme="dark").layout.font.color != kan.plot().layout.font.color
    names = [{trace.name for trace in kan.plot(data, edge=EDGE).data} for data in (None, small_data(kan))]
    assert names[1] - names[0] == {"training rows", "where the data end"}


def test_a_history_draws_rings_around_what_changed():
    kan = small_kan()
    start = kanviz.History.start(kan)
    moved = start.apply(MoveControlPoint(EDGE, 0, 0.5))
    assert len(moved.plot().data) == len(start.plot().data) + 1
    everything = start.record(MoveControlPoint(EDGE, 0, 0.5), kanviz.init([2, 2, 1], seed=0))
    assert len(everything.plot().data) <= len(kanviz.init([2, 2, 1], seed=0).plot().data)
    fixed = start.apply(FixFormula(EDGE, kanviz.Formula("x^2")))
    assert [trace.name for trace in fixed.plot(edge=EDGE).data if trace.name] == ["before", "after"]


def test_a_data_set_draws_a_panel_for_each_input_or_predictions():
    kan = small_kan()
    data = small_data(kan)
    figure = data.plot()
    assert {trace.xaxis for trace in figure.data} == {"x", "x2"}
    assert sum(len(trace.x) for trace in figure.data if trace.xaxis == "x") == len(data)
    assert [trace.name for trace in data.plot(kan).data[1:]] == ["held-out rows", "training rows"]
    wide = kanviz.Dataset.from_arrays(torch.rand(30, 12), torch.rand(30))
    assert wide.plot().layout.title.text == "the first 9 of 12 inputs"


def test_classes_are_named_on_the_axis():
    data = kanviz.Dataset.from_frame({"x": [0.0, 1.0, 2.0, 3.0], "kind": ["a", "b", "a", "b"]}, "kind")
    assert list(data.plot().layout.yaxis.ticktext) == ["a", "b"]


def test_the_front_draws_itself():
    found = discovery(gravity())
    assert len(found.plot().data[-1].customdata) == len(found.front)


def test_what_cannot_be_drawn_is_refused_in_words():
    kan, data = small_kan(), small_data(small_kan())
    with pytest.raises(UserError, match="There is no edge 0,9,0"):
        kan.plot(edge=[0, 9, 0])
    with pytest.raises(UserError, match=r"as a Dataset, not as list; make one with kanviz\.Dataset"):
        kan.plot([[1.0, 2.0]])
    with pytest.raises(TableError, match="The network has 3 inputs"):
        kanviz.init([3, 1]).plot(data)
    with pytest.raises(UserError, match="There is no output 1: these rows have outputs 0 to 0"):
        data.plot(output=1)
    with pytest.raises(UserError, match="There is no layer 2"):
        kanviz.History.start(kan).plot(edge=[2, 0, 0])
