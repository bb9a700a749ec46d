"""The source tree holds nothing that runs code from a file or from a user's text, under whatever name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ("kanviz", "pages", "sample_models", "benchmarks", "app.py", "setup.py")

# Modules whose import alone is a mistake: they build objects from bytes, or formulas from text by running it.
MODULES = {
    "pickle", "_pickle", "cPickle", "pickletools", "dill", "cloudpickle", "marshal", "shelve", "copyreg",
    "sympy.parsing", "sympy.core.sympify", "sympy.utilities.lambdify", "torch.hub", "torch.package", "jsonpickle",
    "code", "codeop",
}  # fmt: skip
# Names within modules that are otherwise welcome.
NAMES = {
    "torch.load", "torch.serialization", "torch.jit.load", "torch.export.load", "torch.hub", "torch.package",
    "sympy.sympify", "sympy.S", "sympy.core.S", "sympy.parse_expr", "sympy.lambdify", "sympy.utilities.lambdify",
    "sympy.utilities.autowrap",
    "yaml.load", "yaml.load_all", "yaml.full_load", "yaml.full_load_all", "yaml.unsafe_load", "yaml.unsafe_load_all",
    "yaml.Loader", "yaml.FullLoader", "yaml.UnsafeLoader", "yaml.CLoader", "yaml.CFullLoader", "yaml.CUnsafeLoader",
    "yaml.loader", "yaml.constructor", "yaml.add_constructor",
    "joblib.load", "joblib.dump", "joblib.Memory", "joblib.memory", "joblib.numpy_pickle", "joblib.externals",
    "pandas.read_pickle", "pandas.eval", "numpy.fromfile",
    "builtins", "importlib.reload", "sys.modules",
}  # fmt: skip
BUILTINS = {"eval", "exec", "compile", "__import__", "__builtins__", "globals", "locals", "vars"}
# Words that betray the same by keyword or by text.
KEYWORDS = {"unsafe_allow_html", "allow_pickle", "unsafe_allow_javascript", "weights_only"}
# The places that import by a name, or ask for a version by one: from a table of constants in the same file.
MAY_IMPORT_BY_NAME = {
    "kanviz/__init__.py",
    "kanviz/language/__init__.py",
    "kanviz/ui/server/start.py",
    "benchmarks/peers.py",
}


class _Names(ast.NodeVisitor):
    """What each local name stands for: after `from torch import load as l`, l is torch.load."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            first = alias.name.split(".")[0]
            self.known[alias.asname or first] = alias.name if alias.asname else first

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.known[alias.asname or alias.name] = f"{node.module or '.'}.{alias.name}"

    def visit_Assign(self, node: ast.Assign) -> None:
        if (found := self.meaning(node.value)) is not None:
            self.known.update({target.id: found for target in node.targets if isinstance(target, ast.Name)})
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        if (found := self.meaning(node.value)) is not None:
            self.known[node.target.id] = found
        self.generic_visit(node)

    def meaning(self, node: ast.AST) -> str | None:
        """The dotted name behind an expression, if it is one."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.meaning(node.value)
            return f"{owner}.{node.attr}" if owner else None
        if isinstance(node, ast.Call) and _called(node) == "getattr" and len(node.args) > 1:
            owner, part = self.meaning(node.args[0]), node.args[1]
            return f"{owner}.{part.value}" if owner and isinstance(part, ast.Constant) else None
        return None


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _forbidden(dotted: str) -> bool:
    parts = dotted.split(".")
    heads = {".".join(parts[:k]) for k in range(1, len(parts) + 1)}
    return bool(heads & (MODULES | NAMES))


def offences(source: str, where: str = "") -> list[str]:
    """What is forbidden in a source text, each with its line."""
    tree = ast.parse(source)
    names = _Names()
    names.visit(tree)
    modules = {dotted for dotted in names.known.values() if "." not in dotted}
    return [f"{where}:{line}: {what}" for line, what in sorted(set(_offences(tree, names, modules, where)))]


def _offences(tree: ast.AST, names: _Names, modules: set[str], where: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if _forbidden(alias.name))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                dotted = f"{node.module or '.'}.{alias.name}"
                if _forbidden(dotted) or alias.name == "*":
                    yield node.lineno, dotted
        elif isinstance(node, ast.Name) and node.id in BUILTINS and node.id not in names.known:
            yield node.lineno, node.id
        elif isinstance(node, ast.Name | ast.Attribute) and (dotted := names.meaning(node)) and _forbidden(dotted):
            yield node.lineno, dotted
        if isinstance(node, ast.Attribute) and node.attr == "__dict__" and names.meaning(node.value) in modules:
            yield node.lineno, "names of a module by text"
        if isinstance(node, ast.keyword) and node.arg in KEYWORDS and not _is_false(node.value):
            yield node.value.lineno, f"{node.arg}="
        if isinstance(node, ast.Constant) and node.value in KEYWORDS:
            yield node.lineno, str(node.value)
        if isinstance(node, ast.Call):
            yield from _calls(node, names, modules, where)


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _calls(node: ast.Call, names: _Names, modules: set[str], where: str) -> Iterator[tuple[int, str]]:
    if _called(node) == "getattr" and len(node.args) > 1:
        dotted = names.meaning(node)
        if dotted and _forbidden(dotted):
            yield node.lineno, dotted
        if names.meaning(node.args[0]) in modules and not isinstance(node.args[1], ast.Constant):
            yield node.lineno, "getattr of a module by a name that is not written here"
    if (names.meaning(node.func) or "").startswith("importlib.") and where not in MAY_IMPORT_BY_NAME:
        text = node.args[0] if node.args else None
        if not isinstance(text, ast.Constant) or _forbidden(str(text.value)):
            yield node.lineno, "import by a name that is not written here"


def sources() -> list[Path]:
    found = [
        path for name in SOURCES for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]
    return sorted(path for path in found if path.is_file())


def test_the_source_tree_runs_nothing_it_was_given() -> None:
    paths = sources()
    assert len(paths) > 40
    found = [
        offence for path in paths for offence in offences(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())
    ]
    assert found == []


OFFENDERS = [
    "import pickle",
    "import pickle as p",
    "import _pickle",
    "from pickle import loads",
    "from pickle import Unpickler as U",
    "import dill, os",
    "import joblib\njoblib.load('x')",
    "from joblib import load",
    "import joblib.numpy_pickle",
    "from joblib.externals import cloudpickle",
    "import cloudpickle",
    "import marshal",
    "import shelve",
    "def late():\n    import pickle",
    "import torch\ntorch.load('x')",
    "import torch\ntorch.load('x', weights_only=True)",
    "import torch as t\nt.load('x')",
    "from torch import load",
    "from torch import load as l",
    "from torch import serialization",
    "from torch.serialization import load",
    "import torch.serialization as s",
    "import torch\ntorch.serialization.load('x')",
    "import torch\ntorch.jit.load('x')",
    "import torch\ntorch.hub.load('x')",
    "import torch\ngetattr(torch, 'load')('x')",
    "import torch\nname = 'lo' + 'ad'\ngetattr(torch, name)('x')",
    "import torch\nread = torch.load",
    "import torch\nt = torch\nt.load('x')",
    "import torch\n(t := torch).jit\nt.load('x')",
    "import torch\ntorch.__dict__['load']('x')",
    "import torch\nvars(torch)['load']('x')",
    "import torch\nj = getattr(torch, 'jit')\nj.load('x')",
    "from torch import *",
    "eval('1')",
    "exec('1')",
    "compile('1', 'x', 'eval')",
    "run = eval",
    "list(map(eval, ['1']))",
    "__import__('pickle')",
    "__builtins__['eval']('1')",
    "globals()['eval']",
    "import builtins",
    "import builtins\nbuiltins.eval('1')",
    "from builtins import exec as e",
    "from importlib import import_module\nimport_module('pickle')",
    "from importlib import import_module\nname = 'pick' + 'le'\nimport_module(name)",
    "import importlib\nimportlib.import_module(name='pickle')",
    "import sys\nsys.modules['pickle']",
    "import sympy\nsympy.sympify('x')",
    "import sympy as sp\nsp.S('x')",
    "from sympy import sympify",
    "from sympy import S",
    "from sympy import lambdify as l",
    "import sympy\nsympy.lambdify([], 'x')",
    "import sympy\nsympy.parse_expr('x')",
    "from sympy.parsing.sympy_parser import parse_expr",
    "import sympy.parsing.latex",
    "import yaml\nyaml.load('x', yaml.SafeLoader)",
    "import yaml\nyaml.full_load('x')",
    "import yaml\nyaml.unsafe_load('x')",
    "import yaml as y\ny.unsafe_load_all('x')",
    "from yaml import load",
    "from yaml import UnsafeLoader",
    "import yaml\nclass L(yaml.FullLoader): pass",
    "from yaml.loader import Loader",
    "import numpy\nnumpy.load('x', allow_pickle=True)",
    "import numpy\nnumpy.load('x', **{'allow_pickle': True})",
    "import pandas as pd\npd.read_pickle('x')",
    "import pandas as pd\npd.eval('x')",
    "import streamlit as st\nst.markdown('x', unsafe_allow_html=True)",
    "import streamlit as st\nst.markdown('x', **{'unsafe_allow_html': True})",
    "import streamlit as st\nst.markdown('x', **dict(unsafe_allow_html=True))",
]


@pytest.mark.parametrize("source", OFFENDERS)
def test_every_rule_catches_its_offender(source: str) -> None:
    assert offences(source, "planted.py")


HONEST = [
    "import torch\nmodel = torch.nn.Linear(1, 1)\nmodel.eval()",
    "import re\nre.compile('x')",
    "from re import compile\ncompile('x')",
    "import yaml\nyaml.dump({})\nclass L(yaml.SafeLoader): pass",
    "import sympy\nsympy.Symbol('x') + sympy.sin(1)",
    "import json\njson.load(open('x'))\njson.loads('1')",
    "import numpy as np\nnp.load('x', allow_pickle=False)",
    "from kanviz.io.pickle_data import read_pickle",
    "import joblib\njoblib.Parallel(n_jobs=2)(joblib.delayed(abs)(x) for x in (1, 2))",
    "from dataclasses import fields\n[getattr(1, f.name) for f in fields(2)]",
    "from importlib import import_module\nimport_module('kanviz.core')",
    "'torch.load is never called; pickle neither'",
]


@pytest.mark.parametrize("source", HONEST)
def test_honest_code_is_left_alone(source: str) -> None:
    assert offences(source, "planted.py") == []


# --- files are written in one place -------------------------------------------------------------------------------

WRITER = "kanviz/writing.py"
# Beside the writer: one resets a counter of the kernel's and reads a pipe, one adds lines to a journal, one draws
# figures into memory, and one gives a server, which Python started, a log in that server's own temporary folder.
MAY_WRITE = {
    WRITER, "benchmarks/memory.py", "benchmarks/recovery.py", "kanviz/plots/paper/sheet.py", "kanviz/notebook.py",
}  # fmt: skip
WRITING_METHODS = {
    "write_text", "write_bytes", "write_html", "write_image", "write_json", "to_parquet", "to_excel", "to_feather",
    "to_pickle", "to_hdf", "to_sql", "savefig", "tofile", "touch", "rename", "symlink_to", "hardlink_to",
}  # fmt: skip
WRITING_NAMES = {
    "os.open", "os.fdopen", "os.replace", "os.rename", "os.truncate", "os.link", "shutil.copy", "shutil.copyfile",
    "shutil.copy2", "shutil.copyfileobj", "shutil.copytree", "shutil.move", "tempfile.mkstemp",
    "tempfile.NamedTemporaryFile", "tempfile.TemporaryFile", "numpy.save", "numpy.savez", "numpy.savez_compressed",
    "numpy.savetxt", "torch.save", "safetensors.torch.save_file", "safetensors.numpy.save_file", "json.dump",
    "yaml.dump", "plotly.io.write_html", "plotly.io.write_image", "plotly.io.write_json",
}  # fmt: skip
TEXT_UNLESS_NAMED = {"to_csv", "to_json", "to_html", "to_latex", "to_markdown", "to_string"}  # of a data frame


def writers(source: str) -> list[int]:
    """The lines of a source text that may write a file other than by the one writer."""
    tree = ast.parse(source)
    names = _Names()
    names.visit(tree)
    return sorted({node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and _writes(node, names)})


def _writes(node: ast.Call, names: _Names) -> bool:
    meaning, func = names.meaning(node.func), node.func
    method = func.attr if isinstance(func, ast.Attribute) else ""
    if _called(node) == "open" or meaning in ("io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open"):
        return not _reads(node, 1)
    if meaning == "os.open" and names.meaning(node.args[0]) == "os.devnull":
        return False
    words = {word.arg for word in node.keywords}
    if meaning in WRITING_NAMES or (method in WRITING_METHODS and meaning is None and not words & {"columns", "index"}):
        return True
    if method == "open" and meaning is None:  # of a path; what opens something else takes more
        return ((len(node.args) == 1 and words <= {"encoding"}) or "mode" in words) and not _reads(node, 0)
    given = [*node.args, *(word.value for word in node.keywords if word.arg in ("path_or_buf", "buf"))]
    return method in TEXT_UNLESS_NAMED and meaning is None and any(map(_is_place, given))


def _reads(node: ast.Call, place: int) -> bool:
    """Whether the mode is written here, and only reads. place: of the mode among the arguments."""
    given = [word.value for word in node.keywords if word.arg == "mode"] + list(node.args[place : place + 1])
    return not given or (isinstance(given[0], ast.Constant) and set(str(given[0].value)) <= set("rbt"))


def _is_place(node: ast.AST) -> bool:
    """Whether it may be the name of a file."""
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return text or isinstance(node, ast.BinOp | ast.JoinedStr | ast.Call)


def test_files_are_written_in_one_place() -> None:
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{line}"
        for path in sources()
        if path.relative_to(ROOT).as_posix() not in MAY_WRITE
        for line in writers(path.read_text("utf-8"))
    ]
    assert found == []
    assert writers((ROOT / WRITER).read_text("utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "open('x', 'w')",
        "open('x', mode='ab')",
        "open('x', how)",
        "from pathlib import Path\nPath('x').open('w')",
        "from pathlib import Path\nPath('x').open(mode='r+')",
        "from pathlib import Path\nPath('x').write_text('')",
        "output.write_bytes(b'')",
        "figure.write_html('x')",
        "frame.to_csv('x')",
        "frame.to_csv(folder / 'x')",
        "frame.to_csv(path_or_buf=str(path))",
        "frame.to_parquet(path)",
        "import os\nos.replace('x', 'y')",
        "from os import open as o\no('x', 1)",
        "import numpy as np\nnp.savez('x')",
        "import torch\ntorch.save(1, 'x')",
        "import json\njson.dump(1, file)",
        "import shutil\nshutil.copy('x', 'y')",
        "from tempfile import mkstemp\nmkstemp()",
        "import gzip\ngzip.open('x', 'wt')",
        "import io\nio.open('x', 'w')",
    ],
)
def test_another_writer_is_caught(source: str) -> None:
    assert writers(source)


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "open('x', 'rb')",
        "from pathlib import Path\nPath('x').open()",
        "import webbrowser\ns.open()",
        "frame.to_csv(index=False)",
        "text = lock.to_json()",
        "from kanviz.writing import write\nwrite('x', 'y')",
        "import json\njson.dumps(1)",
    ],
)
def test_reading_is_no_writing(source: str) -> None:
    assert writers(source) == []
