"""Let a torch module save what its tensors do not say, as the bytes of a JSON text among them."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from kanviz.errors import LayerError, LoadError

EXTRA = "_extra_state"  # torch's own name for what a module saves with its tensors
T = TypeVar("T")


def read_bytes(values: Tensor, read: Callable[[bytes], T]) -> T | None:
    """Read the bytes of a description from a state_dict; None where arithmetic on states left only numbers.

    values (byte). Code that averages models by hand averages these bytes, too; no file or layer must fail because of
    that. Raises what `read` raises for bytes that are no description.
    """
    text = values.detach().cpu().to(torch.uint8)
    if values.dtype == torch.uint8:
        return read(text.numpy().tobytes())
    try:
        return read(text.numpy().tobytes()) if torch.equal(text.to(values.dtype), values.detach().cpu()) else None
    except LoadError:
        return None


def version(buffer: Tensor) -> int:
    """Return how often a buffer was changed in place; 0 for inference tensors, which do not count it."""
    try:
        return buffer._version
    except RuntimeError:
        return 0


class DescribedModule(nn.Module):
    """A module with such a description. `load_state_dict` gives its refusal in torch's own list of errors."""

    may_lack_description = False  # whether a state without a description is loaded, too

    def _look(self) -> None:
        """Look at the buffers; called when they change."""
        raise NotImplementedError

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        super()._apply(fn, recurse)
        self._look()
        return self

    def _load_from_state_dict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        lists = missing_keys, unexpected_keys, error_msgs
        try:
            super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, *lists)
        except LayerError as problem:
            error_msgs.append(f"{prefix}{EXTRA}: {problem}")
        if self.may_lack_description and f"{prefix}{EXTRA}" in missing_keys:
            missing_keys.remove(f"{prefix}{EXTRA}")
        self._look()
