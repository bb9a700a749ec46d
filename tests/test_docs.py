"""The documents say what is true: their example runs, their files, links, commands and tests exist."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from kanviz.cli import parser
from kanviz.cli.commands import COMMANDS
from kanviz.errors import UserError
from kanviz.version import VERSION

ROOT = Path(__file__).parents[1]
DOCS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "sample_models/README.md",
    "docs/performance.md",
    "docs/locality.md",
    "docs/language.md",
    *(
        f"kanviz/{name}/README.md"
        for name in ("core", "analysis", "edit", "laws", "continual", "io", "plots", "display", "ui", "cli")
    ),
)
# what the examples write
MADE = {
    "found.safetensors",
    "model.safetensors",
    "pendulum.safetensors",
    "after.safetensors",
    "edge.html",
    "figure.pdf",
}


def _blocks(doc: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / doc).read_text(encoding="utf-8"), re.DOTALL)


def test_the_readme_example_prints_what_it_says(tmp_path: Path):
    (example,) = _blocks("README.md", "python")
    (promised,) = re.findall(r"# (f = .*)", example)
    (tmp_path / "sample_models").symlink_to(ROOT / "sample_models")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == promised
    assert (tmp_path / "found.safetensors").is_file()


@pytest.mark.parametrize("doc", DOCS)
def test_what_a_document_links_to_or_names_is_there(doc: str):
    text = (ROOT / doc).read_text(encoding="utf-8")
    here = (ROOT / doc).parent
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    named = re.findall(r"`([\w./-]+\.(?:py|toml|txt|md|safetensors|csv|json)|(?:[\w.-]+/)+)`", text)
    missing = [path for path in links if not (here / path).exists()]
    inside = here.rglob("*") if here.parent.name == "kanviz" else ()
    rooms = [here, ROOT, *(path for path in inside if path.is_dir())]
    missing += [path for path in named if not any((folder / path).exists() for folder in rooms)]
    assert not missing


def test_the_readme_lists_the_examples_of_all_commands():
    examples = [line for command in COMMANDS for line in command.examples]
    assert "\n".join(examples) + "\n" in _blocks("README.md", "sh")


def test_the_commands_in_the_readme_are_commands():
    lines = [shlex.split(line, comments=True) for block in _blocks("README.md", "sh") for line in block.splitlines()]
    targets = {
        line.split(":")[0] for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if ":" in line
    }
    used = 0
    for words in lines:
        if words[0] == "make":
            assert words[1] in targets
        else:
            assert words[0] == "kanviz"
            options = parser().parse_args(words[1:])
            model = getattr(options, "model", [])
            files = [*([model] if isinstance(model, str) else model), getattr(options, "table", None)]
            assert all((ROOT / name).is_file() for name in files if name and name not in MADE)
        used += 1
    assert used >= 6


def test_the_architecture_names_every_package_and_its_page_every_folder():
    named = set(re.findall(r"`kanviz/(\w+)/`", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")))
    assert named >= {path.parent.name for path in (ROOT / "kanviz").glob("*/__init__.py")}
    for page in (ROOT / "kanviz").glob("*/README.md"):
        rooms = set(re.findall(r"`(\w+)/`", page.read_text(encoding="utf-8")))
        assert rooms >= {path.parent.name for path in page.parent.glob("*/__init__.py")}, page


def test_the_commands_named_on_the_page_of_the_command_line_are_all_commands():
    with pytest.raises(UserError) as refusal:
        parser().parse_args(["no-such-command"])
    commands = set(re.findall(r"'(\w+)'", str(refusal.value).split("choose from")[1]))
    said = set(re.findall(r"`kanviz (\w+)`", (ROOT / "kanviz/cli/README.md").read_text(encoding="utf-8")))
    assert said == commands


def test_every_promise_has_a_test_that_is_there():
    rows = re.findall(r"^\| (.*) \| (.*) \|$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE)
    promises = {promise: re.findall(r"`(tests/[^`]+\.py)::(\w+)`", tests) for promise, tests in rows}
    del promises["promise"]
    assert len(promises) > 20
    assert [promise for promise, tests in promises.items() if not tests] == []
    there: dict[str, set[str]] = {}
    for path, _ in (named for tests in promises.values() for named in tests):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        there[path] = {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}
    gone = [f"{path}::{name}" for tests in promises.values() for path, name in tests if name not in there[path]]
    assert gone == []


def test_the_version_is_that_of_the_changelog_or_comes_after_it() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = [Version(name) for name in re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", text, re.MULTILINE)]
    assert releases == sorted(releases, reverse=True)
    assert len(releases) == len(re.findall(r"^## (?!\[Unreleased\])", text, re.MULTILINE))
    now = Version(VERSION)
    assert now > releases[0] if now.is_devrelease else now == releases[0]
