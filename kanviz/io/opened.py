"""Opens model and project files for the app, and converts what was opened to the bytes of kanviz's own files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import native, open_model
from kanviz.io.project_file import looks_like_project, project_from_bytes, project_to_bytes
from kanviz.io.safetensors_file import looks_like_safetensors
from kanviz.io.work import Work

MOST_EDGES = 2_000_000  # of a network in the app: scoring them takes ten seconds and less than 300 MB


@dataclass(frozen=True, eq=False)
class Opened:
    """A network from a file; recipe: the steps that made it · data: its rows · rows_from: the name of their table."""

    kan: KAN
    recipe: dict[str, Any] | None = None
    data: Dataset | None = None
    rows_from: str = ""


def opened(files: Mapping[str, bytes]) -> Opened | Work:
    """Open these files, contents by name.

    Raises LoadError, in words, for other files and for networks that are too large.
    """
    only = next(iter(files.values())) if len(files) == 1 else b""
    if looks_like_project(only):
        project = project_from_bytes(only)
        check_size(project.history.present)
        return project
    kan = open_model(files)
    check_size(kan)
    recipe, stored = native.saved_with(only) if looks_like_safetensors(only) else (None, None)
    return Opened(kan, recipe, *(stored or (None, "")))


def check_size(kan: KAN) -> None:
    """Refuse a network with more edges than the app can handle."""
    edges = sum(layer.sources * layer.targets for layer in kan.layers)
    if edges > MOST_EDGES:
        raise LoadError(
            f"This network has {edges:,} edges; the app opens networks of up to {MOST_EDGES:,}. "
            "Use it in Python: kanviz.load reads it there."
        )


def as_own(found: Opened | Work) -> bytes:
    """Convert what was opened to the bytes of a kanviz file, from which `opened` restores it."""
    if isinstance(found, Work):
        return project_to_bytes(found)
    return native.to_bytes(found.kan, found.recipe, rows=found.data, rows_from=found.rows_from)
