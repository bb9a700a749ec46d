"""Write a network as a program of `torch.export`, which runs in torch without kanviz."""

import io

import torch

from kanviz.core.kan import KAN
from kanviz.core.network_module import module


def pt2_program(kan: KAN) -> bytes:
    """Write the network as a .pt2 file, for any number of rows, in its own precision.

    Raises LayerError for curves that are no splines.
    """
    rows = torch.export.Dim("rows", min=1)
    example = torch.zeros(3, len(kan.inputs), dtype=kan.dtype)
    with torch.no_grad():
        program = torch.export.export(module(kan).eval(), (example,), dynamic_shapes=({0: rows},))
    file = io.BytesIO()
    torch.export.save(program, file)
    return file.getvalue()
