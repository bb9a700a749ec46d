"""Solvers and searches compute on one thread, whoever calls them, and give the threads back."""

import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

import kanviz
from kanviz.core.threads import on_one_thread, one_thread
from kanviz.core.training import train as training
from kanviz.core.training.config import Solver


def libraries() -> list[dict[str, Any]]:
    """The libraries of numpy and torch; scipy's and scikit-learn's may have come later, from other tests."""
    return [one for one in threadpool_info() if "/numpy" in one["filepath"] or "/torch/" in one["filepath"]]


def threads() -> set[int]:
    """How many threads each library of numpy and torch would use here."""
    return {library["num_threads"] for library in libraries()}


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    with threadpool_limits(2):
        yield


def test_threads_are_held_and_given_back():
    with one_thread():
        assert threads() == {1}
        assert torch.get_num_threads() == 1
        with one_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {2}
    with pytest.raises(ZeroDivisionError), one_thread():
        _ = 1 / 0
    assert threads() == {2}


def test_the_last_of_several_threads_gives_them_back():
    entered, leave = threading.Event(), threading.Event()

    def other():
        with one_thread():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with one_thread():
        thread.start()
        entered.wait()
    blas = [one["num_threads"] for one in libraries() if one["user_api"] == "blas"]
    assert blas == [1] * len(blas)
    leave.set()
    thread.join()
    assert threads() == {2}


def test_between_the_steps_of_a_search_the_caller_has_all_threads():
    @on_one_thread
    def search(count: int):
        for _ in range(count):
            yield threads()
        if count > 2:
            raise ValueError("the end")

    for inside in search(2):
        assert (inside, threads()) == ({1}, {2})
    with pytest.raises(ValueError, match="the end"):
        list(search(3))
    stopped = search(5)
    next(stopped)
    stopped.close()
    assert threads() == {2}


def seen_in_training(monkeypatch: pytest.MonkeyPatch, solver: Solver) -> list[set[int]]:
    """The threads of every step of a small training."""
    seen, plain = [], training.SOLVERS[solver]

    def watched(*arguments):
        for step in plain(*arguments):
            seen.append(threads())
            yield step

    monkeypatch.setitem(training.SOLVERS, solver, watched)
    x = torch.linspace(-1, 1, 40)
    data = kanviz.Dataset.from_frame(pd.DataFrame({"x": x, "y": x.sin()}), target="y")
    for _ in kanviz.train(kanviz.init([1, 1]), data, kanviz.TrainConfig(solver=solver, steps=3)):
        assert threads() == {2}
    return seen


@pytest.mark.parametrize("solver", training.SOLVERS)
def test_every_solver_computes_on_one_thread(monkeypatch, solver):
    seen = seen_in_training(monkeypatch, solver)
    assert seen == [{1}] * len(seen) != []


def test_a_training_with_enough_to_do_has_the_callers_threads(monkeypatch):
    monkeypatch.setattr(training, "WORTH_THREADS", 1)
    assert seen_in_training(monkeypatch, "adam")[0] == {2}
