"""Define the types that the messages of several components share."""

from typing import Annotated, Literal

Look = Literal["light", "dark"]  # equal to that of kanviz.plots.theme, which imports torch

EdgeId = Annotated[list[int], 3]  # layer, source, target
Pair = Annotated[list[float], 2]
Value = float | None  # None is NaN or infinite, which JSON lacks
State = Literal["pruned", "spline", "both", "formula"]
