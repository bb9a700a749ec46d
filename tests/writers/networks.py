"""Networks of every kind that a writer must get right, and points to compare them on."""

from dataclasses import replace
from pathlib import Path

import torch

import kanviz
from kanviz.core.engine import BASE_CURVES
from kanviz.core.formulas.primitives import PRIMITIVES
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from tests.families import BOTH, network
from tests.helpers import random_layer

ROOT = Path(__file__).parent.parent.parent
TYPED = ("x^1.37", "sin(2*x) - x^3/4", "exp(-x^2) + e", "log(2 + cos(x))", "x^(-2) + 1", "2^x", "(-x)^2 * pi")
FUNCTIONS = (*PRIMITIVES, *TYPED)


def _repeated(layer: Layer, rng: torch.Generator) -> Layer:
    """Put some knots onto the knot before them, at the ends too."""
    knots = layer.knots.clone()
    for n in torch.randint(1, knots.shape[1], (2,), generator=rng).tolist():
        knots[:, n] = knots[:, n - 1]
    return replace(layer, knots=knots)


def random_network(seed: int) -> KAN:
    """Orders 1 to 5, repeated knots, products, all formulas, pruned edges, both continuations, all base functions."""
    rng = torch.Generator().manual_seed(seed)

    def drawn(count: int) -> int:
        return int(torch.randint(count, (1,), generator=rng))

    columns, layers = [1 + drawn(3)], []
    for _ in range(1 + drawn(3)):
        arity = tuple((1, 1, 2, 3)[drawn(4)] for _ in range(1 + drawn(3)))
        layer = random_layer(
            rng, columns[-1], arity, order=1 + seed % 5, grid=1 + drawn(5), uniform=drawn(2) == 0,
            base=list(BASE_CURVES)[drawn(len(BASE_CURVES))], outside=("zero", "linear")[drawn(2)], mixed=True,
        )  # fmt: skip
        names = [(i, j, FUNCTIONS[drawn(len(FUNCTIONS))]) for i, j, _ in layer.formulas]
        layer = replace(layer, coef=0.3 * layer.coef, base_weight=0.3 * layer.base_weight, formulas=tuple(names))
        layers.append(_repeated(layer, rng) if drawn(2) else layer)
        columns.append(len(arity))
    inputs = tuple(Variable(f'x{i} "*/ \\ é', "m", 0.5 * i, 2.0) for i in range(columns[0]))
    outputs = tuple(Variable(f"y{j}", "", 3.0, 0.5) for j in range(columns[-1]))
    return KAN(tuple(layers), inputs, outputs, ("regression", "classification")[seed % 7 == 0])


def samples() -> dict[str, KAN]:
    """The networks that come with kanviz."""
    return {path.stem: kanviz.load(path) for path in sorted(ROOT.glob("sample_models/*.safetensors"))}


def files() -> dict[str, KAN]:
    """Networks as other libraries wrote them: all that open without a question."""
    formats = [p for p in sorted(ROOT.glob("tests/checkpoints/formats/*.pt")) if p.stem != "two_layers"]
    pykan = sorted(ROOT.glob("tests/checkpoints/pykan/*_state"))
    return {path.stem: kanviz.load(path) for path in [*formats, *pykan]}


def families() -> dict[str, KAN]:
    """A network of each family of basis functions and each step."""
    return {f"{family} {step}".strip(): network(family, step) for family, step in BOTH}  # pyright: ignore[reportArgumentType]
