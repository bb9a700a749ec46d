"""Search for laws in subprocesses; the best laws so far can be read at any time."""

import secrets
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.layer import Variable
from kanviz.edit.history import History
from kanviz.io.project_rows import RowsOf
from kanviz.io.work import Work
from kanviz.laws.network import as_network
from kanviz.laws.search.discover import DiscoverConfig, discoveries
from kanviz.laws.search.record import Discovery
from kanviz.ui.state.job_queue import cores
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.subprocess_stream import apart


@dataclass(frozen=True, eq=False)
class Rows:
    """A data set with one numeric target as numpy arrays, for another process; tensors cannot be pickled."""

    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    test: np.ndarray
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    target: str
    notes: tuple[str, ...]
    weights: np.ndarray | None = None

    @staticmethod
    def of(data: Dataset) -> "Rows":
        x, y, train, test = (part.numpy() for part in (data.x, data.y, data.train, data.test))
        weights = None if data.weights is None else data.weights.numpy()
        return Rows(x, y, train, test, data.inputs, data.outputs, data.target, data.notes, weights)

    def data(self) -> Dataset:
        x, y, train, test = map(torch.from_numpy, (self.x, self.y, self.train, self.test))
        weights = None if self.weights is None else torch.from_numpy(self.weights)
        return Dataset(
            x, y, self.inputs, self.outputs, train, test, target=self.target, notes=self.notes, weights=weights
        )  # fmt: skip


def laws_of(rows: Rows, config: DiscoverConfig) -> Iterator[Discovery]:
    return discoveries(rows.data(), config)


@dataclass(frozen=True, eq=False)
class LawSearch:
    """A started search with its rows and settings. work: the id under which its best law is saved."""

    data: Dataset
    rows_from: str
    config: DiscoverConfig
    job: Job[Discovery]
    work: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @staticmethod
    def start(data: Dataset, rows_from: str, config: DiscoverConfig, who: Hashable = None) -> "LawSearch":
        """Start the search with as many processes as it gets cores. who: see `Job`."""
        rows = Rows.of(data)

        def items() -> Iterator[Discovery | None]:
            return apart(laws_of, rows, replace(config, jobs=job.cores))

        job = Job(items, who=who, elsewhere=True, most=config.jobs or cores())
        return LawSearch(data, rows_from, config, job.start())

    @property
    def found(self) -> Discovery | None:
        """The newest results; None before the first ones."""
        return self.job.latest

    @property
    def name(self) -> str:
        """Name of a network that is made of a law found here."""
        return f"Law of {self.data.target} from {self.rows_from}"

    def best_as_work(self) -> Work:
        """Return the best law so far as a network of formulas. Raises UserError if no network can represent it."""
        assert self.found is not None
        data = self.data
        kan = as_network(self.found.best.law, data.inputs, data.outputs[0], data.x)
        rows = RowsOf.of(data, self.rows_from)
        return Work(History.start(kan), self.name, next(kan.edges(pruned=True)), data=data, rows=rows)
