"""Ask torch what it does with operations now: compute, record, transform or differentiate them.

Torch's private names are used only in this file.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import Parameter

__all__ = [
    "TracerWarning", "can_be_read", "forward_mode", "has_numbers", "is_autocast", "is_exporting", "is_tracing",
    "is_transforming", "recorded", "without_autocast",
]  # fmt: skip
_torch: Any = torch._C
_jit: Any = torch.jit
TracerWarning: type[Warning] = _jit.TracerWarning
_COMPUTES = _torch._disabled_torch_dispatch_impl  # the value in tensor classes that do not intercept operations


def has_numbers(one: Tensor) -> bool:
    """Tell whether a tensor has values: not on the meta device, and not a class that only records operations."""
    kind: Any = type(one)
    return not one.is_meta and (kind is Tensor or kind is Parameter or kind.__torch_dispatch__ is _COMPUTES)


def can_be_read(one: Tensor) -> bool:
    """Tell whether code may branch on a tensor's values: it has values, and is not one of a batch (`torch.vmap`)."""
    return has_numbers(one) and not _torch._functorch.is_batchedtensor(one)


def is_tracing() -> bool:
    """Tell whether `torch.jit.trace`, or the ONNX exporter built on it, records operations."""
    return _torch._get_tracing_state() is not None


def recorded() -> bool:
    """Tell whether operations are recorded or counted: by a compiler, a tracer, or one of torch's dispatch modes."""
    return torch.compiler.is_compiling() or is_tracing() or _torch._len_torch_dispatch_stack() > 0


def is_exporting() -> bool:
    """Tell whether operations are recorded to be run without Python: by `torch.export` or `torch.jit.trace`."""
    return is_tracing() or torch.compiler.is_exporting()


def is_transforming() -> bool:
    """Tell whether a transform of `torch.func` is active."""
    return _torch._are_functorch_transforms_active()


def forward_mode() -> bool:
    """Tell whether derivatives are computed alongside values (forward mode)."""
    return forward_ad._current_level >= 0


def without_autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Turn autocast (torch's choice of precision for single operations) off on a device; free where it is not on."""
    active = _torch._is_any_autocast_enabled() and torch.amp.is_autocast_available(device.type)
    return torch.autocast(device.type, enabled=False) if active else nullcontext()


def is_autocast() -> bool:
    """Tell whether autocast is on for any device."""
    return _torch._is_any_autocast_enabled()
