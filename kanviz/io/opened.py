"""Opens model and project files for the app, and converts what was opened to the bytes of kanviz's own files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import native, open_model
from kanviz.io.containers import open_contents
from kanviz.io.foreign import SeveralNetworks
from kanviz.io.model_blocks import Block, find_blocks
from kanviz.io.project_file import looks_like_project, project_from_bytes, project_to_bytes
from kanviz.io.questions import Answer, Answers, Asked
from kanviz.io.weight_layout import WeightLayout
from kanviz.io.work import Work

MOST_EDGES = 2_000_000  # of a network in the app: scoring them takes ten seconds and less than 300 MB


@dataclass(frozen=True, eq=False)
class Opened:
    """A network from a file; recipe: the steps that made it · data: its rows · rows_from: the name of their table ·
    block: the name of its module, where it is inside a larger model · asked: what its file leaves open.
    """

    kan: KAN
    recipe: dict[str, Any] | None = None
    data: Dataset | None = None
    rows_from: str = ""
    block: str = ""
    asked: tuple[Asked, ...] = ()


Blocks = tuple[Block, ...]  # the KANs of a file that has several, of which one is to be chosen


def opened(
    files: Mapping[str, bytes],
    block: str | None = None,
    given: Mapping[str, Answer] | None = None,
    layout: WeightLayout | None = None,
) -> Opened | Work | Blocks:
    """Open these files, contents by name, or list the KANs of a model that has several.

    block: the name of one of them · given: answers to what the files leave open · layout: what their tensors are, where
    no reader knows the class. Raises LoadError, in words, for other files and for networks that are too large,
    Unanswered for a question that must be answered first, and UnknownClass for weights that need a layout.
    """
    answers = Answers(given, layout)
    only = next(iter(files.values())) if len(files) == 1 else b""
    if looks_like_project(only):
        project = project_from_bytes(only)
        check_size(project.history.present)
        return project
    contents = open_contents(only, "") if only else None
    try:
        kan = open_model(files, block, answers)
    except SeveralNetworks:
        there = tuple(find_blocks(contents)) if contents is not None and block is None else ()
        if len(there) < 2:
            raise
        return there
    check_size(kan)
    if contents is None:
        return Opened(kan, asked=answers.asked)
    if native.is_native(contents.metadata):
        recipe, stored = native.saved_with(only)
        return Opened(kan, recipe, *(stored or (None, "")))
    inside = [block] if block is not None else [one.prefix for one in find_blocks(contents)]
    larger = any(not name.startswith(f"{inside[0]}.") for name in contents) if len(inside) == 1 else False
    return Opened(kan, block=inside[0] if larger else "", asked=answers.asked)


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
