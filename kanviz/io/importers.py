"""Chooses the reader of a model file by the names of its tensors; file names decide nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import efficient_kan, native, own_layers, pykan, relatives
from kanviz.io.contents import Tensors
from kanviz.io.foreign import by_prefix
from kanviz.io.outline import Outline, Shape, outline_of_efficient_kan, outline_of_pykan
from kanviz.io.pykan_config import read_config
from kanviz.text import listing

Groups = Callable[[Mapping[str, Shape]], dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Importer:
    """One format of weights: the program it is from, how to recognise it, to find its networks, and to read one.

    groups: from the shapes of all tensors, the names of each network by its prefix · outline: the sizes of one network
    · read: with pykan's settings, if given.
    """

    name: str
    recognises: Callable[[Iterable[str]], bool]
    groups: Groups
    outline: Callable[[Mapping[str, Shape]], Outline | None]
    read: Callable[[Tensors, dict[str, object] | None], KAN]
    takes_config: bool = False


IMPORTERS = (
    Importer(
        "pykan", pykan.recognises, partial(by_prefix, pykan.OWN), outline_of_pykan, pykan.read, takes_config=True
    ),
    Importer(
        "efficient-kan", efficient_kan.recognises, partial(by_prefix, efficient_kan.OWN), outline_of_efficient_kan,
        lambda t, _: efficient_kan.read(t),
    ),
    Importer(
        "KANLayer", own_layers.recognises, own_layers.groups, own_layers.outline, lambda t, _: own_layers.read(t)
    ),
)  # fmt: skip


def import_network(opened: Tensors, config: bytes | None) -> KAN:
    """Make the network from a file's tensors; its notes list what was assumed or repaired."""
    settings, notes = read_config(config) if config is not None else (None, ())
    if native.is_native(opened.metadata):
        if settings is not None:
            raise _config_of_another("kanviz")
        kan = native.read(opened.tensors, opened.metadata, [*opened.others, *opened.odd])
        return replace(kan, notes=(*opened.notes, *kan.notes))
    if native.CHECKSUM in opened.metadata and "layers.0.knots" in opened:
        raise native.NATIVE.refusal("its description is missing")
    for importer in IMPORTERS:
        if importer.recognises(opened):
            if settings is not None and not importer.takes_config:
                raise _config_of_another(importer.name)
            kan = importer.read(opened, settings)
            return replace(kan, notes=(*opened.notes, *notes, *kan.notes))
    relatives.refuse_known(opened)
    raise LoadError(
        f"These weights ({listing(list(opened))}) are of no KAN kanviz knows. It reads its own .safetensors, models of "
        "kanviz.KANLayer, pykan 0.2 (_config.yml and _state) and efficient-kan."
    )


def _config_of_another(name: str) -> LoadError:
    return LoadError(f"The config is pykan's, but the other file holds a network of {name}. Open only one.")
