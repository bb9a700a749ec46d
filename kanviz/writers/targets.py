"""Define TARGETS, the table of what a network can be written as: a new one is a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kanviz.core.kan import KAN
from kanviz.errors import UserError
from kanviz.writers import runs
from kanviz.writers.c_code import c_code
from kanviz.writers.formula_code import formula_code, latex_code, sympy_code
from kanviz.writers.js_code import js_code
from kanviz.writers.numpy_code import numpy_code
from kanviz.writers.onnx_graph import onnx_model
from kanviz.writers.program import program_of
from kanviz.writers.pt2 import pt2_program
from kanviz.writers.torch_code import torch_code

EXACT = 1e-12  # share of the largest output that rounding may come to, in double precision
SINGLE = 1e-6  # in float32
FORMULA = 1e-11  # where constants are printed with 15 digits


@dataclass(frozen=True)
class Target:
    """What a network is written as.

    name: as in `kanviz export --to` · label: what people call it · words: what it is · suffix: of its file · mime: its
    media type · write: from a network to the text or the bytes · run: from those and inputs (rows, inputs) to outputs
    (rows, outputs) · ran: the start of a sentence, what was run · single: whether it computes in float32 · binary:
    whether it is no text.
    """

    name: str
    label: str
    words: str
    suffix: str
    mime: str
    write: Callable[[KAN], str | bytes]
    run: Callable[[Any, runs.Rows], runs.Rows]
    ran: str
    tolerance: float = EXACT
    single: bool = False
    binary: bool = False


TARGETS: dict[str, Target] = {
    row.name: row
    for row in (
        Target(
            "numpy", "Python (NumPy)", "A Python module that needs only NumPy", ".py", "text/x-python",
            lambda kan: numpy_code(program_of(kan)), runs.run_numpy, "The module, run by Python,",
        ),
        Target(
            "torch", "PyTorch", "A PyTorch module that needs only torch", ".py", "text/x-python",
            lambda kan: torch_code(program_of(kan)), runs.run_torch, "The module, run by Python in double precision,",
        ),
        Target(
            "c", "C", "C99 that allocates nothing, in double or float", ".c", "text/x-c",
            lambda kan: c_code(program_of(kan)), runs.run_c, "The C code, compiled in double precision and run,",
        ),
        Target(
            "js", "JavaScript", "A JavaScript module, for browsers and node", ".mjs", "text/javascript",
            lambda kan: js_code(program_of(kan)), runs.run_js, "The JavaScript, run by node,",
        ),
        Target(
            "onnx", "ONNX", "A model for onnxruntime and others, in float32", ".onnx", "application/octet-stream",
            lambda kan: onnx_model(program_of(kan)), runs.run_onnx, "The model, run by onnxruntime in float32,",
            SINGLE, single=True, binary=True,
        ),
        Target(
            "sympy", "SymPy", "The formula as SymPy expressions, where no splines are left", ".py", "text/x-python",
            sympy_code, runs.run_sympy, "The expressions, evaluated by SymPy,", FORMULA,
        ),
        Target(
            "latex", "LaTeX", "The formula as equations", ".tex", "text/x-tex",
            latex_code, runs.not_run("LaTeX"), "",
        ),
        Target(
            "rust", "Rust", "The formula as functions", ".rs", "text/x-rust",
            lambda kan: formula_code(kan, "rust"), runs.run_rust, "The Rust code, compiled and run,", FORMULA,
        ),
        Target(
            "fortran", "Fortran", "The formula as functions of a module", ".f90", "text/x-fortran",
            lambda kan: formula_code(kan, "fortran"), runs.not_run("Fortran"), "",
        ),
        Target(
            "julia", "Julia", "The formula as functions", ".jl", "text/x-julia",
            lambda kan: formula_code(kan, "julia"), runs.not_run("Julia"), "",
        ),
        Target(
            "matlab", "MATLAB", "The formula as functions", ".m", "text/x-matlab",
            lambda kan: formula_code(kan, "matlab"), runs.not_run("MATLAB"), "",
        ),
        Target(
            "pt2", "torch.export", "A program of torch.export, which torch runs without kanviz", ".pt2",
            "application/octet-stream", pt2_program, runs.run_pt2, "The program, loaded and run by torch,",
            SINGLE, single=True, binary=True,
        ),
    )
}  # fmt: skip


def target_of(name: str) -> Target:
    """Return a target by its name. Raises UserError for another name, with all that there are."""
    if name not in TARGETS:
        raise UserError(f"There is no target {name[:40]!r}; choose one of {', '.join(TARGETS)}.")
    return TARGETS[name]


def export(kan: KAN, to: str) -> str | bytes:
    """Write a network in a form that runs without kanviz: text of code, or the bytes of a file.

    to: a name of TARGETS. What is written computes what `kan(x)` does, in table units. Raises UserError for another
    name, for a network that the target cannot hold, and where a package is missing that the target needs.

    >>> import kanviz
    >>> code = kanviz.export(kanviz.init([2, 1], seed=0), "numpy")
    >>> names = {"__name__": "mine"}
    >>> exec(code, names)
    >>> names["predict"]([[0.5, -0.5]]).shape
    (1, 1)
    """
    return target_of(to).write(kan)
