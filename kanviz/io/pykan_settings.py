"""Checks pykan's settings: columns of nodes, base function and function names, or a refusal in one sentence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kanviz.errors import LoadError
from kanviz.io.foreign import HUGE
from kanviz.io.pykan_config import PythonName
from kanviz.text import listing, shown

REQUIRED = ("width", "grid", "k", "base_fun_name")
_SWITCHES = ("symbolic_enabled", "affine_trainable", "sp_trainable", "sb_trainable", "auto_save")
_KNOWN = (
    *REQUIRED, *_SWITCHES, "ckpt_path", "device", "grid_eps", "grid_range", "mult_arity", "round", "state_id",
)  # fmt: skip
WIDEST = 100_000
FINEST = 10_000
LARGEST_ARITY = 1000

_WIDTHS = "Layer widths must be positive whole numbers, as in [2, 5, 1] or [2, [5, 2], 1]; check width in the config."


@dataclass(frozen=True)
class Column:
    """One column of nodes: sum nodes first, then one product node for each arity."""

    sums: int
    arities: tuple[int, ...] = ()

    @property
    def nodes(self) -> int:
        return self.sums + len(self.arities)

    @property
    def targets(self) -> int:
        """The number of sums that enter the column: pykan's subnodes."""
        return self.sums + sum(self.arities)


@dataclass(frozen=True)
class Settings:
    """The settings that describe the weights; `functions[layer][target][source]` names the symbolic functions.

    base: a base function of kanviz, the name or the path of another one, or "" if nothing names it.
    """

    columns: tuple[Column, ...]
    grid: tuple[int, ...]
    order: tuple[int, ...]
    base: str
    functions: tuple[list[list[str]] | None, ...]
    symbolic: bool
    device: str


def settings_from(config: Mapping[str, object]) -> Settings:
    """Read the settings from a config as `read_config` returns it."""
    for key in REQUIRED:
        if key not in config:
            raise LoadError(f"'{key}' is missing from the config. Upload the _config.yml that pykan wrote.")
    width = config["width"]
    if not isinstance(width, list) or not 2 <= len(width) <= 1000:
        raise LoadError(_WIDTHS)
    pairs = [_pair(column) for column in width]
    mult_arity = config.get("mult_arity", 2)
    columns = tuple(Column(sums, _arities(mult_arity, n, products)) for n, (sums, products) in enumerate(pairs))
    if _wholes([mult_arity], 1, LARGEST_ARITY) is None and not isinstance(mult_arity, list):
        raise LoadError(f"mult_arity must be a whole number from 1 to {LARGEST_ARITY:,}, or lists. Check the config.")
    _check_range(config.get("grid_range"))
    # the first layer receives plain inputs, whatever the config calls them
    columns = (Column(columns[0].nodes), *columns[1:])
    depth = len(columns) - 1
    return Settings(
        columns,
        _per_layer(config["grid"], depth, "Grid", 1, FINEST),
        _per_layer(config["k"], depth, "Spline order", 1, 10),
        _base(config["base_fun_name"]),
        tuple(_names(config.get(f"symbolic.funs_name.{n}"), n) for n in range(depth)),
        config.get("symbolic_enabled", True) is not False,
        shown(str(config.get("device", "cpu"))[:40]),
    )


def oddities(config: Mapping[str, object], depth: int) -> list[str]:
    """Note settings that do not change what the network computes, but that pykan would not have written."""
    known = {*_KNOWN, *(f"symbolic.funs_name.{n}" for n in range(depth))}
    notes = []
    if unknown := [name for name in config if name not in known]:
        notes.append(f"Ignored {listing(unknown)} in the config (no settings of pykan's for this network).")
    grid_range = config.get("grid_range", [-1, 1])
    if not isinstance(grid_range, list) or len(grid_range) != 2 or not _ascending(*grid_range):
        notes.append("grid_range in the config is not two ascending numbers; the knots of the weights are used anyway.")
    if odd := [name for name, value in config.items() if isinstance(value, float) and not math.isfinite(value)]:
        notes.append(f"{listing(odd)} in the config: not a finite number; ignored.")
    if odd := [name for name in _SWITCHES if not isinstance(config.get(name, True), bool)]:
        notes.append(f"{listing(odd)} in the config: neither true nor false; ignored.")
    folder = str(config.get("ckpt_path", ""))
    if folder.startswith(("/", "\\", "~")) or ".." in folder or ":" in folder:
        notes.append(f"The config names a folder to write to ({shown(folder)}); kanviz never writes there.")
    return notes


def _check_range(grid_range: object) -> None:
    """Refuse a range that cannot give knots: the weights then belong to another config."""
    ends = grid_range if isinstance(grid_range, list) else [grid_range]
    if any(isinstance(end, int | float) and not abs(end) < HUGE for end in ends):
        raise LoadError(
            f"grid_range in the config is {shown(str(grid_range))}; its ends must be finite numbers below {HUGE:.0e}. "
            "Upload the _config.yml and the _state that were saved together."
        )


def _ascending(low: object, high: object) -> bool:
    return isinstance(low, int | float) and isinstance(high, int | float) and low < high


def _wholes(values: Sequence[object], low: int, high: int) -> list[int] | None:
    """Return the values if each is a whole number in that range."""
    found = [value for value in values if type(value) is int and low <= value <= high]
    return found if len(found) == len(values) else None


def _pair(column: object) -> tuple[int, int]:
    """Return the numbers of sum and product nodes of a column; a plain number means only sum nodes."""
    parts = _wholes(column if isinstance(column, list) else [column], 0, WIDEST)
    if parts is None or not 1 <= len(parts) <= 2 or sum(parts) == 0:
        raise LoadError(_WIDTHS)
    return parts[0], parts[1] if len(parts) == 2 else 0


def _arities(mult_arity: object, column: int, products: int) -> tuple[int, ...]:
    if products == 0:
        return ()
    given = mult_arity
    if isinstance(mult_arity, list):
        given = mult_arity[column] if column < len(mult_arity) else None
    arities = _wholes(given if isinstance(given, list) else [given] * products, 1, LARGEST_ARITY)
    if arities is None or len(arities) != products:
        raise LoadError(
            f"Column {column} has {products:,} product nodes, but mult_arity does not say how many factors each has. "
            "Check mult_arity in the config."
        )
    return tuple(arities)


def _per_layer(value: object, depth: int, words: str, low: int, high: int) -> tuple[int, ...]:
    """Read a setting given once for all layers, or once per layer."""
    given = value if isinstance(value, list) else [value] * depth
    numbers = [number for number in given if type(number) is int]
    if len(numbers) != len(given) or len(numbers) != depth:
        raise LoadError(f"{words} must be a whole number, or one for each of the {depth} layers. Check the config.")
    for number in numbers:
        if not low <= number <= high:
            raise LoadError(f"{words} {number:,} is out of range {low} to {high:,}. Check the config.")
    return tuple(numbers)


def _base(name: object) -> str:
    return name.path if isinstance(name, PythonName) else str(name)[:200]


def _names(table: object, n: int) -> list[list[str]] | None:
    """Return the function names of layer n, [target][source]; None if the config does not give them."""
    if table is None:
        return None
    rows: Sequence[object] = table if isinstance(table, list) else [None]
    found = []
    for row in rows:
        if not isinstance(row, list) or not all(isinstance(name, str) or name == 0 for name in row):
            raise LoadError(f"symbolic.funs_name.{n} in the config is no table of names. Save it again with pykan.")
        found.append([str(name) for name in row])
    return found
