"""The tree of kanviz: no module reaches itself through what it imports, and none is too long to be read at once."""

from graphlib import TopologicalSorter
from inspect import getsourcelines
from pathlib import Path

import grimp

from kanviz.ui.state.session import Session

ROOT = Path(__file__).parents[1]
MOST_LINES = 300


def test_no_module_imports_itself_by_a_detour() -> None:
    """Imports inside functions count too: they must not hide a circle."""
    graph = grimp.build_graph("kanviz", exclude_type_checking_imports=True, cache_dir=None)
    arrows = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(arrows) > 200
    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the circle


def test_modules_are_short() -> None:
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in (ROOT / "kanviz").rglob("*.py")}
    assert {str(file.relative_to(ROOT)): n for file, n in lines.items() if n >= MOST_LINES} == {}
    assert len(getsourcelines(Session)[0]) < 200
