"""Lead from a value up to what shows and draws it.

Figures import the values that they draw, so no value may import a figure. `kanviz/__init__.py`, which stands above all,
writes into ROOMS how to import the module that shows a class; it is imported when such a value is first shown.
"""

from collections.abc import Callable
from typing import Any

ROOMS: dict[str, Callable[[], Any]] = {}  # by the name of a class: imports the module with html, plot and latex


def room(value: object) -> Any:
    """Return the module that shows and draws values of this class, or of the first base of it that has one."""
    return next(ROOMS[kind.__name__] for kind in type(value).__mro__ if kind.__name__ in ROOMS)()


class Displayed:
    """A value that a notebook shows as a small piece of HTML.

    >>> import kanviz
    >>> kanviz.Formula("sin", a=2.0)._repr_html_()[:4]
    '<div'
    """

    def _repr_html_(self) -> str:
        return room(self).html(self)
