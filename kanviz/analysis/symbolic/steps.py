"""Write in symbols what a layer's step makes of the nodes that come in."""

from collections.abc import Mapping

import sympy

from kanviz.analysis.symbolic.linear import Linear, number, single
from kanviz.core.layer import Layer
from kanviz.core.steps import EPSILON, normalised

Named = list[tuple[sympy.Symbol, sympy.Expr]]


def entered(
    layer: Layer, n: int, nodes: Mapping[int, Linear], *, named: bool = False
) -> tuple[dict[int, Linear], Named]:
    """Return what the edges of layer n get, by source, from its nodes; named: mean and deviation as symbols.

    The second result lists those symbols with their expressions.
    """
    if layer.step == "tanh":
        return {i: single(sympy.tanh(node.expression())) for i, node in nodes.items()}, []
    if not normalised(layer.step):
        return dict(nodes), []
    values = [nodes[i].expression() for i in range(layer.takes)]
    mean = sympy.Add(*values) / len(values)
    symbols: Named = []
    if named:
        symbols.append((sympy.Symbol(f"mean{n}", real=True), mean))
        mean = symbols[0][0]
    deviation = sympy.sqrt(sympy.Add(*((value - mean) ** 2 for value in values)) / len(values) + EPSILON)
    if named:
        symbols.append((sympy.Symbol(f"deviation{n}", positive=True), deviation))
        deviation = symbols[1][0]
    weight, bias = layer.norm.double().tolist()
    after = {
        i: single(number(weight[i]) * (value - mean) / deviation + number(bias[i])) if weight[i] else Linear(bias[i])
        for i, value in enumerate(values)
    }
    if layer.step == "norm":
        return after, symbols
    return {**nodes, **{layer.takes + i: value for i, value in after.items()}}, symbols
