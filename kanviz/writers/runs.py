"""Run what was written, without kanviz, on rows of inputs."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kanviz.errors import UserError
from kanviz.writing import write

Rows = NDArray[np.float64]
LONGEST = 120.0  # seconds that a compiler, or what it made, may take
FLAGS = ("-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic")


class CannotRun(UserError):
    """What was written cannot be run here: a compiler or a package is missing."""


def run_numpy(code: str, x: Rows) -> Rows:
    """Run a module that `numpy_code` wrote."""
    return _python(code, "predict = runpy.run_path(sys.argv[1])['predict']", x)


def run_torch(code: str, x: Rows) -> Rows:
    """Run a module that `torch_code` wrote, in double precision."""
    lines = """import torch
network = runpy.run_path(sys.argv[1])["Network"](torch.float64).requires_grad_(False)
predict = lambda x: network(torch.tensor(x, dtype=torch.float64))"""
    return _python(code, lines, x)


def run_pt2(program: bytes, x: Rows) -> Rows:
    """Run a program that `pt2_program` wrote, in its own precision."""
    lines = """import torch
program = torch.export.load(sys.argv[1]).module()
dtype = next(program.buffers()).dtype
predict = lambda x: program(torch.tensor(x, dtype=dtype)).detach()"""
    return _python(program, lines, x)


def run_sympy(code: str, x: Rows) -> Rows:
    """Run a module that `sympy_code` wrote: its expressions are evaluated row by row."""
    lines = """import numpy, sympy
names = runpy.run_path(sys.argv[1])
function = sympy.lambdify(names["INPUTS"], list(names["OUTPUTS"].values()), "mpmath")
predict = lambda x: numpy.array([[float(y) if y.imag == 0 else numpy.nan for y in function(*row)] for row in x])"""
    return _python(code, lines, x)


def run_rust(code: str, x: Rows) -> Rows:
    """Compile and run the functions of a formula in Rust."""
    compiler = shutil.which("rustc")
    if compiler is None:
        raise CannotRun("There is no rustc here, so the Rust code was not run; install Rust to have it checked.")
    calls = ", ".join(
        f"{name}({', '.join(f'x[{k}]' for k in range(x.shape[1]))})" for name in re.findall(r"pub fn (\w+)", code)
    )
    main = f"""
fn main() {{
    for line in std::io::stdin().lines() {{
        let x: Vec<f64> = line.unwrap().split(' ').map(|number| number.parse().unwrap()).collect();
        let y: Vec<String> = [{calls}].iter().map(|number: &f64| number.to_string()).collect();
        println!("{{}}", y.join(" "));
    }}
}}
"""
    return _compiled([compiler, "-O", "--cap-lints", "allow"], "network.rs", code + main, x)


def not_run(language: str) -> Callable[[str, Rows], Rows]:
    """Return what stands in for a language that is not run here."""

    def refuse(code: str, x: Rows) -> Rows:
        raise CannotRun(f"{language} is not run by kanviz; compare some rows yourself.")

    return refuse


def _python(written: str | bytes, lines: str, x: Rows) -> Rows:
    """Run a file in a Python process of its own, which knows nothing of kanviz. lines: they define `predict`."""
    caller = f"""import json, runpy, sys
{lines}
print(json.dumps([[repr(float(y)) for y in row] for row in predict(json.load(sys.stdin)).tolist()]))"""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.py" if isinstance(written, str) else "network.pt2")
        write(file, written)
        rows = json.loads(_called([sys.executable, "-I", "-c", caller, str(file)], json.dumps(x.tolist())))
    return np.array([[float(number) for number in row] for row in rows])


def run_c(code: str, x: Rows, flags: Sequence[str] = FLAGS) -> Rows:
    """Compile and run a file that `c_code` wrote."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise CannotRun("There is no C compiler here, so the C code was not run; install gcc to have it checked.")
    return _compiled([compiler, *flags, "-DKAN_MAIN"], "network.c", code, x, "-lm")


def run_js(code: str, x: Rows) -> Rows:
    """Run a module that `js_code` wrote in node."""
    node = shutil.which("node")
    if node is None:
        raise CannotRun("There is no node here, so the JavaScript was not run; install node to have it checked.")
    caller = """import { predict } from "./network.mjs";
        import { readFileSync } from "node:fs";
        const rows = predict(JSON.parse(readFileSync(0, "utf8")));
        console.log(JSON.stringify(rows.map((row) => row.map(String))));"""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "network.mjs"), code)
        write(Path(folder, "caller.mjs"), caller)
        rows = json.loads(_called([node, str(Path(folder, "caller.mjs"))], json.dumps(x.tolist())))
    return np.array([[float(number.replace("Infinity", "inf")) for number in row] for row in rows])


def run_onnx(model: bytes, x: Rows) -> Rows:
    """Run a model that `onnx_model` wrote in onnxruntime, in float32."""
    try:
        import onnxruntime
    except ImportError:
        raise CannotRun(
            "The package onnxruntime is not installed, so the model was not run; pip install 'kanviz[onnx]'."
        ) from None
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], {"x": x.astype(np.float32)})[0], dtype=float)


def _compiled(compiler: Sequence[str], name: str, code: str, x: Rows, *libraries: str) -> Rows:
    """Compile a program that reads rows of numbers and writes rows of numbers, and run it on x."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, name), Path(folder, "network")
        write(source, code)
        _called([*compiler, str(source), "-o", str(program), *libraries])
        lines = _called([str(program)], "\n".join(" ".join(map(repr, row)) for row in x.tolist())).splitlines()
    return np.array([[float(number) for number in line.split()] for line in lines]).reshape(len(x), -1)


def _called(command: Sequence[str], given: str = "") -> str:
    """Run a program; return what it wrote. Raises UserError, with its words, where it fails."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise CannotRun(f"{Path(command[0]).name} took longer than {LONGEST:.0f} s, so the code was not run.") from None
    if done.returncode:
        last = (done.stderr.strip() or "it says nothing").splitlines()[-1]
        raise UserError(f"{Path(command[0]).name} fails on the written code: {last[:300]}")
    return done.stdout
