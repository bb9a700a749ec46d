"""Extracts two texts from the Python that runs: its documentation without code, and its code without documentation.

What they hold follows the version; `kanviz.language.corpus` has a frozen copy, so that figures can be reproduced.
"""

import ast
import importlib.util
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from kanviz.errors import UserError

CODE_LENGTH = 582_141  # characters, as in the measurements
PLAIN = 0.8  # share of the words of an indented paragraph above which it is prose
_WORD = re.compile(r"[\"“(]?[A-Za-z][a-z'’\-]*[\"”)]?[.,:;]?")
_CODE = ("::=", ">>>", "Traceback (most recent")
_TABLE = ("+-", "+=", "|")


def interpreter_documentation() -> str:
    """Return the prose and tables of `pydoc_data.topics`, each paragraph once; grammar and code are left out.

    Raises UserError where the interpreter came without these topics.
    """
    if importlib.util.find_spec("pydoc_data") is None:
        raise UserError("This Python came without its documentation (pydoc_data). Use the snapshot.")
    from pydoc_data.topics import topics

    found: dict[str, None] = {}
    for name in sorted(topics):
        for paragraph in re.split(r"\n\s*\n", topics[name]):
            if _is_prose(paragraph):
                found.setdefault(paragraph.strip("\n").rstrip())
    return "\n\n".join(found)


def _is_prose(paragraph: str) -> bool:
    """Say whether a paragraph is text or a table: indented ones count where most of their words are plain words."""
    start = paragraph.strip()
    if not start or any(mark in paragraph for mark in _CODE):
        return False
    if not paragraph.startswith("   ") or start.startswith(_TABLE):
        return True
    words = start.split()
    plain = sum(bool(_WORD.fullmatch(word)) for word in words)
    return plain >= PLAIN * len(words) and (start[0].isupper() or start[0] in '"*')


def interpreter_code() -> str:
    """Return code of the standard library, modules by name: no docstrings, no comments, no indentation.

    It ends after 582,141 characters. Raises UserError where the library's sources are not there.
    """
    parts: list[str] = []
    length = 0
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py")):
        parts.append(_bare(file.read_text(encoding="utf-8")))
        length += len(parts[-1]) + 2
        if length >= CODE_LENGTH:
            return "\n\n".join(parts)[:CODE_LENGTH]
    raise UserError("The sources of this Python's standard library are not there. Use the snapshot.")


def _bare(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = list(_without_text(node.body)) or [ast.Pass()]
    return "\n".join(line.lstrip() for line in ast.unparse(tree).splitlines() if line.strip())


def _without_text(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        match node:
            case ast.Expr(ast.Constant(str())):
                continue
        yield node
