"""Accepts the name of a function in a file only if the table of primitives or kanviz's own parser knows it."""

from kanviz.core.formulas.formula import primitive
from kanviz.errors import LoadError, UserError
from kanviz.text import shown

LONGEST = 2000


def readable_primitive(name: str, where: str) -> str:
    """Return the name if it is a primitive or an expression in x that our parser reads; LoadError otherwise."""
    try:
        if len(name) > LONGEST:
            raise UserError("it is too long")
        primitive(name)
    except UserError as problem:
        raise LoadError(
            f"The formula {shown(name)} on {where} is not one kanviz can read ({shown(str(problem), 160)}) "
            "Replace it by a known function, or by a spline, and save the network again."
        ) from None
    return name
