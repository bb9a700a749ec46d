"""Hold what the parts of a session share: the lock, the work, messages to the person, and the owner of the jobs."""

import threading
from dataclasses import replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import UserError
from kanviz.io.work import Work


class Holder:
    """The holder of the current work. Take `lock` before changing it: Streamlit's threads run at the same time."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.work: Work | None = None
        self.messages: list[tuple[str, str]] = []  # kind ("error", "info" or "done") and text; shown on the next page
        self.owner = object()  # identifies this person in the job queue

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
        """Replace fields of the work. The caller holds the lock."""
        self.work = replace(self.opened, **fields)

    def is_on(self, kan: KAN, data: Dataset | None) -> bool:
        """Return whether the current network and rows equal these, by digest."""
        if self.work is None or self.work.present.digest != kan.digest:
            return False
        return (data.digest if data else "") == (self.data.digest if self.data else "")


def fitting(data: Dataset | None, kan: KAN) -> Dataset | None:
    """Return the rows with their columns in the network's order; None if they do not fit it."""
    if data is not None and (data.inputs, data.outputs) == (kan.inputs, kan.outputs):
        return data  # its digest is computed already
    try:
        return data.matching(kan) if data is not None else None
    except UserError:
        return None
