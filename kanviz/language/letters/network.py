"""The additive model that one can read: a KAN whose inputs are the last six characters, a knot on every character.

The score of a next character is a sum of six functions of one character each, plus a constant. Inputs are whole
numbers, so the value of a function at a character is a control point, and looking up replaces the spline exactly.
"""

import math

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from kanviz.core.spline import uniform_knots
from kanviz.errors import UserError
from kanviz.language.symbols import SYMBOLS, shown_symbol

PLACES = 6
CHARACTERS = len(SYMBOLS)
_ROWS = PLACES * CHARACTERS  # of the table: one for each place and character
_AT_ONCE = 16_384  # windows computed together

Table = Float32[Tensor, "rows next"]
Windows = Int64[Tensor, "windows places"]


def place_name(place: int) -> str:
    """Return what stands for a place in words: place 0 is the character just before the next one.

    >>> from kanviz.language.letters.network import place_name
    >>> place_name(0), place_name(5)
    ('1 back', '6 back')
    """
    return f"{place + 1} back"


def network_of(table: Table) -> KAN:
    """Make the network of a table: rows by place and character, then one of constants; a column per next character."""
    coef = table[:_ROWS].unflatten(0, (PLACES, CHARACTERS)).transpose(1, 2).contiguous()
    pairs = (PLACES, CHARACTERS)
    layer = Layer(
        knots=uniform_knots(0, CHARACTERS - 1, CHARACTERS - 1, 1, PLACES, coef.dtype),
        coef=coef,
        base_weight=coef.new_zeros(pairs),
        active=torch.ones(pairs, dtype=torch.bool),
        bias=table[_ROWS].clone(),
        offset=coef.new_zeros(CHARACTERS),
        affine=coef.new_zeros(0, 4),
        frozen=torch.zeros(pairs, dtype=torch.bool),
        base="zero",
        outside="linear",
    )
    inputs = tuple(Variable(place_name(place)) for place in range(PLACES))
    outputs = tuple(Variable(shown_symbol(number)) for number in range(CHARACTERS))
    return KAN((layer,), inputs, outputs, "classification")


def table_of(kan: KAN) -> Table:
    """Return the table of a network that `network_of` made, or an edit of one. Raises UserError for others."""
    layer = kan.layers[0]
    places = torch.arange(CHARACTERS, dtype=layer.knots.dtype)
    fits = (
        len(kan.layers) == 1
        and layer.coef.dtype == torch.float32
        and layer.coef.shape == (PLACES, CHARACTERS, CHARACTERS)
        and layer.family == "spline"
        and layer.order == 1
        and all(torch.equal(row[1:-1], places) for row in layer.knots)
        and layer.base == "zero"
        and not (layer.formulas or layer.step)
        and all((v.shift, v.scale) == (0, 1) for v in (*kan.inputs, *kan.outputs))
    )
    if not fits:
        raise UserError(
            f"This network is not one of Letters: those have {PLACES} characters as inputs, {CHARACTERS} scores as "
            "outputs, a knot of order 1 on every character, no formulas, and numbers in float32. Train one with "
            "train_letters."
        )
    coef = torch.where(layer.active[..., None], layer.coef, 0)
    return torch.cat([coef.transpose(1, 2).flatten(0, 1), layer.bias[None]])


def with_table(kan: KAN, table: Table) -> KAN:
    """Return a network of Letters with the control points of another table; pruned edges and constants do not
    change."""
    layer = kan.layers[0]
    coef = table[:_ROWS].unflatten(0, (PLACES, CHARACTERS)).transpose(1, 2)
    return kan.with_layer(0, coef=torch.where(layer.active[..., None], coef, layer.coef).contiguous())


def windows(numbers: Int64[Tensor, "characters"]) -> tuple[Windows, Int64[Tensor, "windows"]]:
    """Cut a text into what precedes each character, the nearest first, and the character itself.

    numbers: the symbols of the text. The first six characters have too few before them and are no next character.
    Raises UserError where none is left.
    """
    if len(numbers) <= PLACES:
        raise UserError(
            f"Letters reads {PLACES} characters to predict one, and this text has {len(numbers)}. Give a longer text."
        )
    cut = numbers.unfold(0, PLACES + 1, 1)
    return cut[:, :PLACES].flip(1), cut[:, PLACES]


def rows_of(before: Windows) -> Windows:
    """Return the rows of the table that the windows look up."""
    return before + torch.arange(PLACES) * CHARACTERS


def scores(table: Table, before: Windows) -> Float32[Tensor, "windows next"]:
    """Compute the score of every next character: the sum of six rows and the constants."""
    rows = rows_of(before).split(_AT_ONCE)
    sums = [torch.nn.functional.embedding_bag(part, table, mode="sum") for part in rows]
    return torch.cat(sums) + table[_ROWS]


def bits_of(table: Table, before: Windows, following: Int64[Tensor, "windows"]) -> Float32[Tensor, "windows"]:
    """Compute what each character costs, in bits: minus the logarithm of its probability."""
    each = torch.nn.functional.cross_entropy(scores(table, before), following, reduction="none")
    return each / math.log(2)


def same_rows(one: Table, two: Table) -> Bool[Tensor, "places characters"]:
    """Return where all functions of a place have the same bits at a character."""
    same = (one[:_ROWS].view(torch.int32) == two[:_ROWS].view(torch.int32)).all(1)
    return same.unflatten(0, (PLACES, CHARACTERS))
