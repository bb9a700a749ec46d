"""Extract a formula from a network in a subprocess; the best result so far can be read at any time."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.io import open_model
from kanviz.io.native import to_bytes
from kanviz.laws.search.extraction import extract
from kanviz.laws.search.extraction_record import ExtractConfig, Extraction, Reading
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.law_search import Rows
from kanviz.ui.state.subprocess_stream import apart

NAME = "network.safetensors"
Sent = tuple[dict[str, Any], list[dict[str, Any]]]  # an extraction without its readings, and the readings


def readings_of(network: bytes, rows: Rows | None, config: ExtractConfig) -> Iterator[Sent]:
    """Run the extraction in the subprocess. Networks are sent as the bytes of their file; tensors cannot be pickled."""
    kan = open_model({NAME: network})
    for found in extract(kan, rows.data() if rows else None, config):
        readings = [*found.front, found.start, found.now]
        yield (
            _fields(found, "front", "start", "now"),
            [_fields(one, "kan") | {"kan": to_bytes(one.kan)} for one in readings],
        )


def _fields(record: Any, *without: str) -> dict[str, Any]:
    return {part.name: getattr(record, part.name) for part in fields(record) if part.name not in without}


def _received(sent: Sent) -> Extraction:
    *front, start, now = map(_reading, sent[1])
    return Extraction(front=tuple(front), start=start, now=now, **sent[0])


def _reading(sent: dict[str, Any]) -> Reading:
    parts: dict[str, Any] = {**sent, "kan": open_model({NAME: sent["kan"]})}
    return Reading(**parts)


@dataclass(frozen=True, eq=False)
class Extracting:
    """A started extraction with its network, rows and settings."""

    kan: KAN
    data: Dataset | None
    config: ExtractConfig
    job: Job[Extraction]

    @staticmethod
    def start(kan: KAN, data: Dataset | None, config: ExtractConfig, who: Hashable = None) -> "Extracting":
        """Start the extraction. who: see `Job`.

        Classes cannot be fitted as numbers: of a table with classes only the inputs are used.
        """
        fitted = data
        if data is not None and data.task != "regression":
            nothing = torch.zeros(len(data.x), len(kan.outputs), dtype=data.x.dtype)
            fitted = replace(data, y=nothing, outputs=kan.outputs, task="regression")
            config = replace(config, imitate=True)
        network, rows = to_bytes(kan), Rows.of(fitted) if fitted is not None else None

        def items() -> Iterator[Extraction | None]:
            for sent in apart(readings_of, network, rows, config):
                yield None if sent is None else _received(sent)

        return Extracting(kan, data, config, Job(items, who=who, elsewhere=True).start())

    @property
    def found(self) -> Extraction | None:
        """The best result so far; None before the first one."""
        return self.job.latest
