"""The nine lessons, in the order in which they build on each other."""

from kanviz.ui.lessons import (
    edge,
    formula,
    functions_kept,
    language_model,
    locality,
    points,
    pruning,
    remember,
    retrain,
)
from kanviz.ui.lessons.lesson import Following, Lesson, Lessons, Step

__all__ = ["LESSONS", "Following", "Lesson", "Lessons", "Step"]

LESSONS = tuple(
    one.LESSON for one in (edge, points, pruning, formula, retrain, locality, language_model, functions_kept, remember)
)
