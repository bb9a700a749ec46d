"""Write a network as a JavaScript module that needs nothing else."""

import json
from collections.abc import Iterator

from kanviz.writers.loop_layers import SPLINES, Braces, calls, layers
from kanviz.writers.printing import Language
from kanviz.writers.program import Program, numbers
from kanviz.writers.term import ONE_PLACE
from kanviz.writers.texts import about, nested

JS = Language(
    calls={
        "pow": "Math.pow({0}, {1})",
        "max": "Math.max({0}, {1})",
        "min": "Math.min({0}, {1})",
        "more": "({0} > {1} ? {2} : {3})",
        **{op: f"Math.{op}({{0}})" for op in ONE_PLACE},
        "erf": "erf({0})",
    },
    number=lambda value: repr(float(value)),
    let="const {name} = {value};",
    infinite="Infinity",
    undefined="NaN",
)
BRACES = Braces(
    language=JS,
    procedure="function {name}(x, y)",
    function="function {name}(x)",
    basis="function {name}(x, p, at, b)",
    whole="let",
    real="let",
    constant="const",
    constant_whole="const",
    room="const {name} = new Float64Array({size});",
    unused="",
    root="Math.sqrt({0})",
)
ERF = """
function erf(x) {
    /* By a series whose terms are all positive, so none of its digits are lost. */
    const z = Math.abs(x);
    if (!(z < 6)) return Math.sign(x);
    let term = (2 * z) / Math.sqrt(Math.PI), sum = term;
    for (let n = 1; term > 1e-17 * sum; n++) {
        term *= (2 * z * z) / (2 * n + 1);
        sum += term;
    }
    return Math.sign(x) * sum * Math.exp(-z * z);
}"""
PREDICT = """
/** Compute the outputs of rows of {inputs} numbers, in the order of INPUTS: an array of arrays of {outputs} numbers. */
export function predict(rows) {{
    return rows.map((row) => {{
        if (row.length !== {inputs}) throw new RangeError(`a row has {inputs} numbers, and one has ${{row.length}}`);
        const a = new Float64Array({most}), b = new Float64Array({most});
        for (let i = 0; i < {inputs}; i++) a[i] = (row[i] - SHIFT_IN[i]) / SCALE_IN[i];
{calls}
        return Array.from({last}.subarray(0, {outputs}), (y, j) => y * SCALE_OUT[j] + SHIFT_OUT[j]);
    }});
}}"""
SOFTMAX = """
/** Compute the probability of each class, for rows as above. */
export function probabilities(rows) {
    return predict(rows).map((scores) => {
        const most = Math.max(...scores);
        const shares = scores.map((score) => Math.exp(score - most));
        const sum = shares.reduce((total, share) => total + share, 0);
        return shares.map((share) => share / sum);
    });
}"""
CHECK = """
/** Compare this module with what kanviz computed: the largest difference, as a share of the largest output. */
export function check() {{
    const rows = {rows};
    const expected = {values};
    const gaps = predict(rows).flatMap((row, n) => row.map((y, j) => Math.abs(y - expected[n][j])));
    return Math.max(0, ...gaps.filter((gap) => !Number.isNaN(gap))) / {largest!r};
}}"""


def js_code(program: Program) -> str:
    """Write the network as an ES module with functions `predict` and `check`.

    >>> import kanviz
    >>> from kanviz.writers.js_code import js_code
    >>> from kanviz.writers.program import program_of
    >>> "export function predict(rows) {" in js_code(program_of(kanviz.init([2, 1])))
    True
    """
    functions, written = layers(program, BRACES)
    body = "\n".join([*functions, *written])
    sizes = {"inputs": len(program.inputs), "outputs": len(program.outputs)}
    words = {"splines": "function b_splines(x, t, at, count, order, lines, b)", "whole": "let", "real": "let"}
    parts = [
        "/* " + about(program, "as a JavaScript module", "It needs nothing else.").replace("\n", "\n   ") + " */",
        "",
        f"export const INPUTS = {json.dumps([v.name for v in program.inputs])};",
        f"export const OUTPUTS = {json.dumps([v.name for v in program.outputs])};",
        "",
        *_numbers(program),
        ERF if " erf(" in body else "",
        SPLINES.format(constant="const", **words).rstrip() if "b_splines(" in body else "",
        body,
        PREDICT.format(**calls(program, " " * 8), **sizes),
        SOFTMAX if program.task == "classification" else "",
        CHECK.format(
            largest=program.largest,
            **{part: nested(getattr(program, part), JS, indent="    ") for part in ("rows", "values")},
        ),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _numbers(program: Program) -> Iterator[str]:
    for name, values in numbers(program):
        if not name.startswith("FIRST"):  # products are written out
            kind = "Float64Array" if values.dtype.kind == "f" else "Int32Array"
            yield f"const {name} = new {kind}({nested(values.ravel(), JS)});"
