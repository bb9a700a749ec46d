"""Choose the solver that fits a network, a table and the settings."""

from dataclasses import replace

from kanviz.core.kan import KAN
from kanviz.core.training.config import TrainConfig
from kanviz.core.training.objective import Objective
from kanviz.core.training.solvers.step import free_parameters
from kanviz.errors import TrainError

MOST_NUMBERS = 2_000  # free numbers up to which "auto" takes Levenberg-Marquardt
MOST_FOR_A_MATRIX = 6_000
MOST_WORK = 6e10  # multiplications in one Levenberg-Marquardt step: about two seconds of one core
MOST_VALUES = 3e8  # rows x numbers for L-BFGS, which uses all rows in each step
BATCH = 1_024


def chosen(objective: Objective, kan: KAN) -> TrainConfig:
    """Return the settings with "auto" replaced by the solver that fits.

    Levenberg-Marquardt is for a sum of squares or classes and a small network, L-BFGS for larger ones and for l1 and
    entropy, Adam in batches for the largest. Raises TrainError for "lm" if the loss or the network does not allow it.
    """
    config = objective.config
    squares = objective.loss in ("mse", "cross_entropy") and config.l1 == 0 and config.entropy == 0
    if config.solver == "lm" and not squares:
        raise TrainError(
            "Levenberg-Marquardt makes a sum of squares or a cross-entropy small, without l1 and entropy. "
            "Choose L-BFGS for these settings, or let kanviz choose."
        )
    if config.solver not in ("auto", "lm"):
        return config
    count, rows = free_parameters(objective, kan).count, len(objective.inputs)
    steps = any(layer.step for layer in kan.layers)
    if config.solver == "lm":
        if steps:
            raise TrainError(
                "Levenberg-Marquardt is for layers that follow one another directly; this network has a tanh or a "
                "LayerNorm before a layer. Choose L-BFGS or Adam, or let kanviz choose."
            )
        if count > MOST_FOR_A_MATRIX:
            raise TrainError(
                f"Levenberg-Marquardt is for networks of at most {MOST_FOR_A_MATRIX:,} free numbers; this one has "
                f"{count:,}. Choose L-BFGS or Adam, or let kanviz choose."
            )
        return config
    work = rows * len(kan.outputs) * count**2 + count**3 / 3
    if squares and not steps and config.batch is None and count <= MOST_NUMBERS and work <= MOST_WORK:
        return replace(config, solver="lm")
    if config.batch is None and rows * count <= MOST_VALUES:
        return replace(config, solver="lbfgs")
    return replace(config, solver="adam", batch=config.batch or BATCH)
