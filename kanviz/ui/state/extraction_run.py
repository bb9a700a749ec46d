"""A network read as a formula in a process of its own, as the session begins it: the best so far always at hand."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.io import open_model
from kanviz.io.native import to_bytes
from kanviz.laws.search.extraction import ExtractConfig, Extraction, Reading, extract
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.law_search import Rows
from kanviz.ui.state.subprocess_stream import apart

NAME = "network.safetensors"
Sent = tuple[dict[str, Any], list[dict[str, Any]]]  # an extraction without its readings, and those


def readings_of(network: bytes, rows: Rows | None, config: ExtractConfig) -> Iterator[Sent]:
    """In the other process: networks travel as the bytes of their file, since torch's tensors do not."""
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
    """An extraction that was started: of which network, on which rows, and how."""

    kan: KAN
    data: Dataset | None
    config: ExtractConfig
    job: Job[Extraction]

    @staticmethod
    def start(kan: KAN, data: Dataset | None, config: ExtractConfig, who: Hashable = None) -> "Extracting":
        """Classes are no numbers to fit to: of such a table only the inputs count. who: as for `Job`."""
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
        """The best so far; None before there is any."""
        return self.job.latest
