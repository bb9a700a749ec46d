"""The six lessons, in the order in which they build on each other."""

from kanviz.ui.lessons import edge, formula, locality, points, pruning, retrain
from kanviz.ui.lessons.lesson import Following, Lesson, Lessons, Step

__all__ = ["LESSONS", "Following", "Lesson", "Lessons", "Step"]

LESSONS = tuple(one.LESSON for one in (edge, points, pruning, formula, retrain, locality))
