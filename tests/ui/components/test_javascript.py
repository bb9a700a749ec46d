"""The JavaScript of the components: its own tests in node, its types by TypeScript, and the script that is made of it.

Node is needed for these tests alone. Without it they are skipped, except in CI, where they fail.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kanviz.ui.components import HERE
from kanviz.ui.components.bundle import bundle

TESTS = Path(__file__).parents[2] / "js"
TSC = TESTS / "node_modules" / "typescript" / "bin" / "tsc"
VIEWS = sorted(HERE.glob("*/view.js"))
MODULES = sorted(HERE.rglob("*.js"))
COLUMNS = 120
SECONDS = 120.0


def component(path: Path) -> str:
    return path.parent.name


def file_name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def needed(what: str, there: bool, remedy: str) -> None:
    """Skip a test that lacks something, and say what; in CI it fails instead."""
    if there:
        return
    missing = f"{what} is missing, so this is not tested. Install it: {remedy}"
    if os.environ.get("CI") or os.environ.get("KANVIZ_CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def node() -> Callable[..., None]:
    """Runs node; what it finds wrong is what the test says."""
    found = shutil.which("node")
    needed("node", found is not None, "apt-get install nodejs npm")

    def run(*arguments: str | Path) -> None:
        command = [str(found), *map(str, arguments)]
        done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False, timeout=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("script", sorted(TESTS.glob("*.test.mjs")), ids=lambda path: path.name)
def test_the_tests_in_node_pass(script: Path, node: Callable[..., None]):
    node("--test", script)


def test_the_modules_and_their_messages_are_as_their_types_say(node: Callable[..., None]):
    needed("TypeScript", TSC.exists(), "npm ci --prefix tests/js")
    node(TSC, "--project", TESTS)


@pytest.mark.parametrize("view", VIEWS, ids=component)
def test_the_script_of_a_component_is_a_module_with_one_thing_to_call(
    view: Path, node: Callable[..., None], tmp_path: Path
):
    script = tmp_path / f"{component(view)}.mjs"
    script.write_text(bundle(view), encoding="utf-8")
    node("--eval", f"import({script.as_uri()!r}).then((m) => process.exit(typeof m.default === 'function' ? 0 : 1))")


@pytest.mark.parametrize("view", VIEWS, ids=component)
def test_a_script_is_the_same_each_time_and_stands_by_itself(view: Path):
    script = bundle(view)
    assert script == bundle(view)
    left = [line for line in script.splitlines() if line.startswith(("import ", "export "))]
    assert len(left) == 1
    assert left[0].startswith("export default mounted(")


@pytest.mark.parametrize("module", MODULES, ids=file_name)
def test_no_line_is_longer_than_a_screen_is_wide(module: Path):
    lines = module.read_text(encoding="utf-8").splitlines()
    assert [n for n, line in enumerate(lines, 1) if len(line) > COLUMNS] == []


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / "view.js"


def test_a_module_that_several_import_is_there_once_and_first(tmp_path: Path):
    view = write(
        tmp_path,
        view='import { one } from "./a.js";\nimport { two } from "./b.js";\nexport default one + two;\n',
        a='import { base } from "./shared.js";\nexport const one = base + 1;\n',
        b='import { base } from "./shared.js";\nconst base2 = 2 * base;\nexport const two = base2;\n',
        shared="// what both need\nexport const base = 10;\n",
    )
    script = bundle(view)
    assert script.count("const base = 10;") == 1
    assert script.index("const base = 10;") < script.index("const one = base + 1;")
    assert "what both need" not in script
    assert script.endswith("export default one + two;\n")


@pytest.mark.parametrize(
    "line",
    [
        'import all from "./a.js";',
        'import * as all from "./a.js";',
        'import { one as other } from "./a.js"; // renamed',
        'import { one } from "elsewhere";',
        'export { one } from "./a.js";',
        "export default 1;\nexport { one };",
    ],
)
def test_a_way_to_import_that_is_not_known_is_refused(tmp_path: Path, line: str):
    view = write(tmp_path, view=f"{line}\n", a="export const one = 1;\n")
    with pytest.raises(ValueError, match=r"view\.js: this way to import or export is not known here"):
        bundle(view)


def test_modules_that_import_each_other_in_a_circle_are_refused(tmp_path: Path):
    view = write(
        tmp_path,
        view='import { a } from "./a.js";\n',
        a='import { b } from "./b.js";\nexport const a = 1;\n',
        b='import { a } from "./a.js";\nexport const b = 1;\n',
    )
    with pytest.raises(ValueError, match=r"a\.js imports itself"):
        bundle(view)
