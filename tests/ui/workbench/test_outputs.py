"""Errors and Explore under AppTest: what they say of rows and of a point, with a table and without."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.current import KEY
from kanviz.ui.widgets.samples import samples
from tests.helpers import not_none
from tests.ui import test_pages
from tests.ui.test_pages import opened, texts


def errors_page():
    from kanviz.ui.widgets.current import session
    from kanviz.ui.workbench.outputs import errors_panel

    errors_panel(session())


def explore_page():
    from kanviz.ui.widgets.current import session
    from kanviz.ui.workbench.explore import explore_panel

    explore_panel(session())


def visit(page, session: Session) -> AppTest:
    app = AppTest.from_function(page, default_timeout=600)
    app.session_state[KEY] = session
    return again(app)


def again(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def pendulum(*, table: bool = True) -> Session:
    return opened(samples()[4].title, table=table)


def numbers(app: AppTest) -> pd.DataFrame:
    return app.table[-1].value


def column(app: AppTest, name: str) -> dict[str, str]:
    return {str(row): str(number) for row, number in numbers(app)[name].items()}


def picture(app: AppTest) -> dict:
    return json.loads(app.get("bidi_component")[0].proto.json)


def classes() -> Session:
    kinds = torch.arange(60) % 3
    x = torch.rand(60, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    frame = pd.DataFrame({"a": x[:, 0].numpy(), "b": x[:, 1].numpy(), "kind": [f"kind_{k}" for k in kinds.tolist()]})
    data = Dataset.from_frame(frame, "kind")
    session = Session()
    kan = replace(init([2, 3], inputs=data.inputs, outputs=data.outputs, seed=0), task="classification")
    session.open(kan, "classes", data=data)
    return session


def wide() -> Session:
    kan = init([9, 4, 2], seed=0)
    x = torch.rand(50, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    session = Session()
    session.open(kan, "wide", data=Dataset.from_arrays(x, kan(x)).matching(kan))
    return session


# --- errors ---------------------------------------------------------------------------------------------------


def test_all_rows_have_errors_training_rows_and_held_out_rows_apart():
    app = visit(errors_page, pendulum())
    found = column(app, "All rows")
    assert (found["Training rows"], found["Held-out rows"]) == ("400", "100")
    assert found["RMSE, held-out rows"].endswith(" s")
    assert ", row " in found["Largest error"]
    assert list(numbers(app).columns) == ["All rows"]
    assert len(picture(app)["rows"]) == 500


def test_picked_rows_have_errors_of_their_own_and_are_marked():
    s = pendulum()
    s.looking.pick(not_none(s.data).test[:7].tolist())
    app = visit(errors_page, s)
    found = column(app, "Picked")
    assert (found["Training rows"], found["Held-out rows"], found["RMSE, training rows"]) == ("0", "7", "–")
    assert picture(app)["count"] == 7


def test_a_slice_has_errors_of_its_own_and_its_rows_can_be_picked():
    s = pendulum()
    app = visit(errors_page, s)
    app.selectbox[0].select(0).run()
    whole = numbers(app)
    assert list(whole["Slice"]) == list(whole["All rows"]), "at first it is the whole range"
    assert app.number_input[0].value == float(not_none(s.data).x[:, 0].min())
    app.number_input[1].set_value(1.0).run()
    inside = (not_none(s.data).x[:, 0] <= 1.0).nonzero()[:, 0]
    found = column(app, "Slice")
    assert int(found["Training rows"]) + int(found["Held-out rows"]) == len(inside)
    next(b for b in app.button if b.label == f"Pick {len(inside)} rows").click().run()
    assert s.looking.picked == tuple(inside.tolist())
    assert list(numbers(app)["Picked"]) == list(numbers(app)["Slice"])
    fresh = again(app)
    assert fresh.number_input[1].value == 1.0


def test_a_slice_by_the_target_and_an_empty_one():
    s = pendulum()
    app = visit(errors_page, s)
    app.selectbox[0].select(len(not_none(s.data).inputs)).run()
    assert app.number_input[1].value == float(not_none(s.data).y.max())
    app.number_input[0].set_value(1e6).run()
    assert column(app, "Slice")["Largest error"] == "–"
    assert next(b for b in app.button if b.label == "Pick 0 rows").disabled


def test_the_row_missed_most_can_be_taken():
    s = pendulum()
    app = visit(errors_page, s)
    gap = (s.present(not_none(s.data).x) - not_none(s.data).y)[:, 0].abs()
    next(b for b in app.button if b.label.startswith("Explain row")).click().run()
    assert s.looking.row == int(gap.argmax())
    assert f"Row {not_none(s.looking.row) + 1} is explained" in texts(app).replace("\\", "")


def test_classes_are_counted_of_picked_rows_or_of_those_held_out():
    s = classes()
    app = visit(errors_page, s)
    assert "12 held-out rows" in texts(app)
    assert int(app.table[0].value.to_numpy().sum()) == 12
    assert "Accuracy, held-out rows" in numbers(app).index
    assert not app.get("bidi_component")
    s.looking.pick(range(5))
    again(app)
    assert int(app.table[0].value.to_numpy().sum()) == 5


def test_of_several_outputs_one_is_looked_at_in_both_tabs():
    s = wide()
    app = visit(errors_page, s)
    assert picture(app)["x_label"] == "measured y1"
    next(b for b in app.selectbox if b.label == "Output").select(1).run()
    assert picture(app)["x_label"] == "measured y2"


def test_without_a_table_there_is_nothing_to_compare_with():
    app = test_pages.visit("app.py", pendulum(table=False))
    assert "nothing to compare" in texts(app)
    assert not app.table


# --- explore --------------------------------------------------------------------------------------------------


def test_at_first_a_held_out_row_is_looked_at_with_what_was_measured():
    s = pendulum()
    app = visit(explore_page, s)
    row = int(not_none(s.data).test[0])
    assert s.looking.row == row
    assert app.metric[0].value == f"{float(s.present(not_none(s.data).x[[row]])[0, 0]):.4g} s"
    assert f"Row {row + 1} (held out): measured" in texts(app)
    assert "RMSE on held-out rows" in texts(app)
    assert [slider.value for slider in app.slider] == not_none(s.data).x[row].tolist()
    assert len(app.get("plotly_chart")) == 3 + 1 + 1


def test_moving_an_input_moves_prediction_and_field_and_leaves_the_row():
    s = pendulum()
    app = visit(explore_page, s)
    app.slider[0].set_value(1.5).run()
    assert not_none(s.looking.point)[0] == 1.5
    assert s.looking.row is None
    assert app.metric[0].value == f"{float(s.present([list(not_none(s.looking.point))])[0, 0]):.4g} s"
    exact = next(n for n in app.number_input if n.label == "length, exactly")
    assert exact.value == 1.5
    assert "measured" not in texts(app).split("RMSE")[0]
    exact.set_value(0.75).run()
    assert (not_none(s.looking.point)[0], app.slider[0].value) == (0.75, 0.75)


def test_a_point_beyond_data_and_grid_is_warned_of_and_the_slider_reaches_it():
    s = pendulum()
    app = visit(explore_page, s)
    assert not app.warning
    next(n for n in app.number_input if n.label == "length, exactly").set_value(9.0).run()
    (warning,) = app.warning
    assert "length is outside the training rows" in warning.value
    assert "outside its grid" in warning.value
    assert app.slider[0].max == 9.0


def test_a_row_is_taken_by_its_number():
    s = pendulum()
    app = visit(explore_page, s)
    next(n for n in app.number_input if n.label.startswith("Row of the table")).set_value(12).run()
    assert s.looking.row == 11
    assert app.slider[1].value == float(not_none(s.data).x[11, 1])


def test_what_makes_it_adds_up_by_paths_edges_and_inputs():
    s = pendulum()
    app = visit(explore_page, s)
    assert "the parts add up to the change" in texts(app)
    shown = set()
    for way in ("Paths", "Edges", "Inputs"):
        app.button_group[0].set_value(way).run()
        assert not app.exception
        shown.add(app.get("plotly_chart")[3].proto.spec)
    assert len(shown) == 3


def test_of_many_inputs_six_are_moved_and_others_can_be_chosen():
    s = wide()
    app = visit(explore_page, s)
    assert [slider.label for slider in app.slider] == [f"x{k + 1}" for k in range(6)]
    app.multiselect[0].set_value([8]).run()
    assert [slider.label for slider in app.slider] == ["x9"]
    app.slider[0].set_value(0.5).run()
    assert not_none(s.looking.point)[8] == 0.5


def test_two_inputs_of_the_plane_are_never_the_same():
    app = visit(explore_page, pendulum())
    across = next(b for b in app.selectbox if b.label == "Across")
    across.select(1).run()
    assert not app.exception
    assert not app.error
    up = next(b for b in app.selectbox if b.label == "Up")
    assert up.value == 0
    assert len(up.options) == 2


@pytest.mark.parametrize("session", [pendulum(table=False), classes()], ids=["no table", "classes"])
def test_a_network_without_a_table_and_one_of_classes_can_be_explored(session):
    app = visit(explore_page, session)
    assert not app.error
    assert app.slider
    app.slider[0].set_value(app.slider[0].max).run()
    assert not app.exception
    assert not app.error


def test_one_input_has_no_plane():
    app = visit(explore_page, opened(samples()[3].title))
    assert len(app.get("plotly_chart")) == 2
