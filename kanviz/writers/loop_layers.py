"""Write the layers of a network for a language that computes number by number, with loops: C or JavaScript."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kanviz.writers.printing import Language
from kanviz.writers.program import Program, Stage
from kanviz.writers.term import Term


@dataclass(frozen=True)
class Braces:
    """The words of a language. room: a new array {name} of {size} numbers · unused: says that {name} is not used."""

    language: Language
    procedure: str
    function: str
    basis: str
    whole: str
    real: str
    constant: str
    constant_whole: str
    room: str
    unused: str
    root: str


SPLINES = """
{splines} {{
    /* The order + 1 B-splines that are not 0 at x, by de Boor's recursion; returns the number of the first. The knots
       are t[at] .. t[at + count - 1]. Beyond them all are 0; with lines, they keep their last values there. */
    {constant} low = t[at + (lines ? order : 0)], high = t[at + count - 1 - (lines ? order : 0)];
    {whole} c = 0, last = count - 2;
    if (!lines && (x < low || x > high)) {{
        for ({whole} r = 0; r <= order; r++) b[r] = 0;
        return 0;
    }}
    x = x < low ? low : x > high ? high : x;
    while (last > 0 && t[at + last] >= high) last--; /* the end belongs to the last cell before it */
    while (c < last && x >= t[at + c + 1]) c++;
    b[0] = 1;
    for ({whole} p = 1; p <= order; p++) {{
        {real} saved = 0;
        for ({whole} r = 0; r < p; r++) {{
            {whole} u = c + r + 1, v = c + r + 1 - p;
            {constant} right = t[at + (u < count ? u : count - 1)], left = t[at + (v > 0 ? v : 0)];
            {constant} share = right > left ? b[r] / (right - left) : 0;
            b[r] = saved + (right - x) * share;
            saved = (x - left) * share;
        }}
        b[p] = saved;
    }}
    return c - order;
}}
"""


class Functions:
    """The functions that layers call, each written once."""

    def __init__(self, braces: Braces):
        self.braces = braces
        self.lines: list[str] = []
        self._names: dict[str, str] = {}

    def of_one(self, function: Term) -> str:
        """Return the name of a function of one number."""
        statements, values = self.braces.language.statements([function])
        return self._name("function", self.braces.function, [*statements, f"return {values[0]};"])

    def of_basis(self, functions: Sequence[Term], parameters: int) -> str:
        """Return the name of a function that writes the values of all basis functions of a source into b."""
        statements, values = self.braces.language.statements(functions)
        body = [*statements, *(f"b[{m}] = {value};" for m, value in enumerate(values))]
        used = set(re.findall(r"\bp\d+\b", "\n".join(body)))
        given = [f"{self.braces.constant} p{k} = p[at + {k}];" for k in range(parameters) if f"p{k}" in used]
        return self._name("basis", self.braces.basis, [*given, *body])

    def _name(self, kind: str, head: str, body: list[str]) -> str:
        key = "\n".join([head, *body])
        if key not in self._names:
            self._names[key] = f"{kind}_{len(self._names) + 1}"
            words = set(re.findall(r"\w+", "\n".join(body)))
            arguments = ("x", "p", "at") if kind == "basis" else ("x",)
            idle = [self.braces.unused.format(name=one) for one in arguments if one not in words]
            body = [*(line for line in idle if line), *body]
            lines = [head.format(name=self._names[key]) + " {", *(f"    {line}" for line in body), "}"]
            self.lines += ["", *lines]
        return self._names[key]


def layers(program: Program, braces: Braces) -> tuple[list[str], list[str]]:
    """Write all layers: the lines of the functions that they call, and the lines of the layers."""
    functions = Functions(braces)
    written: list[str] = []
    for n, stage in enumerate(program.stages):
        head = braces.procedure.format(name=f"layer_{n}")
        body = list(_layer(stage, n, functions))
        if not re.search(r"\bx\b", "\n".join(body)) and braces.unused:
            body.insert(0, braces.unused.format(name="x"))
        written += ["", head + " {", *(f"    {line}" for line in body), "}"]
    return functions.lines, written


def calls(program: Program, indent: str) -> dict[str, Any]:
    """Return how the layers are called, from one array into the other: the lines, the size, the last array."""
    names, count = ("a", "b"), len(program.stages)
    lines = (f"{indent}layer_{n}({names[n % 2]}, {names[(n + 1) % 2]});" for n in range(count))
    most = max(len(program.inputs), *(len(stage.arity) for stage in program.stages))
    return {"calls": "\n".join(lines), "most": most, "last": names[count % 2]}


def _layer(stage: Stage, n: int, functions: Functions) -> Iterator[str]:
    words = functions.braces
    whole, constant = words.whole, words.constant
    sources, targets = stage.sources, stage.targets
    x, sums = "x", "y"
    if stage.step:
        yield words.room.format(name="z", size=sources)
        yield from _step(stage, n, words)
        x = "z"
    if stage.has_products:
        yield words.room.format(name="s", size=targets)
        sums = "s"
    each_target = f"for ({whole} j = 0; j < {targets}; j++)"
    yield f"{each_target} {sums}[j] = BIAS_{n}[j];"
    count = stage.coef.shape[1]
    curves = bool(stage.splines or stage.functions)
    if curves:
        yield words.room.format(name="b", size=stage.splines.order + 1 if stage.splines else count)
    if curves or stage.base is not None:
        yield f"for ({whole} i = 0; i < {sources}; i++) {{"
        if stage.base is not None:
            yield f"    {constant} base = {functions.of_one(stage.base)}({x}[i]);"
            yield f"    {each_target} {sums}[j] += base * WEIGHT_{n}[i * {targets} + j];"
        if stage.splines:
            yield from (f"    {line}" for line in _spline(stage, n, words, x, sums))
        elif stage.functions:
            width = stage.parameters.shape[1]
            table = f"PARAMETERS_{n}, i * {width}" if width else "0, 0"
            yield f"    {functions.of_basis(stage.functions, width)}({x}[i], {table}, b);"
            add = f"{sums}[j] += b[m] * COEF_{n}[(i * {count} + m) * {targets} + j];"
            yield f"    for ({whole} m = 0; m < {count}; m++) {each_target} {add}"
        yield "}"
    for k, group in enumerate(stage.formulas):
        at = f"{n}_{k}"
        yield f"for ({whole} k = 0; k < {len(group.sources)}; k++) {{"
        yield f"    {constant} u = AFFINE_{at}[4 * k] * {x}[SOURCES_{at}[k]] + AFFINE_{at}[4 * k + 1];"
        value = f"AFFINE_{at}[4 * k + 2] * {functions.of_one(group.function)}(u) + AFFINE_{at}[4 * k + 3]"
        yield f"    {sums}[TARGETS_{at}[k]] += {value};"
        yield "}"
    if stage.has_products:
        start = 0
        for node, k in enumerate(stage.arity):
            factors = " * ".join(f"s[{j}]" for j in range(start, start + k))
            yield f"y[{node}] = {factors}{f' + OFFSET_{n}[{node}]' if k > 1 else ''};"
            start += k


def _step(stage: Stage, n: int, words: Braces) -> Iterator[str]:
    """Write what happens to the nodes before the edges, from x into z."""
    takes = stage.takes
    each = f"for ({words.whole} i = 0; i < {takes}; i++)"
    if stage.step == "tanh":
        yield f"{each} z[i] = {words.language.calls['tanh'].format('x[i]')};"
        return
    yield f"{words.real} mean = 0, square = 0;"
    yield f"{each} mean += x[i] / {takes};"
    yield f"{each} square += (x[i] - mean) * (x[i] - mean) / {takes};"
    yield f"{words.constant} size = {words.root.format(f'square + {stage.epsilon!r}')};"
    shift = takes if stage.step == "raw and norm" else 0
    if shift:
        yield f"{each} z[i] = x[i];"
    yield f"{each} z[i + {shift}] = (x[i] - mean) / size * NORM_{n}[i] + NORM_{n}[{takes} + i];"


def _spline(stage: Stage, n: int, words: Braces, x: str, sums: str) -> Iterator[str]:
    """Write what the splines of source i add to the sums."""
    splines = stage.splines
    assert splines is not None
    whole, targets, count = words.whole, stage.targets, stage.coef.shape[1]
    knots, order, lines = splines.knots.shape[1], splines.order, splines.ends is not None
    each_target = f"for ({whole} j = 0; j < {targets}; j++)"
    arguments = f"{x}[i], KNOTS_{n}, i * {knots}, {knots}, {order}, {int(lines)}, b"
    yield f"{words.constant_whole} first = b_splines({arguments});"
    yield f"for ({whole} r = 0; r <= {order}; r++) {{"
    yield f"    {words.constant_whole} m = first + r;"
    yield f"    if (m < 0 || m >= {count}) continue;"
    yield f"    {each_target} {sums}[j] += b[r] * COEF_{n}[(i * {count} + m) * {targets} + j];"
    yield "}"
    if lines:
        ends = (("below", "<", order), ("above", ">", knots - 1 - order))
        for k, (name, sign, at) in enumerate(ends):
            yield f"{words.constant} {name} = {x}[i] - KNOTS_{n}[i * {knots} + {at}];"
            slope = f"SLOPES_{n}[({k} * {stage.sources} + i) * {targets} + j]"
            yield f"if ({name} {sign} 0) {each_target} {sums}[j] += {name} * {slope};"
