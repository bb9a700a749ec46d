"""Test whether a network's function is a sum or a product of functions of fewer inputs, or is symmetric.

Measured on rows, with inputs exchanged between them; a small residual is a hint, never a proof.
"""

import itertools
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import FormulaError

ROWS = 1_000
LEAST = 30  # fewest rows for a test of symmetry
MOST_INPUTS = 12
CLEAR = 0.05  # a residual above this share of the spread clearly means no
DOUBT = 3.0  # times the network's own error: a smaller residual may be only that error


@dataclass(frozen=True)
class Pair:
    """Two inputs. Residuals are shares of the output's spread, 0 where the structure holds; None: cannot be tested.

    sum: the rest of f(x, y) - f(x', y) - f(x, y') + f(x', y'), over twice the spread · product: of f(x, y) f(x', y') -
    f(x', y) f(x, y'), over the variance · swap: of f(x, y) - f(y, x), over the spread times sqrt 2.
    """

    one: str
    other: str
    sum: float
    product: float
    swap: float | None


@dataclass(frozen=True)
class Separability:
    """All pairs of inputs.

    sum_floor, product_floor: residuals that the network's errors on the rows can cause · rows: how many were used.
    """

    pairs: tuple[Pair, ...]
    sum_floor: float
    product_floor: float
    rows: int

    def hints(self) -> tuple[str, ...]:
        """Return sentences on what the residuals suggest, with the numbers."""
        found = []
        for pair in self.pairs:
            names = f"{pair.one} and {pair.other}"
            if pair.sum <= self.limit(self.sum_floor):
                found.append(f"{names} look like parts of a sum (residual {pair.sum:.2g})")
            elif pair.product <= self.limit(self.product_floor):
                found.append(f"{names} look like factors of a product (residual {pair.product:.2g})")
            if pair.swap is not None and pair.swap <= self.limit(self.sum_floor):
                found.append(f"{names} look exchangeable (residual {pair.swap:.2g})")
        return tuple(found)

    @staticmethod
    def limit(floor: float) -> float:
        """Return the largest residual that counts as a hint."""
        return min(CLEAR, max(DOUBT * floor, 1e-3))


@torch.no_grad()
def separability(kan: KAN, data: Dataset, output: int = 0, seed: int = 0) -> Separability:
    """Compute the residuals of every pair of inputs, of one output of a network, on at most 1,000 rows of the table.

    Rows are mixed, so where inputs depend on each other the network is evaluated at points far from any row. Raises
    FormulaError for a classifier and for too many inputs.
    Source: Udrescu and Tegmark, AI Feynman (2020), which tests the same on a fitted network.
    """
    if len(kan.inputs) > MOST_INPUTS:
        raise FormulaError(f"Structure is looked for among at most {MOST_INPUTS} inputs. Prune some first.")
    if kan.task != "regression":
        raise FormulaError("A classifier's outputs are scores of classes; there is no sum or product to look for.")
    x, y = data.matching(kan).rows("all")
    index = torch.linspace(0, len(x) - 1, min(ROWS, len(x))).long()
    x, y = x[index], y[index, output].double()
    mixed = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))]
    here = _values(kan, x, output)
    spread = float(here.std(correction=0)) or 1.0
    missed = float((here - y).square().mean().sqrt()) / spread

    def exchanged(*inputs: int) -> Float[Tensor, " rows"]:
        point = x.clone()
        point[:, list(inputs)] = mixed[:, list(inputs)]
        return _values(kan, point, output)

    ones = [exchanged(i) for i in range(len(kan.inputs))]
    pairs = []
    for i, j in itertools.combinations(range(len(kan.inputs)), 2):
        both = exchanged(i, j)
        left_of_sum = float((here - ones[i] - ones[j] + both).square().mean().sqrt()) / (2 * spread)
        left_of_product = float((here * both - ones[i] * ones[j]).square().mean().sqrt()) / spread**2
        swap = _swap(kan, x, i, j, output, spread)
        pairs.append(Pair(kan.inputs[i].name, kan.inputs[j].name, left_of_sum, left_of_product, swap))
    size = float(here.square().mean().sqrt()) / spread
    return Separability(tuple(pairs), missed, 2 * size * missed, len(x))


def _values(kan: KAN, x: Tensor, output: int) -> Float[Tensor, " rows"]:
    return kan(x.to(kan.dtype))[:, output].double()


def _swap(kan: KAN, x: Tensor, i: int, j: int, output: int, spread: float) -> float | None:
    """Compute the swap residual on rows with both values in the other input's range; None where these are few."""
    one, other = kan.inputs[i], kan.inputs[j]
    if one.unit != other.unit:
        return None
    low, high = x.min(0).values, x.max(0).values
    inside = (x[:, i] >= low[j]) & (x[:, i] <= high[j]) & (x[:, j] >= low[i]) & (x[:, j] <= high[i])
    if int(inside.sum()) < LEAST:
        return None
    there = x[inside]
    swapped = there.clone()
    swapped[:, [i, j]] = there[:, [j, i]]
    gap = _values(kan, there, output) - _values(kan, swapped, output)
    return float(gap.square().mean().sqrt()) / (spread * 2**0.5)
