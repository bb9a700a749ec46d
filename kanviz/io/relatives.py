"""Recognises networks related to KANs that kanviz cannot hold, so that the refusal can say why."""

import re
from collections.abc import Mapping

from kanviz.errors import LoadError
from kanviz.io.outline import Shape

_NO_GRID = (
    "This is {what}, which does not save the grid of its splines, so the file does not say what it computes. Save the "
    "knots with the weights under efficient-kan's names (layers.0.grid, base_weight, spline_weight)."
)
_NO_INPUTS = (
    "This is {what}, which lists its edges in one row; the file does not say how many inputs they have. Save the whole "
    "KAN of pykan, or load the layer with pykan 0.2 and save it there."
)
# the names of its weights: what it is, and why that cannot be read; all patterns of a row must be there
_RELATIVES = (
    ((r"(?<![^.])c_basis$", r"(?<![^.])c_spl$"), "jaxKAN", _NO_GRID),
    (
        (r"(?<![^.])coef$", r"(?<![^.])grid$", r"(?<![^.])scale_sp$"),
        "a layer of pykan 0.0 without its network",
        _NO_INPUTS,
    ),
)


def refuse_known(shapes: Mapping[str, Shape]) -> None:
    """Raise a LoadError that says what the network is, if it is a known relative."""
    for patterns, what, why in _RELATIVES:
        if all(any(re.search(pattern, name, re.IGNORECASE) for name in shapes) for pattern in patterns):
            raise LoadError(why.format(what=what))
