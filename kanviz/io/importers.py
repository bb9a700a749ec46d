"""Chooses the reader of a model file by the names of its tensors; file names decide nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import efficient_kan, native, pykan, relatives
from kanviz.io.containers import Tensors
from kanviz.io.pykan_config import read_config
from kanviz.text import listing


@dataclass(frozen=True)
class Importer:
    """One format: the program it is from, how to recognise it, and how to read it (with pykan's settings, if given)."""

    name: str
    recognises: Callable[[Tensors], bool]
    read: Callable[[Tensors, dict[str, object] | None], KAN]
    takes_config: bool = False


IMPORTERS = (
    Importer("kanviz", lambda t: native.is_native(t.metadata), lambda t, _: native.read(t.tensors, t.metadata)),
    Importer("pykan", lambda t: pykan.recognises(t.tensors), pykan.read, takes_config=True),
    Importer("efficient-kan", lambda t: efficient_kan.recognises(t.tensors), lambda t, _: efficient_kan.read(t)),
)


def import_network(opened: Tensors, config: bytes | None) -> KAN:
    """Make the network from a file's tensors; its notes list what was assumed or repaired."""
    settings, notes = read_config(config) if config is not None else (None, ())
    for importer in IMPORTERS:
        if importer.recognises(opened):
            if settings is not None and not importer.takes_config:
                raise LoadError(
                    f"The config is pykan's, but the other file holds a network of {importer.name}. Open only one."
                )
            kan = importer.read(opened, settings)
            return replace(kan, notes=(*opened.notes, *notes, *kan.notes))
    relatives.refuse_known(opened.tensors)
    raise LoadError(
        f"These weights ({listing(list(opened.tensors))}) are of no KAN kanviz knows. It reads its own .safetensors, "
        "pykan 0.2 (_config.yml and _state) and efficient-kan."
    )
