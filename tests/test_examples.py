"""Every public function and class has an example in its docstring, and every example in the package gives what it says.

The public names are found, not listed: `kanviz.__all__`, the figures, the functions of `kanviz.io`, the names that the
docs give, those of `edit` and `continual` that another package imports, and the classes that all these return.
"""

import ast
import doctest
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import kanviz
from kanviz import errors

ROOT = Path(__file__).parent.parent
PARSER = doctest.DocTestParser()
PRIVATE = re.compile(r"_(?!_)")
NAMED = re.compile(r"\b(kanviz(?:\.[a-z_]+)*)\.([A-Za-z_]+)\b(?=[`(])")
Defined = ast.FunctionDef | ast.ClassDef


# --- what is public -------------------------------------------------------------------------------------------------


@cache
def sources() -> dict[str, str]:
    """The text of every module of the package, by the module's name."""
    names = {path.relative_to(ROOT).with_suffix(""): path for path in sorted((ROOT / "kanviz").rglob("*.py"))}
    return {".".join(name.parts).removesuffix(".__init__"): path.read_text() for name, path in names.items()}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(sources()[module])


def imported_by_others(package: str) -> Iterator[tuple[str, str]]:
    """The names of a package, with their modules, that modules outside it import."""
    for module, text in sources().items():
        if f"from {package}" in text and not f"{module}.".startswith(f"{package}."):
            for node in ast.walk(tree(module)):
                if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
                    yield from ((str(node.module), alias.name) for alias in node.names)


def named_in_the_docs() -> Iterator[tuple[str, str]]:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        found = NAMED.findall(page.read_text())
        yield from ((module, name) for module, name in found if f"{module}.{name}" not in sources())


def names() -> Iterator[tuple[str, str]]:
    for module in ("kanviz", "kanviz.edit", "kanviz.io", "kanviz.language", "kanviz.plots", "kanviz.sklearn"):
        yield from ((module, name) for name in import_module(module).__all__)
    for package in ("kanviz.edit", "kanviz.continual"):
        yield from imported_by_others(package)
    yield from named_in_the_docs()


@cache
def public() -> dict[str, Any]:
    """The public functions and classes, by module and name; constants and abstract bases have nothing to run."""
    given = [getattr(import_module(module), name) for module, name in names()]
    found: dict[str, Any] = {}
    while given:
        one = given.pop()
        name = f"{getattr(one, '__module__', '')}.{getattr(one, '__qualname__', '')}"
        if name in found or not name.startswith("kanviz."):
            continue
        if inspect.isclass(one) and not inspect.isabstract(one):
            found[name] = one
            given += [each for method in own_methods(one).values() for each in returned(method)]
        elif inspect.isfunction(inspect.unwrap(one)):
            found[name] = one
            given += returned(one)
    return dict(sorted(found.items()))


def returned(function: Any) -> Iterator[type]:
    """The classes in the annotation of what a function returns, those within others included."""
    try:
        waiting = [get_type_hints(inspect.unwrap(function)).get("return")]
    except NameError:  # of a module that is imported for type checks alone
        return
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if inspect.isclass(one):
            yield one


def own_methods(one: type) -> dict[str, Any]:
    """The public methods that a class defines and that none of its bases has."""
    inherited = {name for base in one.__mro__[1:] for name in vars(base)}
    plain = {name: getattr(value, "__func__", value) for name, value in vars(one).items() if name not in inherited}
    return {name: value for name, value in plain.items() if not name.startswith("_") and inspect.isfunction(value)}


def definition(one: Any) -> Defined:
    """The text of a function or class of a module."""
    found = (node for node in tree(one.__module__).body if isinstance(node, Defined))
    return next(node for node in found if node.name == one.__qualname__)


def test_the_public_names_are_found():
    expected = {
        "kanviz.core.kan.KAN", "kanviz.core.training.train.train", "kanviz.plots.network.network_figure",
        "kanviz.edit.network_edits.Retrain", "kanviz.edit.script.script", "kanviz.continual.protection.Replay",
        "kanviz.continual.sequence.learn_in_turn", "kanviz.io.load", "kanviz.analysis.compose.Composition",
    }  # fmt: skip
    assert expected <= set(public())


# --- what a docstring says ------------------------------------------------------------------------------------------


def examples(one: Any) -> list[doctest.Example]:
    """The examples of a function, or of a class and its methods."""
    parts = [one, *own_methods(one).values()] if inspect.isclass(one) else [one]
    return [example for part in parts for example in PARSER.get_examples(inspect.cleandoc(part.__doc__ or ""))]


@pytest.mark.parametrize("name", public())
def test_every_public_function_and_class_has_an_example(name: str):
    assert examples(public()[name])


@pytest.mark.parametrize("name", kanviz.__all__)
def test_every_method_of_the_main_classes_is_shown(name: str):
    one = getattr(kanviz, name)
    if inspect.isclass(one):
        run = ast.walk(ast.parse("".join(example.source for example in examples(one))))
        assert set(own_methods(one)) - {node.attr for node in run if isinstance(node, ast.Attribute)} == set()


def refusals(function: ast.FunctionDef) -> set[str]:
    """The refusals that stand in a function's own text."""
    calls = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    found = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return {name for name in found if issubclass(getattr(errors, name, object), errors.UserError)}


@pytest.mark.parametrize("name", public())
def test_every_refusal_of_a_public_function_is_named_in_its_docstring(name: str):
    whole = definition(public()[name])
    for function in whole.body if isinstance(whole, ast.ClassDef) else [whole]:
        if isinstance(function, ast.FunctionDef) and not PRIVATE.match(function.name):
            words = [(ast.get_docstring(node) or "").partition(">>>")[0] for node in (whole, function)]
            assert {error for error in refusals(function) if error not in "".join(words)} == set(), function.name


# --- the examples run -----------------------------------------------------------------------------------------------


def docstrings_with_examples(module: str) -> Iterator[doctest.DocTest]:
    """Each begins with its imports, and so can be copied: nothing of the module is there before."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Module | Defined) and ">>> " in (text := ast.get_docstring(node) or ""):
            name = f"{module}.{getattr(node, 'name', '')}"
            yield PARSER.get_doctest(text, {}, name, f"{module}.py", node.body[0].lineno)


@pytest.mark.parametrize("module", [module for module, text in sources().items() if " >>> " in text])
def test_the_examples_of_a_module_run(module: str):
    for test in docstrings_with_examples(module):
        words: list[str] = []
        assert not any(example.options for example in test.examples), "nothing is skipped, no result is hidden"
        assert doctest.DocTestRunner().run(test, out=words.append).failed == 0, "".join(words)
