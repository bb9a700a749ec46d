"""Shapes are checked at run time, one thread, the same random draws in every run."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import jaxtyping
import pytest
import torch
from hypothesis import HealthCheck, settings

from tests import shape_checks

PACKAGE = Path(__file__).parents[1] / "kanviz"
# Inner loops of the search for formulas: tens of thousands of small calls, whose checks took half as long again.
UNCHECKED = {f"kanviz.analysis.symbolic.{name}" for name in ("polish", "shapes", "product", "two", "race")}


def checked() -> Iterator[str]:
    """Every module that says the shape of an array."""
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        if name not in UNCHECKED and "from jaxtyping import" in file.read_text(encoding="utf-8"):
            yield name


jaxtyping.install_import_hook(list(checked()), f"{shape_checks.__name__}.checked")

torch.set_num_threads(1)
settings.register_profile(
    "kanviz", deadline=None, derandomize=True, database=None, max_examples=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
settings.register_profile("quick", settings.get_profile("kanviz"), max_examples=8)  # `make quick`
settings.load_profile("kanviz")


# What `make quick` leaves out: tests that train, search, start processes or draw whole pages for seconds.
SLOW = (
    "analysis/locality", "analysis/symbolic", "cli", "continual", "core/engine", "core/locks", "core/training",
    "edit/test_script.py", "io/test_project.py", "io/test_reading.py", "io/test_table_layouts.py", "io/test_tables.py",
    "laws/search", "laws/structures", "laws/expressions/test_simplify.py", "laws/test_law.py", "server",
    "test_bench.py", "test_corpus.py", "test_docs.py", "test_locality_benchmark.py", "test_packaging.py",
    "test_samples.py", "ui",
)  # fmt: skip
QUICK = ("ui/components", "ui/state")  # of those


def _is_slow(path: Path) -> bool:
    name = path.relative_to(Path(__file__).parent).as_posix()
    return name.startswith(SLOW) and not name.startswith(QUICK)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser tests first, then the slow ones, so that small ones fill the processes at the end."""
    items.sort(key=lambda item: ("browser" not in item.path.parts, not _is_slow(item.path)))
    for item in items:
        if _is_slow(item.path):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Without the shape checks, as users run it: for tests of what our own refusals say."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """A context in which no file grows beyond so many bytes, as on a disk that fills up."""

    @contextmanager
    def room_for(count: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return room_for
