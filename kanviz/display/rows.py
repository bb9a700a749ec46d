"""Take rows for a figure: a data set in the columns of the network, or a refusal that says how to make one."""

from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import UserError


def fitting(data: Any, kan: KAN) -> Dataset | None:
    """Return the rows in the columns of a network; None where there are none.

    Raises UserError for what is no data set, TableError for one with other columns.
    """
    if data is None:
        return None
    if not isinstance(data, Dataset):
        raise UserError(
            f"A figure takes its rows as a Dataset, not as {type(data).__name__}; make one with "
            'kanviz.Dataset.from_frame(table, "target").'
        )
    return data.matching(kan)
