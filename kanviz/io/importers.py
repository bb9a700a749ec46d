"""Chooses the reader of a model file by the names of its tensors; file names decide nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import efficient_kan, native, own_layers, pykan, relatives
from kanviz.io.contents import Tensors
from kanviz.io.families import pykan_old, rational
from kanviz.io.families.deep_kan import DEEP_KAN
from kanviz.io.families.edge_networks import EDGE_NETWORKS, SHARED_NETWORKS
from kanviz.io.families.family import Family
from kanviz.io.families.flashkan import FLASHKAN, INKAN
from kanviz.io.families.ikan import IKAN
from kanviz.io.families.piecewise import INTERPOLATION, KANDITIONED
from kanviz.io.families.pykan_layers import PYKAN_LAYERS
from kanviz.io.families.radial import DEEPOKAN, FAST_KAN, FASTER_KAN
from kanviz.io.families.series import CHEBYKAN, FOURIERKAN, JACOBIKAN
from kanviz.io.families.skan import SKAN
from kanviz.io.families.wavelets import IKAN_WAVELETS, WAV_KAN
from kanviz.io.foreign import by_prefix
from kanviz.io.layout_reader import read_with
from kanviz.io.outline import Outline, Shape, outline_of_pykan
from kanviz.io.pykan_config import read_config
from kanviz.io.questions import Answers
from kanviz.io.unknown_class import unknown_class
from kanviz.text import listing

LANGUAGE_MODEL = "kanviz.language"  # in the metadata of its files
Groups = Callable[[Mapping[str, Shape]], dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Importer:
    """One format of weights: the program it is from, how to recognise it, to find its networks, and to read one.

    recognises: by names and shapes · groups: from the shapes of all tensors, the names of each network by its prefix ·
    outline: the sizes of one network · read: from the tensors, the caller's answers where the file leaves something
    open, and pykan's settings if given.
    """

    name: str
    recognises: Callable[[Mapping[str, Shape]], bool]
    groups: Groups
    outline: Callable[[Mapping[str, Shape]], Outline | None]
    read: Callable[[Tensors, Answers, dict[str, object] | None], KAN]
    takes_config: bool = False


def _of(family: Family) -> Importer:
    return Importer(
        family.name, family.recognises, family.groups, family.outline, lambda t, answers, _: family.read(t, answers)
    )


IMPORTERS = (
    Importer(
        "pykan 0.0", pykan_old.recognises, pykan_old.groups, pykan_old.outline,
        lambda opened, answers, _: pykan_old.read(opened, answers),
    ),
    Importer(
        "pykan", pykan.recognises, partial(by_prefix, pykan.OWN), outline_of_pykan,
        lambda opened, answers, config: pykan.read(opened, answers, config), takes_config=True,
    ),
    _of(FLASHKAN),
    Importer(
        "efficient-kan", efficient_kan.recognises, efficient_kan.groups, efficient_kan.outline,
        lambda opened, answers, _: efficient_kan.read(opened, answers),
    ),
    Importer(
        "KANLayer", own_layers.recognises, own_layers.groups, own_layers.outline,
        lambda opened, answers, _: own_layers.read(opened, answers),
    ),
    *map(_of, (INKAN, PYKAN_LAYERS, DEEP_KAN, INTERPOLATION, KANDITIONED)),
    *map(_of, (FAST_KAN, FASTER_KAN, DEEPOKAN, EDGE_NETWORKS, SHARED_NETWORKS, SKAN)),
    Importer("GR-KAN", rational.recognises, rational.groups, rational.outline, lambda t, a, _: rational.read(t, a)),
    *map(_of, (CHEBYKAN, JACOBIKAN, FOURIERKAN, *IKAN, WAV_KAN, IKAN_WAVELETS)),
)  # fmt: skip


def import_network(opened: Tensors, answers: Answers, config: bytes | None) -> KAN:
    """Make the network from a file's tensors; its notes list what was assumed, answered or repaired.

    answers: what the caller says where the file does not; it then holds what was asked. Raises LoadError for an answer
    that the file did not need.
    """
    if answers.layout is not None and config is not None:
        raise LoadError("The config is pykan's, and a layout is for other weights. Give only one of them.")
    kan = _read(opened, answers, config) if answers.layout is None else read_with(opened, answers.layout)
    answers.check_all_used()
    return replace(kan, notes=(*answers.notes(), *kan.notes))


def _read(opened: Tensors, answers: Answers, config: bytes | None) -> KAN:
    settings, notes = read_config(config) if config is not None else (None, ())
    if native.is_native(opened.metadata):
        if settings is not None:
            raise _config_of_another("kanviz")
        kan = native.read(opened.tensors, opened.metadata, [*opened.others, *opened.odd])
        return replace(kan, notes=(*opened.notes, *kan.notes))
    if native.CHECKSUM in opened.metadata and "layers.0.knots" in opened:
        raise native.NATIVE.refusal("its description is missing")
    shapes = opened.shapes()
    for importer in IMPORTERS:
        if importer.recognises(shapes):
            if settings is not None and not importer.takes_config:
                raise _config_of_another(importer.name)
            kan = importer.read(opened, answers, settings)
            return replace(kan, notes=(*opened.notes, *notes, *kan.notes))
    if LANGUAGE_MODEL in opened.metadata:
        raise LoadError(
            "This is a language model of kanviz, and no single KAN. Open it with kanviz.language.load, or with the "
            "command `kanviz language sample`."
        )
    relatives.refuse_known(shapes)
    raise unknown_class(
        opened,
        f"These weights ({listing(list(opened))}) are of no KAN kanviz knows; docs/formats.md lists those it reads.",
    )


def _config_of_another(name: str) -> LoadError:
    return LoadError(f"The config is pykan's, but the other file holds a network of {name}. Open only one.")
