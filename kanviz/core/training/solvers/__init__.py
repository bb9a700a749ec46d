"""Minimise the loss; each solver yields the network after every step and changes only the free numbers."""

from collections.abc import Callable, Iterator

from kanviz.core.kan import KAN
from kanviz.core.training.config import Solver
from kanviz.core.training.objective import Objective
from kanviz.core.training.solvers.adam import adam
from kanviz.core.training.solvers.choice import chosen
from kanviz.core.training.solvers.lbfgs import lbfgs
from kanviz.core.training.solvers.lm import first_step, lm
from kanviz.core.training.solvers.step import Saved, Step

SOLVERS: dict[Solver, Callable[[Objective, KAN, int, Saved | None], Iterator[Step]]] = {
    "lm": lm, "lbfgs": lbfgs, "adam": adam
}  # fmt: skip

__all__ = ["SOLVERS", "Saved", "Step", "chosen", "first_step"]
