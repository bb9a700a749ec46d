"""Transform the target: y = f(u) is learned as u = g(y), g the inverse of f, where the values of y allow it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kanviz.core.training.solvers.numpy_splines import Array

FAR = 30.0  # larger exponents give numbers too large to fit
MARGIN = 1e-9


@dataclass(frozen=True)
class Outer:
    """A function f by its name in PRIMITIVES, its inverse, and a test of where the inverse is defined."""

    name: str
    inverse: Callable[[Array], Array]
    takes: Callable[[Array], bool]


def _positive(y: Array) -> bool:
    return bool((y > 0).all())


def _open_unit(y: Array) -> bool:
    return bool((np.abs(y) < 1 - MARGIN).all())


def _right_angle(y: Array) -> bool:
    return bool((np.abs(y) < np.pi / 2 - MARGIN).all())


def _one_sign(y: Array) -> bool:
    return bool((y > 0).all() or (y < 0).all())


_ROWS = (
    Outer("x", lambda y: y, lambda y: True),
    Outer("exp", np.log, _positive),
    Outer("sqrt", np.square, lambda y: bool((y >= 0).all())),
    Outer("1/x", lambda y: 1 / y, _one_sign),
    Outer("x^2", np.sqrt, lambda y: bool((y >= 0).all())),
    Outer("log", np.exp, lambda y: float(np.ptp(y)) < FAR and float(np.abs(y).max()) < 2 * FAR),
    Outer("1/sqrt(x)", lambda y: y**-2, _positive),
    Outer("tanh", np.arctanh, _open_unit),
    Outer("sin", np.arcsin, lambda y: bool((np.abs(y) <= 1).all())),
    Outer("arcsin", np.sin, _right_angle),
    Outer("arctan", np.tan, _right_angle),
    Outer("1/x^2", lambda y: y**-0.5, _positive),
)
OUTERS: dict[str, Outer] = {row.name: row for row in _ROWS}


def possible(y: Array) -> list[str]:
    """Return the names of the transforms whose inverse is finite on all of y, the plain target first."""
    found = []
    for outer in _ROWS:
        if outer.takes(y):
            with np.errstate(all="ignore"):
                u = outer.inverse(y)
            if np.isfinite(u).all() and np.ptp(u) > 0:
                found.append(outer.name)
    return found
