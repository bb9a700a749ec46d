"""Write the layers of a network for a language that computes with whole arrays, NumPy or torch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kanviz.writers.printing import Language
from kanviz.writers.program import Program, Stage
from kanviz.writers.term import Term


@dataclass(frozen=True)
class Dialect:
    """How arrays are written: formats of what differs, with what they take in braces.

    array: from the name of an array, such as COEF_0, the text by which a layer reads it · layer: the first line of a
    layer · full: a number in the shape of x · below, above: how far x is below or above the grid's end.
    """

    language: Language
    array: Callable[[str], str]
    layer: str
    tanh: str
    joined: str
    rows_of: str
    rows: str
    full: str
    stack: str
    below: str
    above: str
    slopes: str
    add: str
    products: str


class Functions:
    """The functions that layers call, each written once."""

    def __init__(self, dialect: Dialect):
        self.dialect = dialect
        self.lines: list[str] = []
        self._names: dict[str, str] = {}

    def of_one(self, function: Term) -> str:
        """Return the name of a function of x."""
        statements, values = self.dialect.language.statements([function])
        return self._name("function", "x", [*statements, f"return {values[0]}"])

    def of_family(self, functions: Sequence[Term], parameters: int) -> str:
        """Return the name of a function of x (rows, source) and of the parameters: (rows, source, basis)."""
        statements, values = self.dialect.language.statements(functions)
        arguments = ", ".join(["x", *(f"p{k}" for k in range(parameters))])
        full = [
            self.dialect.full.format(value) if one.op == "number" else value
            for one, value in zip(functions, values, strict=True)
        ]
        stacked = self.dialect.stack.format(values=", ".join(full))
        return self._name("basis", arguments, [*statements, f"return {stacked}"])

    def _name(self, kind: str, arguments: str, body: list[str]) -> str:
        key = "\n".join(body)
        if key not in self._names:
            self._names[key] = f"{kind}_{len(self._names) + 1}"
            self.lines += ["", "", f"def {self._names[key]}({arguments}):", *(f"    {line}" for line in body)]
        return self._names[key]


def layers(program: Program, dialect: Dialect) -> tuple[list[str], list[list[str]]]:
    """Write all layers: the lines of the functions that they call, and the lines of each layer."""
    functions = Functions(dialect)
    written = [list(_layer(stage, n, functions)) for n, stage in enumerate(program.stages)]
    return functions.lines, written


def _layer(stage: Stage, n: int, functions: Functions) -> Iterator[str]:
    d = functions.dialect

    def of(name: str) -> str:
        return d.array(f"{name}_{n}")

    yield d.layer.format(n=n)
    if stage.step == "tanh":
        yield f"    x = {d.tanh}"
    elif stage.step:
        normed = f"layer_norm(x, {of('NORM')}[0], {of('NORM')}[1])"
        yield f"    x = {d.joined.format(other=normed) if stage.step == 'raw and norm' else normed}"
    yield f"    y = {d.rows_of.format(of('BIAS'))}"
    if stage.base is not None:
        yield f"    y = y + {functions.of_one(stage.base)}(x) @ {of('WEIGHT')}"
    if stage.splines:
        yield f"    b = b_splines(x, {of('KNOTS')}, {stage.splines.order}, lines={stage.splines.ends is not None})"
    elif stage.functions:
        count = stage.parameters.shape[1]
        given = f", *{of('PARAMETERS')}.T" if count else ""
        yield f"    b = {functions.of_family(stage.functions, count)}(x{given})"
    if stage.splines or stage.functions:
        yield f"    y = y + b.reshape({d.rows}, -1) @ {of('COEF')}.reshape(-1, {stage.targets})"
    if stage.splines and stage.splines.ends is not None:
        order = stage.splines.order
        ends = (d.below, f"{of('KNOTS')}[:, {order}]"), (d.above, f"{of('KNOTS')}[:, {-1 - order}]")
        for k, (beyond, end) in enumerate(ends):
            yield f"    y = y + {beyond.format(end=end)} @ {d.slopes.format(n=n, k=k)}"
    for k, group in enumerate(stage.formulas):
        sources, targets, affine = (d.array(f"{name}_{n}_{k}") for name in ("SOURCES", "TARGETS", "AFFINE"))
        yield f"    a, b, c, d = {affine}.T"
        yield f"    values = c * {functions.of_one(group.function)}(a * x[:, {sources}] + b) + d"
        yield f"    {d.add.format(targets=targets)}"
    if stage.has_products:
        yield f"    y = {d.products.format(first=of('FIRST'), arity=list(stage.arity))} + {of('OFFSET')}"
    yield "    return y"
