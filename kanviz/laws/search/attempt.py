"""Run one attempt from rows to laws; it is self-contained and small enough to be sent to another process.

An attempt fits many small networks of splines to the rows and selects those whose structure describes them. It puts
formulas on their edges, writes each network as one expression, and polishes that (`law.polished`).
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy
import torch

from kanviz.analysis.compose import compose
from kanviz.core.data.dataset import scaled_inputs
from kanviz.core.init import parse_shape
from kanviz.core.layer import Variable
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.errors import UserError
from kanviz.laws.fitting.edge_formulas import formulated
from kanviz.laws.fitting.pruning import pruned, with_free
from kanviz.laws.front import ROUNDING, enough
from kanviz.laws.law import Law, polished
from kanviz.laws.structures.nested import Nested, nested
from kanviz.laws.structures.screen import Rows, Screened, screened
from kanviz.laws.structures.structure import Bounds, Structure, structures

Shape = tuple[int | tuple[int, int], ...]
CLOSE = 30.0  # times the least error: limit for structures that are followed, where errors still fall with the grid
SAME = 1.1  # the same limit where errors are noise
MOST, MOST_NOISY = 6, 4  # structures that one attempt follows
PLAIN = 1e-3  # an error below which structures without a hidden node are followed first
SCREENING = 0.25  # of the time left: with many inputs there are too many structures to try all
LAWS = 2  # expressions of each structure that are polished
LAWS_OF_ONE = 6  # the same for a single curve in noise, which many functions fit; polishing one is quick
HOPELESS = 1.2  # times the error of the best law so far, where both are noise: such a network is not followed
POLISH = 10.0  # seconds for each expression


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of an attempt: x (rows, inputs) and y (rows,) in table units, held-out rows, names and units."""

    x: Array
    y: Array
    held_x: Array
    held_y: Array
    names: tuple[str, ...]
    units: tuple[str, ...] = ()
    target: str = "y"

    @property
    def spread(self) -> float:
        """The standard deviation of the held-out target; errors are given as shares of it."""
        return float(self.held_y.std()) or 1.0

    def variables(self) -> tuple[Variable, ...]:
        """Return the inputs, each mapped from its range in the training rows to [-1, 1]."""
        return scaled_inputs(torch.from_numpy(self.x), self.names, self.units or ("",) * len(self.names))

    def rows(self, seed: int) -> Rows:
        """Return the rows with inputs in network units, the training rows shuffled by the seed."""
        shift, scale = (np.array([getattr(v, part) for v in self.variables()]) for part in ("shift", "scale"))
        order = np.random.default_rng(seed).permutation(len(self.y))
        x, held = (np.ascontiguousarray(((v - shift) / scale).T) for v in (self.x[order], self.held_x))
        return Rows(x, self.y[order], held, self.held_y)


@dataclass(frozen=True)
class Attempt:
    """One unit of work. shape: bounds the structures tried, in pykan's notation for a width; () sets no bound."""

    shape: Shape
    seed: int

    def __str__(self) -> str:
        within = f"within {list(self.shape)}, " if self.shape else ""
        return f"{within}seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Found:
    """A law and where it came from.

    spline_rmse: held-out error of the spline network it came from (target's units; infinite where there was none) ·
    seconds: CPU time.
    """

    law: Law
    spline_rmse: float
    seconds: float
    attempt: Attempt


def attempts(inputs: int, shape: Sequence[int | Sequence[int]] | None = None, seeds: int = 5) -> Iterator[Attempt]:
    """Generate the attempts to make, the quickest first. Raises UserError for a shape that does not fit the inputs."""
    bound = _checked(inputs, shape) if shape else ()
    for seed in range(seeds):
        yield Attempt(bound, seed)


def _checked(inputs: int, shape: Sequence[int | Sequence[int]]) -> Shape:
    columns = parse_shape(shape)
    if columns[0][0] != inputs or sum(columns[-1]) != 1:
        raise UserError(
            f"The shape {list(shape)} does not fit: it must begin with the {inputs} inputs of the table and end with "
            "its one target."
        )
    return tuple((sums, products) if products else sums for sums, products in columns)


