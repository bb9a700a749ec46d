"""Give the lines that record the rows of a block, and compare a block with what was recorded."""

import json
from typing import TYPE_CHECKING

from kanviz.ui.widgets.words import file_stem

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN

SAME = 1e-3  # share of the outputs' range by which the module may differ from its KAN, through rounding alone


def recording_lines(block: str) -> str:
    """Return the Python lines that record the rows of a module of a model."""
    own = block.removeprefix("module.").removeprefix("_orig_mod.")  # of what wraps a model while it is trained
    return f'''import kanviz

model.eval()  # your model, with its weights loaded
block = model.get_submodule({json.dumps(own)})
with kanviz.record(block, out="{file_stem(own.replace(".", "-"))}.npz") as rows:
    for batch in batches:  # what you usually give the model
        model(batch)
print(rows)'''


def largest_gap(kan: "KAN", data: "Dataset") -> float:
    """Return the largest difference of a network's outputs from those of the rows, as a share of their range."""
    import torch

    gap = (kan(data.x) - data.y).abs().amax(0)
    spread = data.y.amax(0) - data.y.amin(0)
    return float((gap / torch.maximum(spread, 1e-6 * data.y.abs().amax()).clamp(min=1e-300)).amax())
