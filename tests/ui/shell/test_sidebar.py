"""What the sidebar saves is the work at the moment of the press, not of the last time it was shown."""

from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Prune
from kanviz.io.native import saved_with
from kanviz.io.project_file import project_from_bytes
from kanviz.ui.shell.sidebar import _project_saver, _saver
from kanviz.ui.widgets.samples import samples
from tests.ui.test_pages import opened


def test_a_press_right_after_a_change_saves_the_change():
    session = opened(samples()[0].title)
    network, project = _saver(session, with_rows=False), _project_saver(session, with_rows=True)
    session.apply(Prune((EdgeId(0, 0, 2),), (0.25,)))
    recipe, _ = saved_with(network())
    assert recipe is not None
    assert [edit["kind"] for edit in recipe["edits"]] == ["prune"]
    assert project_from_bytes(project()).history.present.digest == session.present.digest
