"""The workbench opens on something to see, follows its address, and draws only the parts that changed."""

from urllib.parse import parse_qs, urlsplit

import pytest

from kanviz.core.layer import EdgeId
from kanviz.ui.state.session import Session
from kanviz.ui.widgets import redraw as frame
from kanviz.ui.widgets.current import KEY
from kanviz.ui.widgets.redraw import FIRST, PARTS
from kanviz.ui.widgets.samples import samples
from kanviz.ui.workbench.workbench import LINK
from tests.ui.changed import without_work
from tests.ui.test_pages import opened, press, texts, visit


def test_whoever_comes_with_nothing_sees_the_first_sample_with_an_edge_chosen():
    session = visit("app.py").session_state[KEY]
    assert session.sample == samples()[0].file.stem
    assert session.data is not None
    assert tuple(session.edge) == samples()[0].edge


@pytest.mark.parametrize("page", ["app.py", "pages/formula.py", "pages/train.py"])
def test_an_address_opens_its_sample_and_edge_anywhere(page):
    sample = samples()[2]
    app = visit(page, sample=sample.file.stem, edge="0-1-1")
    session = app.session_state[KEY]
    assert session.sample == sample.file.stem
    assert session.edge == EdgeId(0, 1, 1)
    assert not app.error


def test_an_address_does_not_put_away_what_is_open():
    session = opened(samples()[0].title)
    visit("app.py", session, sample=samples()[2].file.stem)
    assert session.sample == samples()[0].file.stem


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ({"sample": "../../etc/passwd"}, "There is no sample"),
        ({"edge": "0-9-9"}, "edge"),
        ({"edge": "0-1"}, "names no edge"),
        ({"edge": "0-1-٣"}, "names no edge"),
        ({"edge": "9999999999999999999-0-0"}, "names no edge"),
        ({"edge": "-1-0-0"}, "names no edge"),
    ],
)
def test_a_wrong_address_is_said_in_words_and_the_page_lives(address, words):
    from streamlit.testing.v1 import AppTest

    from tests.ui.test_pages import ROOT

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
    app.session_state[KEY] = session = opened(samples()[0].title)
    for name, value in address.items():
        app.query_params[name] = value
    if "sample" in address:
        without_work(session)
    app.run()
    assert not app.exception
    assert words in " ".join(e.value for e in app.error)
    assert session.history is not None


@pytest.mark.parametrize(
    ("tab", "words"),
    [("", "Moves the curve only for"), ("Formula", "Best first"), ("Reach", "Rows reached"), ("Data", "In use:")],
)
def test_only_the_open_tab_is_made(tab, words):
    app = visit("app.py", opened(samples()[0].title), tab=tab)
    said = texts(app) + " ".join(m.label for m in app.metric)
    assert words in said
    others = {"Moves the curve only for", "Best first", "Rows reached", "In use:"} - {words}
    assert not [other for other in others if other in said]


def ask_for_link(app):
    app.session_state[LINK] = True
    return app.run()


def test_the_link_follows_the_edge_in_hand():
    session = opened(samples()[0].title)
    app = visit("app.py", session)
    session.select(EdgeId(1, 2, 0))
    (link,) = (block.value for block in ask_for_link(app).code if "sample=" in block.value)
    assert "edge=1-2-0" in link


def test_the_link_names_sample_edge_and_tab_and_no_secret():
    app = ask_for_link(visit("app.py", tab="Reach"))
    (link,) = (block.value for block in app.code if "sample=" in block.value)
    asked = parse_qs(urlsplit(link).query)
    assert asked == {"sample": [samples()[0].file.stem], "edge": ["0-0-2"], "tab": ["Reach"]}


def test_a_network_of_ones_own_has_no_link():
    session = Session()
    session.open(opened(samples()[0].title).present, "mine")
    app = ask_for_link(visit("app.py", session))
    assert "sample" not in app.query_params
    assert "save it, and send the file" in texts(app)


