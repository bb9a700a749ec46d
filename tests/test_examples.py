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
NAMED = re.compile(r"\bkanviz(?:\.[a-z_]+)*\.[A-Za-z_]+\b(?=[`(])")


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax tree of every module of the package, by its name."""
    paths = sorted((ROOT / "kanviz").rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_text())
        for path in paths
    }


def imported_by_others(package: str) -> Iterator[tuple[str, str]]:
    """The names of a package, with their modules, that modules outside it import."""
    for module, tree in trees().items():
        if not f"{module}.".startswith(f"{package}."):
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
                    yield from ((str(node.module), alias.name) for alias in node.names)


def named_in_the_docs() -> Iterator[tuple[str, str]]:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for name in NAMED.findall(page.read_text()):
            yield tuple(name.rsplit(".", 1))


def names() -> Iterator[tuple[str, str]]:
    yield from (("kanviz", name) for name in kanviz.__all__)
    for module in ("kanviz.edit", "kanviz.io", "kanviz.plots"):
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
        open_ones = [get_type_hints(inspect.unwrap(function)).get("return")]
    except NameError:  # of a module that is imported for type checks alone
        return
    while open_ones:
        one = open_ones.pop()
        open_ones += get_args(one)
        if inspect.isclass(one):
            yield one


def examples(text: str | None) -> list[doctest.Example]:
    return PARSER.get_examples(inspect.cleandoc(text or ""))


def own_methods(one: type) -> dict[str, Any]:
    """The public methods that a class defines and that none of its bases has."""
    inherited = {name for base in one.__mro__[1:] for name in vars(base)}
    plain = {name: getattr(value, "__func__", value) for name, value in vars(one).items() if name not in inherited}
    return {name: value for name, value in plain.items() if not name.startswith("_") and inspect.isfunction(value)}


def of_class(one: type) -> list[doctest.Example]:
    """The examples of a class and of its methods."""
    texts = [one.__doc__, *(method.__doc__ for method in own_methods(one).values())]
    return [example for text in texts for example in examples(text)]


def called(found: list[doctest.Example]) -> set[str]:
    tree = ast.parse("".join(example.source for example in found))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_the_public_names_are_found():
    expected = {
        "kanviz.core.kan.KAN", "kanviz.core.training.train.train", "kanviz.plots.network.network_figure",
        "kanviz.edit.network_edits.Retrain", "kanviz.edit.script.script", "kanviz.continual.protection.Replay",
        "kanviz.continual.sequence.learn_in_turn", "kanviz.io.load",
    }  # fmt: skip
    assert expected <= set(public())


@pytest.mark.parametrize("name", public())
def test_every_public_function_and_class_has_an_example(name: str):
    one = public()[name]
    assert of_class(one) if inspect.isclass(one) else examples(one.__doc__)


@pytest.mark.parametrize("name", kanviz.__all__)
def test_every_method_of_the_main_classes_is_shown(name: str):
    one = getattr(kanviz, name)
    if inspect.isclass(one):
        assert set(own_methods(one)) - called(of_class(one)) == set()


def described(module: str) -> Iterator[tuple[str, str, int]]:
    """Every docstring of a module with an example, with its name and line."""
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text and examples(text):
                yield getattr(node, "name", module), text, node.body[0].lineno


@pytest.mark.parametrize("module", [module for module in trees() if any(described(module))])
def test_the_examples_of_a_module_run(module: str):
    """Each begins with its imports, and so can be copied: nothing of the module is there before."""
    for name, text, line in described(module):
        test = PARSER.get_doctest(text, {}, f"{module}.{name}", f"{module}.py", line)
        words: list[str] = []
        assert doctest.DocTestRunner().run(test, out=words.append).failed == 0, "".join(words)


def test_no_example_is_left_out_or_hides_its_result():
    for module in trees():
        for name, text, _ in described(module):
            assert not any(example.options for example in examples(text)), f"{module}.{name}"


def defined(one: Any) -> ast.FunctionDef | ast.ClassDef:
    """The definition of a function or class of a module."""
    found = (node for node in trees()[one.__module__].body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return next(node for node in found if node.name == one.__qualname__)


def raised(function: ast.FunctionDef) -> set[str]:
    """The refusals that stand in a function's own text."""
    calls = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    found = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return {name for name in found if issubclass(getattr(errors, name, object), errors.UserError)}


@pytest.mark.parametrize("name", public())
def test_every_refusal_of_a_public_function_is_named_in_its_docstring(name: str):
    whole = defined(public()[name])
    for function in whole.body if isinstance(whole, ast.ClassDef) else [whole]:
        if isinstance(function, ast.FunctionDef) and not PRIVATE.match(function.name):
            words = [(ast.get_docstring(node) or "").partition(">>>")[0] for node in (whole, function)]
            assert {error for error in raised(function) if error not in "".join(words)} == set(), function.name
