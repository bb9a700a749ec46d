"""kanviz: open a Kolmogorov-Arnold Network, see every function, change it, leave with a formula."""

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kanviz.door import ROOMS
from kanviz.version import VERSION

if TYPE_CHECKING:
    from kanviz.analysis.check import check as check
    from kanviz.analysis.compose import compose as compose
    from kanviz.analysis.diff import diff as diff
    from kanviz.analysis.locality.certificate import certify as certify
    from kanviz.analysis.locality.certificate import verify as verify
    from kanviz.analysis.locality.claims import Certificate as Certificate
    from kanviz.analysis.metrics import metrics as metrics
    from kanviz.analysis.symbolic import suggest as suggest
    from kanviz.continual.ladder import climb as climb
    from kanviz.continual.rungs import RUNGS as RUNGS
    from kanviz.core.curves.feed_forward import FeedForward as FeedForward
    from kanviz.core.curves.module import Curves as Curves
    from kanviz.core.curves.rates import parameter_groups as parameter_groups
    from kanviz.core.data.dataset import Dataset as Dataset
    from kanviz.core.formulas.formula import Formula as Formula
    from kanviz.core.init import init as init
    from kanviz.core.kan import KAN as KAN
    from kanviz.core.layer import Edge as Edge
    from kanviz.core.layer import EdgeId as EdgeId
    from kanviz.core.layer import Layer as Layer
    from kanviz.core.locks import Lock as Lock
    from kanviz.core.locks import certified_lock as certified_lock
    from kanviz.core.locks import data_lock as data_lock
    from kanviz.core.module import KANLayer as KANLayer
    from kanviz.core.network_module import module as module
    from kanviz.core.training.train import TrainConfig as TrainConfig
    from kanviz.core.training.train import train as train
    from kanviz.discovery import discover as discover
    from kanviz.edit.conversion import to_splines as to_splines
    from kanviz.edit.history import History as History
    from kanviz.edit.history import replay as replay
    from kanviz.errors import UserError as UserError
    from kanviz.io import Block as Block
    from kanviz.io import blocks as blocks
    from kanviz.io import load as load
    from kanviz.io import load_project as load_project
    from kanviz.io import load_rows as load_rows
    from kanviz.io import save as save
    from kanviz.io import save_project as save_project
    from kanviz.io.project import Project as Project
    from kanviz.io.recording import record as record
    from kanviz.io.replace_block import replace as replace
    from kanviz.io.table_files import read_table as read_table
    from kanviz.io.work import Work as Work
    from kanviz.laws.network.from_formula import from_formula as from_formula
    from kanviz.laws.search.discover import DiscoverConfig as DiscoverConfig
    from kanviz.laws.search.discover import discoveries as discoveries
    from kanviz.laws.search.extraction import extract as extract
    from kanviz.laws.search.extraction_record import ExtractConfig as ExtractConfig
    from kanviz.laws.search.hints import Hints as Hints
    from kanviz.laws.search.record import Discovery as Discovery
    from kanviz.notebook import from_app as from_app
    from kanviz.notebook import show as show
    from kanviz.writers.targets import export as export

_HOMES = {
    "check": "kanviz.analysis.check",
    "compose": "kanviz.analysis.compose",
    "certify": "kanviz.analysis.locality.certificate",
    "verify": "kanviz.analysis.locality.certificate",
    "Certificate": "kanviz.analysis.locality.claims",
    "metrics": "kanviz.analysis.metrics",
    "suggest": "kanviz.analysis.symbolic",
    "Curves": "kanviz.core.curves.module",
    "FeedForward": "kanviz.core.curves.feed_forward",
    "parameter_groups": "kanviz.core.curves.rates",
    "Dataset": "kanviz.core.data.dataset",
    "Formula": "kanviz.core.formulas.formula",
    "init": "kanviz.core.init",
    "KAN": "kanviz.core.kan",
    "Edge": "kanviz.core.layer",
    "EdgeId": "kanviz.core.layer",
    "Layer": "kanviz.core.layer",
    "Lock": "kanviz.core.locks",
    "certified_lock": "kanviz.core.locks",
    "data_lock": "kanviz.core.locks",
    "KANLayer": "kanviz.core.module",
    "module": "kanviz.core.network_module",
    "TrainConfig": "kanviz.core.training.train",
    "train": "kanviz.core.training.train",
    "discover": "kanviz.discovery",
    "diff": "kanviz.analysis.diff",
    "to_splines": "kanviz.edit.conversion",
    "History": "kanviz.edit.history",
    "replay": "kanviz.edit.history",
    "UserError": "kanviz.errors",
    "blocks": "kanviz.io",
    "Block": "kanviz.io",
    "load": "kanviz.io",
    "record": "kanviz.io.recording",
    "replace": "kanviz.io.replace_block",
    "load_project": "kanviz.io",
    "load_rows": "kanviz.io",
    "read_table": "kanviz.io.table_files",
    "save": "kanviz.io",
    "save_project": "kanviz.io",
    "Project": "kanviz.io.project",
    "Work": "kanviz.io.work",
    "from_formula": "kanviz.laws.network.from_formula",
    "DiscoverConfig": "kanviz.laws.search.discover",
    "discoveries": "kanviz.laws.search.discover",
    "ExtractConfig": "kanviz.laws.search.extraction_record",
    "extract": "kanviz.laws.search.extraction",
    "Hints": "kanviz.laws.search.hints",
    "Discovery": "kanviz.laws.search.record",
    "export": "kanviz.writers.targets",
    "from_app": "kanviz.notebook",
    "show": "kanviz.notebook",
    "climb": "kanviz.continual.ladder",
    "RUNGS": "kanviz.continual.rungs",
}
_ROOMS = {  # what shows and draws values in notebooks: it stands above them, and is imported when one is shown
    "KAN": "kanviz.display.kan",
    "Dataset": "kanviz.display.dataset",
    "Edge": "kanviz.display.edge",
    "Formula": "kanviz.display.formula",
    "History": "kanviz.display.history",
    "Discovery": "kanviz.display.discovery",
}
ROOMS.update({name: partial(import_module, home) for name, home in _ROOMS.items()})
__version__ = VERSION
__all__ = [*_HOMES, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Names are loaded when they are first used: `import kanviz` does not pay for torch."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kanviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
