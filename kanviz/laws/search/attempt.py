"""From rows to laws: one self-contained attempt, small enough to be sent to another process.

An attempt fits many small networks of splines to the rows, keeps those whose structure describes them, puts formulas on
their edges, writes them as one expression each, and polishes that (`law.polished`).
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
CLOSE = 30.0  # times the least error: what is looked into where errors still fall with the grid ...
SAME = 1.1  # ... and where they are noise
MOST, MOST_NOISY = 6, 4  # structures of one attempt that are looked into
PLAIN = 1e-3  # an error below which a structure without a hidden node is looked into first
SCREENING = 0.25  # of the time left: on many inputs there are more structures than time
LAWS = 2  # expressions of each that are polished ...
LAWS_OF_ONE = 6  # ... and of a single curve in noise, which many functions follow: one polishes in no time
HOPELESS = 1.2  # times the error of the best law so far, where both are noise: nothing comes of such a network
POLISH = 10.0  # seconds for one


@dataclass(frozen=True, eq=False)
class Table:
    """What an attempt needs: x (rows, inputs) and y (rows,) in table units, held-out rows, names and units."""

    x: Array
    y: Array
    held_x: Array
    held_y: Array
    names: tuple[str, ...]
    units: tuple[str, ...] = ()
    target: str = "y"

    @property
    def spread(self) -> float:
        """Standard deviation of the held-out target: what errors are shares of."""
        return float(self.held_y.std()) or 1.0

    def variables(self) -> tuple[Variable, ...]:
        """The inputs, each mapped from its range in the training rows to [-1, 1]."""
        return scaled_inputs(torch.from_numpy(self.x), self.names, self.units or ("",) * len(self.names))

    def rows(self, seed: int) -> Rows:
        """As networks read them, the training rows in an order drawn by the seed."""
        shift, scale = (np.array([getattr(v, part) for v in self.variables()]) for part in ("shift", "scale"))
        order = np.random.default_rng(seed).permutation(len(self.y))
        x, held = (np.ascontiguousarray(((v - shift) / scale).T) for v in (self.x[order], self.held_x))
        return Rows(x, self.y[order], held, self.held_y)


@dataclass(frozen=True)
class Attempt:
    """One piece of work. shape: bounds what is tried, in pykan's way of writing a width; () bounds nothing."""

    shape: Shape
    seed: int

    def __str__(self) -> str:
        within = f"within {list(self.shape)}, " if self.shape else ""
        return f"{within}seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Found:
    """A law, the held-out error of the spline network it came from (target's units; infinite where it is from none),
    and the CPU seconds it took.
    """

    law: Law
    spline_rmse: float
    seconds: float
    attempt: Attempt


def attempts(inputs: int, shape: Sequence[int | Sequence[int]] | None = None, seeds: int = 5) -> Iterator[Attempt]:
    """The attempts worth making, the quickest first. Raises UserError for a shape that does not fit."""
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
    """The laws of an attempt as they are found; the first is the straight line, what others are compared with.

    It ends with a law that misses nothing but rounding, or one with no more error than any network of splines that has
    no decimal constant, or comes, in noise, out of two structures. primitives: names out of PRIMITIVES that edges may
    be; None allows all.
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
    """The best straight line through the training rows."""
    inputs = tuple(sympy.Symbol(name, real=True) for name in table.names)
    columns = np.column_stack([np.ones(len(table.y)), table.x])
    constant, *factors = np.linalg.lstsq(columns, table.y, rcond=None)[0].tolist()
    terms = [sympy.Float(v, 17) * x for v, x in zip(factors, inputs, strict=True)]
    return sympy.Add(sympy.Float(constant, 17), *terms), inputs


def _described(attempt: Attempt, table: Table, primitives: Sequence[str] | None, until: float) -> Iterator[Screened]:
    """The structures worth formulas, in order; those with a hidden node only where the others leave something over."""
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
    """When screening has had its part of the time that is left: the rest is for formulas."""
    now = time.perf_counter()
    return now + SCREENING * (until - now)


def _shortlist(found: Sequence[Screened]) -> list[Screened]:
    """Those that describe the rows as well as any, the simplest first."""
    if not found:
        return []
    best = found[0]
    limit = best.error * (CLOSE if best.falling else SAME)
    good = [one for one in found if one.error <= max(limit, ROUNDING)]
    return sorted(good, key=lambda one: (one.size, one.error))[: MOST if best.falling else MOST_NOISY]


def _expressions(
    table: Table, one: Screened, primitives: Sequence[str] | None, until: float, hopeless: float
) -> Iterator[tuple[sympy.Expr, tuple[sympy.Symbol, ...]]]:
    """The best networks of formulas for a structure, each as an expression in the table's names and units; none whose
    held-out error, as a share of the spread, is `hopeless` or more.
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
