"""A rung that gives given numbers, at once or when it may go on: for tests of what shows them."""

import threading
from collections.abc import Iterator

import numpy as np

from kanviz.continual.ladder import Step
from kanviz.continual.learned import Learned
from kanviz.continual.outcome import Outcome
from kanviz.continual.rungs import Rung, rung_of

TASKS = 5


def method(name: str, done: int = TASKS, *, lost: float = 0.0, points: int = 5) -> Learned:
    """Errors 0.001, 0.002 ...; of each task by `lost` more after each later one."""
    errors = np.full((TASKS, TASKS), np.nan)
    for task in range(done):
        errors[task, task:done] = 0.001 * (task + 1) + lost * np.arange(done - task)
    predictions = tuple(np.linspace(-0.5, 1, points) + 0.1 * task for task in range(done))
    kept = (0 if lost else 10,) * max(done - 1, 0)
    return Learned(name, 63, errors, kept, 10, lost, 12.0 if lost else np.nan, 0.5, (1.0,) * done, predictions)


def outcome(rung: Rung | None = None, methods: tuple[Learned, ...] | None = None, *, finished: bool = True) -> Outcome:
    """On a line five points are drawn, of two inputs a window of 2 x 2 on each region."""
    rung = rung or rung_of(1)
    place = rung.setting.where
    if place.inputs == 1:
        mesh = np.linspace(-1, 1, 5)[:, None]
    else:
        corners = [[(x, y) for y in up for x in across] for across, up in map(place.region, range(TASKS))]
        mesh = np.array(corners).reshape(-1, 2)
    if methods is None:
        methods = (method("KAN", points=len(mesh)), method("MLP", lost=0.2, points=len(mesh)))
    return Outcome(rung, 0, mesh, np.linspace(0, 1, len(mesh)), (0.3,) * TASKS, methods, 1.25, finished)


def steps(rung: Rung, go_on: threading.Event | None = None) -> Iterator[Step | None]:
    """Two tasks of one method, then, when it may go on, everything."""
    count = 5 if rung.setting.where.inputs == 1 else 20
    yield Step(2, 10, "KAN", outcome(rung, (method("KAN", 2, points=count),), finished=False))
    while go_on is not None and not go_on.wait(0.02):
        yield None
    yield Step(10, 10, "MLP", outcome(rung))
