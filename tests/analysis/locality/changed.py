"""Networks that were changed in every way a certificate must see, and searches for where the change is greatest."""

from dataclasses import replace

import torch
from torch import Tensor

from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer


def changed(kan: KAN, seed: int, size: float) -> KAN:
    """Some numbers moved by about `size`; at times an edge pruned, or given a formula, or the input grid moved."""
    rng = torch.Generator().manual_seed(seed)

    def moved(values: Tensor) -> Tensor:
        some = torch.rand(values.shape, generator=rng) < 0.4
        return values + size * some * torch.randn(values.shape, generator=rng, dtype=torch.float64).to(values.dtype)

    def other(layer: Layer) -> Layer:
        product = torch.tensor([k > 1 for k in layer.arity])
        return replace(
            layer, coef=moved(layer.coef), base_weight=moved(layer.base_weight), bias=moved(layer.bias),
            offset=torch.where(product, moved(layer.offset), layer.offset), affine=moved(layer.affine),
        )  # fmt: skip

    new = kan.with_layers({n: other(layer) for n, layer in enumerate(kan.layers)})
    last = len(kan.layers) - 1
    if seed % 4 == 1:
        new = new.with_layer(
            0, active=new.layers[0].active & (torch.rand(new.layers[0].active.shape, generator=rng) < 0.7)
        )
    if seed % 4 == 2:
        new = new.with_layers({last: new.layers[last].with_formula(0, 0, Formula("sin", 1.3, 0.2, size, 0.1))})
    if seed % 4 == 3:
        new = new.with_layer(0, knots=new.layers[0].knots * (1 + size / 10))
    return new


def change_at(before: KAN, after: KAN, x: Tensor) -> Tensor:
    """|after - before|, (row, output), of numbers only."""
    return (after(x).double() - before(x).double()).abs().nan_to_num(0.0, 0.0, 0.0)


def furthest(before: KAN, after: KAN, x: Tensor, box: list, steps: int = 30) -> Tensor:
    """The points driven along the slope of |after - before|, which is then greatest near."""
    low, high = torch.tensor(box, dtype=torch.float64).T
    for step in range(steps):
        x = x.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad((after(x) - before(x)).abs().sum(), x)
        x = (x + 0.1 * 0.85**step * (high - low) * slope.nan_to_num().sign()).clamp(low, high)
    return x.detach()
