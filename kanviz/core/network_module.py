"""Offer a whole network as a `torch.nn.Module`: the scaling of its columns, and a KANLayer for each layer."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from kanviz.core.edge import Variable
from kanviz.core.families import FAMILIES, SPLINE
from kanviz.core.kan import KAN
from kanviz.core.module import KANLayer
from kanviz.core.steps import EPSILON, Step
from kanviz.errors import LayerError


class Scaling(nn.Module):
    """Convert columns from table units to network units, or back."""

    shift: Tensor
    scale: Tensor

    def __init__(self, variables: Sequence[Variable], dtype: torch.dtype, *, back: bool):
        super().__init__()
        self.back = back
        for part in ("shift", "scale"):
            self.register_buffer(part, torch.tensor([getattr(v, part) for v in variables], dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift if self.back else (x - self.shift) / self.scale


class RawAndNorm(nn.Module):
    """Give the nodes themselves, then what a LayerNorm makes of them."""

    def __init__(self, norm: nn.LayerNorm):
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.norm(x)], 1)


def module(kan: KAN) -> nn.Sequential:
    """Return the network as a torch module of its own numbers: x (rows, input) to (rows, output), in table units.

    It trains with any optimiser, and leaves torch by `torch.export` and `torch.onnx.export`. Its parameters have the
    network's precision. Raises LayerError for curves that are no splines.

    >>> import kanviz, torch
    >>> kan = kanviz.init([2, 3, 1], seed=0)
    >>> model, x = kanviz.module(kan), torch.tensor([[0.5, -0.5]], dtype=torch.float64)
    >>> torch.allclose(model(x), kan(x)), [type(part).__name__ for part in model]
    (True, ['Scaling', 'KANLayer', 'KANLayer', 'Scaling'])
    """
    parts: list[nn.Module] = [Scaling(kan.inputs, kan.dtype, back=False)]
    for n, layer in enumerate(kan.layers):
        if layer.family != SPLINE:
            raise LayerError(
                f"Layer {n} has {FAMILIES[layer.family].words}, and a KANLayer has splines. Convert it first: "
                "kanviz.to_splines(kan)."
            )
        parts += _step(layer.step, layer.norm, kan.dtype)
        parts.append(KANLayer.from_layer(replace(layer, step="", norm=torch.empty(2, 0))))
    parts.append(Scaling(kan.outputs, kan.dtype, back=True))
    return nn.Sequential(*parts)


def _step(step: Step, numbers: Tensor, dtype: torch.dtype) -> list[nn.Module]:
    if step == "":
        return []
    if step == "tanh":
        return [nn.Tanh()]
    norm = nn.LayerNorm(numbers.shape[1], EPSILON, dtype=dtype)
    with torch.no_grad():
        norm.weight.copy_(numbers[0])
        norm.bias.copy_(numbers[1])
    return [RawAndNorm(norm) if step == "raw and norm" else norm]
