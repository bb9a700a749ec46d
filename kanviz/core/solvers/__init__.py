"""Ways downhill: each yields the network after every step, and moves only what may move."""

from collections.abc import Callable, Iterator

from kanviz.core.kan import KAN
from kanviz.core.objective import Objective
from kanviz.core.solvers.adam import adam
from kanviz.core.solvers.choice import chosen
from kanviz.core.solvers.lbfgs import lbfgs
from kanviz.core.solvers.lm import begun, lm
from kanviz.core.solvers.step import Saved, Step

SOLVERS: dict[str, Callable[[Objective, KAN, int, Saved | None], Iterator[Step]]] = {
    "lm": lm, "lbfgs": lbfgs, "adam": adam
}  # fmt: skip

__all__ = ["SOLVERS", "Saved", "Step", "begun", "chosen"]
