"""Write a network as C99 that needs only the mathematics of the standard library, and allocates nothing."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from kanviz.writers.loop_layers import SPLINES, Braces, calls, layers
from kanviz.writers.printing import Language
from kanviz.writers.program import Program, numbers
from kanviz.writers.term import ONE_PLACE
from kanviz.writers.texts import about, nested

NAMES = {"abs": "fabs", "sign": "sign_of"}
C = Language(
    calls={
        "pow": "pow({0}, {1})",
        "max": "fmax({0}, {1})",
        "min": "fmin({0}, {1})",
        "more": "({0} > {1} ? {2} : {3})",
        **{op: f"{NAMES.get(op, op)}({{0}})" for op in ONE_PLACE},
    },
    number=lambda value: repr(float(value)),
    let="const double {name} = {value};",
    infinite="INFINITY",
    undefined="NAN",
)
BRACES = Braces(
    language=C,
    procedure="static void {name}(const real *x, real *y)",
    function="static double {name}(double x)",
    basis="static void {name}(double x, const real *p, int at, real *b)",
    whole="int",
    real="double",
    constant="const double",
    constant_whole="const int",
    room="real {name}[{size}];",
    unused="(void){name};",
    root="sqrt({0})",
)
HEAD = """
   Compile it with your program, and declare:

       void kan_predict(const double *x, double *y);    x: {inputs} numbers, y: {outputs}

   With -DKAN_REAL=float all numbers are float. With -DKAN_MAIN it is a program of its own: it compares itself with what
   kanviz computed, then reads rows of {inputs} numbers and writes rows of {outputs}. */

#include <math.h>
#ifdef KAN_MAIN
#include <stdio.h>
#endif

#ifndef KAN_REAL
#define KAN_REAL double
#endif
typedef KAN_REAL real;

void kan_predict(const real *x, real *y);"""
SIGN = """
static double sign_of(double x) {
    return (x > 0) - (x < 0);
}"""
PREDICT = """
void kan_predict(const real *x, real *y) {{
    real a[{most}], b[{most}];
    for (int i = 0; i < {inputs}; i++) a[i] = (real)((x[i] - SHIFT_IN[i]) / SCALE_IN[i]);
{calls}
    for (int j = 0; j < {outputs}; j++) y[j] = (real)({last}[j] * SCALE_OUT[j] + SHIFT_OUT[j]);
}}"""
MAIN = """
#ifdef KAN_MAIN
static const double ROWS[] = {rows};
static const double VALUES[] = {values};

int main(void) {{
    real x[{inputs}], y[{outputs}];
    double largest = 0, number;
    for (int row = 0; row < {count}; row++) {{
        for (int i = 0; i < {inputs}; i++) x[i] = (real)ROWS[row * {inputs} + i];
        kan_predict(x, y);
        for (int j = 0; j < {outputs}; j++) {{
            const double off = fabs(y[j] - VALUES[row * {outputs} + j]);
            if (off > largest) largest = off;
        }}
    }}
    fprintf(stderr, "Largest difference from kanviz: %.2g of the largest output\\n", largest / {largest!r});
    for (int i = 0; scanf("%lf", &number) == 1;) {{
        x[i++] = (real)number;
        if (i < {inputs}) continue;
        kan_predict(x, y);
        for (int j = 0; j < {outputs}; j++) printf(j + 1 < {outputs} ? "%.17g " : "%.17g\\n", (double)y[j]);
        i = 0;
    }}
    return 0;
}}
#endif"""


def c_code(program: Program) -> str:
    """Write the network as a C99 file with a function `kan_predict`.

    >>> import kanviz
    >>> from kanviz.writers.c_code import c_code
    >>> from kanviz.writers.program import program_of
    >>> "void kan_predict(const real *x, real *y);" in c_code(program_of(kanviz.init([2, 1])))
    True
    """
    functions, written = layers(program, BRACES)
    body = "\n".join([*functions, *written])
    sizes = {"inputs": len(program.inputs), "outputs": len(program.outputs)}
    head = "static int b_splines(double x, const real *t, int at, int count, int order, int lines, real *b)"
    words = {"splines": head, "whole": "int", "real": "double", "constant": "const double"}
    parts = [
        "/* " + about(program, "as C99", "It needs the standard library alone.").replace("\n", "\n   "),
        HEAD.format(**sizes),
        "",
        *_numbers(program),
        SIGN if "sign_of(" in body else "",
        SPLINES.format(**words).rstrip() if "b_splines(" in body else "",
        body,
        PREDICT.format(**calls(program, " " * 4), **sizes),
        MAIN.format(
            rows=_list(program.rows),
            values=_list(program.values),
            count=len(program.rows),
            largest=program.largest,
            **sizes,
        ),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _numbers(program: Program) -> Iterator[str]:
    for name, values in numbers(program):
        if name.startswith("FIRST"):
            continue  # products are written out
        kind = "real" if values.dtype.kind == "f" else "int"
        kind = "double" if name.startswith(("SHIFT", "SCALE")) else kind
        yield f"static const {kind} {name}[] = {_list(values)};"


def _list(values: NDArray[Any]) -> str:
    return nested(values.ravel(), C, "{}")
