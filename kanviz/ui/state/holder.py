"""What the parts of a session share: the lock, the work, messages for the person, whose jobs they are."""

import threading
from dataclasses import replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import UserError
from kanviz.io.project import Work


class Holder:
    """Holds the current work. Whoever changes it holds `lock`, since Streamlit's threads overlap."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.work: Work | None = None
        self.messages: list[tuple[str, str]] = []  # kind ("error", "info" or "done") and text, for the next page drawn
        self.owner = object()  # stands for this person in the queue for jobs

    @property
    def opened(self) -> Work:
        if self.work is None:
            raise UserError(
                "No network is open yet. Open a sample or a file on the Open page, or train one from a table."
            )
        return self.work

    @property
    def data(self) -> Dataset | None:
        return self.work.data if self.work is not None else None

    def change(self, **fields: Any) -> None:
        """Replace fields of the work; asked with the lock held."""
        self.work = replace(self.opened, **fields)

    def is_on(self, kan: KAN, data: Dataset | None) -> bool:
        """Whether the present network and rows are these (by their digests)."""
        if self.work is None or self.work.present.digest != kan.digest:
            return False
        return (data.digest if data else "") == (self.data.digest if self.data else "")


def fitting(data: Dataset | None, kan: KAN) -> Dataset | None:
    """The rows with their columns in the network's order; None where they do not fit it."""
    if data is not None and (data.inputs, data.outputs) == (kan.inputs, kan.outputs):
        return data  # its digest is known already
    try:
        return data.matching(kan) if data is not None else None
    except UserError:
        return None
