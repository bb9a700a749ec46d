"""Write a network as a Python module that needs only numpy."""

from collections.abc import Iterator

from kanviz.writers.array_layers import Dialect, layers
from kanviz.writers.printing import Language
from kanviz.writers.program import Program, numbers
from kanviz.writers.texts import about, nested

SAME = ("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign")
ARCS = ("sin", "cos", "tan", "sinh", "cosh", "tanh")
NUMPY = Language(
    calls={
        "pow": "np.power({0}, {1})",
        "max": "np.maximum({0}, {1})",
        "min": "np.minimum({0}, {1})",
        "more": "np.where({0} > {1}, {2}, {3})",
        "erf": "erf({0})",
        **{op: f"np.{op}({{0}})" for op in SAME},
        **{f"a{op}": f"np.arc{op}({{0}})" for op in ARCS},
    },
    number=lambda value: repr(float(value)),
    let="{name} = {value}",
    infinite="np.inf",
    undefined="np.nan",
)
DIALECT = Dialect(
    language=NUMPY,
    array=str,
    layer="def layer_{n}(x):",
    tanh="np.tanh(x)",
    joined="np.concatenate([x, {other}], 1)",
    rows_of="np.tile({0}, (len(x), 1))",
    rows="len(x)",
    full="np.full_like(x, {0})",
    stack="np.stack([{values}], -1)",
    below="np.minimum(x - {end}, 0)",
    above="np.maximum(x - {end}, 0)",
    slopes="SLOPES_{n}[{k}]",
    add="np.add.at(y.T, {targets}, values.T)",
    products="np.multiply.reduceat(y, {first}, axis=1)",
)

ERF = """

erf = np.vectorize(math.erf, otypes=[float])"""
SPLINES = '''

def b_splines(x, knots, order, lines):
    """The B-splines at x (rows, sources), as (rows, sources, basis), by de Boor's recursion.

    Beyond their knots they are 0. With lines, they keep their last values beyond the grid, to which lines are added.
    """
    low, high = (knots[:, order], knots[:, -1 - order]) if lines else (knots[:, 0], knots[:, -1])
    cells = np.arange(knots.shape[1] - 1)
    last = (knots < high[:, None]).sum(1, keepdims=True) - 1  # the end belongs to the last cell before it
    starts = np.where(cells > last, np.inf, knots[:, :-1])
    ends = np.where(cells < last, knots[:, 1:], np.inf)
    z = np.clip(x, low, high)[..., None]
    b = ((z >= starts) & (z < ends)).astype(float)
    for p in range(1, order + 1):
        width = knots[:, p:] - knots[:, :-p]
        inverse = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
        rising = (z - knots[:, : -p - 1]) * inverse[:, :-1]
        falling = (knots[:, p + 1 :] - z) * inverse[:, 1:]
        b = rising * b[..., :-1] + falling * b[..., 1:]
    return b if lines else b * ((x >= low) & (x <= high))[..., None]'''
NORM = """

def layer_norm(x, weight, bias):
    centred = x - x.mean(1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(1, keepdims=True) + {epsilon!r}) * weight + bias"""
PREDICT = '''

def predict(x):
    """x: (rows, {inputs}), in the order of INPUTS; returns (rows, {outputs})."""
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or x.shape[1] != {inputs}:
        raise ValueError(f"x must have {inputs} columns, and has the shape {{x.shape}}")
    with np.errstate(all="ignore"):  # a pole gives inf or nan, as it does in kanviz
        x = (x - SHIFT_IN) / SCALE_IN
{calls}
        return x * SCALE_OUT + SHIFT_OUT'''
SOFTMAX = '''

def probabilities(x):
    """The probability of each class, (rows, {outputs})."""
    scores = predict(x)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)'''
CHECK = """

if __name__ == "__main__":
    rows = np.array({rows})
    expected = np.array({values})
    found = predict(rows)
    gap = np.nanmax(abs(found - expected), initial=0.0) / {largest!r}
    print(f"Largest difference from kanviz: {{gap:.2g}} of the largest output")"""


def numpy_code(program: Program) -> str:
    """Write the network as a Python module with a function `predict`; run as a script, it checks itself.

    >>> import kanviz
    >>> from kanviz.writers.numpy_code import numpy_code
    >>> from kanviz.writers.program import program_of
    >>> "def predict(x):" in numpy_code(program_of(kanviz.init([2, 1])))
    True
    """
    functions, written = layers(program, DIALECT)
    body = "\n".join([*functions, *(line for layer in written for line in ["", "", *layer])])
    sizes = {"inputs": len(program.inputs), "outputs": len(program.outputs)}
    erf = " erf(" in body
    parts = [
        ERF if erf else "",
        SPLINES if "b_splines(" in body else "",
        NORM.format(epsilon=program.stages[0].epsilon) if "layer_norm(" in body else "",
        body,
        PREDICT.format(calls="\n".join(f"        x = layer_{n}(x)" for n in range(len(written))), **sizes),
        SOFTMAX.format(**sizes) if program.task == "classification" else "",
        "\n",
        *_numbers(program),
        CHECK.format(
            largest=program.largest,
            **{part: nested(getattr(program, part), NUMPY, indent="    ") for part in ("rows", "values")},
        ),
    ]
    lines = [
        '"""' + about(program, "as a function of NumPy arrays", "It needs NumPy, and nothing of kanviz."),
        "Run this file to compare it with what kanviz computed.",
        '"""',
        "",
        *(["import math", ""] if erf else []),
        "import numpy as np",
        "",
        f"INPUTS = {[v.name for v in program.inputs]!a}",
        f"OUTPUTS = {[v.name for v in program.outputs]!a}",
        *(part for part in parts if part),
    ]
    return "\n".join(lines) + "\n"


def _numbers(program: Program) -> Iterator[str]:
    for name, values in numbers(program):
        yield f"{name} = np.array({nested(values, NUMPY)})"
