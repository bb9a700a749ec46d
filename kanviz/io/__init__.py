"""Reads and writes model, table and project files; files are parsed as data, and no code in them is ever run."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import LoadError, UserError
from kanviz.io import native
from kanviz.io.containers import open_contents
from kanviz.io.contents import BYTE_LIMIT
from kanviz.io.file_view import FileView, Source, content_of
from kanviz.io.importers import import_network
from kanviz.io.model_blocks import Block, block_note, find_blocks, select
from kanviz.io.paths import CONFIG, CONFIG_ENDINGS, STATE, files_at
from kanviz.io.project_file import ENDING, looks_like_project, project_from_bytes, project_to_bytes
from kanviz.io.pykan_config import BYTE_LIMIT as CONFIG_LIMIT
from kanviz.io.questions import Answers
from kanviz.io.weight_layout import read_layout
from kanviz.io.work import Work
from kanviz.text import listing, shown, size_words
from kanviz.writing import write

_CACHE = "_cache_data"
_BINARY = (b"PK", b"\x80")

__all__ = ["Block", "blocks", "load", "load_project", "load_rows", "open_model", "save", "save_project"]


def open_model(files: Mapping[str, Source], block: str | None = None, answers: Answers | None = None) -> KAN:
    """Read the network in one file, in pykan's two files, or at the cursor of a project.

    files: contents by name; names only distinguish pykan's config from its weights and appear in messages. block: the
    name of one KAN inside a larger model. answers: what the caller says where the files do not; afterwards it holds
    what was asked. The network's notes list what was assumed. Raises LoadError for anything else.

    >>> import kanviz
    >>> from kanviz.io import native, open_model
    >>> kan = kanviz.init([2, 1])
    >>> open_model({"network.safetensors": native.to_bytes(kan)}).digest == kan.digest
    True
    """
    cached = [name for name, data in files.items() if _is_cache(name)]
    configs = [name for name, data in files.items() if name not in cached and _is_config(name, data)]
    weights = [name for name in files if name not in cached and name not in configs]
    if len(weights) > 1 or len(configs) > 1:
        several = weights if len(weights) > 1 else configs
        raise LoadError(f"These are several networks at once ({listing(several)}). Open one at a time.")
    if configs and not weights:
        raise LoadError(
            f"{shown(configs[0])} only describes a network. Also upload {_partner(configs[0])} (its weights)."
        )
    if cached and not weights:
        raise LoadError(f"{shown(cached[0])} holds pykan's last data, no network. Upload its _config.yml and _state.")
    if not weights:
        raise LoadError("No file was given. Choose a .safetensors or .pt file, or pykan's _config.yml and _state.")
    answers = answers or Answers()
    data = files[weights[0]]
    if looks_like_project(data) and not configs:
        answers.check_all_used()
        return project_from_bytes(data).history.present
    contents = select(open_contents(data, weights[0], whole=isinstance(data, bytes)), block)
    config = files[configs[0]][: CONFIG_LIMIT + 1] if configs else None
    kan = import_network(contents.read(), answers, config)
    for note in block_note(contents):
        kan = _noted(kan, note)
    if cached:
        kan = _noted(kan, f"Ignored {shown(cached[0])}: pykan's last data, not part of the network.")
    return kan


def load(
    *paths: str | os.PathLike[str],
    block: str | None = None,
    base: str | None = None,
    outside: str | None = None,
    functions: Mapping[str, str] | None = None,
    wavelet: str | None = None,
    grid_range: tuple[float, float] | None = None,
    width: float | Mapping[str, float] | None = None,
    denominator: str | None = None,
    layout: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    function: str | None = None,
    frequency: int | None = None,
    a: float | None = None,
    b: float | None = None,
    norms: str | None = None,
) -> KAN:
    """Read the network in a file, pykan's two files, or a folder with one network; pykan's prefix `m` finds both.

    block: the name of one KAN inside a larger model, as `kanviz.blocks` lists them; of the file, only its header and
    this block are read. The other options answer what a file of some library does not say: base: the function added
    to the splines, as "silu" or "gelu" · outside: "linear" or "zero", how curves go on outside the knots · functions:
    what functions of your own names are, as {"my_sine": "sin", "f": "x*exp(x)"} · wavelet: "mexican_hat", "morlet",
    "dog", "meyer" or "shannon" · grid_range: least and greatest input of the grid · width: of a bell; {"1": 0.5} is
    that of layer 1, where its grid is another · denominator: which one a rational function has · function: the one of
    all edges · frequency: the lowest of the sines · a, b: of Jacobi polynomials · norms: "after" or "before" the layers
    of their numbers · layout: for a class that somebody wrote, which tensor is what: a file of JSON or a mapping
    (docs/formats.md). What is not answered is assumed, with a `Caution` among the notes.
    Raises LoadError, with the remedy, for files that cannot be read, and for an answer that the file did not need.

    >>> import kanviz, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kanviz.save(kanviz.init([2, 3, 1]), pathlib.Path(folder, "network.safetensors"))
    ...     kanviz.load(folder)
    KAN([2, 3, 1], 9 edges, float64)
    >>> import torch
    >>> weights = {"grid": torch.arange(12.0).repeat(2, 1), "base_weight": torch.ones(1, 2)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({**weights, "spline_weight": torch.zeros(1, 2, 8)}, path := pathlib.Path(folder, "efficient.pt"))
    ...     print(kanviz.load(path).cautions[0][:77])
    ...     kanviz.load(path, base="identity").run(torch.tensor([[1.0, 2.0]])).item()
    The file does not say the base function added to the splines: silu is assumed
    3.0
    """
    given = {"base": base, "outside": outside, "functions": functions, "wavelet": wavelet, "grid_range": grid_range,
             "width": width, "denominator": denominator, "function": function, "frequency": frequency, "a": a, "b": b,
             "norms": norms}  # fmt: skip
    return load_with(paths, block, Answers(given, None if layout is None else read_layout(layout)))


def load_with(paths: Sequence[str | os.PathLike[str]], block: str | None, answers: Answers) -> KAN:
    """Read a network as `load` does. answers: what the caller says of it, by the names of options."""
    if not paths:
        raise LoadError('No file was given. Name one, as in kanviz.load("network.safetensors").')
    found = files_at([Path(path) for path in paths])
    alike = len({path.name for path in found}) < len(found)  # messages name folders only where names repeat
    whole = block is None
    files = {str(path) if alike else path.name: content_of(path, whole=whole) for path in found}
    return open_model(files, block, answers)


def blocks(path: str | os.PathLike[str]) -> list[Block]:
    """List the KANs inside a model's .pt or .safetensors file, in its order; no weight is read, however large it is.

    kanviz's own file is one network, and is read and checked whole. `kanviz.load(path, block=...)` opens one by its
    prefix. Raises LoadError for a file that cannot be read.

    >>> import kanviz, pathlib, tempfile, torch
    >>> kan = torch.nn.Sequential(kanviz.KANLayer(4, 8), kanviz.KANLayer(8, 4))
    >>> model = torch.nn.ModuleDict({"norm": torch.nn.LayerNorm(4), "ffn": kan})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(model.state_dict(), path := pathlib.Path(folder, "model.pt"))
    ...     print(*kanviz.blocks(path))
    ...     kanviz.load(path, block="ffn")
    ffn: KANLayer, 4-8-4, grid 5, order 3, 600 parameters
    KAN([4, 8, 4], 64 edges, float32)
    """
    there = files_at([Path(path)])
    weights = [p for p in there if not _is_cache(p.name) and not p.name.lower().endswith(CONFIG_ENDINGS)] or there[:1]
    if len(weights) > 1:
        raise LoadError(f"The folder holds several files ({listing([p.name for p in weights])}). Name one of them.")
    path = weights[0]
    data = content_of(path, whole=False)
    if looks_like_project(data):
        raise LoadError("A project holds one network, with its history. Open it with kanviz.load_project.")
    return find_blocks(open_contents(data, path.name))


def load_rows(path: str | os.PathLike[str]) -> Dataset:
    """Read the rows that were saved with a network, columns in the network's order, or that `kanviz.record` saved.

    Rows of a block (.npz or Parquet) have columns x1, x2, ... and y1, y2, ..., or y. Raises LoadError where the file
    has no rows, and TableError where their columns do not fit.

    >>> import kanviz, pathlib, tempfile
    >>> kan, data = kanviz.init([1, 1]), kanviz.Dataset.from_arrays([[1.0], [2.0]], [3.0, 4.0], test=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kanviz.save(kan, path := pathlib.Path(folder, "network.safetensors"), rows=data)
    ...     kanviz.load_rows(path).y.tolist()
    [[3.0], [4.0]]
    """
    from kanviz.io.recorded_rows import looks_like_rows, rows_of

    path = Path(path)
    data = _small(path)
    if looks_like_rows(data):
        return rows_of(data, path.name)
    found = native.rows_of(data)
    if found is None:
        raise LoadError(
            f"{shown(path.name)} holds no rows. Save the network together with its rows, or read their table with "
            "kanviz.Dataset.from_frame."
        )
    return found[0]


def save(
    kan: KAN, path: str | os.PathLike[str], recipe: dict[str, Any] | None = None, *, rows: Dataset | None = None
) -> None:
    """Write a network as kanviz's .safetensors file, with its recipe and rows if given.

    An old file is replaced only when the new one is complete. Raises UserError for another ending, or if writing fails.

    >>> import kanviz, pathlib, tempfile
    >>> kan = kanviz.init([2, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kanviz.save(kan, path := pathlib.Path(folder, "network.safetensors"))
    ...     kanviz.load(path).digest == kan.digest
    True
    >>> kanviz.save(kan, "network.pt")
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: A network is saved as .safetensors. Name the file network.safetensors.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise UserError(
            f"A network is saved as .safetensors. Name the file {shown(path.stem or 'network')}.safetensors."
        )
    write(path, native.to_bytes(kan, recipe, rows=rows))


def save_project(project: Work, path: str | os.PathLike[str]) -> None:
    """Write a project with its history and rows as a .kanviz file; an old file is replaced only by a complete new one.

    Raises UserError for another file ending, a folder that cannot be written, or a project too large for a file.

    >>> import kanviz, pathlib, tempfile
    >>> work = kanviz.Work(kanviz.History.start(kanviz.init([2, 1])), "my work", kanviz.EdgeId(0, 0, 0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kanviz.save_project(work, path := pathlib.Path(folder, "work.kanviz"))
    ...     kanviz.load_project(path).name
    'my work'
    """
    path = Path(path)
    if path.suffix != ENDING:
        raise UserError(f"A project is saved as {ENDING}. Name the file {shown(path.stem or 'project')}{ENDING}.")
    write(path, project_to_bytes(project))


def load_project(path: str | os.PathLike[str]) -> Work:
    """Read the project in a .kanviz file and check every version against what was saved.

    Raises LoadError for a file that is damaged, forged, newer or too large.

    >>> import kanviz, pathlib, tempfile
    >>> history = kanviz.History.start(kanviz.init([2, 1])).named("as opened")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "work.kanviz")
    ...     kanviz.save_project(kanviz.Work(history, "my work", kanviz.EdgeId(0, 0, 0)), path)
    ...     [version.name for version in kanviz.load_project(path).history.versions]
    ['as opened']
    """
    return project_from_bytes(content_of(Path(path), whole=True))


def _small(path: Path) -> bytes:
    """Read a whole file. Raises LoadError for one above the limit."""
    found = content_of(path, whole=True)
    if isinstance(found, FileView):
        raise LoadError(f"{shown(path.name)} has {size_words(len(found))}; the limit is {size_words(BYTE_LIMIT)}.")
    return found


def _is_cache(name: str) -> bool:
    return name.endswith(_CACHE)


def _is_config(name: str, data: Source) -> bool:
    return name.lower().endswith(CONFIG_ENDINGS) and not data[:2].startswith(_BINARY)


def _partner(config: str) -> str:
    stem = config.removesuffix(CONFIG)
    return f"{shown(stem)}{STATE}" if stem != config else "the _state file that belongs to it"


def _noted(kan: KAN, note: str) -> KAN:
    return replace(kan, notes=(*kan.notes, note))
