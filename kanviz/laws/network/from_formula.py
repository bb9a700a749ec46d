"""Define `kanviz.from_formula`: from a typed formula to the network of formulas that computes it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formulas.expression import evaluate
from kanviz.core.formulas.expression_range import doubts
from kanviz.core.formulas.expression_rounding import rounding
from kanviz.core.formulas.parser import Parsed, parse
from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Variable
from kanviz.errors import FormulaError, UserError
from kanviz.laws.network.columns import Column, arranged, layers_of, with_hidden
from kanviz.laws.network.formula_parts import FormulaParts
from kanviz.text import listing, shown

POINTS = 4096  # of the ranges, at which network and formula are compared
AGREEMENT = 1e-12  # share of a formula's largest value by which its network may differ
ROUNDING = 8  # times the formula's own rounding error, which comes on top
LOSS = 1e-6  # share of the largest value: a larger rounding error is reported
MOST_CORNERS = 6  # inputs of which all corners of the ranges are looked at
MOST_INPUTS, MOST_OUTPUTS, MOST_SPARE = 200, 50, 50
MOST_EDGES = 100_000  # places for edges, pruned ones included


def from_formula(formula: str | Sequence[str] | Mapping[str, str], inputs: Mapping[str, Any], *, spare: int = 0) -> KAN:
    """Return the network of formulas that computes a typed formula, in float64.

    formula: as people type it, read by kanviz's own parser and never run; several as a list, or by the names of the
    outputs · inputs: least and greatest value of each variable; all grids cover what comes to them
    there · spare: nodes of splines for each hidden column, of which nothing goes on until training uses them. To let
    the formulas' own edges learn, too, add splines to them (`kanviz.edit.AddSplines`).
    A sum becomes a node, a product a node that multiplies, a function of one sum an edge; x^y is exp(y log(x)). The
    network is compared with the formula on points of the ranges: they agree to 1e-12 of its largest value, or to what
    rounding does to the formula itself. Where the formula is not finite, a caution says so.
    Raises FormulaError for what is no formula, and where it is finite nowhere or too long; UserError for other ranges.

    >>> import kanviz
    >>> kan = kanviz.from_formula("exp(sin(pi*x) + y**2)", inputs={"x": (-1, 1), "y": (-1, 1)})
    >>> kan, [kan.edge(edge).formula.primitive for edge in kan.edges()]
    (KAN([2, 1, 1], 3 edges, float64), ['sin', 'x^2', 'exp'])
    >>> kanviz.compose(kan).text(4)
    ('f = exp(y**2 + sin(3.142*x))',)
    >>> kanviz.from_formula({"force": "m*a", "work": "m*a*s"}, {"m": (0, 2), "a": (-9, 9), "s": (0, 1)}).shape_text
    '[3, 0+2×]'
    """
    ranges = _ranges(inputs)
    texts = _texts(formula, list(ranges))
    parsed = {name: parse(text, list(ranges)) for name, text in texts.items()}
    parts = FormulaParts(list(ranges))
    columns = arranged([parts.read(one.tree) for one in parsed.values()], parts.inputs, parts.node_of)
    if not 0 <= spare <= MOST_SPARE:
        raise UserError(f"The number of spare nodes must be from 0 to {MOST_SPARE}, not {spare}.")
    columns = with_hidden(columns, parts.inputs) if spare else columns
    _check_size(columns, len(ranges), spare)
    ends = list(ranges.values())
    inside, wide = _points(ends)
    layers = layers_of(columns, parts.inputs, ends, torch.cat([inside, wide]), spare)
    variables = tuple(map(Variable, ranges))
    kan = KAN(layers, variables, tuple(map(Variable, parsed)))
    notes = dict[str, None]()
    for n, (name, one) in enumerate(parsed.items()):
        which = f"The formula of {shown(name, 40)}" if len(parsed) > 1 else "The formula"
        checked = _Checked(which, texts[name], one, ranges, inside)
        found = kan(inside)[:, n]
        _compare(checked, found)
        notes |= dict.fromkeys(_notes(checked, found))
    return KAN(layers, variables, kan.outputs, notes=tuple(notes))


@dataclass(frozen=True)
class _Checked:
    """A formula that is compared with its network. which: its name in sentences · x: points of the ranges."""

    which: str
    text: str
    parsed: Parsed
    ranges: Mapping[str, tuple[float, float]]
    x: Float[Tensor, "rows input"]

    @cached_property
    def values(self) -> Tensor:
        return evaluate(self.parsed.tree, self._inputs)

    @cached_property
    def errors(self) -> Tensor:
        return rounding(self.parsed.tree, self._inputs)

    @property
    def _inputs(self) -> dict[str, Tensor]:
        return dict(zip(self.ranges, self.x.T, strict=True))


def _texts(formula: str | Sequence[str] | Mapping[str, str], inputs: Sequence[str]) -> dict[str, str]:
    """Return the formulas by the names of the outputs; a name that an input has is not given."""
    if isinstance(formula, Mapping):
        texts = dict(formula)
    else:
        several = [formula] if isinstance(formula, str) else list(formula)
        names = ["f"] if len(several) == 1 else [f"f{n}" for n in range(1, len(several) + 1)]
        texts = {name if name not in inputs else f"{name}_out": text for name, text in zip(names, several, strict=True)}
    if not 1 <= len(texts) <= MOST_OUTPUTS:
        raise UserError(f"A network takes 1 to {MOST_OUTPUTS} formulas, not {len(texts)}; make several networks.")
    if not all(isinstance(part, str) and part.strip() for pair in texts.items() for part in pair):
        raise UserError("Every formula, and every name of an output, must be a text that is not empty.")
    twice = [shown(name, 40) for name in texts if name in inputs]
    if twice:
        raise UserError(f"{listing(twice, 4)} cannot be an input and an output; choose another name.")
    return texts


def _ranges(inputs: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    if not isinstance(inputs, Mapping) or not 1 <= len(inputs) <= MOST_INPUTS:
        raise UserError(f'Give the range of each variable, 1 to {MOST_INPUTS} of them, as in inputs={{"x": (-1, 1)}}.')
    found = {}
    for name, ends in inputs.items():
        if not isinstance(name, str) or not name.strip():
            raise UserError("Every variable needs a name that is not empty.")
        wrong = UserError(
            f"The range of {shown(name, 40)} must be two finite numbers, the smaller first, as in (-1, 1)."
        )
        try:
            low, high = map(float, ends)
        except (TypeError, ValueError, OverflowError):
            raise wrong from None
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise wrong
        if not (abs(low) < 1e100 and abs(high) < 1e100 and high - low > 1e-9 * max(abs(low), abs(high), 1e-100)):
            raise UserError(
                f"The range of {shown(name, 40)} is too wide or too narrow to compute with; choose another."
            )
        found[name] = (low, high)
    return found


def _check_size(columns: Sequence[Column], inputs: int, spare: int) -> None:
    """Raise FormulaError for a network with too many places for edges."""
    more = [*[spare] * (len(columns) - 1), 0]
    sums = [k + sum(len(node.sums) for _, node in column) for k, column in zip(more, columns, strict=True)]
    nodes = [inputs, *(k + len(column) for k, column in zip(more, columns, strict=True))]
    edges = sum(sources * targets for (sources, _), targets in zip(pairwise(nodes), sums, strict=True))
    if edges > MOST_EDGES:
        raise FormulaError(
            f"The network of this formula would have {edges:,} places for edges; the limit is {MOST_EDGES:,}. Shorten "
            "the formula, or make networks of its parts."
        )


def _points(ranges: Sequence[tuple[float, float]]) -> tuple[Float[Tensor, "rows input"], Float[Tensor, "more input"]]:
    """Return points inside the ranges, and their ends: of few inputs all corners."""
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    draws = torch.quasirandom.SobolEngine(len(ranges), scramble=True, seed=0).draw(POINTS, dtype=torch.float64)
    corners = product(*ranges) if len(ranges) <= MOST_CORNERS else [*zip(*ranges, strict=True)]
    return low + (high - low) * draws.clamp(1e-6, 1 - 1e-6), torch.tensor(list(corners), dtype=torch.float64)


def _compare(formula: _Checked, network: Tensor) -> None:
    """Check the network's values. Raises FormulaError for a formula that is finite nowhere, UserError for a gap."""
    wanted, error = formula.values, formula.errors
    if not bool(wanted.isfinite().any()):
        raise FormulaError(f"{formula.which} is not a real, finite number anywhere in these ranges; change it or them.")
    there = wanted.isfinite() & error.isfinite()
    if not bool(there.any()):
        return
    allowed = AGREEMENT * float(wanted[there].abs().max()) + ROUNDING * float(error[there].max())
    off = (network - wanted)[there].abs()
    if not bool((off <= allowed).all()):  # also where the network is NaN
        raise UserError(
            f"{formula.which} and its network differ by {float(off.nan_to_num(math.inf).max()):.3g}, so the network is "
            "not given out. This is a defect of kanviz; please report the formula."
        )


def _notes(formula: _Checked, network: Tensor) -> list[str]:
    """Return what there is to know: where the formula has no value, and how many digits rounding leaves."""
    finite = formula.values.isfinite() & network.isfinite()
    bad = float((~finite).double().mean())
    where = doubts(formula.parsed.tree, formula.text, formula.ranges)
    notes = [note for note in formula.parsed.warnings if "is read as the variable" in note]
    if bad:
        share = f"{100 * bad:.2g} %"
        lacking = f"is not a real, finite number on {share} of the ranges, nor is the network"
        notes.append(Caution(f"{formula.which} {lacking}."))
    notes += map(Caution, where) if bad else where
    sure = finite & formula.errors.isfinite()
    if not bool(sure.any()):
        return notes
    loss, largest = float(formula.errors[sure].max()), float(formula.values[sure].abs().max())
    if loss > LOSS * largest > 0:
        share = f"{loss / largest:.2g}" if loss < largest else "all"
        lost = f"its values are uncertain by {share} of the largest"
        notes.append(Caution(f"{formula.which} loses digits by rounding: {lost}."))
    return notes
