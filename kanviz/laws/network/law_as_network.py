"""Convert a law to a network: each part becomes an edge with a formula; sums and products become columns of nodes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from kanviz.laws.law import Law
from kanviz.laws.network.columns import Node, Sum, arranged, layers_of
from kanviz.laws.network.sums import node_of, readable


def as_network(
    law: Law, variables: Sequence[Variable], output: Variable, x: Float[Tensor, "rows input"] | None = None
) -> KAN:
    """Return a network of formulas alone that computes the law, in float64.

    variables: of the law's inputs, in their order; their names may differ · x: rows in table units that set the ranges
    of the hidden grids; without them [-1, 1]. Raises UserError where the law has a part that no edge can have.
    """
    if len(variables) != len(law.inputs):
        raise UserError(f"The law has {len(law.inputs)} inputs and {len(variables)} are named; name each of them.")
    scaled = dict(zip(law.inputs, variables, strict=True))

    def node(part: Any, computed: Collection[Any]) -> Node:
        found = node_of(part, computed)
        return replace(found, sums=tuple(_of_inputs(one, scaled) for one in found.sums))

    columns = arranged([readable(law.expression)], law.inputs, node)
    columns[-1] = [(part, _scaled(one, output)) for part, one in columns[-1]]
    if x is not None:
        shift, scale = x.new_tensor([(v.shift, v.scale) for v in variables], dtype=torch.float64).T
        x = (x.double() - shift) / scale
    layers = layers_of(columns, law.inputs, [(-1.0, 1.0)] * len(variables), x)
    return KAN(layers, tuple(variables), (output,))


def _scaled(node: Node, output: Variable) -> Node:
    """Return the node of the output in network units."""
    first, *others = (node.sums[0].times(1 / output.scale), *node.sums[1:])
    if others:
        return Node((first, *others), (node.offset - output.shift) / output.scale)
    return Node((replace(first, constant=(node.sums[0].constant - output.shift) / output.scale),))


def _of_inputs(one: Sum, scaled: dict[Any, Variable]) -> Sum:
    """Return the sum with its inputs in network units."""
    constant, terms = one.constant, []
    for term in one.terms:
        formula, variable = term.formula, scaled.get(term.source)
        if variable is not None and formula.primitive == "x":
            constant += formula.c * variable.shift
            formula = replace(formula, c=formula.c * variable.scale)
        elif variable is not None:
            a, b = formula.a * variable.scale, formula.a * variable.shift + formula.b
            formula = replace(formula, a=a, b=b)
        terms.append(replace(term, formula=formula))
    return Sum(constant, tuple(terms))
