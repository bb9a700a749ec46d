"""Describe as JSON what the tensors of curves do not say: the number of units, and the base function they began as."""

import json

import torch
from torch import Tensor

from kanviz.core.engine.bases import BASE_CURVES
from kanviz.core.extra_state import read_bytes
from kanviz.json_reader import JsonReader

FORMAT = 1
BYTES, MOST_BYTES = 96, 1_000
MOST_UNITS = 100_000_000
RECORD = JsonReader("The description of curves cannot be used: {why}. Save the model's state_dict again.")


def to_tensor(units: int, start: str) -> Tensor:
    """Return the description as the bytes of a JSON text, equally many for all curves: code averages states."""
    text = json.dumps({"curves": FORMAT, "start": start, "units": units}, separators=(",", ":")).ljust(BYTES)
    return torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8).clone()


def from_tensor(values: Tensor) -> tuple[int, str] | None:
    """Read units and start; None where arithmetic on states left other numbers than bytes.

    Raises LoadError for bytes that are no such description.
    """
    if values.ndim != 1 or values.numel() > MOST_BYTES:
        raise RECORD.refusal("it is not a short list of bytes")
    return read_bytes(values, _read)


def _read(text: bytes) -> tuple[int, str]:
    record = RECORD.parse(text, 2).fields({"curves", "start", "units"})
    if record["curves"].whole(1) > FORMAT:
        raise RECORD.refusal("it was written by a newer kanviz; update kanviz to open it")
    return record["units"].whole(1, MOST_UNITS), record["start"].choice(tuple(BASE_CURVES))
