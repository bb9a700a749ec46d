"""`kanviz.locality` is still there for a release: it warns, and gives what has moved to `kanviz.continual`."""

import subprocess
import sys

import pytest

OLD = (
    "from kanviz.locality.turn import learn_in_turn as found",
    "import kanviz.locality.turn as old; found = old.learn_in_turn",
    "from kanviz.locality import turn; found = turn.learn_in_turn",
)


def ran(code: str, warnings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", warnings, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("old", OLD)
def test_the_old_name_gives_the_same_things_and_warns(old: str):
    same = "from kanviz.continual.sequence import learn_in_turn; assert found is learn_in_turn"
    done = ran(f"{old}; {same}", "always::DeprecationWarning")
    assert done.returncode == 0, done.stderr
    assert "DeprecationWarning: kanviz.locality is now kanviz.continual" in done.stderr


def test_nothing_of_kanviz_itself_uses_the_old_name():
    modules = "kanviz.cli.commands, kanviz.ui.retrain.plan, kanviz.continual.ladder, kanviz.plots"
    done = ran(f"import sys, {modules}; assert 'kanviz.locality' not in sys.modules", "error::DeprecationWarning")
    assert done.returncode == 0, done.stderr