def test_a_change_draws_the_curve_first_and_words_are_said_at_the_top(monkeypatch):
    session = opened(samples()[0].title)
    app = visit("app.py", session)
    asked = []
    monkeypatch.setattr(frame.st, "rerun", lambda scope="app": asked.append(scope))
    monkeypatch.setattr(frame, "is_only_request", lambda: True)
    press(app, "Freeze")
    assert asked == [["curve", "inspector", "keep"]]
    session.messages.append(("error", "Something to say."))
    press(app, "Prune")
    assert asked[1] == "app"


@pytest.fixture
def waiting(monkeypatch):
    """The workbench, where something was drawn and the rest waits for the browser."""

    class Asked(Exception):
        pass

    def rerun(scope="app"):
        raise Asked(scope)

    state = {frame.PAGE: "Workbench", KEY: opened(samples()[0].title)}
    monkeypatch.setattr(frame.st, "session_state", state)
    monkeypatch.setattr(frame.st, "rerun", rerun)
    monkeypatch.setattr(frame, "is_only_request", lambda: True)
    monkeypatch.setattr(frame, "requested_by", lambda part: part == "curve")

    def asked(act, *args, **options):
        with pytest.raises(Asked) as found:
            act(*args, **options)
        return found.value.args[0]

    return asked


def test_the_rest_is_drawn_once_when_the_browser_shows_the_curve(waiting):
    assert waiting(frame.change, lambda: None) == list(PARTS[:FIRST])
    word = frame.awaited()
    for other in ("", "of another curve", None, 0, [word]):
        frame.draw_later(other)
    assert waiting(frame.draw_later, word) == list(PARTS[FIRST:])
    frame.draw_later(word)
    assert not frame.awaited()


def test_what_was_asked_for_together_with_something_else_draws_the_whole_page(waiting, monkeypatch):
    monkeypatch.setattr(frame, "is_only_request", lambda: False)
    assert waiting(frame.redraw, "outputs") == "app"


def test_what_waits_stands_in_for_no_press_in_another_part(waiting, monkeypatch):
    after = []
    waiting(frame.change, lambda: None)
    monkeypatch.setattr(frame, "requested_by", lambda part: False)
    monkeypatch.setattr(frame, "draw_after_this", lambda parts: after.extend(parts))
    frame.draw_later(frame.awaited())  # a choice of parts here would end that part's run
    assert after == list(PARTS[FIRST:])
    assert not frame.awaited()


def test_what_waits_is_not_lost_to_the_next_click(waiting):
    waiting(frame.redraw, "curve", then=("outputs", "graph"))
    early = frame.awaited()
    waiting(frame.redraw, "curve", then=("graph", "picker"))
    frame.draw_later(early)
    assert waiting(frame.draw_later, frame.awaited()) == ["outputs", "graph", "picker"]


def test_every_key_is_listed():
    app = press(visit("app.py"), "Keys")
    assert "Ctrl+Shift+Z" in texts(app)


def test_of_many_edges_those_that_share_a_node_are_listed_and_next_leads_to_all():
    from kanviz.core.init import init

    session = Session()
    session.open(init([30, 30, 2], grid=3, seed=0), "wide", edge=EdgeId(0, 3, 7))
    app = visit("app.py", session)
    (picker,) = (box for box in app.selectbox if box.label == "Edge")
    assert len(picker.options) == 30 + 30 - 1
    press(app, "Next")
    assert session.edge == EdgeId(0, 3, 8)


def test_a_list_of_edges_that_is_gone_chooses_nothing():
    """Streamlit hears a widget again that was on the page a moment ago, as if somebody had changed it."""
    session = opened(samples()[0].title)
    app = visit("app.py", session)
    before = session.edge
    (picker,) = (box for box in app.selectbox if box.label == "Edge")
    session.select(EdgeId(1, 2, 0))  # by a click on the picture, before the list was drawn anew
    picker.select_index(0).run()
    assert before != session.edge == EdgeId(1, 2, 0)
    (picker,) = (box for box in app.selectbox if box.label == "Edge")
    picker.select_index(0).run()
    assert session.edge == EdgeId(0, 0, 0)
