"""Reads the settings that pykan writes next to its weights (`..._config.yml`) as data, within limits.

pykan dumps with `yaml.dump`, so its own files may hold Python tags that its own `safe_load` refuses. The harmless ones
are decoded here as plain numbers and names, each with a note; every other Python tag is refused, none is constructed.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from kanviz.errors import LoadError
from kanviz.io.numpy_yaml import PYTHON_TAG, array_of, is_array, is_number, number_of
from kanviz.text import listing, shown, size_words

BYTE_LIMIT = 256_000
MOST_NODES = 40_000
MOST_ALIASES = 200
LARGEST_ALIAS = 100
DEEPEST = 12
MOST_DIGITS = 18

# Fields that pykan stores as the user gave them: tuples or functions are possible. Not `width`, which pykan rebuilds.
_TUPLE_FIELDS = ("grid_range", "grid", "k", "mult_arity")
_FUNCTION_FIELD = "base_fun_name"
_BASE_FUNCTIONS = {
    "torch.nn.modules.linear.Identity": "identity",
    "kan.MultKAN.<lambda>": "zero",  # the only lambda there: `lambda x: x*0.`
    **{f"torch.nn.modules.activation.{name}": name.lower() for name in ("SiLU", "Tanh", "Sigmoid", "ReLU", "Mish")},
    **{f"torch.nn.functional.{name}": name for name in
       ("silu", "tanh", "sigmoid", "relu", "mish", "elu", "leaky_relu", "gelu")},
    **{f"torch.{name}": name for name in ("tanh", "sigmoid", "relu", "sin")},
    "torch._C._nn.gelu": "gelu",
}  # fmt: skip
# Activations with a parameter: its name, and the base function for each of its values.
_WITH_PARAMETER = {
    "torch.nn.modules.activation.GELU": ("approximate", {"none": "gelu", "tanh": "gelu_tanh"}),
    "torch.nn.modules.activation.LeakyReLU": ("negative_slope", {"0.01": "leaky_relu"}),
    "torch.nn.modules.activation.ELU": ("alpha", {"1.0": "elu"}),
}
_FUNCTION_PACKAGES = ("torch", "kan", "numpy", "__main__")
_YAML_TAG = "tag:yaml.org,2002:"
_PLAIN_WHOLE = re.compile(r"0|[1-9][0-9]*")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")

_Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class PythonName:
    """The name of a Python function or object in a config, as text; it is never looked up."""

    path: str


def read_config(data: bytes) -> tuple[dict[str, object], tuple[str, ...]]:
    """Read the named settings as plain values, and a note for each kind of Python object read as data.

    Values are text, numbers, true/false, None, lists and dictionaries of these, and a `PythonName` where
    `base_fun_name` is a function that kanviz has no name for. Whether they are consistent is not checked here.
    """
    if len(data) > BYTE_LIMIT:
        raise LoadError(f"The config is {size_words(len(data))}; a pykan config is a few kB (limit 256 kB).")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LoadError("The config is not text. Upload the _config.yml that pykan wrote.") from None
    try:
        root = _BoundedLoader(text).get_single_node()
    except (yaml.YAMLError, ValueError, OverflowError) as problem:  # PyYAML passes on chr()'s error for "\\UFFFFFFFF"
        raise LoadError(f"The config is not valid YAML{_place(problem)}. Save it again with pykan.") from None
    if root is None:
        raise LoadError("The config is empty. Upload the _config.yml that pykan wrote.")
    if not isinstance(root, yaml.MappingNode) or root.tag != f"{_YAML_TAG}map":
        found = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise LoadError(f"The config is {found}; expected named settings. Upload the _config.yml that pykan wrote.")
    reading = _Reading()
    settings = {key: reading.field(key, node) for key, node in reading.entries(root)}
    return settings, reading.notes()


class _BoundedLoader(yaml.SafeLoader):
    """PyYAML's scanner and composer with limits on what is composed; nothing is constructed."""

    def __init__(self, text: str):
        super().__init__(text)
        self.depth = self.nodes = self.aliases = 0
        self.sizes: dict[str, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self.count_alias(self.peek_event().anchor)
            return super().compose_node(parent, index)
        anchor = self.peek_event().anchor
        before = self.nodes
        self.count(1)
        self.depth += 1
        if self.depth > DEEPEST:
            raise LoadError(f"The config is nested more than {DEEPEST} deep; a pykan config is nearly flat.")
        node = super().compose_node(parent, index)
        self.depth -= 1
        if anchor is not None:
            self.sizes[anchor] = self.nodes - before
        return node

    def scan_directive(self) -> NoReturn:
        """Refuse directives: yaml.dump writes none, and a %TAG would let every value have a tag of any length."""
        raise LoadError("The config holds a YAML directive (a line that begins with %); refused. Remove that line.")

    def count(self, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            raise LoadError(f"The config has more than {MOST_NODES:,} values; a pykan config has far fewer.")

    def count_alias(self, anchor: str) -> None:
        """Count an alias, yaml.dump's form of a repeated object: few small ones are data, others a bomb."""
        self.aliases += 1
        size = self.sizes.get(anchor)
        if size is None or size > LARGEST_ALIAS or self.aliases > MOST_ALIASES:
            raise LoadError("The config uses YAML aliases in a way pykan does not; refused. Write the values out.")
        self.count(size)


class _Reading:
    """Converts nodes to values, and remembers what had to be decoded."""

    def __init__(self) -> None:
        self.numbers: list[str] = []
        self.tuples: list[str] = []
        self.function: str | None = None

    def notes(self) -> tuple[str, ...]:
        found = []
        if self.numbers:
            found.append(f"Read NumPy numbers in {listing(self.numbers)} as plain numbers.")
        if self.tuples:
            found.append(f"Read a Python tuple in {listing(self.tuples)} as a list.")
        if self.function:
            found.append(self.function)
        return tuple(found)

    def entries(self, node: yaml.MappingNode) -> list[tuple[str, yaml.Node]]:
        """Return the pairs of a mapping: names are text and unique, and nothing is merged in."""
        pairs: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.tag == f"{_YAML_TAG}merge":
                raise LoadError(f"The config uses a YAML merge key ({_line(key)}); refused. Write the values out.")
            if not isinstance(key, yaml.ScalarNode) or _is_python(key):
                raise LoadError(f"The config has a setting whose name is not text ({_line(key)}).")
            _check_whole_characters(key)
            if key.value in pairs:
                raise LoadError(f"The config sets {shown(key.value)} twice ({_line(key)}); remove one of them.")
            pairs[key.value] = value
        return list(pairs.items())

    def field(self, field: str, node: yaml.Node) -> object:
        """Read one top-level setting; only here a tuple or a function is allowed."""
        if field in _TUPLE_FIELDS and node.tag == f"{PYTHON_TAG}tuple" and isinstance(node, yaml.SequenceNode):
            self.remember(self.tuples, field)
            return [self.value(field, entry) for entry in node.value]
        if field == _FUNCTION_FIELD and _is_python(node):
            return self.base_function(node)
        return self.value(field, node)

    def base_function(self, node: yaml.Node) -> str | PythonName:
        """Name the base function: pykan's own and torch modules by their names, others as a marker."""
        kind, _, path = node.tag.removeprefix(PYTHON_TAG).partition(":")
        if kind not in ("name", "object") or path.split(".")[0] not in _FUNCTION_PACKAGES:
            _refuse_python(node)
        known = _BASE_FUNCTIONS.get(path) or _with_parameter(path, node)
        meaning = f"read as {known}" if known else "kanviz knows it by name only"
        self.function = f"The base function is the Python object {shown(path)}; {meaning}."
        return known or PythonName(path)

    def value(self, field: str, node: yaml.Node) -> object:
        """Convert a node inside the setting `field` to plain data."""
        if is_number(node):
            self.remember(self.numbers, field)
            return number_of(node)
        if is_array(node):
            self.remember(self.numbers, field)
            return array_of(node)
        if _is_python(node):
            _refuse_python(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_YAML_TAG}seq":
            return [self.value(field, entry) for entry in node.value]
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_YAML_TAG}map":
            return {key: self.value(field, entry) for key, entry in self.entries(node)}
        if isinstance(node, yaml.ScalarNode):
            return _scalar(field, node)
        raise LoadError(f"The setting {shown(field)} has a YAML type that pykan does not write ({_line(node)}).")

    def remember(self, fields: list[str], field: str) -> None:
        if field not in fields:
            fields.append(field)


def _with_parameter(path: str, node: yaml.Node) -> str | None:
    """Return the base function of an activation that has a parameter, by the value of it."""
    if path not in _WITH_PARAMETER or not isinstance(node, yaml.MappingNode):
        return None
    name, meanings = _WITH_PARAMETER[path]
    values = [value.value for key, value in node.value if key.value == name and isinstance(value, yaml.ScalarNode)]
    return meanings.get(values[0]) if len(values) == 1 else None


def _scalar(field: str, node: yaml.ScalarNode) -> _Plain:
    """Convert a scalar to text, number, true/false or None, by the tag that YAML 1.1 gives it."""
    kind, text = node.tag.removeprefix(_YAML_TAG), node.value
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    try:
        if kind == "int":
            return _whole(field, text)
        if kind == "float":
            return _decimal(text)
    except ValueError:
        raise LoadError(
            f"The setting {shown(field)} holds {shown(text)}, which is not a number ({_line(node)})."
        ) from None
    if kind in ("str", "timestamp", "value"):  # a date or a single "=" is only text here
        _check_whole_characters(node)
        return text
    raise LoadError(f"The setting {shown(field)} has a YAML type that pykan does not write ({_line(node)}).")


def _check_whole_characters(node: yaml.ScalarNode) -> None:
    """Refuse an invalid character, which YAML allows ("\\ud800") and no later step can write or show."""
    if _HALF_CHARACTER.search(node.value):
        raise LoadError(f"The config holds an invalid character ({_line(node)}). Save it again with pykan.")


_TRUTH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def _whole(field: str, text: str) -> int:
    digits = text.lstrip("+-")
    if len(digits) > MOST_DIGITS:
        raise LoadError(f"The setting {shown(field)} is a whole number of {len(digits):,} digits; the limit is 18.")
    if not _PLAIN_WHOLE.fullmatch(digits):  # 010, 0x10 and 1:30 are numbers in YAML, but readers disagree which
        raise ValueError
    return int(text)


def _decimal(text: str) -> float:
    plain = text.lower()
    special = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
    return special[plain] if plain in special else float(plain)


def _is_python(node: yaml.Node) -> bool:
    return node.tag.startswith(PYTHON_TAG)


def _refuse_python(node: yaml.Node) -> NoReturn:
    what = shown(node.tag.removeprefix(_YAML_TAG))
    raise LoadError(
        f"The config asks for Python objects (!!{what}, {_line(node)}); refused. Write plain values instead."
    )


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1:,}"


def _place(problem: Exception) -> str:
    """Describe where a YAML error is, and its only common cause."""
    if not isinstance(problem, yaml.MarkedYAMLError) or problem.problem_mark is None:
        return ""
    tab = ": a tab cannot indent" if "'\\t'" in str(problem.problem) else ""
    return f" (line {problem.problem_mark.line + 1:,}{tab})"
