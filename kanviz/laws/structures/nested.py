"""List structures with one hidden node: some inputs enter only, or also, through one combination of them."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from kanviz.core.kan import KAN
from kanviz.laws.structures.structure import Inputs, Structure, named, new_layer

MOST_INNER = 3  # inputs of a hidden node


@dataclass(frozen=True)
class Nested:
    """A structure over the inputs and one hidden node, which is numbered after them.

    The hidden node is the sum of curves of `inner` or, where `product`, the product of one curve of each.
    """

    inner: Inputs
    product: bool
    outer: Structure

    @property
    def size(self) -> int:
        """The number of curves in it."""
        return len(self.inner) + self.outer.size

    @property
    def products(self) -> tuple[tuple[Inputs, ...], ...]:
        """All products in it."""
        return (*self.outer.products, tuple((i,) for i in self.inner)) if self.product else self.outer.products

    def is_probe(self, count: int) -> bool:
        """Return whether its error tells if the other structures under the same target transform are worth a try."""
        return not self.outer.products and len(self.outer.sum) + len(self.inner) == count + 1

    def network(self, count: int, seed: int = 0) -> KAN:
        """Return a network of this structure with small random curves, to be fitted."""
        factors = len(self.inner) if self.product else 1
        mask = torch.zeros(count, count + factors, dtype=torch.bool)
        for n, i in enumerate(self.inner):
            mask[i, count + (n if self.product else 0)] = True
        first = new_layer(mask, (1,) * count + (factors,), seed)
        through = torch.eye(count, count + factors, dtype=torch.bool)
        plain = torch.tensor([[1.0, 0.0, 1.0, 0.0]] * count, dtype=torch.float64)
        first = replace(
            first,
            formulas=tuple((i, i, "x") for i in range(count)),
            affine=plain,
            frozen=through,
        )
        rest = self.outer.network(count + 1, seed + 1)
        return named([first, *rest.layers], count)

    def __str__(self) -> str:
        return f"h = {'product' if self.product else 'sum'} of {self.inner}; {self.outer}"


def nested(count: int) -> Iterator[Nested]:
    """Generate the structures worth trying for `count` inputs, simplest first."""
    inputs = tuple(range(count))
    found = []
    for size in range(2, min(count, MOST_INNER) + 1):
        for inner in itertools.combinations(inputs, size):
            rest = tuple(i for i in inputs if i not in inner)
            for also in ((), *((i,) for i in inner)):
                for outer in _outers(tuple(sorted((*rest, *also))), count):
                    found += [Nested(inner, product, outer) for product in (False, True)]
    yield from sorted(found, key=lambda one: one.size)


def _outers(others: Inputs, hidden: int) -> Iterator[Structure]:
    """Generate the ways to combine some inputs with the hidden node."""
    yield Structure((*others, hidden))
    if others:
        yield Structure((), ((others, (hidden,)),))
        yield Structure(others, ((others, (hidden,)),))
    if len(others) > 1:
        yield Structure((), ((*((i,) for i in others), (hidden,)),))
