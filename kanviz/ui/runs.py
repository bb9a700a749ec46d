"""A training as the session begins it, and takes it up again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.train import Checkpoint, Progress, TrainConfig, train


@dataclass(frozen=True, eq=False)
class Run:
    """A training of the network of version `at`. seconds: spent on it before it was taken up again."""

    kan: KAN
    data: Dataset
    config: TrainConfig
    at: int
    seconds: float = 0.0

    def items(self, resume: Checkpoint | None = None) -> Iterator[Progress]:
        for item in train(self.kan, self.data, self.config, resume=resume):
            yield replace(item, seconds=self.seconds + item.seconds)
