"""Write a network as an ONNX model of standard operations, in float32, for any number of rows."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kanviz.errors import UserError
from kanviz.version import VERSION
from kanviz.writers.program import Program, Splines, Stage
from kanviz.writers.term import ONE_PLACE, Term, every, name, where
from kanviz.writers.texts import about

if TYPE_CHECKING:
    import onnx

OPSET = 21  # the newest whose operations all runtimes of the last two years have
IR_VERSION = 10
OPERATORS = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "neg": "Neg", "pow": "Pow", "max": "Max", "min": "Min",
    **{op: op.capitalize() for op in ONE_PLACE if op not in ("expm1", "log1p")},
}  # fmt: skip


def _expm1(u: Term) -> Term:
    return where(u.abs(), 1.0, u.exp() - 1, 2 * (u / 2).sinh() * (u / 2).exp())  # loses no digits near 0


def _log1p(u: Term) -> Term:
    return where(u.abs(), 0.5, (1 + u).log(), 2 * (u / (2 + u)).atanh())


MISSING = {"expm1": _expm1(name("x")), "log1p": _log1p(name("x"))}  # what ONNX has no operation for


def onnx_model(program: Program) -> bytes:
    """Write the network as an ONNX model: x (rows, inputs) to y (rows, outputs), and `probabilities` of classes.

    Raises UserError where the package onnx is not installed.

    >>> import kanviz, onnx
    >>> from kanviz.writers.onnx_graph import onnx_model
    >>> from kanviz.writers.program import program_of
    >>> onnx.load_model_from_string(onnx_model(program_of(kanviz.init([2, 1])))).graph.output[0].name
    'y'
    """
    try:
        from onnx import TensorProto, checker, helper
    except ImportError:
        raise UserError("Writing ONNX needs the package onnx; install it: pip install 'kanviz[onnx]'.") from None

    graph = _Graph()
    shift, scale = ([getattr(v, part) for v in program.inputs] for part in ("shift", "scale"))
    x = graph.div(graph.sub("x", graph.array(shift)), graph.array(scale))
    for stage in program.stages:
        x = _layer(graph, stage, x)
    y = graph.mul(x, graph.array([v.scale for v in program.outputs]))
    graph.add_node("Add", [y, graph.array([v.shift for v in program.outputs])], output="y")
    wanted = ["y"]
    if program.task == "classification":
        graph.add_node("Softmax", ["y"], output="probabilities", axis=1)
        wanted.append("probabilities")

    def values(name: str, count: int) -> "onnx.ValueInfoProto":
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", count])

    outputs = [values(name, len(program.outputs)) for name in wanted]
    made = helper.make_graph(graph.nodes, "kan", [values("x", len(program.inputs))], outputs, graph.tensors)
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="kanviz",
        producer_version=VERSION, doc_string=about(program, "as an ONNX model", "It needs no other file."),
    )  # fmt: skip
    columns = {"inputs": program.inputs, "outputs": program.outputs}
    helper.set_model_props(model, {part: json.dumps([v.name for v in them]) for part, them in columns.items()})
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


class _Graph:
    """The nodes and arrays of a model under construction; each method returns the name of a value."""

    def __init__(self):
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self._arrays: dict[tuple[str, bytes], str] = {}

    def array(self, values: Any, kind: str = "float32") -> str:
        """Store an array, once."""
        from onnx import numpy_helper

        stored = np.asarray(values, dtype=kind)
        key = (f"{kind}{stored.shape}", stored.tobytes())
        if key not in self._arrays:
            self._arrays[key] = f"c{len(self.tensors)}"
            self.tensors.append(numpy_helper.from_array(stored, self._arrays[key]))
        return self._arrays[key]

    def add_node(self, operator: str, inputs: Sequence[str], output: str = "", **how: Any) -> str:
        from onnx import helper

        output = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **how))
        return output

    def __getattr__(self, operator: str) -> Any:
        return lambda *inputs, **how: self.add_node(operator.capitalize(), inputs, **how)

    def cut(self, values: str, start: int, end: int) -> str:
        """Take a part along the last axis."""
        at = (self.array([number], "int64") for number in (start, end, -1))
        return self.add_node("Slice", [values, *at])

    def terms(self, terms: Sequence[Term], names: dict[str, str]) -> list[str]:
        """Add the operations of terms; names: the values of x and of the parameters."""
        found: dict[int, str] = {}

        def of(one: Term) -> str:
            return found[id(one)]

        for one in every(terms):
            parts = [of(part) for part in one.parts]
            if one.op == "name":
                found[id(one)] = names[one.name]
            elif one.op == "number":
                found[id(one)] = self.array(one.value)
            elif one.op == "more":
                found[id(one)] = self.where(self.greater(*parts[:2]), *parts[2:])
            elif one.op in MISSING:
                found[id(one)] = self.terms([MISSING[one.op]], {"x": parts[0]})[0]
            else:
                found[id(one)] = self.add_node(OPERATORS[one.op], parts)
        return [of(one) for one in terms]


def _layer(graph: _Graph, stage: Stage, nodes: str) -> str:
    x = _step(graph, stage, nodes)
    y = ""

    def plus(value: str) -> str:
        return graph.add(y, value) if y else value

    if stage.base is not None:
        y = plus(graph.add_node("MatMul", [graph.terms([stage.base], {"x": x})[0], graph.array(stage.weight)]))
    if stage.splines or stage.functions:
        b = _splines(graph, stage.splines, x) if stage.splines else _family(graph, stage, x)
        flat = graph.reshape(b, graph.array([0, stage.coef.shape[0] * stage.coef.shape[1]], "int64"))
        y = plus(graph.add_node("MatMul", [flat, graph.array(stage.coef.reshape(-1, stage.targets))]))
    if stage.splines and stage.splines.ends is not None:
        zero = graph.array(0.0)
        below, above = stage.splines.slopes(stage.coef)
        for cut, end, slopes in ((graph.min, stage.splines.low, below), (graph.max, stage.splines.high, above)):
            beyond = cut(graph.sub(x, graph.array(end)), zero)
            y = plus(graph.add_node("MatMul", [beyond, graph.array(slopes)]))
    bias = graph.array(stage.bias)
    if not y:  # rows of zeros, as many as there are
        y = graph.add_node("MatMul", [x, graph.array(np.zeros((stage.sources, stage.targets)))])
    y = graph.add(y, bias)
    if stage.formulas:
        y = graph.transpose(y, perm=[1, 0])
        for group in stage.formulas:
            a, b, c, d = (graph.array(column) for column in group.affine.T)
            inner = graph.add(graph.mul(graph.gather(x, graph.array(group.sources, "int64"), axis=1), a), b)
            values = graph.add(graph.mul(graph.terms([group.function], {"x": inner})[0], c), d)
            targets = graph.array(group.targets[:, None], "int64")
            y = graph.add_node("ScatterND", [y, targets, graph.transpose(values, perm=[1, 0])], reduction="add")
        y = graph.transpose(y, perm=[1, 0])
    return _products(graph, stage, y) if stage.has_products else y


def _step(graph: _Graph, stage: Stage, nodes: str) -> str:
    if stage.step == "":
        return nodes
    if stage.step == "tanh":
        return graph.tanh(nodes)
    inputs = [nodes, *map(graph.array, stage.norm)]
    normed = graph.add_node("LayerNormalization", inputs, axis=-1, epsilon=stage.epsilon)
    return graph.concat(nodes, normed, axis=1) if stage.step == "raw and norm" else normed


def _splines(graph: _Graph, splines: Splines, x: str) -> str:
    """Add the B-splines at x, (rows, source, basis), by de Boor's recursion."""
    knots = splines.knots.astype(np.float32)
    cells = np.arange(knots.shape[1] - 1)
    last = splines.last[:, None]
    low, high = graph.array(splines.low), graph.array(splines.high)
    z = graph.unsqueeze(graph.max(graph.min(x, high), low), graph.array([-1], "int64"))
    starts = graph.array(np.where(cells > last, np.inf, knots[:, :-1]))
    ends = graph.array(np.where(cells < last, knots[:, 1:], np.inf))
    inside = graph.add_node("And", [graph.add_node("GreaterOrEqual", [z, starts]), graph.less(z, ends)])
    b = graph.cast(inside, to=1)
    row, n = graph.array(knots), knots.shape[1]
    for p in range(1, splines.order + 1):
        width = graph.sub(graph.cut(row, p, n), graph.cut(row, 0, n - p))
        zero = graph.array(0.0)
        inverse = graph.where(graph.greater(width, zero), graph.reciprocal(width), zero)
        left, right = graph.cut(row, 0, n - p - 1), graph.cut(row, p + 1, n)
        rising = graph.mul(graph.mul(graph.sub(z, left), graph.cut(inverse, 0, n - p - 1)), graph.cut(b, 0, n - p - 1))
        falling = graph.mul(graph.mul(graph.sub(right, z), graph.cut(inverse, 1, n - p)), graph.cut(b, 1, n - p))
        b = graph.add(rising, falling)
    if splines.ends is not None:
        return b
    above, below = graph.add_node("GreaterOrEqual", [x, low]), graph.add_node("LessOrEqual", [x, high])
    there = graph.add_node("And", [above, below])
    return graph.mul(b, graph.unsqueeze(graph.cast(there, to=1), graph.array([-1], "int64")))


def _family(graph: _Graph, stage: Stage, x: str) -> str:
    """Add the functions of another family at x, (rows, source, basis)."""
    names = {"x": x, **{f"p{k}": graph.array(column) for k, column in enumerate(stage.parameters.T)}}
    zeros = graph.sub(x, x)
    axis = graph.array([-1], "int64")
    values = graph.terms(stage.functions, names)
    full = [graph.add(zeros, v) if one.op == "number" else v for one, v in zip(stage.functions, values, strict=True)]
    return graph.concat(*(graph.unsqueeze(value, axis) for value in full), axis=-1)


def _products(graph: _Graph, stage: Stage, y: str) -> str:
    starts = np.cumsum([0, *stage.arity])
    axis = graph.array([1], "int64")
    nodes = []
    for first, end in pairwise(starts):
        part = graph.cut(y, int(first), int(end))
        nodes.append(graph.add_node("ReduceProd", [part, axis], keepdims=1) if end - first > 1 else part)
    return graph.add(graph.concat(*nodes, axis=1), graph.array(stage.offset))
