"""Proposes layouts for a file of weights whose class no reader knows."""

import os
from pathlib import Path

from kanviz.errors import LoadError
from kanviz.io.addresses import refuse_addresses
from kanviz.io.containers import open_contents
from kanviz.io.file_view import content_of
from kanviz.io.layout_candidates import candidates
from kanviz.io.model_blocks import select
from kanviz.io.weight_layout import WeightLayout
from kanviz.text import listing


def layouts_of(path: str | os.PathLike[str], block: str | None = None) -> list[WeightLayout]:
    """Propose layouts for the weights in a file, the likeliest first. Raises LoadError where nothing can be proposed.

    >>> import pathlib, tempfile, torch
    >>> from kanviz.io.layout_proposals import layouts_of
    >>> weights = {"blocks.0.coeffs": torch.ones(3, 2, 8), "blocks.1.coeffs": torch.ones(1, 3, 8)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save(weights, path := pathlib.Path(folder, "model.pt"))
    ...     layouts_of(path)[0].coefficients.axes
    ('target', 'source', 'basis')
    """
    path = Path(path)
    refuse_addresses([path])
    opened = select(open_contents(content_of(path, whole=block is None), path.name), block).read()
    found = candidates(opened.tensors)
    if not found:
        raise LoadError(
            f"None of the tensors ({listing(list(opened), 8)}) looks like the coefficients of a KAN: these have three "
            'axes, or are one tensor for each edge. Write a layout yourself, as docs/formats.md shows ("Layouts").'
        )
    return found