def pursuit(attempt: Attempt, table: Table, primitives: Sequence[str] | None, seconds: float) -> Iterator[Found]:
    """Generate the laws of an attempt as they are found; the first is the straight line, for comparison.

    Ends with a law whose error is only rounding, or with one that is as good as any network of splines and has no
    decimal constant or, in noise, was found from two structures. primitives: names in PRIMITIVES that edges may have;
    None allows all. seconds: by the clock.
    """
    until, clock = time.perf_counter() + seconds, time.process_time()

    def law_of(expression: sympy.Expr, inputs: Sequence[sympy.Symbol], error: float, *, noisy: bool) -> Found:
        law = polished(
            expression, inputs, *(torch.from_numpy(v) for v in (table.x, table.y, table.held_x, table.held_y)),
            seconds=min(POLISH, max(until - time.perf_counter(), 0.1)), noisy=noisy, primitives=primitives,
        )  # fmt: skip
        return Found(law, error * table.spread, time.process_time() - clock, attempt)

    straight = law_of(*_straight(table), math.inf, noisy=False)
    yield straight
    if straight.law.test_rmse < ROUNDING * table.spread:
        return
    least = lowest = math.inf
    origins: dict[sympy.Expr, set[Structure | Nested]] = {}
    for one in _described(attempt, table, primitives, until):
        least = min(least, one.error)
        hopeless = HOPELESS * lowest if one.noisy else math.inf
        for expression, inputs in _expressions(table, one, primitives, until, hopeless):
            found = law_of(expression, inputs, one.error, noisy=one.noisy)
            yield found
            if found.law.test_rmse < ROUNDING * table.spread:
                return
            error = found.law.test_rmse / table.spread
            lowest = min(lowest, error)
            origins.setdefault(found.law.template, set()).add(one.structure)
            sure = found.law.free == 0 or (one.noisy and len(origins[found.law.template]) > 1)
            if sure and error <= enough(len(table.held_y)) * least:
                return


def _straight(table: Table) -> tuple[sympy.Expr, tuple[sympy.Symbol, ...]]:
    """Return the best straight line through the training rows."""
    inputs = tuple(sympy.Symbol(name, real=True) for name in table.names)
    columns = np.column_stack([np.ones(len(table.y)), table.x])
    constant, *factors = np.linalg.lstsq(columns, table.y, rcond=None)[0].tolist()
    terms = [sympy.Float(v, 17) * x for v, x in zip(factors, inputs, strict=True)]
    return sympy.Add(sympy.Float(constant, 17), *terms), inputs


def _described(attempt: Attempt, table: Table, primitives: Sequence[str] | None, until: float) -> Iterator[Screened]:
    """Generate the structures worth formulas, in order; those with a hidden node only if the others leave an error."""
    count, bounds = len(table.names), Bounds.of(attempt.shape)
    rows = table.rows(attempt.seed)
    outers = [name for name in rows.outers if name == "x" or primitives is None or name in primitives]
    outers = outers if bounds.outside else ["x"]
    plain = screened(rows, list(structures(count, bounds.products)), outers, attempt.seed, _share(until))
    inside = [one for one in nested(count) if len(one.products) <= bounds.products] if bounds.nested else []
    if plain and plain[0].falling and plain[0].error < PLAIN:
        yield from _shortlist(plain)
        plain = []
    deep = screened(rows, inside, outers, attempt.seed, _share(until)) if inside else []
    yield from _shortlist(sorted([*plain, *deep], key=lambda one: one.error))


def _share(until: float) -> float:
    """Return the time at which screening ends; the rest is for formulas."""
    now = time.perf_counter()
    return now + SCREENING * (until - now)


def _shortlist(found: Sequence[Screened]) -> list[Screened]:
    """Return the structures that describe the rows about as well as the best, the simplest first."""
    if not found:
        return []
    best = found[0]
    limit = best.error * (CLOSE if best.falling else SAME)
    good = [one for one in found if one.error <= max(limit, ROUNDING)]
    return sorted(good, key=lambda one: (one.size, one.error))[: MOST if best.falling else MOST_NOISY]


def _expressions(
    table: Table, one: Screened, primitives: Sequence[str] | None, until: float, hopeless: float
) -> Iterator[tuple[sympy.Expr, tuple[sympy.Symbol, ...]]]:
    """Generate the best networks of formulas for a structure, each as an expression in the table's names and units.

    Networks with a held-out error, as a share of the spread, of `hopeless` or more are left out.
    """
    task = one.target.task
    if time.perf_counter() > until:
        return
    fit = pruned(task, one.fit, noisy=not one.falling)
    many = LAWS_OF_ONE if one.structure.size == 1 and one.noisy else LAWS
    for way in formulated(task, fit, primitives, until)[:many]:
        if one.target.error(way.fit) >= hopeless:
            continue
        kan = with_free(one.target.whole(way.fit.kan))
        whole = compose(replace(kan, inputs=table.variables(), outputs=(Variable(table.target),)))
        yield whole.expressions[0], whole.inputs
