"""The type checker that jaxtyping uses in the tests: an int counts as a float, as PEP 484 has it."""

from collections.abc import Callable
from typing import Any, Self

from beartype import BeartypeConf, beartype

with_types = beartype(conf=BeartypeConf(is_pep484_tower=True))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with all its types checked but those that no single value shows."""
    hints = function.__annotations__
    hints.update({name: object for name, hint in hints.items() if hint is Self or _is_protocol(hint)})
    return with_types(function)


def _is_protocol(hint: object) -> bool:
    """Whether a type says by its methods what it is; isinstance cannot ask that of those in kanviz."""
    return getattr(hint, "_is_protocol", False)
